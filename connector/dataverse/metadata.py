"""What tables and their columns are in this environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from connector.dataverse.literals import quote


@dataclass(frozen=True)
class ColumnDefinition:
    """One column: `label` is the display name in the caller's language, `type` the AttributeType."""

    logical_name: str
    schema_name: str
    label: str
    type: str


@dataclass(frozen=True)
class TableDefinition:
    """One table; `columns` is keyed by logical name."""

    logical_name: str
    entity_set: str
    primary_id: str
    primary_name: str
    display_name: str
    is_optimistic_concurrency_enabled: bool
    columns: Mapping[str, ColumnDefinition]


class _Localized(msgspec.Struct, rename="pascal"):
    label: str | None = None


class _Label(msgspec.Struct, rename="pascal"):
    user_localized_label: _Localized | None = None


class _Attribute(msgspec.Struct, rename="pascal"):
    logical_name: str
    schema_name: str | None = None
    display_name: _Label | None = None
    attribute_type: str | None = None


class EntityDefinition(msgspec.Struct, rename="pascal"):
    """A row of EntityDefinitions as it comes over the wire."""

    logical_name: str
    entity_set_name: str | None = None
    primary_id_attribute: str | None = None
    primary_name_attribute: str | None = None
    display_name: _Label | None = None
    is_optimistic_concurrency_enabled: bool | None = None
    attributes: list[_Attribute] = msgspec.field(default_factory=list)


def definition_options(logical_names: Sequence[str]) -> dict[str, str]:
    """The URL options that ask for these tables and their columns at once."""
    return {
        "$select": "LogicalName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,DisplayName,"
        "IsOptimisticConcurrencyEnabled",
        "$filter": " or ".join(f"LogicalName eq {quote(each)}" for each in logical_names),
        "$expand": "Attributes($select=LogicalName,SchemaName,DisplayName,AttributeType)",
    }


def definitions_of(rows: Iterable[EntityDefinition]) -> dict[str, TableDefinition]:
    return {row.logical_name: _table(row) for row in rows}


def _table(row: EntityDefinition) -> TableDefinition:
    return TableDefinition(
        logical_name=row.logical_name,
        entity_set=row.entity_set_name or "",
        primary_id=row.primary_id_attribute or "",
        primary_name=row.primary_name_attribute or "",
        display_name=_text(row.display_name),
        is_optimistic_concurrency_enabled=bool(row.is_optimistic_concurrency_enabled),
        columns={each.logical_name: _column(each) for each in row.attributes},
    )


def _column(row: _Attribute) -> ColumnDefinition:
    return ColumnDefinition(
        logical_name=row.logical_name,
        schema_name=row.schema_name or "",
        label=_text(row.display_name),
        type=row.attribute_type or "",
    )


def _text(label: _Label | None) -> str:
    localized = label.user_localized_label if label else None
    return (localized.label if localized else None) or ""
