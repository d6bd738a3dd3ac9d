"""`$apply`: `filter(…)`, then `groupby((…),aggregate(…))` or `aggregate(…)`.

Known methods are sum, average, min and max, and `$count as name`. A grouped column behind a lookup comes
back as `<table>_<column>`. Anything else of the aggregation extension is refused by name.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import ColumnElement

from connector.emulator.problems import QUERY_NOT_SUPPORTED, bad_request, not_implemented
from connector.emulator.protocol.address import Options, split_list
from connector.emulator.protocol.aggregating import (
    Aggregate,
    Aggregation,
    Function,
    Group,
    Order,
    aggregate,
    formatted_members,
    shown,
)
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.filter import filter_condition
from connector.emulator.protocol.formatted import Symbols
from connector.emulator.protocol.messages import FORMATTED, Response, json_response
from connector.emulator.protocol.source import Source
from connector.emulator.schema import Kind, Table

_CALL = re.compile(r"(\w+)\s*\((.*)\)", re.DOTALL)
_TERM = re.compile(r"([\w/]+)\s+with\s+([\w.]+)\s+as\s+(\w+)")
_COUNT = re.compile(r"\$count\s+as\s+(\w+)")
_FUNCTIONS: dict[str, Function] = {"sum": "sum", "average": "average", "min": "min", "max": "max"}


def apply_to_rows(context: Context, table: Table, options: Options, text: str) -> Response:
    options.only("$apply", "$orderby", "$top")
    source = Source(context.tx, table, context.caller)
    steps = [step.strip() for step in split_list(text, "/")]
    conditions: list[ColumnElement[bool]] = []
    while steps and (inner := _inside(steps[0], "filter")) is not None:
        conditions.append(filter_condition(source, inner, options.aliases))
        steps.pop(0)
    if len(steps) != 1:
        raise not_implemented("this $apply: filters, then one groupby or aggregate are known")
    groups, aggregates = _grouping(source, steps[0])
    orders = _orders(options.get("$orderby"), groups, aggregates)
    wanted = Aggregation(groups, aggregates, orders, _top(options.get("$top")))
    rows = aggregate(source, wanted, conditions)
    described = f"{table.entity_set}({','.join(wanted.names)})"
    content: dict[str, Any] = {"@odata.context": context.context_url(described)}
    content["value"] = [shown(wanted, row) for row in rows]
    if context.preferences.wants(FORMATTED):
        symbol = Symbols(context.tx).base
        for row, out in zip(rows, content["value"], strict=True):
            texts = formatted_members(wanted, row, symbol)
            out |= {f"{alias}@{FORMATTED}": text for alias, text in texts.items()}
    return json_response(200, content, context.preferences.headers)


def _inside(step: str, name: str) -> str | None:
    """What stands in the parentheses of `name(…)`; None when it is another step."""
    found = _CALL.fullmatch(step)
    return found.group(2).strip() if found and found.group(1) == name else None


def _grouping(source: Source, step: str) -> tuple[tuple[Group, ...], tuple[Aggregate, ...]]:
    if (terms := _inside(step, "aggregate")) is not None:
        return (), _aggregates(source, terms)
    inner = _inside(step, "groupby")
    if inner is None:
        raise not_implemented(f"'{step.partition('(')[0][:100]}' in $apply")
    names, *rest = split_list(inner)
    if not (names.startswith("(") and names.endswith(")")) or len(rest) > 1:
        raise bad_request("groupby wants its columns in parentheses, and one aggregate at most.")
    groups = tuple(_group(source, name) for name in split_list(names[1:-1]))
    if not rest:
        return groups, ()
    terms = _inside(rest[0], "aggregate")
    if terms is None:
        raise not_implemented(f"'{rest[0].partition('(')[0][:100]}' inside of groupby")
    return groups, _aggregates(source, terms)


def _group(source: Source, name: str) -> Group:
    if "(" in name:
        raise not_implemented(f"'{name.partition('(')[0][:100]}' inside of groupby")
    *path, last = name.split("/")
    sql, column = source.column(tuple(path), last)
    if column.kind is Kind.INSTANT:
        message = f"'{name}' is a date with a time: the platform does not group by it."
        raise bad_request(message, QUERY_NOT_SUPPORTED)
    alias = f"{source.table_behind(tuple(path)).logical_name}_{last}" if path else last
    return Group(alias, sql, column)


def _aggregates(source: Source, text: str) -> tuple[Aggregate, ...]:
    found = []
    for item in split_list(text):
        if counted := _COUNT.fullmatch(item):
            found.append(Aggregate(counted.group(1), "count"))
            continue
        term = _TERM.fullmatch(item)
        if term is None:
            raise bad_request(f"'{item[:100]}' is not an aggregate of the form 'column with method as name'.")
        name, method, alias = term.groups()
        if method not in _FUNCTIONS:
            raise not_implemented(f"the aggregation method {method[:100]} in $apply")
        *path, last = name.split("/")
        sql, column = source.column(tuple(path), last)
        found.append(Aggregate(alias, _FUNCTIONS[method], sql, column))
    if not found:
        raise bad_request("aggregate wants at least one column or $count.")
    return tuple(found)


def _orders(
    text: str | None, groups: tuple[Group, ...], aggregates: tuple[Aggregate, ...]
) -> tuple[Order, ...]:
    orders = []
    for item in split_list(text or ""):
        name, _, direction = item.partition(" ")
        if direction.strip().lower() not in ("", "asc", "desc"):
            raise bad_request(f"'{item[:100]}' in $orderby is not a column with asc or desc.")
        if any(name == each.alias for each in aggregates):
            raise bad_request(f"The platform does not order by the aggregate '{name}'.", QUERY_NOT_SUPPORTED)
        if not any(name == each.alias for each in groups):
            raise bad_request(f"'{name[:100]}' in $orderby is not one of the groups.")
        orders.append(Order(name, direction.strip().lower() == "desc"))
    return tuple(orders)


def _top(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise bad_request(f"'{text[:100]}' is not a value for $top.")
    return min(int(text), 5000)
