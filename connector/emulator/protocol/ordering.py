"""`$orderby` and paging: every order ends with the primary key, so a page knows where it stopped.

A lookup sorts by the name of the row behind it, a choice by its number (section 4 of the Web API
facts). The skip token is opaque to clients: a cookie in XML, encoded twice, like the platform's.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import ColumnElement, and_, false, or_

from connector.emulator.problems import bad_request
from connector.emulator.protocol.address import Options, split_list
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.source import Source
from connector.emulator.schema import Kind

_COOKIE = re.compile(
    r'<cookie pagenumber="(\d{1,9})" pagingcookie="([A-Za-z0-9%_=-]*)" '
    r'(?:tracking="([0-9!]{1,40})" istracking="True"|istracking="False") />'
)


@dataclass(frozen=True)
class Term:
    sql: ColumnElement[Any]
    is_descending: bool = False


@dataclass(frozen=True)
class Cookie:
    """Where the next page begins: its number and the order values of the last row before it.

    `tracking` is the delta token of the first page, for clients that track changes.
    """

    page: int
    last: tuple[Any, ...]
    tracking: str = ""


def order_terms(source: Source, text: str | None) -> list[Term]:
    terms = [_term(source, item) for item in split_list(text or "")]
    return [*terms, Term(source.key)]


def _term(source: Source, item: str) -> Term:
    name, _, direction = item.partition(" ")
    direction = direction.strip().lower()
    if direction not in ("", "asc", "desc"):
        raise bad_request(f"'{item}' in $orderby is not a column with asc or desc.")
    if "(" in name:
        raise bad_request(f"'{item}' in $orderby is not a column.")
    *path, last = name.split("/")
    singles = source.table.singles
    if not path and last in singles and last not in source.table.by_property:
        return Term(source.primary_name((last,)), direction == "desc")
    sql, column = source.column(tuple(path), last)
    if column.kind is Kind.LOOKUP and not column.is_polymorphic and column.navigation_to(column.targets[0]):
        navigation = column.navigation_to(column.targets[0])
        if navigation and column.targets[0] in source.tx.schema:
            sql = source.primary_name((*path, navigation))
    return Term(sql, direction == "desc")


def after(terms: Sequence[Term], last: Sequence[Any]) -> ColumnElement[bool]:
    """The rows behind `last` in this order; nothing sorts as the smallest."""
    if len(last) != len(terms):
        raise bad_request("The $skiptoken does not belong to this query.")
    choices: list[ColumnElement[bool]] = []
    same: list[ColumnElement[bool]] = []
    for term, value in zip(terms, last, strict=True):
        choices.append(and_(*same, _beyond(term, value)))
        same.append(term.sql.is_not_distinct_from(value))
    return or_(*choices)


def _beyond(term: Term, value: Any) -> ColumnElement[bool]:
    if term.is_descending:
        return false() if value is None else or_(term.sql < value, term.sql.is_(None))
    beyond: ColumnElement[bool] = term.sql.is_not(None) if value is None else term.sql > value
    return beyond


def packed(last: Sequence[Any]) -> str:
    """Order values as a text that stands in an attribute and in an address as it is."""
    return base64.urlsafe_b64encode(json.dumps(list(last)).encode()).decode()


def unpacked(text: str) -> tuple[Any, ...]:
    """The order values of `packed`; a 400 for anything else."""
    try:
        last = json.loads(base64.urlsafe_b64decode(text))
    except (ValueError, RecursionError):
        last = None
    if not isinstance(last, list) or not all(_is_order_value(value) for value in last):
        raise bad_request("The cookie of this page is malformed.")
    return tuple(last)


def _is_order_value(value: Any) -> bool:
    return value is None or isinstance(value, str | float) or (isinstance(value, int) and abs(value) < 2**63)


def write_cookie(cookie: Cookie) -> str:
    """The value of `$skiptoken`, ready to stand in an address."""
    inner = quote(quote(packed(cookie.last), safe=""), safe="%")
    tracking = f'tracking="{cookie.tracking}" istracking="True"' if cookie.tracking else 'istracking="False"'
    return quote(f'<cookie pagenumber="{cookie.page}" pagingcookie="{inner}" {tracking} />', safe="")


def read_cookie(text: str) -> Cookie:
    found = _COOKIE.fullmatch(text)
    if found is None:
        raise bad_request("The $skiptoken is malformed.")
    return Cookie(int(found.group(1)), unpacked(unquote(unquote(found.group(2)))), found.group(3) or "")


def with_option(context: Context, options: Options, name: str, value: str) -> str:
    """The address of this request with one option more; tokens of earlier pages are left out."""
    tokens = ("$skiptoken", "$deltatoken") if name == "$deltatoken" else ("$skiptoken",)
    items = [item for item in options.raw.split("&") if item]
    kept = [item for item in items if item.partition("=")[0].lower().replace("%24", "$") not in tokens]
    return f"{context.request.root}/{context.request.path}?{'&'.join([*kept, f'{name}={value}'])}"
