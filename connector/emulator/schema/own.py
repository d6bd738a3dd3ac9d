"""Tables and columns of one's own: read from a file, completed with what every table has.

{"tables": [{"logical_name": "new_ticket", "columns": [{"name": "new_name", "type": "String"}]}],
 "columns": [{"table": "salesorder", "name": "new_region", "type": "Picklist", "options": {"1": "North"}}]}

Names carry a publisher's prefix, as customizations do. They go into SQL: nothing but lower-case letters,
digits and `_` gets past here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec.structs import replace

from connector.emulator.schema.definition import Column, Kind, ManyToOne, OneToMany, Table
from connector.errors import UsageError

_NAME = re.compile(r"[a-z][a-z0-9]{1,7}_[a-z0-9_]{1,90}")
_PLATFORM_PREFIXES = ("msdyn_", "emu_")
_TEMPLATE = "account"
_OF_EVERY_TABLE = (
    "createdby",
    "createdon",
    "createdonbehalfby",
    "importsequencenumber",
    "modifiedby",
    "modifiedon",
    "modifiedonbehalfby",
    "overriddencreatedon",
    "statecode",
    "statuscode",
    "timezoneruleversionnumber",
    "utcconversiontimezonecode",
    "versionnumber",
)
_OF_OWNED_TABLES = ("ownerid", "owningbusinessunit", "owningteam", "owninguser")
_OF_AMOUNTS = ("exchangerate", "transactioncurrencyid")
_MOST_TABLES = 200

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


class OwnColumn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As in EntityDefinitions, in this project's words. `navigation` is the name for `@odata.bind`."""

    name: str
    type: Type
    schema_name: str = ""
    display_name: str = ""
    required: Literal["None", "ApplicationRequired", "Recommended"] = "None"
    max_length: int | None = None
    precision: int | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    date_behavior: Literal["UserLocal", "DateOnly", "TimeZoneIndependent"] = "UserLocal"
    targets: tuple[str, ...] = ()
    navigation: str = ""
    options: dict[str, str] = {}


class ColumnOfTable(OwnColumn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    table: str


class OwnTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    logical_name: str
    columns: tuple[OwnColumn, ...]
    schema_name: str = ""
    entity_set: str = ""
    display_name: str = ""
    primary_name: str = ""
    ownership: Literal["UserOwned", "OrganizationOwned"] = "UserOwned"


class Own(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tables: tuple[OwnTable, ...] = ()
    columns: tuple[ColumnOfTable, ...] = ()

    def with_more(self, more: Own) -> Own:
        return Own(tables=(*self.tables, *more.tables), columns=(*self.columns, *more.columns))


def read_own(content: object) -> Own:
    """From JSON's values. Raises UsageError that names the place."""
    try:
        own = msgspec.convert(content, Own)
    except msgspec.ValidationError as error:
        raise UsageError(f"This describes no tables: {error}.", "docs/emulator.md has an example.") from None
    if not own.tables and not own.columns:
        raise UsageError("There are neither tables nor columns in it.", "docs/emulator.md has an example.")
    return own


def extended(tables: Mapping[str, Table], own: Own) -> dict[str, Table]:
    """All tables with those of one's own. Raises UsageError for a name that is taken or cannot be."""
    found = dict(tables)
    if len(own.tables) > _MOST_TABLES:
        raise UsageError(f"{len(own.tables)} tables of one's own: at most {_MOST_TABLES}.")
    for table in own.tables:
        _check_name(table.logical_name, "table")
        _refuse_known(table.logical_name in found, f"the table {table.logical_name}")
        made = _table(table, found[_TEMPLATE])
        _refuse_known(
            any(made.entity_set == one.entity_set for one in found.values()), f"the set {made.entity_set}"
        )
        found[table.logical_name] = made
    for table in own.tables:
        for column in table.columns:
            _add(found, table.logical_name, column)
    for column in own.columns:
        if column.table not in found:
            raise UsageError(f"There is no table {column.table}, to which {column.name} would belong.")
        _add(found, column.table, column)
    for table in own.tables:
        name = found[table.logical_name].primary_name
        if name not in found[table.logical_name].by_name:
            raise UsageError(f"{table.logical_name} has no column {name}, its primary_name.")
    return found


def _table(own: OwnTable, template: Table) -> Table:
    name = own.logical_name
    kept = (*_OF_EVERY_TABLE, *(_OF_OWNED_TABLES if own.ownership == "UserOwned" else ()))
    key = replace(template.by_name[template.primary_id], name=f"{name}id", schema_name=f"{name}Id")
    texts = [column.name for column in own.columns if column.type == "String"]
    return Table(
        logical_name=name,
        schema_name=own.schema_name or name,
        entity_set=_checked_set(own.entity_set or _plural(name)),
        display_name=own.display_name or name,
        ownership=own.ownership,
        primary_id=key.name,
        primary_name=own.primary_name or (texts[0] if texts else key.name),
        columns=(key, *(template.by_name[one] for one in kept if one in template.by_name)),
    )


def _add(found: dict[str, Table], name: str, own: OwnColumn) -> None:
    table = found[name]
    _check_name(own.name, "column")
    _refuse_known(table.has(own.name), f"the column {own.name} of {name}")
    if own.type == "Lookup":
        found[name] = _with_lookup(found, table, own)
        return
    added = list(_columns(own, table, found[_TEMPLATE]))
    found[name] = _with(table, *added)


def _columns(own: OwnColumn, table: Table, template: Table) -> Iterator[Column]:
    column = Column(
        name=own.name,
        type=own.type,
        schema_name=own.schema_name or own.name,
        display_name=own.display_name or own.name,
        required=own.required,
        max_length=own.max_length or {"String": 100, "Memo": 2000}.get(own.type),
        precision=own.precision if own.precision is not None else {"Decimal": 2, "Double": 2}.get(own.type),
        min=own.min,
        max=own.max,
        format="DateOnly" if own.date_behavior == "DateOnly" else None,
        date_behavior=own.date_behavior if own.type == "DateTime" else None,
        options=_options(own),
    )
    yield column
    if column.kind is Kind.MONEY:
        yield replace(column, name=f"{own.name}_base", required="None", create=False, update=False)
        yield from (template.by_name[one] for one in _OF_AMOUNTS if not table.has(one))


def _with_lookup(found: dict[str, Table], table: Table, own: OwnColumn) -> Table:
    if len(own.targets) != 1 or own.targets[0] not in found:
        raise UsageError(f"{own.name}: a lookup leads to one table that exists, not {list(own.targets)!r}.")
    (target,) = own.targets
    navigation = own.navigation or own.schema_name or own.name
    if not re.fullmatch(r"[A-Za-z]\w{0,99}", navigation, re.ASCII):
        raise UsageError(f"{own.name}: {navigation!r} is no name for a navigation property.")
    relationship = f"{table.logical_name}_{own.name}_{target}"
    column = Column(
        name=own.name,
        type="Lookup",
        schema_name=own.schema_name or own.name,
        display_name=own.display_name or own.name,
        required=own.required,
        targets=own.targets,
        navigation=navigation,
    )
    made = replace(
        _with(table, column),
        many_to_one=(
            *table.many_to_one,
            ManyToOne(column=own.name, target=target, navigation=navigation, relationship=relationship),
        ),
    )
    found[table.logical_name] = made
    there = found[target]
    link = OneToMany(
        table=table.logical_name, column=own.name, navigation=relationship, relationship=relationship
    )
    found[target] = replace(there, one_to_many=(*there.one_to_many, link))
    return found[table.logical_name]


def _with(table: Table, *columns: Column) -> Table:
    return replace(table, columns=tuple(sorted((*table.columns, *columns), key=lambda one: one.name)))


def _options(own: OwnColumn) -> dict[str, str]:
    if own.type not in ("Picklist", "MultiSelectPicklist"):
        return {}
    if not own.options or not all(
        value.isascii() and value.isdigit() and len(value) < 10 for value in own.options
    ):
        raise UsageError(f"{own.name}: a choice wants options, numbers with their labels.")
    return dict(own.options)


def _check_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name) or name.startswith(_PLATFORM_PREFIXES):
        raise UsageError(
            f"{name[:100]!r} cannot be the name of a {what} of one's own.",
            "It wants a publisher's prefix, then lower-case letters, digits and _: new_ticket.",
        )


def _checked_set(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name[:100]!r} cannot be the name of an entity set.", "Write it like new_tickets.")
    return name


def _plural(name: str) -> str:
    """As the platform makes it for English names."""
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "z", "ch", "sh")) else f"{name}s"


def _refuse_known(is_known: bool, what: str) -> None:
    if is_known:
        raise UsageError(f"There is {what} already.", "Give another name.")
