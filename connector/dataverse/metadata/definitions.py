"""What tables and their columns are in this environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

import msgspec

from connector.dataverse.query.literals import quote

TABLE_MEMBERS = (
    "LogicalName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,DisplayName,"
    "IsOptimisticConcurrencyEnabled"
)
COLUMN_MEMBERS = "LogicalName,SchemaName,DisplayName,AttributeType"
# Whose columns stand under another name in JSON, "_ownerid_value".
LOOKUP_TYPES = frozenset({"Lookup", "Customer", "Owner"})


@dataclass(frozen=True)
class Choice:
    """One choice of a column, a state, a status or a side of a boolean (1 and 0).

    `label` is in the caller's language; `state` is the state to which a status belongs.
    """

    value: int
    label: str
    state: int | None = None


@dataclass(frozen=True)
class ColumnDefinition:
    """One column: `label` is the display name in the caller's language, `type` the AttributeType.

    What follows `type` is asked for by `table_description` alone; None, "" and () stand for "not asked"
    as well as for "has none". `required` is the RequiredLevel: None, Recommended, ApplicationRequired or
    SystemRequired. `targets` are the tables to which a lookup may lead.
    """

    logical_name: str
    schema_name: str
    label: str
    type: str
    required: str = ""
    is_valid_for_read: bool | None = None
    is_valid_for_create: bool | None = None
    is_valid_for_update: bool | None = None
    max_length: int | None = None
    precision: int | None = None
    min_value: Decimal | None = None
    max_value: Decimal | None = None
    targets: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()

    @property
    def property_name(self) -> str:
        """Its name in JSON, `$select` and `$filter`."""
        return f"_{self.logical_name}_value" if self.type in LOOKUP_TYPES else self.logical_name

    def label_of(self, value: int) -> str | None:
        """The label of a choice, None where there is no such choice."""
        return next((choice.label for choice in self.choices if choice.value == value), None)


class RelationshipKind(StrEnum):
    MANY_TO_ONE = "many_to_one"
    ONE_TO_MANY = "one_to_many"
    MANY_TO_MANY = "many_to_many"


@dataclass(frozen=True)
class Relationship:
    """How a table leads to another one: `navigation` is the name for `$expand` and `@odata.bind`.

    `column` is the lookup that makes it, on this table for many to one, on the other one for one to
    many, and "" for many to many. `navigation` is "" where the environment gives none.
    """

    schema_name: str
    kind: RelationshipKind
    navigation: str
    table: str
    column: str


@dataclass(frozen=True)
class TableDefinition:
    """One table; `columns` is keyed by logical name.

    `relationships` and `keys` (alternate keys, name to columns) are None where they were not asked for:
    `table_description` asks.
    """

    logical_name: str
    entity_set: str
    primary_id: str
    primary_name: str
    display_name: str
    is_optimistic_concurrency_enabled: bool
    columns: Mapping[str, ColumnDefinition]
    relationships: tuple[Relationship, ...] | None = None
    keys: Mapping[str, tuple[str, ...]] | None = None

    @cached_property
    def property_names(self) -> frozenset[str]:
        """The names of the columns in JSON; kept, for every query is checked against them."""
        return frozenset(each.property_name for each in self.columns.values())

    def navigations(self) -> frozenset[str] | None:
        """The names that `$expand` takes, None where they were not asked for."""
        if self.relationships is None:
            return None
        return frozenset(each.navigation for each in self.relationships if each.navigation)


class _Localized(msgspec.Struct, rename="pascal"):
    label: str | None = None


class Label(msgspec.Struct, rename="pascal"):
    user_localized_label: _Localized | None = None


class Attribute(msgspec.Struct, rename="pascal"):
    """A column as it comes over the wire: COLUMN_MEMBERS."""

    logical_name: str
    schema_name: str | None = None
    display_name: Label | None = None
    attribute_type: str | None = None


class EntityDefinition(msgspec.Struct, rename="pascal"):
    """A row of EntityDefinitions as it comes over the wire: TABLE_MEMBERS and the columns."""

    logical_name: str
    entity_set_name: str | None = None
    primary_id_attribute: str | None = None
    primary_name_attribute: str | None = None
    display_name: Label | None = None
    is_optimistic_concurrency_enabled: bool | None = None
    attributes: tuple[Attribute, ...] = ()


def definition_options(logical_names: Sequence[str]) -> dict[str, str]:
    """The URL options that ask for these tables and their columns at once."""
    return {
        "$select": TABLE_MEMBERS,
        "$filter": " or ".join(f"LogicalName eq {quote(each)}" for each in logical_names),
        "$expand": f"Attributes($select={COLUMN_MEMBERS})",
    }


def definitions_of(rows: Iterable[EntityDefinition]) -> dict[str, TableDefinition]:
    return {row.logical_name: table_of(row) for row in rows}


def table_of(row: EntityDefinition) -> TableDefinition:
    """What one row says, without relationships and keys."""
    return TableDefinition(
        logical_name=row.logical_name,
        entity_set=row.entity_set_name or "",
        primary_id=row.primary_id_attribute or "",
        primary_name=row.primary_name_attribute or "",
        display_name=label_text(row.display_name),
        is_optimistic_concurrency_enabled=bool(row.is_optimistic_concurrency_enabled),
        columns={each.logical_name: column_of(each) for each in row.attributes},
    )


def column_of(row: Attribute) -> ColumnDefinition:
    return ColumnDefinition(
        logical_name=row.logical_name,
        schema_name=row.schema_name or "",
        label=label_text(row.display_name),
        type=row.attribute_type or "",
    )


def label_text(label: Label | None) -> str:
    localized = label.user_localized_label if label else None
    return (localized.label if localized else None) or ""
