"""`$expand`, one level: a lookup's row, or the rows of a collection, with options of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from connector.emulator.problems import QUERY_NOT_SUPPORTED, bad_request, not_implemented, unknown_property
from connector.emulator.protocol.address import split_list
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.filter import filter_condition
from connector.emulator.protocol.ordering import order_terms
from connector.emulator.protocol.rows import RowShape, selected_columns
from connector.emulator.protocol.source import Source
from connector.emulator.schema import OneToMany, Schema, Single, Table
from connector.emulator.store import target_column

MAX_EXPANSIONS = 15
_INNER_LIMIT = 5000
_CHUNK = 5000


@dataclass(frozen=True)
class Expansion:
    """One item of `$expand`: exactly one of `single` and `collection` is set."""

    navigation: str
    single: Single | None
    collection: OneToMany | None
    options: Mapping[str, str]


def parse_expand(table: Table, text: str | None, schema: Schema) -> tuple[Expansion, ...]:
    items = split_list(text or "")
    if len(items) > MAX_EXPANSIONS:
        raise bad_request(f"$expand has more than {MAX_EXPANSIONS} items.", QUERY_NOT_SUPPORTED)
    return tuple(_expansion(table, item, schema) for item in items)


def _expansion(table: Table, item: str, schema: Schema) -> Expansion:
    name, opened, rest = item.partition("(")
    name = name.strip()
    if opened and not rest.endswith(")"):
        raise bad_request(f"'{item}' in $expand is not well formed.")
    if "/" in name:
        raise not_implemented(f"'{name}' in $expand")
    single, collection = table.singles.get(name), table.collections.get(name)
    if name in table.intersects:
        raise not_implemented(f"the many-to-many '{name}' in $expand")
    if single is None and collection is None:
        raise unknown_property(name, table.logical_name)
    if single is not None and single.target not in schema:
        raise not_implemented(f"the table {single.target}, to which {name} leads")
    allowed = ("$select",) if single else ("$select", "$filter", "$orderby", "$top")
    return Expansion(name, single, collection, _inner_options(rest[:-1] if opened else "", allowed))


def _inner_options(text: str, allowed: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in split_list(text, ";"):
        name, _, value = part.partition("=")
        if name.strip() not in allowed:
            raise not_implemented(f"'{name.strip()}' inside of this $expand")
        found[name.strip()] = value.strip()
    return found


def expand_into(
    context: Context,
    table: Table,
    expansion: Expansion,
    rows: list[Mapping[str, Any]],
    out: list[dict[str, Any]],
) -> None:
    """Add the expanded member to each of `out`, the rendered form of `rows`."""
    if expansion.single:
        _expand_single(context, expansion, expansion.single, rows, out)
    elif expansion.collection:
        _expand_collection(context, table, expansion, expansion.collection, rows, out)


def _shape(context: Context, table: Table, expansion: Expansion) -> RowShape:
    text = expansion.options.get("$select")
    return RowShape(context, table, selected_columns(table, split_list(text) if text else None))


def _expand_single(
    context: Context,
    expansion: Expansion,
    single: Single,
    rows: list[Mapping[str, Any]],
    out: list[dict[str, Any]],
) -> None:
    target = context.schema[single.target]
    shape = _shape(context, target, expansion)
    sql = context.tx.sql(target.logical_name)
    column = single.column
    wanted = sorted({row[column.name] for row in rows if row[column.name] is not None})
    found: dict[str, dict[str, Any]] = {}
    columns = [sql.c[name] for name in dict.fromkeys([*shape.sql_names, target.primary_id])]
    for start in range(0, len(wanted), _CHUNK):
        condition = sql.c[target.primary_id].in_(wanted[start : start + _CHUNK])
        some = [dict(r) for r in context.tx.execute(select(*columns).where(condition)).mappings()]
        rendered = shape.render(list(some))
        found |= {row[target.primary_id]: r for row, r in zip(some, rendered, strict=True)}
    for row, member in zip(rows, out, strict=True):
        is_here = not column.is_polymorphic or row[target_column(column.name)] == target.logical_name
        member[expansion.navigation] = found.get(row[column.name]) if is_here else None


def _expand_collection(
    context: Context,
    table: Table,
    expansion: Expansion,
    link: OneToMany,
    rows: list[Mapping[str, Any]],
    out: list[dict[str, Any]],
) -> None:
    source = Source(context.tx, context.schema[link.table])
    shape = _shape(context, source.table, expansion)
    conditions = []
    if "$filter" in expansion.options:
        conditions.append(filter_condition(source, expansion.options["$filter"], {}))
    terms = order_terms(source, expansion.options.get("$orderby"))
    parent = source.alias.c[link.column]
    grouped: dict[str, list[Mapping[str, Any]]] = {row[table.primary_id]: [] for row in rows}
    ids = sorted(grouped)
    columns = [source.alias.c[name] for name in shape.sql_names]
    for start in range(0, len(ids), _CHUNK):
        statement = select(*columns, parent.label("parent_id")).select_from(source.from_clause)
        statement = statement.where(parent.in_(ids[start : start + _CHUNK]), *conditions)
        statement = statement.order_by(*(t.sql.desc() if t.is_descending else t.sql.asc() for t in terms))
        for found in context.tx.execute(statement).mappings():
            grouped[found["parent_id"]].append(dict(found))
    top = _top(expansion)
    for row, member in zip(rows, out, strict=True):
        member[expansion.navigation] = shape.render(grouped[row[table.primary_id]][:top])


def _top(expansion: Expansion) -> int:
    text = expansion.options.get("$top")
    if text is None:
        return _INNER_LIMIT
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10):
        raise bad_request(f"'{text}' is not a value for $top.")
    return min(int(text), _INNER_LIMIT)
