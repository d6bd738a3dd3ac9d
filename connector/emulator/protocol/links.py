"""Navigation properties in the path: related rows, and `$ref` to connect and disconnect them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select

from connector.emulator.problems import (
    bad_request,
    not_implemented,
    payload_error,
    row_not_found,
    wrong_verb,
)
from connector.emulator.protocol.address import Options, Segment
from connector.emulator.protocol.body import (
    bind_single,
    check_nullable,
    check_writable,
    read_json,
    require_row,
    resolve_reference,
)
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.keys import read_key
from connector.emulator.protocol.messages import Response, empty_response, json_response
from connector.emulator.protocol.reading import count_rows, list_rows, retrieve
from connector.emulator.protocol.source import Source, require_table
from connector.emulator.protocol.writing import check_conditions, create, update_row
from connector.emulator.registry import Reference
from connector.emulator.schema import ManyToMany, OneToMany, Single, Table
from connector.emulator.store import Value, target_column


def answer_single(context: Context, table: Table, id: str, rest: list[Segment], options: Options) -> Response:
    """`/set(id)/lookup`: the row behind it (204 when there is none), or its `$ref`."""
    single = table.singles[rest[0].name]
    row = _require(context, table, id)
    if len(rest) == 1:
        if context.request.method != "GET":
            raise wrong_verb(context.request.method, "a navigation property")
        target = require_table(context.tx, single)
        context.tx.check_read(target.logical_name)
        value = row.get(single.column.name)
        kind = row.get(target_column(single.column.name), target.logical_name)
        if value is None or kind != target.logical_name:
            return empty_response()
        return retrieve(context, target, str(value), options)
    _only_ref(rest)
    options.only()
    if context.request.method == "GET":
        return _reference(context, single, row)
    check_conditions(context, table, id)
    values: dict[str, Value] = {}
    if context.request.method == "PUT":
        bind_single(context, table, values, single.navigation, _reference_in_body(context), creating=False)
    elif context.request.method == "DELETE":
        bind_single(context, table, values, single.navigation, None, creating=False)
    else:
        raise wrong_verb(context.request.method, "$ref of a lookup")
    update_row(context, table, id, values)
    return empty_response()


def _reference(context: Context, single: Single, row: dict[str, Value]) -> Response:
    """The address of the row behind a lookup, without its columns; 204 when there is none."""
    target = require_table(context.tx, single)
    value = row.get(single.column.name)
    kind = row.get(target_column(single.column.name), target.logical_name)
    if value is None or kind != target.logical_name:
        return empty_response()
    content = {"@odata.context": context.context_url("$ref"), "@odata.id": context.url(target, str(value))}
    return json_response(200, content)


def answer_collection(
    context: Context, table: Table, id: str, rest: list[Segment], options: Options
) -> Response:
    """`/set(id)/collection`: its rows, their `$count`, a new row in it, or its `$ref`."""
    name = rest[0].name
    link: OneToMany | ManyToMany = table.collections.get(name) or table.intersects[name]
    _require(context, table, id)
    method = context.request.method
    if len(rest) == 2 and rest[1].name == "$ref":
        return _change_members(context, link, id, rest[0], options)
    if rest[0].args is not None:
        raise not_implemented("a key behind a collection")
    source = Source(context.tx, context.schema[_other_table(link)], context.caller)
    if method == "GET":
        context.tx.check_read(source.table.logical_name)
    condition = _membership(context, source, link, id)
    if len(rest) == 2 and rest[1].name == "$count" and method == "GET":
        return count_rows(context, source.table, options, condition, source)
    if len(rest) > 1:
        raise not_implemented(f"'{rest[1].name}' behind a collection")
    if method == "GET":
        return list_rows(context, source.table, options, condition, source)
    if method == "POST" and isinstance(link, OneToMany):
        return create(context, source.table, options, _parent(context, link, table, id))
    raise wrong_verb(method, "a collection")


def _parent(context: Context, link: OneToMany, table: Table, id: str) -> dict[str, Value]:
    values: dict[str, Value] = {link.column: id}
    if context.schema[link.table].by_name[link.column].is_polymorphic:
        values[target_column(link.column)] = table.logical_name
    return values


def _other_table(link: OneToMany | ManyToMany) -> str:
    return link.table if isinstance(link, OneToMany) else link.other


def _membership(
    context: Context, source: Source, link: OneToMany | ManyToMany, id: str
) -> ColumnElement[bool]:
    if isinstance(link, OneToMany):
        condition: ColumnElement[bool] = source.alias.c[link.column] == id
        return condition
    intersect = context.tx.sql(link.intersect)
    members = select(intersect.c[link.other_column]).where(intersect.c[link.own_column] == id)
    return source.key.in_(members)


def _change_members(
    context: Context, link: OneToMany | ManyToMany, id: str, segment: Segment, options: Options
) -> Response:
    method = context.request.method
    if method == "POST":
        options.only()
        _connect(context, link, id, resolve_reference(context, _reference_in_body(context)))
    elif method == "DELETE":
        options.only("$id")
        _disconnect(context, link, id, _removed(context, link, segment, options))
    elif method == "GET":
        raise not_implemented("reading the $ref of a collection")
    else:
        raise wrong_verb(method, "$ref of a collection")
    return empty_response()


def _removed(context: Context, link: OneToMany | ManyToMany, segment: Segment, options: Options) -> Reference:
    other = context.schema[_other_table(link)]
    if segment.args is not None:
        return Reference(other.logical_name, read_key(context.tx, other, segment.args).require())
    given = options.get("$id")
    if given is None:
        raise bad_request("Name the row to be removed: collection(id)/$ref or $ref?$id=address.")
    return resolve_reference(context, given)


def _connect(context: Context, link: OneToMany | ManyToMany, id: str, reference: Reference) -> None:
    other = context.schema[_other_table(link)]
    if reference.table != other.logical_name:
        raise payload_error(f"the collection holds {other.logical_name}, not {reference.table}.")
    require_row(context, reference)
    if isinstance(link, OneToMany):
        check_writable(other, link.column, creating=False)
        update_row(context, other, reference.id, {link.column: id})
        return
    pair: dict[str, Value] = {link.own_column: id, link.other_column: reference.id}
    if not context.tx.find(link.intersect, pair):
        context.tx.insert(link.intersect, pair)


def _disconnect(context: Context, link: OneToMany | ManyToMany, id: str, reference: Reference) -> None:
    require_row(context, reference)
    if isinstance(link, OneToMany):
        other = context.schema[link.table]
        check_writable(other, link.column, creating=False)
        check_nullable(other, link.column)
        row = _require(context, other, reference.id)
        if row.get(link.column) == id:
            update_row(context, other, reference.id, {link.column: None})
        return
    for row in context.tx.find(link.intersect, {link.own_column: id, link.other_column: reference.id}):
        context.tx.delete(link.intersect, str(row[context.schema[link.intersect].primary_id]))


def _reference_in_body(context: Context) -> Any:
    content = read_json(context.request.body)
    if "@odata.id" not in content:
        raise payload_error('a reference is written with {"@odata.id": address}.')
    return content["@odata.id"]


def _only_ref(rest: list[Segment]) -> None:
    if len(rest) != 2 or rest[1].name != "$ref":
        raise not_implemented(f"'{rest[1].name}' behind a lookup")


def _require(context: Context, table: Table, id: str) -> dict[str, Value]:
    row = context.tx.get(table.logical_name, id)
    if row is None:
        raise row_not_found(table.logical_name, id)
    return row
