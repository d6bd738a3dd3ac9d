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
from connector.emulator.protocol.address import split_list
from connector.emulator.protocol.source import Source
from connector.emulator.schema import Kind

_COOKIE = re.compile(
    r'<cookie pagenumber="(\d{1,9})" pagingcookie="([A-Za-z0-9%_=-]*)" istracking="False" />'
)


@dataclass(frozen=True)
class Term:
    sql: ColumnElement[Any]
    is_descending: bool = False


@dataclass(frozen=True)
class Cookie:
    """Where the next page begins: its number and the order values of the last row before it."""

    page: int
    last: tuple[Any, ...]


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


def write_cookie(cookie: Cookie) -> str:
    """The value of `$skiptoken`, ready to stand in an address."""
    packed = base64.urlsafe_b64encode(json.dumps(cookie.last).encode()).decode()
    inner = quote(quote(packed, safe=""), safe="%")
    return quote(f'<cookie pagenumber="{cookie.page}" pagingcookie="{inner}" istracking="False" />', safe="")


def read_cookie(text: str) -> Cookie:
    found = _COOKIE.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        last = json.loads(
            base64.urlsafe_b64decode(
                unquote(unquote(found.group(2))),
            )
        )
        if not isinstance(last, list) or not all(v is None or isinstance(v, str | int | float) for v in last):
            raise ValueError
        if any(isinstance(v, int) and abs(v) >= 2**63 for v in last):
            raise ValueError
    except ValueError:
        raise bad_request("The $skiptoken is malformed.") from None
    return Cookie(int(found.group(1)), tuple(last))
