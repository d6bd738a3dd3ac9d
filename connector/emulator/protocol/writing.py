"""Create, update, upsert and delete, with everything that stands around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from connector.emulator.problems import (
    DUPLICATE_RECORD,
    INVALID_ARGUMENT,
    INVALID_STATUS,
    VERSION_MISMATCH,
    ODataError,
    bad_request,
    not_implemented,
    row_not_found,
)
from connector.emulator.protocol.address import Options
from connector.emulator.protocol.body import Payload, read_json, read_payload, require_row
from connector.emulator.protocol.cascade import assign_children, release_references
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.fills import platform_fills
from connector.emulator.protocol.keys import RowKey, check_unique
from connector.emulator.protocol.messages import Response, empty_response, json_response
from connector.emulator.protocol.reading import row_content
from connector.emulator.protocol.rows import etag
from connector.emulator.protocol.views import parse_view
from connector.emulator.registry import Change
from connector.emulator.schema import Kind, Table
from connector.emulator.store import Value, target_column

MAX_DEPTH = 10
_KEY = "='(),-._~!$*@:"  # what stands in a key as it is


def create(
    context: Context, table: Table, options: Options, extra: Mapping[str, Value] | None = None
) -> Response:
    """POST to a set: 204 with OData-EntityId, or 201 with the row when it is preferred."""
    options.only("$select", "$expand")
    id = create_row(context, table, read_json(context.request.body), extra)
    return _created(context, table, id, options)


def create_row(
    context: Context,
    table: Table,
    content: dict[str, Any],
    extra: Mapping[str, Value] | None = None,
    depth: int = 0,
) -> str:
    """Insert a row and what is nested in it; returns its id. `extra` are lookups set from outside."""
    if depth > MAX_DEPTH:
        raise bad_request(f"The rows are nested more than {MAX_DEPTH} deep.")
    payload = read_payload(context, table, content, creating=True)
    payload.values |= extra or {}
    for single, nested in payload.parents:
        target = context.schema.get(single.target)
        if target is None:
            raise not_implemented(f"the table {single.target}")
        payload.values[single.column.name] = create_row(context, target, nested, depth=depth + 1)
        if single.column.is_polymorphic:
            payload.values[target_column(single.column.name)] = target.logical_name
    id = _insert(context, table, payload)
    for link, rows in payload.children:
        for row in rows:
            create_row(context, context.schema[link.table], row, {link.column: id}, depth + 1)
    for link, references in payload.members:
        for reference in references:
            require_row(context, reference)
            update_row(context, context.schema[link.table], reference.id, {link.column: id})
    return id


def _insert(context: Context, table: Table, payload: Payload) -> str:
    values = payload.values
    given = values.get(table.primary_id)
    if given is not None and context.tx.get(table.logical_name, str(given)) is not None:
        raise ODataError(412, DUPLICATE_RECORD, "A record with matching key values already exists.")
    platform_fills(context.tx, table, values)
    _check_required(table, values)
    _check_states(table, values, None)
    check_unique(context.tx, table, values, None)
    change = Change("create", table.logical_name, str(given or ""), context.caller, values)
    context.registry.check(context.tx, change)
    change.id = context.tx.insert(table.logical_name, change.values, caller=context.caller)
    context.registry.follow(context.tx, change)
    return change.id


def update_row(context: Context, table: Table, id: str, values: dict[str, Value]) -> None:
    """Change columns of a row that exists; guards first, hooks after."""
    before = context.tx.get(table.logical_name, id)
    if before is None:
        raise row_not_found(table.logical_name, id)
    _check_states(table, values, before)
    check_unique(context.tx, table, values, before)
    change = Change("update", table.logical_name, id, context.caller, values, before)
    context.registry.check(context.tx, change)
    if change.values:
        context.tx.update(table.logical_name, id, change.values, caller=context.caller)
    if change.values.get("ownerid"):
        owner = {name: value for name, value in change.values.items() if name.startswith("ownerid")}
        assign_children(context, table, id, owner)
    context.registry.follow(context.tx, change)


def patch(context: Context, table: Table, key: RowKey, options: Options) -> Response:
    """PATCH: update with If-Match, create-only with If-None-Match: *, upsert with neither."""
    options.only("$select", "$expand")
    content = read_json(context.request.body)
    id = key.id
    if id is None and context.request.header("if-match"):
        key.require()
    if id is not None and check_conditions(context, table, id):
        update_by_key(context, key, id, content)
        status = 200
    else:
        id, status = create_by_key(context, key, content), 201
    if context.preferences.wants_representation:
        return _representation(context, table, id, options, status)
    return _without_content(context, table, id, named=key.text if key.values else None)


def update_by_key(context: Context, key: RowKey, id: str, content: dict[str, Any]) -> None:
    """Update what a key names: a key cannot be changed through itself, so its columns are passed over."""
    named = {key.table.by_name[name].property_name for name in key.values}
    left = {name: value for name, value in content.items() if name not in named}
    update_row(context, key.table, id, read_payload(context, key.table, left, creating=False).values)


def create_by_key(context: Context, key: RowKey, content: dict[str, Any]) -> str:
    """Create what a key names: values of the body win over those of an alternate key."""
    if key.id is not None:
        return create_row(context, key.table, {key.table.primary_id: key.id, **content})
    given = read_payload(context, key.table, content, creating=True).values
    missing = {name: value for name, value in key.values.items() if name not in given}
    return create_row(context, key.table, content, missing)


def check_conditions(context: Context, table: Table, id: str) -> bool:
    """Hold If-Match and If-None-Match against the row; True when the row is there.

    404 for If-Match without a row, 412 for another etag, or for If-None-Match: * with a row.
    """
    row = context.tx.get(table.logical_name, id)
    if_match = context.request.header("if-match")
    if_none_match = context.request.header("if-none-match")
    if if_none_match and if_none_match.strip().lower() == "null":
        if_none_match = None  # what Microsoft tells clients to send against stale caches
    if if_match and if_none_match:
        raise bad_request("If-Match and If-None-Match exclude each other.")
    if if_match:
        if row is None:
            raise row_not_found(table.logical_name, id)
        if if_match.strip() != "*" and etag(row) not in [t.strip() for t in if_match.split(",")]:
            raise ODataError(
                412,
                VERSION_MISMATCH,
                "The version of the existing record doesn't match the RowVersion property provided.",
            )
    if if_none_match:
        if if_none_match.strip() != "*":
            raise not_implemented("If-None-Match with an etag on a write")
        if row is not None:
            raise ODataError(412, DUPLICATE_RECORD, "A record with matching key values already exists.")
    return row is not None


def delete(context: Context, table: Table, id: str) -> Response:
    if not check_conditions(context, table, id):
        raise row_not_found(table.logical_name, id)
    delete_row(context, table, id)
    return empty_response()


def delete_row(context: Context, table: Table, id: str) -> None:
    before = context.tx.get(table.logical_name, id)
    if before is None:
        raise row_not_found(table.logical_name, id)
    change = Change("delete", table.logical_name, id, context.caller, {}, before)
    context.registry.check(context.tx, change)
    for child, child_id in release_references(context, table, id):
        if context.tx.get(child.logical_name, child_id) is not None:
            delete_row(context, child, child_id)
    context.tx.delete(table.logical_name, id)
    context.registry.follow(context.tx, change)


def _created(context: Context, table: Table, id: str, options: Options) -> Response:
    if context.preferences.wants_representation:
        return _representation(context, table, id, options, 201)
    return _without_content(context, table, id, with_location=True)


def _without_content(
    context: Context, table: Table, id: str, *, with_location: bool = False, named: str | None = None
) -> Response:
    """`named`: the alternate key by which the client named the row, which the answer repeats."""
    url = context.url(table, id)
    shown = url if named is None else f"{context.request.root}/{table.entity_set}({quote(named, safe=_KEY)})"
    headers = {"OData-EntityId": shown, **({"Location": url} if with_location else {})}
    return replace(empty_response({**headers, **context.preferences.headers}), entity=url)


def _representation(context: Context, table: Table, id: str, options: Options, status: int) -> Response:
    content, tag = row_content(context, table, id, parse_view(context, table, options))
    response = json_response(status, content, {"ETag": tag, **context.preferences.headers})
    return replace(response, entity=context.url(table, id))


def _check_required(table: Table, values: Mapping[str, Value]) -> None:
    """SystemRequired columns that neither the client nor the platform fills."""
    for column in table.columns:
        if column.required != "SystemRequired" or not column.create or column.name in values:
            continue
        if column.name in (table.primary_id, "ownerid") or column.default is not None:
            continue
        if column.type in ("State", "Status") or column.kind is Kind.FILE:
            continue
        raise bad_request(
            f"The column '{column.name}' of '{table.logical_name}' is required.", INVALID_ARGUMENT
        )


def _check_states(table: Table, values: Mapping[str, Value], before: Mapping[str, Value] | None) -> None:
    """A status must belong to the state that the row has or gets."""
    state, status = table.state, table.status
    if state is None or status is None or values.get(status.name) is None or not status.status_state:
        return
    current = before[state.name] if before else min(state.choices, default=0)
    wanted = values.get(state.name, current)
    given = values[status.name]
    if status.status_state.get(str(given)) != wanted:
        raise bad_request(
            f"{given} is not a valid status code for state code {wanted} on {table.logical_name}.",
            INVALID_STATUS,
        )
