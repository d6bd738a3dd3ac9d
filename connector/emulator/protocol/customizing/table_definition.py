"""EntityMetadata to a table of one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from connector.emulator.problems import bad_request
from connector.emulator.protocol.customizing.column_definition import is_true_or_false, read_column
from connector.emulator.protocol.customizing.content import Content
from connector.emulator.protocol.definitions import label
from connector.emulator.schema import Schema
from connector.emulator.schema.extending import plural
from connector.emulator.schema.own import OwnColumn, Ownership, OwnTable

_OWNERSHIPS: tuple[Ownership, ...] = ("UserOwned", "OrganizationOwned")
_TOLD: Mapping[str, Callable[[Any], bool]] = {
    "HasNotes": is_true_or_false,
    "IsValidForAdvancedFind": is_true_or_false,
}


def read_table(content: Content, schema: Schema) -> OwnTable:
    """A new table, with the columns that its definition brings along: one of them is the primary name."""
    name = content.name("SchemaName")
    logical_name = name.lower()
    content.same("LogicalName", logical_name)
    columns, primary = _columns(content, schema)
    ownership = content.one_of("OwnershipType", _OWNERSHIPS)
    table = OwnTable(
        logical_name=logical_name,
        schema_name=name,
        entity_set=(content.text("EntitySetName") or plural(logical_name)).lower(),
        display_name=content.label("DisplayName") or name,
        primary_name=primary,
        ownership="OrganizationOwned" if ownership == "OrganizationOwned" else "UserOwned",
        columns=columns,
        told=_told(content),
    )
    content.same("PrimaryNameAttribute", primary)
    content.same("TableType", "Standard")
    content.end()
    return table


def change_table(content: Content, table: OwnTable) -> OwnTable:
    """Its labels, and what else is only told; everything that is left as it stood says nothing."""
    changed = replace(
        table,
        display_name=content.label("DisplayName") or table.display_name,
        told={**table.told, **_told(content)},
    )
    content.end()
    return changed


def _told(content: Content) -> dict[str, Any]:
    found = content.told(_TOLD)
    for name in ("DisplayCollectionName", "Description"):
        text = content.label(name)
        if text is not None:
            found[name] = label(text)
    return found


def _columns(content: Content, schema: Schema) -> tuple[tuple[OwnColumn, ...], str]:
    columns: list[OwnColumn] = []
    primary: list[str] = []
    for given in content.parts("Attributes"):
        is_primary = given.flag("IsPrimaryName")
        column = read_column(given, schema)
        columns.append(column)
        if is_primary:
            primary.append(column.name)
            if column.type != "String":
                raise bad_request(f"The primary name '{column.name}' of {content.what} has to be a String.")
    if len(primary) != 1:
        raise bad_request(
            f"Attributes of {content.what} wants one column with IsPrimaryName, not {len(primary)}."
        )
    return tuple(columns), primary[0]
