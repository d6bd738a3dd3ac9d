"""The answer to a FetchXML query: rows or groups, a page of them, and the cookie of the next page.

The cookie holds where the page ended. An order by a linked table's column has none, as on the platform:
such pages go by number, up to 50,000 rows (section 4 of the Web API facts).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from sqlalchemy import ColumnElement, func, select

from connector.emulator.problems import QUERY_NOT_SUPPORTED, bad_request, not_implemented
from connector.emulator.protocol.address import Options
from connector.emulator.protocol.annotations import Annotator
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.fetch.groups import answer_groups
from connector.emulator.protocol.fetch.plan import Joined, Plan, selected_attributes
from connector.emulator.protocol.fetch.xml import Fetch, fetch_error, parse_fetch
from connector.emulator.protocol.messages import Response, json_response
from connector.emulator.protocol.ordering import after, packed, unpacked
from connector.emulator.protocol.rows import encoder_of, etag
from connector.emulator.schema import Column, Table
from connector.emulator.store import target_column
from connector.emulator.store.ddl import VERSION

PAGE_SIZE = 5000
SIMPLE_LIMIT = 50_000
COUNT_LIMIT = 5000
_CRM = "Microsoft.Dynamics.CRM."
_COOKIE = re.compile(r'<cookie page="(\d{1,9})"><row last="([A-Za-z0-9_=-]*)" ?/></cookie>')


@dataclass(frozen=True)
class Shown:
    """A column in the answer: `label` in the statement, `name` in the row."""

    joined: Joined
    column: Column
    name: str
    label: str


def answer_fetch(context: Context, table: Table, options: Options, text: str) -> Response:
    options.only("fetchXml")
    if context.preferences.page_size is not None:
        raise not_implemented("the preference odata.maxpagesize beside fetchXml: FetchXML has 'count'")
    fetch = parse_fetch(text)
    plan = Plan(context.tx, table, fetch.entity, context.caller)
    for joined in plan.joined[1:]:
        context.registry.check_access(context.tx, context.caller, "Read", joined.table.logical_name)
    content: dict[str, Any] = {"@odata.context": context.context_url(table.entity_set)}
    if fetch.is_aggregate:
        content["value"] = answer_groups(context, fetch, plan)
    else:
        content |= _rows(context, fetch, plan)
    return json_response(200, content, context.preferences.headers)


def _rows(context: Context, fetch: Fetch, plan: Plan) -> dict[str, Any]:
    shown = _shown(plan)
    statement = select(*_columns(plan, shown, fetch)).select_from(plan.source.from_clause)
    statement = statement.where(*plan.conditions)
    if fetch.is_distinct:
        statement = statement.distinct()
    terms, is_by_link = plan.terms()
    if fetch.is_distinct:
        terms = terms[: len(terms) - len(plan.joined)]
    has_cookie = not (is_by_link or fetch.is_distinct or fetch.top)
    size = min(fetch.top or fetch.count or PAGE_SIZE, PAGE_SIZE)
    if has_cookie and fetch.cookie:
        statement = statement.where(after(terms, _read_cookie(fetch.cookie)))
    elif fetch.page > 1:
        statement = statement.offset(_offset(fetch.page, size))
    if not fetch.is_distinct:
        statement = statement.add_columns(*(t.sql.label(f"order_{n}") for n, t in enumerate(terms)))
    statement = statement.order_by(*(t.sql.desc() if t.is_descending else t.sql.asc() for t in terms))
    rows: list[Mapping[str, Any]] = [
        dict(row) for row in context.tx.execute(statement.limit(size + 1)).mappings()
    ]
    has_more = len(rows) > size and fetch.top is None
    rows = rows[:size]
    content: dict[str, Any] = {}
    if context.preferences.wants(f"{_CRM}morerecords"):
        content[f"@{_CRM}morerecords"] = has_more
    if has_more and has_cookie and context.preferences.wants(f"{_CRM}fetchxmlpagingcookie"):
        last = [rows[-1][f"order_{n}"] for n in range(len(terms))]
        content[f"@{_CRM}fetchxmlpagingcookie"] = _write_cookie(fetch.page, last)
    content |= _totals(context, fetch, plan)
    content["value"] = _rendered(context, fetch, plan, shown, rows)
    return content


def _shown(plan: Plan) -> list[Shown]:
    found: list[Shown] = []
    for joined in plan.joined:
        for name, column in selected_attributes(joined):
            if any(each.name == name for each in found):
                raise fetch_error(f"the name '{name[:100]}' stands for two columns.")
            found.append(Shown(joined, column, name, f"c{len(found)}"))
    return found


def _columns(plan: Plan, shown: list[Shown], fetch: Fetch) -> list[ColumnElement[Any]]:
    columns: list[ColumnElement[Any]] = []
    for each in shown:
        columns.append(each.joined.sql.c[each.column.name].label(each.label))
        if each.column.is_polymorphic:
            kind = each.joined.sql.c[target_column(each.column.name)]
            columns.append(kind.label(target_column(each.label)))
    if not fetch.is_distinct:
        root = plan.root
        columns += [root.sql.c[VERSION].label(VERSION), root.sql.c[root.table.primary_id].label("root_id")]
    return columns


def _rendered(
    context: Context, fetch: Fetch, plan: Plan, shown: list[Shown], rows: list[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Members in the order that was asked for; what has no value is left out."""
    out: list[dict[str, Any]] = []
    for row in rows:
        members: dict[str, Any] = {}
        if not fetch.is_distinct:
            members = {"@odata.etag": etag(row), plan.root.table.primary_id: row["root_id"]}
        for each in shown:
            value = row[each.label]
            if value is not None:
                encode = encoder_of(each.column)
                members[each.name] = value if encode is None else encode(value)
        out.append(members)
    if context.preferences.annotations:
        for joined in plan.joined:
            _annotate(context, [each for each in shown if each.joined is joined], rows, out)
    return out


def _annotate(
    context: Context, shown: list[Shown], rows: list[Mapping[str, Any]], out: list[dict[str, Any]]
) -> None:
    """The annotations of one table's columns, under the names that these have in the answer."""
    names = {each.column.property_name: each.name for each in shown}
    plain = [_plain(shown, row) for row in rows]
    annotator = Annotator(context, tuple(each.column for each in shown), list(plain))
    for row, members in zip(plain, out, strict=True):
        found: dict[str, Any] = {}
        annotator.annotate(row, found)
        for key, text in found.items():
            name, _, annotation = key.partition("@")
            members[f"{names[name]}@{annotation}"] = text


def _plain(shown: list[Shown], row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in shown:
        found[each.column.name] = row[each.label]
        if each.column.is_polymorphic:
            found[target_column(each.column.name)] = row[target_column(each.label)]
    return found


def _totals(context: Context, fetch: Fetch, plan: Plan) -> dict[str, Any]:
    wants = context.preferences.wants
    counted = None
    if fetch.wants_total:
        inner = select(plan.source.key).select_from(plan.source.from_clause).where(*plan.conditions)
        limited = inner.limit(COUNT_LIMIT + 1).subquery()
        counted = int(context.tx.execute(select(func.count()).select_from(limited)).scalar_one())
    totals: dict[str, Any] = {}
    if wants(f"{_CRM}totalrecordcount"):
        totals[f"@{_CRM}totalrecordcount"] = -1 if counted is None else min(counted, COUNT_LIMIT)
    if wants(f"{_CRM}totalrecordcountlimitexceeded"):
        totals[f"@{_CRM}totalrecordcountlimitexceeded"] = counted is not None and counted > COUNT_LIMIT
    return totals


def _offset(page: int, size: int) -> int:
    if page * size > SIMPLE_LIMIT:
        message = f"Pages without a cookie end at {SIMPLE_LIMIT} rows."
        raise bad_request(message, QUERY_NOT_SUPPORTED)
    return (page - 1) * size


def _write_cookie(page: int, last: list[Any]) -> str:
    """The annotation: XML that holds the cookie, itself XML, encoded twice."""
    inner = f'<cookie page="{page}"><row last="{packed(last)}" /></cookie>'
    element = ET.Element("cookie", pagenumber=str(page + 1), istracking="False")
    element.set("pagingcookie", quote(quote(inner, safe=""), safe=""))
    return ET.tostring(element, encoding="unicode")


def _read_cookie(text: str) -> tuple[Any, ...]:
    found = _COOKIE.fullmatch(text)
    if found is None:
        raise fetch_error("its paging-cookie is malformed.")
    return unpacked(found.group(2))
