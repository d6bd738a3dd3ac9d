"""Change tracking: `Prefer: odata.track-changes`, delta links, and what has changed since.

A delta token is a version: every write has one, in order. Deleted rows are remembered with theirs in a
table of the store. A token is good for seven days of the emulator's clock (section 8 of the Web API
facts); the code of an expired one is documented nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from connector.emulator.problems import QUERY_NOT_SUPPORTED, bad_request
from connector.emulator.protocol.address import Options
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.expanding import render
from connector.emulator.protocol.messages import Response, json_response
from connector.emulator.protocol.ordering import Cookie, read_cookie, with_option, write_cookie
from connector.emulator.protocol.views import parse_view
from connector.emulator.schema import Table
from connector.emulator.store.ddl import VERSION

PAGE_SIZE = 5000
VALID_FOR = timedelta(days=7)
_TOKEN = re.compile(r"(\d{1,18})!(\d{1,12})")


def delta_token(context: Context) -> str:
    """The state of things now."""
    return f"{context.tx.version}!{int(context.tx.now.timestamp())}"


def delta_link(context: Context, options: Options, token: str) -> str:
    """The address that gives what has changed since a token."""
    return with_option(context, options, "$deltatoken", token.replace("!", "%21"))


def check_tracking(options: Options) -> None:
    for name in ("$filter", "$orderby", "$expand", "$top", "$apply"):
        if options.get(name) is not None:
            message = f"The query option '{name}' cannot stand beside change tracking."
            raise bad_request(message, QUERY_NOT_SUPPORTED)


def changes_since(context: Context, table: Table, options: Options, token: str) -> Response:
    """New and changed rows by version, in pages; the deleted ones and the next link to follow on the last.

    A row that came and went is only deleted.
    """
    check_tracking(options)
    options.only("$select", "$deltatoken", "$skiptoken")
    since = _since(context, token)
    view = parse_view(context, table, options)
    rows, has_more = _changed(context, table, view.sql_names, _continued(options, since))
    described = f"{table.entity_set}{view.described}/$delta"
    content: dict[str, Any] = {"@odata.context": context.context_url(described), "value": render(view, rows)}
    if has_more:
        cookie = write_cookie(Cookie(2, (rows[-1][VERSION],)))
        content["@odata.nextLink"] = with_option(context, options, "$skiptoken", cookie)
    else:
        url = context.context_url(f"{table.entity_set}/$deletedEntity")
        deleted = context.tx.deleted_since(table.logical_name, since)
        content["value"] += [{"@odata.context": url, "id": id, "reason": "deleted"} for id in deleted]
        content["@odata.deltaLink"] = delta_link(context, options, delta_token(context))
    return json_response(200, content, context.preferences.headers)


def _continued(options: Options, since: int) -> int:
    """The version behind which this page begins."""
    token = options.get("$skiptoken")
    if token is None:
        return since
    last = read_cookie(token).last
    if len(last) != 1 or not isinstance(last[0], int):
        raise bad_request("The $skiptoken does not belong to this query.")
    return max(last[0], since)


def _changed(
    context: Context, table: Table, names: list[str], since: int
) -> tuple[list[Mapping[str, Any]], bool]:
    sql = context.tx.sql(table.logical_name)
    size = context.preferences.page_size or PAGE_SIZE
    statement = select(*(sql.c[name] for name in names)).where(sql.c[VERSION] > since)
    statement = statement.order_by(sql.c[VERSION]).limit(size + 1)
    rows: list[Mapping[str, Any]] = [dict(row) for row in context.tx.execute(statement).mappings()]
    return rows[:size], len(rows) > size


def count_changes(context: Context, table: Table, options: Options, token: str) -> int:
    options.only("$deltatoken")
    since = _since(context, token)
    sql = context.tx.sql(table.logical_name)
    changed = context.tx.execute(select(sql.c[table.primary_id]).where(sql.c[VERSION] > since)).all()
    return len(changed) + len(context.tx.deleted_since(table.logical_name, since))


def _since(context: Context, token: str) -> int:
    found = _TOKEN.fullmatch(token)
    if found is None or int(found.group(1)) > context.tx.version:
        raise bad_request("The $deltatoken is malformed.")
    try:
        issued = datetime.fromtimestamp(int(found.group(2)), UTC)
    except (OverflowError, ValueError, OSError):
        raise bad_request("The $deltatoken is malformed.") from None
    if context.tx.now - issued > VALID_FOR:
        raise bad_request(f"The $deltatoken is older than {VALID_FOR.days} days: read the rows anew.")
    return int(found.group(1))
