"""Rows rendered with what `$expand` adds: each level is read in one query for all rows above it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sqlalchemy import ColumnElement, Select, select

from connector.emulator.problems import bad_request
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.filter import filter_condition
from connector.emulator.protocol.ordering import Cookie, order_terms, write_cookie
from connector.emulator.protocol.source import Source
from connector.emulator.protocol.views import Expansion, View
from connector.emulator.schema import ManyToMany, OneToMany, Single
from connector.emulator.store import target_column

_INNER_LIMIT = 5000
_CHUNK = 5000
_PARENT = "emu_parent"


def render(
    view: View, rows: Sequence[Mapping[str, Any]], *, is_nested: bool | None = None
) -> list[dict[str, Any]]:
    """Rows as the JSON encoder takes them. `is_nested`: of a whole query with several levels."""
    nested = view.is_nested if is_nested is None else is_nested
    out = view.shape.render(list(rows))
    for expansion in view.expansions:
        if isinstance(expansion.link, Single):
            _expand_single(view, expansion, expansion.link, rows, out, nested)
        else:
            _expand_collection(view, expansion, expansion.link, rows, out, nested)
    return out


def _expand_single(
    view: View,
    expansion: Expansion,
    single: Single,
    rows: Sequence[Mapping[str, Any]],
    out: list[dict[str, Any]],
    nested: bool,
) -> None:
    context, inner = view.shape.context, expansion.view
    column, key = single.column, inner.table.primary_id
    wanted = sorted({row[column.name] for row in rows if row[column.name] is not None})
    sql = context.tx.sql(single.target)
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(wanted), _CHUNK):
        statement = select(*(sql.c[name] for name in inner.sql_names))
        statement = statement.where(sql.c[key].in_(wanted[start : start + _CHUNK]))
        some = [dict(row) for row in context.tx.execute(statement).mappings()]
        if expansion.is_reference:
            found |= {row[key]: {"@odata.id": context.url(inner.table, row[key])} for row in some}
        else:
            rendered = render(inner, some, is_nested=nested)
            found |= {row[key]: each for row, each in zip(some, rendered, strict=True)}
    for row, member in zip(rows, out, strict=True):
        is_here = not column.is_polymorphic or row[target_column(column.name)] == single.target
        member[expansion.navigation] = found.get(row[column.name]) if is_here else None


def _expand_collection(
    view: View,
    expansion: Expansion,
    link: OneToMany | ManyToMany,
    rows: Sequence[Mapping[str, Any]],
    out: list[dict[str, Any]],
    nested: bool,
) -> None:
    context, key = view.shape.context, view.table.primary_id
    grouped: dict[str, list[Mapping[str, Any]]] = {row[key]: [] for row in rows}
    ids = sorted(grouped)
    for start in range(0, len(ids), _CHUNK):
        statement = _members(context, expansion, link, ids[start : start + _CHUNK])
        for found in context.tx.execute(statement).mappings():
            grouped[found[_PARENT]].append(dict(found))
    size = min(context.preferences.page_size or _INNER_LIMIT, _INNER_LIMIT) if nested else _INNER_LIMIT
    top = _top(expansion)
    for row, member in zip(rows, out, strict=True):
        members = grouped[row[key]]
        shown = members[: size if top is None else top]
        member[expansion.navigation] = render(expansion.view, shown, is_nested=nested)
        if top is None and (len(members) > size or not nested):
            cookie = Cookie(2, (shown[-1][expansion.view.table.primary_id],)) if nested else None
            address = f"{context.url(view.table, row[key])}/{expansion.navigation}"
            member[f"{expansion.navigation}@odata.nextLink"] = _next_link(address, expansion, cookie)


def _members(
    context: Context, expansion: Expansion, link: OneToMany | ManyToMany, ids: list[str]
) -> Select[Any]:
    """The rows of the collections of several parents, in the order that was asked for."""
    source = Source(context.tx, expansion.view.table, context.caller)
    conditions: list[ColumnElement[bool]] = []
    if "$filter" in expansion.options:
        conditions.append(filter_condition(source, expansion.options["$filter"], {}))
    terms = order_terms(source, expansion.options.get("$orderby"))
    if isinstance(link, OneToMany):
        parent: ColumnElement[Any] = source.alias.c[link.column]
        from_clause = source.from_clause
    else:
        intersect = context.tx.sql(link.intersect)
        parent = intersect.c[link.own_column]
        from_clause = source.from_clause.join(intersect, intersect.c[link.other_column] == source.key)
    columns = [source.alias.c[name] for name in expansion.view.sql_names]
    statement = select(*columns, parent.label(_PARENT)).select_from(from_clause)
    statement = statement.where(parent.in_(ids), *conditions)
    return statement.order_by(*(t.sql.desc() if t.is_descending else t.sql.asc() for t in terms))


def _top(expansion: Expansion) -> int | None:
    text = expansion.options.get("$top")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) > 0):
        raise bad_request(f"'{text}' is not a value for $top.")
    return min(int(text), _INNER_LIMIT)


def _next_link(address: str, expansion: Expansion, cookie: Cookie | None) -> str:
    options = [f"{name}={quote(value, safe='(),;=$')}" for name, value in expansion.options.items()]
    if cookie is not None:
        options.append(f"$skiptoken={write_cookie(cookie)}")
    return f"{address}?{'&'.join(options)}" if options else address
