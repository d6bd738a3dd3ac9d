"""Retrieving one row and listing many."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from sqlalchemy import ColumnElement, func, literal, literal_column, select

from connector.emulator.problems import bad_request, not_implemented, row_not_found
from connector.emulator.protocol.address import Options
from connector.emulator.protocol.applying import apply_to_rows
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.expanding import render
from connector.emulator.protocol.fetch import answer_fetch
from connector.emulator.protocol.filter import filter_condition
from connector.emulator.protocol.keys import metadata_version
from connector.emulator.protocol.messages import Response, empty_response, json_response
from connector.emulator.protocol.ordering import (
    Cookie,
    after,
    order_terms,
    read_cookie,
    with_option,
    write_cookie,
)
from connector.emulator.protocol.row_json import row_json
from connector.emulator.protocol.rows import etag
from connector.emulator.protocol.source import Source
from connector.emulator.protocol.tracking import (
    changes_since,
    check_tracking,
    count_changes,
    delta_link,
    delta_token,
)
from connector.emulator.protocol.views import View, parse_view
from connector.emulator.schema import Table
from connector.emulator.store import Found

PAGE_SIZE = 5000
COUNT_LIMIT = 5000
TOTAL = "Microsoft.Dynamics.CRM.totalrecordcount"
SCHEMA_VERSION = "Microsoft.Dynamics.CRM.globalmetadataversion"
TOTAL_EXCEEDED = "Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"


def retrieve(context: Context, table: Table, id: str, options: Options) -> Response:
    """GET of one row, with If-None-Match by its rules (section 3 of the Web API facts)."""
    options.only("$select", "$expand")
    view = parse_view(context, table, options)
    content, tag = row_content(context, table, id, view)
    if _is_unchanged(context, options, tag):
        return empty_response({"ETag": tag}, status=304)
    return json_response(200, content, {"ETag": tag, **context.preferences.headers})


def row_content(context: Context, table: Table, id: str, view: View) -> tuple[dict[str, Any], str]:
    """The JSON of one row and its etag; 404 when there is none."""
    sql = context.tx.sql(table.logical_name)
    columns = [sql.c[name] for name in view.sql_names]
    found = context.tx.execute(select(*columns).where(sql.c[table.primary_id] == id)).mappings().first()
    if found is None:
        raise row_not_found(table.logical_name, id)
    row = dict(found)
    url = context.context_url(f"{table.entity_set}{view.described}/$entity")
    return {"@odata.context": url, **render(view, [row])[0]}, etag(row)


def _is_unchanged(context: Context, options: Options, tag: str) -> bool:
    given = context.request.header("if-none-match")
    if not given or options.get("$expand") or context.preferences.annotations:
        return False
    return tag in [part.strip() for part in given.split(",")]


def list_rows(
    context: Context,
    table: Table,
    options: Options,
    extra: ColumnElement[bool] | None = None,
    source: Source | None = None,
) -> Response:
    """GET of a set, one page of it."""
    if (token := options.get("$deltatoken")) is not None and extra is None:
        return changes_since(context, table, options, token)
    if (text := options.get("fetchXml")) is not None and extra is None:
        return answer_fetch(context, table, options, text)
    if (text := options.get("$apply")) is not None and extra is None:
        return apply_to_rows(context, table, options, text)
    options.only("$select", "$expand", "$filter", "$orderby", "$top", "$count", "$skiptoken")
    view = parse_view(context, table, options)
    source = source or Source(context.tx, table, context.caller)
    conditions = _conditions(source, options, extra)
    counted = _count(source, conditions) if _wants_count(options) else None
    tracking = _tracking(context, options, extra)
    rows, next_link = _page(context, view, source, options, conditions, tracking)
    content: dict[str, Any] = {"@odata.context": context.context_url(table.entity_set + view.described)}
    if counted is not None:
        content["@odata.count"] = min(counted, COUNT_LIMIT)
    content |= _totals(context, counted)
    content["value"] = _written(rows) if view.is_plain else render(view, rows.dicts())
    if next_link:
        content["@odata.nextLink"] = next_link
    elif tracking:
        content["@odata.deltaLink"] = delta_link(context, options, tracking)
    return json_response(200, content, context.preferences.headers)


def _totals(context: Context, counted: int | None) -> dict[str, Any]:
    wants = context.preferences.wants
    totals: dict[str, Any] = {}
    if wants(TOTAL):
        totals[f"@{TOTAL}"] = -1 if counted is None else min(counted, COUNT_LIMIT)
    if wants(TOTAL_EXCEEDED):
        totals[f"@{TOTAL_EXCEEDED}"] = counted is not None and counted > COUNT_LIMIT
    if wants(SCHEMA_VERSION):
        totals[f"@{SCHEMA_VERSION}"] = metadata_version(context.tx)
    return totals


def count_rows(
    context: Context,
    table: Table,
    options: Options,
    extra: ColumnElement[bool] | None = None,
    source: Source | None = None,
) -> Response:
    """GET of `…/$count`: plain text with a byte order mark, at most 5000."""
    if (token := options.get("$deltatoken")) is not None and extra is None:
        counted = count_changes(context, table, options, token)
    else:
        options.only("$filter")
        source = source or Source(context.tx, table, context.caller)
        counted = _count(source, _conditions(source, options, extra))
    text = f"\ufeff{min(counted, COUNT_LIMIT)}"
    return Response(200, {"Content-Type": "text/plain; charset=utf-8", "OData-Version": "4.0"}, text.encode())


def _conditions(
    source: Source, options: Options, extra: ColumnElement[bool] | None
) -> list[ColumnElement[bool]]:
    conditions = [] if extra is None else [extra]
    text = options.get("$filter")
    if text is not None:
        conditions.append(filter_condition(source, text, options.aliases))
    return conditions


def _wants_count(options: Options) -> bool:
    text = options.get("$count")
    if text is not None and text.lower() not in ("true", "false"):
        raise bad_request(f"'{text}' is not a value for $count: true or false.")
    return text is not None and text.lower() == "true"


def _count(source: Source, conditions: list[ColumnElement[bool]]) -> int:
    inner = select(literal(1)).select_from(source.from_clause).where(*conditions).limit(COUNT_LIMIT + 1)
    return int(source.tx.execute(select(func.count()).select_from(inner.subquery())).scalar_one())


def _tracking(context: Context, options: Options, extra: ColumnElement[bool] | None) -> str:
    """The delta token that the last page hands out: that of the first one; nothing without tracking."""
    token = options.get("$skiptoken")
    if token is not None and (carried := read_cookie(token).tracking):
        return carried
    if not context.preferences.track_changes:
        return ""
    if extra is not None:
        raise not_implemented("change tracking of a collection behind a row")
    check_tracking(options)
    return delta_token(context)


def _page(
    context: Context,
    view: View,
    source: Source,
    options: Options,
    conditions: list[ColumnElement[bool]],
    tracking: str,
) -> tuple[Found, str | None]:
    top = _top(options)
    size = context.preferences.page_size or (PAGE_SIZE if top is None else min(top, PAGE_SIZE))
    may_continue = top is None or context.preferences.page_size is not None
    terms = order_terms(source, options.get("$orderby"))
    token = options.get("$skiptoken")
    cookie = Cookie(1, ()) if token is None else read_cookie(token)
    if token is not None:
        conditions = [*conditions, after(terms, cookie.last)]
    columns = [_row_json(view)] if view.is_plain else [source.alias.c[name] for name in view.sql_names]
    labelled = [term.sql.label(f"order_{i}") for i, term in enumerate(terms)]
    statement = select(*columns, *labelled).select_from(source.from_clause).where(*conditions)
    statement = statement.order_by(*(t.sql.desc() if t.is_descending else t.sql.asc() for t in terms))
    found = context.tx.found(statement.limit(size + 1))
    page = Found(found.names, found.rows[:size])
    if len(found.rows) <= size or not may_continue:
        return page, None
    last = page.rows[-1][len(page.names) - len(terms) :]
    return page, _next_link(context, options, Cookie(cookie.page + 1, last, tracking))


def _row_json(view: View) -> ColumnElement[Any]:
    """One column in place of many: the row as it is answered."""
    return literal_column(row_json(view.table.logical_name, view.shape.columns)).label("emu_row")


def _written(found: Found) -> msgspec.Raw:
    rows = cast("list[tuple[bytes, ...]]", found.rows)
    return msgspec.Raw(b"[" + b",".join([row[0] for row in rows]) + b"]")


def _top(options: Options) -> int | None:
    text = options.get("$top")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise bad_request(f"'{text}' is not a value for $top.")
    if int(text) == 0:
        raise bad_request("$top must be greater than zero.")
    return int(text)


def _next_link(context: Context, options: Options, cookie: Cookie) -> str:
    return with_option(context, options, "$skiptoken", write_cookie(cookie))
