"""Actions and functions: finding the handler, reading parameters, writing the answer."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from connector.emulator.problems import ODataError, bad_request, not_implemented, payload_error, row_not_found
from connector.emulator.protocol.address import GUID, Options, Segment, split_list
from connector.emulator.protocol.body import read_json, resolve_reference
from connector.emulator.protocol.bulk_delete import bulk_delete
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.messages import Response, empty_response, json_response
from connector.emulator.protocol.reading import row_content
from connector.emulator.protocol.rows import RowShape, selected_columns
from connector.emulator.protocol.views import parse_view
from connector.emulator.protocol.writing import check_conditions
from connector.emulator.registry import Answer, Call, RowAnswer
from connector.emulator.schema import Table

NAMESPACE = "Microsoft.Dynamics.CRM."
BULK_DELETE = "BulkDelete"


def is_operation(context: Context, segment: Segment) -> bool:
    """Does this first segment name an unbound operation? Their names begin with a capital, sets' do not."""
    registry = context.registry
    if segment.name == BULK_DELETE:
        return True
    known = registry.find_action(None, segment.name) or registry.find_function(None, segment.name)
    if known is not None or segment.name.startswith(NAMESPACE):
        return True
    return segment.name[:1].isupper() and segment.name.lower() not in context.schema.by_set


def call_operation(
    context: Context, table: Table | None, id: str | None, segment: Segment, options: Options
) -> Response:
    """POST an action or GET a function; 501 with the name of one that is not here."""
    name = segment.name.removeprefix(NAMESPACE)
    if table is None and name == BULK_DELETE and context.request.method == "POST":
        return _answer(context, bulk_delete(context, _body(context)), options)
    bound = table.logical_name if table else None
    action = context.registry.find_action(bound, name)
    function = context.registry.find_function(bound, name)
    if action is None and function is None:
        raise not_implemented(f"the function or action {name}")
    method = context.request.method
    handler = {"POST": action, "GET": function}.get(method)
    if handler is None:
        raise ODataError(404, "", f"No HTTP resource was found that matches the request: {method} {name}.")
    if table is not None and id is not None:
        _require_row(context, table, id)
    body = _parameters(segment, options) if method == "GET" else _body(context)
    call = Call(
        context.caller, id, body, lambda given: resolve_reference(context, given), context.request.origin
    )
    return _answer(context, handler(context.tx, call), options)


def _require_row(context: Context, table: Table, id: str) -> None:
    """The bound row must be there; an action can be tied to its etag like any write."""
    if context.request.method == "GET":
        is_there = context.tx.get(table.logical_name, id) is not None
    else:
        is_there = check_conditions(context, table, id)
    if not is_there:
        raise row_not_found(table.logical_name, id)


def _body(context: Context) -> dict[str, Any]:
    return read_json(context.request.body) if context.request.body.strip() else {}


def _answer(context: Context, answer: Answer, options: Options) -> Response:
    if isinstance(answer, RowAnswer):
        return _row_answer(context, answer, options)
    options.only()
    if answer is None:
        return empty_response(context.preferences.headers)
    url = context.context_url(f"{NAMESPACE}{answer.type_name}")
    return json_response(200, {"@odata.context": url, **answer.members}, context.preferences.headers)


def _row_answer(context: Context, answer: RowAnswer, options: Options) -> Response:
    """The row as a retrieve gives it: what the client selects, otherwise what the action names."""
    options.only("$select", "$expand")
    table = context.schema[answer.table]
    view = parse_view(context, table, options)
    if answer.columns and options.get("$select") is None:
        view = replace(view, shape=RowShape(context, table, selected_columns(table, answer.columns)))
    content, tag = row_content(context, table, answer.id, view)
    return json_response(200, content, {"ETag": tag, **context.preferences.headers})


def _parameters(segment: Segment, options: Options) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in split_list(segment.args or ""):
        name, equals, text = item.partition("=")
        if not equals:
            raise bad_request(f"'{item}' is not a parameter of the form name=value.")
        text = text.strip()
        if text.startswith("@"):
            if text not in options.aliases:
                raise bad_request(f"The parameter alias '{text}' has no value.")
            text = options.aliases[text]
        found[name.strip()] = _value(text)
    return found


def _value(text: str) -> Any:
    text = text.strip()
    if len(text) >= 2 and text.startswith("'") and text.endswith("'"):
        return text[1:-1].replace("''", "'")
    if GUID.fullmatch(text):
        return text.lower()
    if text.startswith(("{", "[")):
        try:
            return json.loads(text, parse_float=Decimal)
        except (ValueError, RecursionError):
            return _with_single_quotes(text)
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text


def _with_single_quotes(text: str) -> Any:
    """As many clients write an object in an address."""
    try:
        return json.loads(text.replace("'", '"'), parse_float=Decimal)
    except (ValueError, RecursionError):
        raise payload_error(f"the parameter {text[:100]} is not JSON.") from None
