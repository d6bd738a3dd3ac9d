"""The operators of FetchXML's conditions; the named ones are those of the Web API's query functions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, false, func, literal, or_, true

from connector.emulator.problems import not_implemented
from connector.emulator.protocol.fetch.xml import FetchCondition, Filter, fetch_error
from connector.emulator.protocol.literals import apply_operator, compare, incompatible
from connector.emulator.protocol.named_conditions import Asked, named_condition, typed
from connector.emulator.schema import Kind
from connector.emulator.store.text import MATCHES

_COMPARED = {"eq": "eq", "ne": "ne", "neq": "ne", "gt": "gt", "ge": "ge", "lt": "lt", "le": "le"}
_PATTERNS = {
    "like": "{}",
    "begins-with": "{}%",
    "ends-with": "%{}",
    "not-like": "{}",
    "not-begin-with": "{}%",
    "not-end-with": "%{}",
}
_UNITS = ("hours", "days", "weeks", "months", "years", "fiscal-periods", "fiscal-years")
_NAMED = {
    "in": "In",
    "not-in": "NotIn",
    "between": "Between",
    "not-between": "NotBetween",
    "contain-values": "ContainValues",
    "not-contain-values": "DoesNotContainValues",
    "on": "On",
    "not-on": "NotOn",
    "on-or-after": "OnOrAfter",
    "on-or-before": "OnOrBefore",
    "eq-userid": "EqualUserId",
    "ne-userid": "NotUserId",
    "eq-businessid": "EqualBusinessId",
    "ne-businessid": "NotBusinessId",
    "last-seven-days": "Last7Days",
    "next-seven-days": "Next7Days",
    "in-fiscal-year": "InFiscalYear",
    "in-fiscal-period": "InFiscalPeriod",
    "in-fiscal-period-and-year": "InFiscalPeriodAndYear",
    "in-or-after-fiscal-period-and-year": "InOrAfterFiscalPeriodAndYear",
    "in-or-before-fiscal-period-and-year": "InOrBeforeFiscalPeriodAndYear",
    **{word: word.capitalize() for word in ("yesterday", "today", "tomorrow")},
}


def _camel(words: str) -> str:
    return "".join(word.capitalize() for word in words.split("-"))


_NAMED |= {
    f"{word}-{unit}": f"{word.capitalize()}{_camel(unit)}"
    for word in ("last", "this", "next")
    for unit in ("week", "month", "year", "fiscal-period", "fiscal-year")
}
_NAMED |= {
    f"{word}-x-{unit}": f"{word.capitalize()}X{_camel(unit)}" for word in ("last", "next") for unit in _UNITS
}
_NAMED |= {
    f"olderthan-x-{unit}": f"OlderThanX{_camel(unit)}"
    for unit in ("minutes", "hours", "days", "weeks", "months", "years")
}


def condition_of(condition: FetchCondition, asked: Asked, other: Asked | None) -> ColumnElement[bool]:
    """`asked` holds the column of the condition, `other` the one of `valueof`."""
    operator, sql, column = condition.operator, asked.sql, asked.column
    if other is not None:
        if operator not in _COMPARED or condition.values:
            raise fetch_error(f"'{operator[:100]}' does not compare two columns.")
        return apply_operator(sql, _COMPARED[operator], other.sql)
    if operator in ("null", "not-null"):
        asked.take(condition.values, 0)
        return sql.is_(None) if operator == "null" else sql.is_not(None)
    if operator in _COMPARED:
        value = asked.take(condition.values, 1)[0]
        return compare(sql, column, _COMPARED[operator], typed(column, value))
    if operator in _PATTERNS:
        value = asked.take(condition.values, 1)[0]
        if column.kind is not Kind.TEXT:
            raise incompatible(column, typed(column, value))
        matched: ColumnElement[bool] = getattr(func, MATCHES)(sql, _PATTERNS[operator].format(value)) == 1
        is_negated = operator.startswith("not-")
        return func.coalesce(matched, literal(0)) == 0 if is_negated else matched
    if operator in _NAMED:
        named = Asked(_NAMED[operator], sql, column, asked.tx, asked.caller)
        return named_condition(named, condition.values)
    raise not_implemented(f"the operator {operator[:100]} of FetchXML")


def combined(filter_: Filter, terms: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    """An empty filter takes every row."""
    if not terms:
        return true()
    return or_(false(), *terms) if filter_.is_or else and_(true(), *terms)
