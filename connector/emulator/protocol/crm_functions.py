"""The platform's own query functions, `Microsoft.Dynamics.CRM.…`, as far as they are known here.

Arguments are named (`PropertyName`, `PropertyValue`, `PropertyValues`); values come as strings.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, TypeAlias

from odata_query import ast
from sqlalchemy import ColumnElement, and_, literal, not_, or_

from connector.emulator.problems import bad_request, not_implemented
from connector.emulator.protocol.literals import EDM, compare, stored_literal
from connector.emulator.schema import Column, Kind

CRM_NAMESPACE = ("Microsoft", "Dynamics", "CRM")
Operand: TypeAlias = tuple[ColumnElement[Any], Column]


def full_name(node: ast.Call) -> str:
    return ".".join((*node.func.namespace, node.func.name))


def crm_condition(node: ast.Call, operand: Callable[[ast._Node], Operand]) -> ColumnElement[bool]:
    """The condition of one such call; 501 with its name when it is another one."""
    name = node.func.name
    maker = _FUNCTIONS.get(name)
    if maker is None:
        raise not_implemented(f"the query function {full_name(node)}")
    arguments = _arguments(node)
    sql, column = operand(_property(arguments, name))
    return maker(sql, column, _values(arguments, name))


def _arguments(node: ast.Call) -> dict[str, ast._Node]:
    found: dict[str, ast._Node] = {}
    for argument in node.args:
        if not isinstance(argument, ast.NamedParam):
            raise bad_request(f"{node.func.name} wants named parameters.")
        found[argument.name.name] = argument.param
    return found


def _property(arguments: dict[str, ast._Node], name: str) -> ast._Node:
    given = arguments.get("PropertyName")
    if not isinstance(given, ast.String) or not given.val:
        raise bad_request(f"{name} wants PropertyName, the name of a column in quotes.")
    first, *rest = given.val.split("/")
    node: ast._Node = ast.Identifier(first)
    for part in rest:
        node = ast.Attribute(node, part)
    return node


def _values(arguments: dict[str, ast._Node], name: str) -> list[str]:
    given = arguments.get("PropertyValues", arguments.get("PropertyValue"))
    unknown = set(arguments) - {"PropertyName", "PropertyValues", "PropertyValue"}
    if given is None or unknown:
        raise bad_request(f"{name} wants PropertyName and its value or values, no {sorted(unknown)}.")
    items = given.val if isinstance(given, ast.List) else [given]
    return [str(getattr(item, "val", "")) for item in items]


def _literal(column: Column, text: str) -> ast._Node:
    """A value that came as a string, as a literal of the column's type."""
    match column.kind:
        case Kind.TEXT:
            return ast.String(text)
        case Kind.GUID | Kind.LOOKUP:
            return ast.GUID(text.strip("{}"))
        case Kind.BOOLEAN | Kind.MANAGED:
            return ast.Boolean({"1": "true", "0": "false"}.get(text, text))
        case Kind.INSTANT | Kind.DAY:
            return ast.DateTime(text) if "T" in text.upper() else ast.Date(text)
        case _:
            return ast.Float(text)


def _in(sql: ColumnElement[Any], column: Column, values: list[str]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = sql.in_([stored_literal(column, _literal(column, v)) for v in values])
    return found


def _not_in(sql: ColumnElement[Any], column: Column, values: list[str]) -> ColumnElement[bool]:
    return or_(sql.is_(None), not_(_in(sql, column, values)))


def _between(sql: ColumnElement[Any], column: Column, values: list[str]) -> ColumnElement[bool]:
    if len(values) != 2:
        raise bad_request("Between wants two values.")
    low, high = (_literal(column, v) for v in values)
    return and_(compare(sql, column, "ge", low), compare(sql, column, "le", high))


def _not_between(sql: ColumnElement[Any], column: Column, values: list[str]) -> ColumnElement[bool]:
    low, high = (_literal(column, v) for v in values) if len(values) == 2 else (None, None)
    if low is None or high is None:
        raise bad_request("NotBetween wants two values.")
    return or_(compare(sql, column, "lt", low), compare(sql, column, "gt", high))


def _day(column: Column, values: list[str]) -> date:
    if column.kind not in (Kind.INSTANT, Kind.DAY) or len(values) != 1:
        raise bad_request(f"'{column.name}' of type {EDM[column.kind]} cannot be compared with a day.")
    try:
        return date.fromisoformat(values[0][:10])
    except ValueError:
        raise bad_request(f"'{values[0]}' is not a date.") from None


def _start(column: Column, day: date) -> str:
    return day.isoformat() if column.kind is Kind.DAY else f"{day.isoformat()}T00:00:00"


def _after(day: date) -> date:
    try:
        return day + timedelta(days=1)
    except OverflowError:
        raise bad_request(f"'{day}' is out of range.") from None


def _on(sql: ColumnElement[Any], column: Column, values: list[str]) -> ColumnElement[bool]:
    """On a day, as days are in UTC here: the emulator's users live there."""
    day = _day(column, values)
    return and_(sql >= literal(_start(column, day)), sql < literal(_start(column, _after(day))))


def _on_or_after(sql: ColumnElement[Any], column: Column, values: list[str]) -> ColumnElement[bool]:
    after: ColumnElement[bool] = sql >= literal(_start(column, _day(column, values)))
    return after


def _on_or_before(sql: ColumnElement[Any], column: Column, values: list[str]) -> ColumnElement[bool]:
    before: ColumnElement[bool] = sql < literal(_start(column, _after(_day(column, values))))
    return before


def _contains_values(sql: ColumnElement[Any], column: Column, values: list[str]) -> ColumnElement[bool]:
    if column.kind is not Kind.CHOICES:
        raise bad_request(f"'{column.name}' is not a column of several choices.")
    if not all(v.strip().isdigit() for v in values):
        raise bad_request("ContainValues wants choice values.")
    return or_(*(sql.like(f"%,{int(v)},%") for v in values))


_FUNCTIONS: dict[str, Callable[[ColumnElement[Any], Column, list[str]], ColumnElement[bool]]] = {
    "In": _in,
    "NotIn": _not_in,
    "Between": _between,
    "NotBetween": _not_between,
    "On": _on,
    "OnOrAfter": _on_or_after,
    "OnOrBefore": _on_or_before,
    "ContainValues": _contains_values,
}
