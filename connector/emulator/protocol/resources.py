"""Requests for rows of a table: the set, one row, and what hangs on a row."""

from __future__ import annotations

from connector.emulator.problems import not_implemented, unknown_segment, wrong_verb
from connector.emulator.protocol.address import Options, Segment
from connector.emulator.protocol.bulk import BULK, answer_bulk
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.keys import RowKey, read_key
from connector.emulator.protocol.links import answer_collection, answer_single
from connector.emulator.protocol.messages import Response
from connector.emulator.protocol.operations import NAMESPACE, call_operation
from connector.emulator.protocol.properties import answer_property
from connector.emulator.protocol.reading import count_rows, list_rows, retrieve
from connector.emulator.protocol.writing import create, delete, patch
from connector.emulator.schema import Table


def answer_table(context: Context, table: Table, segments: list[Segment], options: Options) -> Response:
    first, *rest = segments
    if first.args is None:
        return _answer_set(context, table, rest, options)
    key = read_key(context.tx, table, first.args)
    if not rest:
        return _answer_row(context, table, key, options)
    return _answer_below(context, table, key.require(), rest, options)


def _answer_set(context: Context, table: Table, rest: list[Segment], options: Options) -> Response:
    method = context.request.method
    if not rest:
        if method == "GET":
            return list_rows(context, table, options)
        if method == "POST":
            return create(context, table, options)
        raise wrong_verb(method, f"the set {table.entity_set}")
    segment = rest[0]
    if segment.name == "$count" and len(rest) == 1:
        if method != "GET":
            raise wrong_verb(method, "$count")
        return count_rows(context, table, options)
    if segment.name.startswith(NAMESPACE) and len(rest) == 1:
        if segment.name.removeprefix(NAMESPACE) in BULK and method == "POST":
            return answer_bulk(context, table, segment.name.removeprefix(NAMESPACE))
        return call_operation(context, table, None, segment, options)
    raise unknown_segment(segment.name)


def _answer_row(context: Context, table: Table, key: RowKey, options: Options) -> Response:
    method = context.request.method
    if method == "GET":
        return retrieve(context, table, key.require(), options)
    if method == "PATCH":
        return patch(context, table, key, options)
    if method == "DELETE":
        options.only()
        return delete(context, table, key.require())
    raise wrong_verb(method, "a row")


def _answer_below(context: Context, table: Table, id: str, rest: list[Segment], options: Options) -> Response:
    segment = rest[0]
    if segment.name.startswith(NAMESPACE):
        if len(rest) > 1:
            raise not_implemented(f"a path behind {segment.name}")
        return call_operation(context, table, id, segment, options)
    if segment.name in table.singles:
        return answer_single(context, table, id, rest, options)
    if segment.name in table.collections or segment.name in table.intersects:
        return answer_collection(context, table, id, rest, options)
    if segment.name in table.by_property:
        return answer_property(context, table, id, rest, options)
    raise unknown_segment(segment.name)
