"""Literals of a filter in the stored form of the column that they are compared with.

Amounts are compared as exact integers and decimals as exact text: a literal with more places than
the column keeps is moved to the neighbouring value in the direction that the operator asks for.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any

from odata_query import ast
from sqlalchemy import ColumnElement, false, literal, true

from connector.emulator.problems import ODataError, bad_request
from connector.emulator.schema import Column, Kind
from connector.emulator.store.values import MONEY_PLACES

EDM = {
    Kind.TEXT: "Edm.String",
    Kind.GUID: "Edm.Guid",
    Kind.LOOKUP: "Edm.Guid",
    Kind.INTEGER: "Edm.Int32",
    Kind.CHOICE: "Edm.Int32",
    Kind.CHOICES: "Edm.String",
    Kind.BOOLEAN: "Edm.Boolean",
    Kind.MANAGED: "Microsoft.Dynamics.CRM.BooleanManagedProperty",
    Kind.MONEY: "Edm.Decimal",
    Kind.DECIMAL: "Edm.Decimal",
    Kind.DOUBLE: "Edm.Double",
    Kind.INSTANT: "Edm.DateTimeOffset",
    Kind.DAY: "Edm.Date",
    Kind.FILE: "Edm.Binary",
}
_LARGEST = 2**63 - 1
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
# The operator that holds for the next lower stored value of a literal between two of them.
_BETWEEN = {"lt": "le", "le": "le", "gt": "gt", "ge": "gt"}


def compare(sql: ColumnElement[Any], column: Column, op: str, node: ast._Node) -> ColumnElement[bool]:
    """`column op literal`. As on the platform, "ne" also takes rows without a value."""
    if isinstance(node, ast.Null):
        return _compare_null(sql, column, op)
    if column.kind in (Kind.MONEY, Kind.INTEGER, Kind.CHOICE):
        places = MONEY_PLACES if column.kind is Kind.MONEY else 0
        return _compare_scaled(sql, op, number(column, node).scaleb(places))
    return apply_operator(sql, op, literal(stored_literal(column, node)))


def apply_operator(left: ColumnElement[Any], op: str, right: ColumnElement[Any]) -> ColumnElement[bool]:
    if op == "ne":
        return left.is_distinct_from(right)
    result: ColumnElement[bool] = _OPERATORS[op](left, right)
    return result


def stored_literal(column: Column, node: ast._Node) -> str | int | float:
    """The stored form of a literal, refused with 400 when its type does not fit the column."""
    match column.kind, node:
        case Kind.TEXT, ast.String():
            return node.val
        case ((Kind.GUID | Kind.LOOKUP), ast.GUID()):
            return node.val.lower()
        case ((Kind.BOOLEAN | Kind.MANAGED), ast.Boolean()):
            return int(node.py_val)
        case Kind.DECIMAL, _:
            return format(number(column, node), "f")
        case Kind.DOUBLE, _:
            return float(number(column, node))
        case ((Kind.MONEY | Kind.INTEGER | Kind.CHOICE), _):
            places = MONEY_PLACES if column.kind is Kind.MONEY else 0
            return _clamped(number(column, node).scaleb(places).to_integral_value(ROUND_FLOOR))
        case Kind.INSTANT, ast.DateTime() | ast.Date():
            return instant_literal(column, node.val)
        case Kind.DAY, ast.Date():
            return _day(column, node.val).isoformat()
    raise incompatible(column, node)


def number(column: Column, node: ast._Node) -> Decimal:
    """An exact number; beyond 40 digits nothing is stored, so that much is refused."""
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    inner = node.operand if isinstance(node, ast.UnaryOp) and negative else node
    if not isinstance(inner, ast.Integer | ast.Float):
        raise incompatible(column, node)
    try:
        found = Decimal(inner.val)
    except InvalidOperation:
        raise bad_request(f"'{inner.val}' is not a number.") from None
    if len(found.as_tuple().digits) > 40 or abs(found.adjusted()) > 40:
        raise bad_request(f"'{inner.val}' is out of range for '{column.name}'.")
    return -found if negative else found


def instant_literal(column: Column, text: str) -> str:
    """ISO text in UTC as stored, with the fraction that a literal may have; a day means midnight UTC."""
    try:
        if "T" not in text.upper():
            return f"{date.fromisoformat(text).isoformat()}T00:00:00"
        moment = datetime.fromisoformat(text.upper())
        if moment.tzinfo is None:
            raise bad_request(f"The date and time '{text}' says no offset; end it with Z for UTC.")
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    except (ValueError, OverflowError):
        raise bad_request(f"'{text}' is not a date for '{column.name}'.") from None


def _day(column: Column, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise bad_request(f"'{text}' is not a date for '{column.name}'.") from None


def incompatible(column: Column, node: ast._Node) -> ODataError:
    return bad_request(
        "A binary operator with incompatible types was detected. "
        f"'{column.property_name}' is of type '{EDM[column.kind]}', "
        f"the value is {type(node).__name__} {getattr(node, 'val', '')}."
    )


def _compare_null(sql: ColumnElement[Any], column: Column, op: str) -> ColumnElement[bool]:
    if op == "eq":
        return sql.is_(None)
    if op == "ne":
        return sql.is_not(None)
    raise bad_request(f"'{column.property_name}' can only be compared with null by eq and ne.")


def _compare_scaled(sql: ColumnElement[Any], op: str, value: Decimal) -> ColumnElement[bool]:
    whole = value.to_integral_value(ROUND_FLOOR)
    if whole != value:
        if op == "eq":
            return false()
        if op == "ne":
            return true()
        op = _BETWEEN[op]
    return apply_operator(sql, op, literal(_clamped(whole)))


def _clamped(value: Decimal) -> int:
    return int(max(min(value, Decimal(_LARGEST)), Decimal(-_LARGEST)))
