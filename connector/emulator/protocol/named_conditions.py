"""The platform's own conditions by name: Between, ContainValues, LastXDays, EqualUserId and so on.

The Web API writes them as functions and FetchXML as operators; here each is a function from a column and
values, which come as text, to a condition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from odata_query import ast
from sqlalchemy import ColumnElement, and_, literal, not_, or_, true

from connector.emulator.problems import bad_request, not_implemented
from connector.emulator.protocol.literals import EDM, compare, stored_literal
from connector.emulator.protocol.time_spans import (
    Span,
    counted_span,
    fiscal_period,
    fiscal_year,
    named_span,
)
from connector.emulator.schema import Column, Kind
from connector.emulator.store import Transaction

Condition: TypeAlias = ColumnElement[bool]


@dataclass(frozen=True)
class Asked:
    """One condition: its name, the column, and who asks."""

    name: str
    sql: ColumnElement[Any]
    column: Column
    tx: Transaction
    caller: str

    def take(self, values: Sequence[str], count: int) -> Sequence[str]:
        if len(values) != count:
            raise bad_request(f"{self.name} wants {count or 'no'} value{'' if count == 1 else 's'}.")
        return values


def named_condition(asked: Asked, values: Sequence[str]) -> Condition:
    """Raises 501 with the name of an unknown one, 400 for values that do not fit."""
    maker = _MAKERS.get(asked.name)
    if maker is not None:
        return maker(asked, values)
    try:
        span = named_span(asked.name, asked.tx.now)
        if span is not None:
            asked.take(values, 0)
            return _within(asked, span)
        if "X" in asked.name:
            span = counted_span(asked.name, _count(asked, values), asked.tx.now)
    except (OverflowError, ValueError):
        raise bad_request(f"The value of {asked.name} leaves the calendar.") from None
    if span is None:
        raise not_implemented(f"the query function Microsoft.Dynamics.CRM.{asked.name}")
    return _within(asked, span)


def typed(column: Column, text: str) -> ast._Node:
    """A value that came as text, as a literal of the column's type."""
    match column.kind:
        case Kind.TEXT:
            return ast.String(text)
        case Kind.GUID | Kind.LOOKUP:
            return ast.GUID(text.strip("{}"))
        case Kind.BOOLEAN | Kind.MANAGED:
            return ast.Boolean({"1": "true", "0": "false"}.get(text, text.lower()))
        case Kind.INSTANT | Kind.DAY:
            return ast.DateTime(text) if "T" in text.upper() else ast.Date(text)
        case _:
            return ast.Float(text)


def _in(asked: Asked, values: Sequence[str]) -> Condition:
    if not values:
        raise bad_request(f"{asked.name} wants values.")
    stored = [stored_literal(asked.column, typed(asked.column, value)) for value in values]
    found: Condition = asked.sql.in_(stored)
    return found


def _not_in(asked: Asked, values: Sequence[str]) -> Condition:
    return or_(asked.sql.is_(None), not_(_in(asked, values)))


def _between(asked: Asked, values: Sequence[str]) -> Condition:
    low, high = (typed(asked.column, value) for value in asked.take(values, 2))
    return and_(compare(asked.sql, asked.column, "ge", low), compare(asked.sql, asked.column, "le", high))


def _not_between(asked: Asked, values: Sequence[str]) -> Condition:
    low, high = (typed(asked.column, value) for value in asked.take(values, 2))
    return or_(compare(asked.sql, asked.column, "lt", low), compare(asked.sql, asked.column, "gt", high))


# --- several choices ---


def _contain_values(asked: Asked, values: Sequence[str]) -> Condition:
    if asked.column.kind is not Kind.CHOICES:
        raise bad_request(f"'{asked.column.name}' is not a column of several choices.")
    if not values or not all(v.strip().isascii() and v.strip().isdigit() and len(v) < 20 for v in values):
        raise bad_request(f"{asked.name} wants choice values.")
    return or_(*(asked.sql.like(f"%,{int(value)},%") for value in values))


def _contain_none(asked: Asked, values: Sequence[str]) -> Condition:
    return or_(asked.sql.is_(None), not_(_contain_values(asked, values)))


# --- time ---


def _within(asked: Asked, span: Span) -> Condition:
    _require_time(asked)
    low = true() if span.start is None else asked.sql >= literal(_stored(asked.column, span.start))
    high = true() if span.end is None else asked.sql < literal(_stored_end(asked.column, span.end))
    return and_(asked.sql.is_not(None), low, high)


def _require_time(asked: Asked) -> None:
    if asked.column.kind not in (Kind.INSTANT, Kind.DAY):
        kind = EDM[asked.column.kind]
        raise bad_request(f"'{asked.column.name}' of type {kind} cannot be compared with a day.")


def _stored(column: Column, moment: datetime) -> str:
    plain = moment.replace(tzinfo=None, microsecond=0)
    return plain.date().isoformat() if column.kind is Kind.DAY else plain.isoformat()


def _stored_end(column: Column, moment: datetime) -> str:
    """A day in which a span ends still belongs to it, for columns that only know days."""
    is_inside = column.kind is Kind.DAY and moment.time() != datetime.min.time()
    return _stored(column, moment + timedelta(days=1) if is_inside else moment)


def _count(asked: Asked, values: Sequence[str]) -> int:
    text = asked.take(values, 1)[0]
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) > 0):
        raise bad_request(f"{asked.name} wants a whole number above 0, not '{text[:100]}'.")
    return int(text)


def _day(asked: Asked, values: Sequence[str]) -> Span:
    """The day that a value names, as days are in UTC."""
    text = asked.take(values, 1)[0]
    try:
        day = date.fromisoformat(text[:10])
        start = datetime.combine(day, datetime.min.time())
        return Span(start, start + timedelta(days=1))
    except (ValueError, OverflowError):
        raise bad_request(f"'{text[:100]}' is not a date.") from None


def _on(asked: Asked, values: Sequence[str]) -> Condition:
    return _within(asked, _day(asked, values))


def _not_on(asked: Asked, values: Sequence[str]) -> Condition:
    return and_(asked.sql.is_not(None), not_(_on(asked, values)))


def _on_or_after(asked: Asked, values: Sequence[str]) -> Condition:
    return _within(asked, Span(_day(asked, values).start, None))


def _on_or_before(asked: Asked, values: Sequence[str]) -> Condition:
    return _within(asked, Span(None, _day(asked, values).end))


def _fiscal(
    make: Callable[[list[int]], list[Span]], count: int
) -> Callable[[Asked, Sequence[str]], Condition]:
    def condition(asked: Asked, values: Sequence[str]) -> Condition:
        texts = asked.take(values, count)
        if not all(text.isascii() and text.isdigit() and len(text) < 6 for text in texts):
            raise bad_request(f"{asked.name} wants whole numbers.")
        try:
            spans = make([int(text) for text in texts])
        except (ValueError, OverflowError):
            raise bad_request(f"{', '.join(texts)} is no fiscal period or year for {asked.name}.") from None
        return or_(*(_within(asked, span) for span in spans))

    return condition


def _periods(numbers: list[int]) -> list[Span]:
    """One period of every year that a date can lie in."""
    return [fiscal_period(numbers[0], year) for year in range(1990, 2060)]


# --- who asks ---


def _is_caller(asked: Asked, values: Sequence[str]) -> Condition:
    asked.take(values, 0)
    return _same_id(asked, asked.caller)


def _is_not_caller(asked: Asked, values: Sequence[str]) -> Condition:
    return or_(asked.sql.is_(None), not_(_is_caller(asked, values)))


def _is_unit(asked: Asked, values: Sequence[str]) -> Condition:
    asked.take(values, 0)
    user = asked.tx.get("systemuser", asked.caller) or {}
    return _same_id(asked, str(user.get("businessunitid") or ""))


def _is_not_unit(asked: Asked, values: Sequence[str]) -> Condition:
    return or_(asked.sql.is_(None), not_(_is_unit(asked, values)))


def _same_id(asked: Asked, id: str) -> Condition:
    if asked.column.kind not in (Kind.LOOKUP, Kind.GUID):
        raise bad_request(f"{asked.name} wants a lookup or an id, not '{asked.column.name}'.")
    same: Condition = asked.sql == literal(id)
    return same


_MAKERS: dict[str, Callable[[Asked, Sequence[str]], Condition]] = {
    "In": _in,
    "NotIn": _not_in,
    "Between": _between,
    "NotBetween": _not_between,
    "ContainValues": _contain_values,
    "DoesNotContainValues": _contain_none,
    "On": _on,
    "NotOn": _not_on,
    "OnOrAfter": _on_or_after,
    "OnOrBefore": _on_or_before,
    "InFiscalYear": _fiscal(lambda numbers: [fiscal_year(numbers[0])], 1),
    "InFiscalPeriod": _fiscal(_periods, 1),
    "InFiscalPeriodAndYear": _fiscal(lambda numbers: [fiscal_period(numbers[0], numbers[1])], 2),
    "InOrAfterFiscalPeriodAndYear": _fiscal(
        lambda numbers: [Span(fiscal_period(numbers[0], numbers[1]).start, None)], 2
    ),
    "InOrBeforeFiscalPeriodAndYear": _fiscal(
        lambda numbers: [Span(None, fiscal_period(numbers[0], numbers[1]).end)], 2
    ),
    "EqualUserId": _is_caller,
    "NotUserId": _is_not_caller,
    "EqualBusinessId": _is_unit,
    "NotBusinessId": _is_not_unit,
}
