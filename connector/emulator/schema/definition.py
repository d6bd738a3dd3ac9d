"""What the emulator knows of a table: the published facts, and what follows from them.

The values keep the words of `EntityDefinitions`: `required` is None, SystemRequired,
ApplicationRequired or Recommended; `create` and `update` are IsValidForCreate and IsValidForUpdate.
`own` marks what was added to the packaged schema; `told` are further members of its definition, which
have no effect here and are told again: descriptions, formats, menus.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Any

import msgspec


class Kind(Enum):
    """How the values of a column are kept and written."""

    TEXT = "text"
    GUID = "guid"
    LOOKUP = "lookup"
    INTEGER = "integer"
    CHOICE = "choice"
    CHOICES = "choices"
    BOOLEAN = "boolean"
    MONEY = "money"
    DECIMAL = "decimal"
    DOUBLE = "double"
    INSTANT = "instant"
    DAY = "day"
    MANAGED = "managed"
    FILE = "file"


_KINDS = {
    "String": Kind.TEXT,
    "Memo": Kind.TEXT,
    "EntityName": Kind.TEXT,
    "Uniqueidentifier": Kind.GUID,
    "Lookup": Kind.LOOKUP,
    "Customer": Kind.LOOKUP,
    "Owner": Kind.LOOKUP,
    "Integer": Kind.INTEGER,
    "BigInt": Kind.INTEGER,
    "Picklist": Kind.CHOICE,
    "State": Kind.CHOICE,
    "Status": Kind.CHOICE,
    "MultiSelectPicklist": Kind.CHOICES,
    "Boolean": Kind.BOOLEAN,
    "Money": Kind.MONEY,
    "Decimal": Kind.DECIMAL,
    "Double": Kind.DOUBLE,
    "ManagedProperty": Kind.MANAGED,
    "Virtual": Kind.FILE,
}


class Column(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    name: str
    type: str
    schema_name: str = ""
    display_name: str = ""
    required: str = "None"
    create: bool = True
    update: bool = True
    read: bool = True
    max_length: int | None = None
    precision: int | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    format: str | None = None
    date_behavior: str | None = None
    targets: tuple[str, ...] = ()
    navigation: str | dict[str, str] | None = None
    options: dict[str, str] = {}
    status_state: dict[str, int] = {}
    default_status: dict[str, int] = {}
    default: bool | int | str | None = None
    invented: bool = False
    option_set: str = ""
    own: bool = False
    told: dict[str, Any] = {}

    @cached_property
    def kind(self) -> Kind:
        if self.type == "DateTime":
            return Kind.DAY if self.date_behavior == "DateOnly" else Kind.INSTANT
        return _KINDS[self.type]

    @cached_property
    def property_name(self) -> str:
        """The name in a Web API body: lookups appear as `_name_value`."""
        return f"_{self.name}_value" if self.kind is Kind.LOOKUP else self.name

    @cached_property
    def choices(self) -> dict[int, str]:
        return {int(value): label for value, label in self.options.items() if value}

    @cached_property
    def is_polymorphic(self) -> bool:
        return self.kind is Kind.LOOKUP and len(self.targets) != 1

    def navigation_to(self, target: str) -> str | None:
        """The single-valued navigation property that leads to `target`; None where nobody names it."""
        if isinstance(self.navigation, dict):
            return self.navigation.get(target)
        return self.navigation


class ManyToOne(msgspec.Struct, frozen=True, kw_only=True):
    """`cascade` is the CascadeConfiguration of a relationship of one's own."""

    column: str
    target: str
    navigation: str | None = None
    relationship: str = ""
    own: bool = False
    cascade: dict[str, str] = {}
    told: dict[str, Any] = {}


class OneToMany(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of `table` whose `column` points here; `navigation` is the collection on this side."""

    table: str
    column: str
    navigation: str | None = None
    relationship: str = ""


class AlternateKey(msgspec.Struct, frozen=True, kw_only=True):
    """Columns whose values together name one row."""

    name: str
    columns: tuple[str, ...]


class ManyToMany(msgspec.Struct, frozen=True, kw_only=True):
    """`relationship` is its SchemaName, where that is not the name of the navigation property."""

    navigation: str
    intersect: str
    own_column: str
    other: str
    other_column: str
    relationship: str = ""
    own: bool = False
    told: dict[str, Any] = {}


class Single(msgspec.Struct, frozen=True):
    """A single-valued navigation property: the lookup behind it and the table it leads to."""

    navigation: str
    column: Column
    target: str


class Table(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    logical_name: str
    schema_name: str
    entity_set: str
    display_name: str = ""
    ownership: str = "None"
    primary_id: str
    primary_name: str | None = None
    invented: bool = False
    own: bool = False
    told: dict[str, Any] = {}
    columns: tuple[Column, ...]
    many_to_one: tuple[ManyToOne, ...] = ()
    one_to_many: tuple[OneToMany, ...] = ()
    many_to_many: tuple[ManyToMany, ...] = ()
    alternate_keys: tuple[AlternateKey, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def by_property(self) -> Mapping[str, Column]:
        """Web API property name to column; files and images are left out, they are no properties."""
        return {c.property_name: c for c in self.columns if c.kind is not Kind.FILE and c.read}

    @cached_property
    def singles(self) -> Mapping[str, Single]:
        found: dict[str, Single] = {}
        for column in self.columns:
            for target in column.targets:
                name = column.navigation_to(target)
                if name:
                    found.setdefault(name, Single(name, column, target))
        return found

    @cached_property
    def collections(self) -> Mapping[str, OneToMany]:
        return {link.navigation: link for link in self.one_to_many if link.navigation}

    @cached_property
    def intersects(self) -> Mapping[str, ManyToMany]:
        return {link.navigation: link for link in self.many_to_many}

    @cached_property
    def state(self) -> Column | None:
        return next((c for c in self.columns if c.type == "State"), None)

    @cached_property
    def status(self) -> Column | None:
        return next((c for c in self.columns if c.type == "Status"), None)

    @cached_property
    def defaults(self) -> Mapping[str, bool | int | str]:
        return {c.name: c.default for c in self.columns if c.default is not None}

    @cached_property
    def money(self) -> frozenset[str]:
        return frozenset(c.name for c in self.columns if c.kind is Kind.MONEY)

    @cached_property
    def base_twins(self) -> Mapping[str, str]:
        """Amounts, and the columns that keep them in the base currency."""
        twins = {name: f"{name}_base" for name in self.money}
        return {name: twin for name, twin in twins.items() if twin in self.by_name}

    def has(self, column: str) -> bool:
        return column in self.by_name
