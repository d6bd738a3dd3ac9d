"""A schema with tables and columns of one's own: completed with what every table has.

Names carry a publisher's prefix, as customizations do. They go into SQL: nothing but lower-case letters,
digits and `_` gets past here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from connector.emulator.schema.definition import (
    Column,
    Kind,
    ManyToMany,
    ManyToOne,
    OneToMany,
    Table,
)
from connector.emulator.schema.own import Own, OwnColumn, OwnOptionSet, OwnRelationship, OwnTable
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
_NAVIGATION = re.compile(r"[A-Za-z]\w{0,99}", re.ASCII)
_CHOICES = ("Picklist", "MultiSelectPicklist")


def extended(tables: Mapping[str, Table], own: Own) -> dict[str, Table]:
    """All tables with those of one's own. Raises UsageError for a name that is taken or cannot be."""
    found = dict(tables)
    if len(own.tables) > _MOST_TABLES:
        raise UsageError(f"{len(own.tables)} tables of one's own: at most {_MOST_TABLES}.")
    sets = _option_sets(own)
    for table in own.tables:
        _check_name(table.logical_name, "table")
        _put(found, _table(table, found[_TEMPLATE]))
    for table in own.tables:
        for column in table.columns:
            _add(found, table.logical_name, column, sets)
    for column in own.columns:
        if column.table not in found:
            raise UsageError(f"There is no table {column.table}, to which {column.name} would belong.")
        _add(found, column.table, column, sets)
    for table in own.tables:
        name = found[table.logical_name].primary_name
        if name not in found[table.logical_name].by_name:
            raise UsageError(f"{table.logical_name} has no column {name}, its primary_name.")
    for relationship in own.relationships:
        _connect(found, relationship)
    return found


def plural(name: str) -> str:
    """As the platform makes it for English names."""
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "z", "ch", "sh")) else f"{name}s"


def _put(found: dict[str, Table], made: Table) -> None:
    _refuse_known(made.logical_name in found, f"the table {made.logical_name}")
    _refuse_known(
        any(made.entity_set == one.entity_set for one in found.values()), f"the set {made.entity_set}"
    )
    found[made.logical_name] = made


def _table(own: OwnTable, template: Table) -> Table:
    name = own.logical_name
    kept = (*_OF_EVERY_TABLE, *(_OF_OWNED_TABLES if own.ownership == "UserOwned" else ()))
    texts = [column.name for column in own.columns if column.type == "String"]
    key = _key(template, name)
    return Table(
        logical_name=name,
        schema_name=own.schema_name or name,
        entity_set=_checked_set(own.entity_set or plural(name)),
        display_name=own.display_name or name,
        ownership=own.ownership,
        primary_id=key.name,
        primary_name=own.primary_name or (texts[0] if texts else key.name),
        own=True,
        told=own.told,
        columns=(key, *(template.by_name[one] for one in kept if one in template.by_name)),
    )


def _key(template: Table, table: str) -> Column:
    return replace(template.by_name[template.primary_id], name=f"{table}id", schema_name=f"{table}Id")


def _add(found: dict[str, Table], name: str, own: OwnColumn, sets: Mapping[str, OwnOptionSet]) -> None:
    table = found[name]
    _check_name(own.name, "column")
    _refuse_known(table.has(own.name), f"the column {own.name} of {name}")
    if own.type == "Lookup":
        found[name] = _with_lookup(found, table, own)
        return
    found[name] = _with(table, *_columns(own, table, found[_TEMPLATE], sets))


def _columns(
    own: OwnColumn, table: Table, template: Table, sets: Mapping[str, OwnOptionSet]
) -> Iterator[Column]:
    column = replace(
        _plain(own),
        max_length=own.max_length or {"String": 100, "Memo": 2000}.get(own.type),
        precision=own.precision if own.precision is not None else {"Decimal": 2, "Double": 2}.get(own.type),
        min=own.min,
        max=own.max,
        format="DateOnly" if own.date_behavior == "DateOnly" else own.format,
        date_behavior=own.date_behavior if own.type == "DateTime" else None,
        options=_options(own, sets),
        option_set=own.option_set,
        default=own.default,
    )
    _check_default(own, column)
    yield column
    if column.kind is Kind.MONEY:
        yield replace(column, name=f"{own.name}_base", required="None", create=False, update=False)
        yield from (template.by_name[one] for one in _OF_AMOUNTS if not table.has(one))


def _check_default(own: OwnColumn, column: Column) -> None:
    """Yes or no of a Boolean, an option of a choice; no other column has one."""
    if own.default is None or (own.type == "Boolean" and isinstance(own.default, bool)):
        return
    if own.type != "Picklist" or isinstance(own.default, bool) or own.default not in column.choices:
        raise UsageError(f"{own.name}: {own.default} cannot be the default of this column.")


def _plain(own: OwnColumn) -> Column:
    return Column(
        name=own.name,
        type=own.type,
        schema_name=own.schema_name or own.name,
        display_name=own.display_name or own.name,
        required=own.required,
        own=True,
        told=own.told,
    )


def _with_lookup(found: dict[str, Table], table: Table, own: OwnColumn) -> Table:
    if len(own.targets) != 1 or own.targets[0] not in found:
        raise UsageError(f"{own.name}: a lookup leads to one table that exists, not {list(own.targets)!r}.")
    (target,) = own.targets
    relationship = own.relationship or f"{table.logical_name}_{own.name}_{target}"
    navigation = own.navigation or own.schema_name or own.name
    collection = own.collection or relationship
    _check_navigation(table, navigation)
    found[table.logical_name] = replace(
        _with(table, replace(_plain(own), targets=own.targets, navigation=navigation)),
        many_to_one=(
            *table.many_to_one,
            ManyToOne(
                column=own.name,
                target=target,
                navigation=navigation,
                relationship=relationship,
                own=True,
                cascade=dict(own.cascade),
                told=own.told.get("relationship", {}),
            ),
        ),
    )
    there = found[target]
    _check_navigation(there, collection)
    link = OneToMany(
        table=table.logical_name, column=own.name, navigation=collection, relationship=relationship
    )
    found[target] = replace(there, one_to_many=(*there.one_to_many, link))
    return found[table.logical_name]


def _connect(found: dict[str, Table], own: OwnRelationship) -> None:
    """The table between two others, and the collection that each of them gets."""
    for name in (own.first, own.second):
        if name not in found:
            raise UsageError(f"There is no table {name}, which {own.name} would connect.")
    if own.first == own.second:
        raise UsageError(f"{own.name} would connect {own.first} with itself.")
    _check_name(own.intersect, "table")
    template = found[_TEMPLATE]
    key = _key(template, own.intersect)
    ends = [
        replace(key, name=f"{one}id", schema_name=f"{one}id", required="None", create=False, update=False)
        for one in (own.first, own.second)
    ]
    between = Table(
        logical_name=own.intersect,
        schema_name=own.name,
        entity_set=_checked_set(f"{own.intersect}set"),
        display_name=own.name,
        primary_id=key.name,
        own=True,
        columns=(key, *ends, template.by_name["versionnumber"]),
    )
    _put(found, between)
    _join(found, own, own.first, own.second, own.first_navigation)
    _join(found, own, own.second, own.first, own.second_navigation)


def _join(found: dict[str, Table], own: OwnRelationship, here: str, there: str, navigation: str) -> None:
    table = found[here]
    _check_navigation(table, navigation)
    link = ManyToMany(
        navigation=navigation,
        intersect=own.intersect,
        own_column=f"{here}id",
        other=there,
        other_column=f"{there}id",
        relationship=own.name,
        own=True,
        told=own.told,
    )
    found[here] = replace(table, many_to_many=(*table.many_to_many, link))


def _with(table: Table, *columns: Column) -> Table:
    return replace(table, columns=tuple(sorted((*table.columns, *columns), key=lambda one: one.name)))


def _option_sets(own: Own) -> dict[str, OwnOptionSet]:
    found: dict[str, OwnOptionSet] = {}
    for one in own.option_sets:
        _check_name(one.name, "global choice")
        _refuse_known(one.name in found, f"the global choice {one.name}")
        _check_options(one.name, one.options)
        found[one.name] = one
    return found


def _options(own: OwnColumn, sets: Mapping[str, OwnOptionSet]) -> dict[str, str]:
    if own.type == "Boolean":
        if not set(own.options) <= {"0", "1"}:
            raise UsageError(f"{own.name}: the options of a Boolean are 0 and 1.")
        return dict(own.options)
    if own.type not in _CHOICES:
        return {}
    if own.option_set:
        if own.option_set not in sets:
            raise UsageError(f"{own.name}: there is no global choice {own.option_set}.")
        return dict(sets[own.option_set].options)
    _check_options(own.name, own.options)
    return dict(own.options)


def _check_options(name: str, options: Mapping[str, str]) -> None:
    if not options or not all(
        value.isascii() and value.isdigit() and int(value[:11]) < 1 << 31 for value in options
    ):
        raise UsageError(f"{name}: a choice wants options, numbers with their labels.")


def _check_navigation(table: Table, name: str) -> None:
    if not _NAVIGATION.fullmatch(name):
        raise UsageError(f"{name[:100]!r} is no name for a navigation property of {table.logical_name}.")
    taken = {*table.by_property, *table.singles, *table.collections, *table.intersects}
    _refuse_known(name in taken, f"the property {name} of {table.logical_name}")


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


def _refuse_known(is_known: bool, what: str) -> None:
    if is_known:
        raise UsageError(f"There is {what} already.", "Give another name.")
