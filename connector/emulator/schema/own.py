"""Tables and columns of one's own, as values: read from a file or from the metadata API, kept by the state.

{"tables": [{"logical_name": "new_ticket", "columns": [{"name": "new_name", "type": "String"}]}],
 "columns": [{"table": "salesorder", "name": "new_region", "type": "Picklist", "options": {"1": "North"}}]}

`extending.py` makes a schema of them. Whatever is taken away is left out of the value, nothing else.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from connector.errors import UsageError

Type = Literal[
    "String",
    "Memo",
    "Integer",
    "Decimal",
    "Double",
    "Money",
    "Boolean",
    "DateTime",
    "Picklist",
    "MultiSelectPicklist",
    "Lookup",
]
Required = Literal["None", "ApplicationRequired", "Recommended"]
Ownership = Literal["UserOwned", "OrganizationOwned"]
Cascade = Literal["Cascade", "NoCascade", "RemoveLink", "Restrict"]


class OwnColumn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As in EntityDefinitions, in this project's words.

    Of a lookup, `navigation` is the name for `@odata.bind`, `collection` that of the way back,
    `relationship` the SchemaName of both, `cascade` its CascadeConfiguration. `option_set` names a global
    choice in place of `options`, which have numbers as keys (of a Boolean: 0 and 1).
    """

    name: str
    type: Type
    schema_name: str = ""
    display_name: str = ""
    required: Required = "None"
    max_length: int | None = None
    precision: int | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    format: Literal["DateOnly", "DateAndTime"] | None = None
    date_behavior: Literal["UserLocal", "DateOnly", "TimeZoneIndependent"] = "UserLocal"
    targets: tuple[str, ...] = ()
    navigation: str = ""
    collection: str = ""
    relationship: str = ""
    cascade: dict[str, Cascade] = {}
    options: dict[str, str] = {}
    option_set: str = ""
    default: bool | int | None = None
    told: dict[str, Any] = {}


class ColumnOfTable(OwnColumn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    table: str


class OwnTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    logical_name: str
    columns: tuple[OwnColumn, ...]
    schema_name: str = ""
    entity_set: str = ""
    display_name: str = ""
    primary_name: str = ""
    ownership: Ownership = "UserOwned"
    told: dict[str, Any] = {}


class OwnRelationship(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Many to many: the two tables, the collection that each gets, and the table between them."""

    name: str
    intersect: str
    first: str
    second: str
    first_navigation: str
    second_navigation: str
    told: dict[str, Any] = {}


class OwnOptionSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A global choice: its options are those of every column that names it."""

    name: str
    options: dict[str, str]
    display_name: str = ""
    told: dict[str, Any] = {}


class Own(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tables: tuple[OwnTable, ...] = ()
    columns: tuple[ColumnOfTable, ...] = ()
    relationships: tuple[OwnRelationship, ...] = ()
    option_sets: tuple[OwnOptionSet, ...] = ()

    def with_more(self, more: Own) -> Own:
        return Own(
            tables=(*self.tables, *more.tables),
            columns=(*self.columns, *more.columns),
            relationships=(*self.relationships, *more.relationships),
            option_sets=(*self.option_sets, *more.option_sets),
        )

    def column(self, table: str, name: str) -> OwnColumn | None:
        of_table = next((one.columns for one in self.tables if one.logical_name == table), ())
        added = (one for one in self.columns if one.table == table)
        return next((one for one in (*of_table, *added) if one.name == name), None)

    def with_column(self, table: str, changed: OwnColumn) -> Own:
        """A column that is there already, otherwise than it was."""
        return replace(
            self,
            tables=tuple(
                replace(one, columns=tuple(changed if c.name == changed.name else c for c in one.columns))
                if one.logical_name == table
                else one
                for one in self.tables
            ),
            columns=tuple(
                _of_table(table, changed) if (one.table, one.name) == (table, changed.name) else one
                for one in self.columns
            ),
        )

    def without_column(self, table: str, name: str) -> Own:
        return replace(
            self,
            tables=tuple(
                replace(one, columns=tuple(c for c in one.columns if c.name != name))
                if one.logical_name == table
                else one
                for one in self.tables
            ),
            columns=tuple(one for one in self.columns if (one.table, one.name) != (table, name)),
        )

    def without_table(self, name: str) -> Own:
        """Its columns go with it, and the relationships that lead to it with the lookups that they have."""
        return replace(
            self,
            tables=tuple(
                replace(one, columns=tuple(c for c in one.columns if name not in c.targets))
                for one in self.tables
                if one.logical_name != name
            ),
            columns=tuple(one for one in self.columns if one.table != name and name not in one.targets),
            relationships=tuple(one for one in self.relationships if name not in (one.first, one.second)),
        )


# Looked into here, not by whichever requests come first (see platform/switches.py).
msgspec.json.Decoder(Own)


def read_own(content: object) -> Own:
    """From JSON's values. Raises UsageError that names the place."""
    own = own_of_state(content)
    if own == Own():
        raise UsageError("There are neither tables nor columns in it.", "docs/emulator.md has an example.")
    return own


def own_of_state(content: object) -> Own:
    """As a state keeps it, in which it may be empty. Raises UsageError."""
    try:
        return msgspec.convert(content, Own)
    except msgspec.ValidationError as error:
        raise UsageError(f"This describes no tables: {error}.", "docs/emulator.md has an example.") from None


def _of_table(table: str, column: OwnColumn) -> ColumnOfTable:
    return ColumnOfTable(table=table, **{name: getattr(column, name) for name in OwnColumn.__struct_fields__})
