"""FetchXML's aggregations: attributes with `aggregate` or `groupby`, under their aliases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, func

from connector.emulator.problems import not_implemented
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
from connector.emulator.protocol.fetch.plan import Joined, Plan
from connector.emulator.protocol.fetch.xml import Attribute, Fetch, fetch_error
from connector.emulator.protocol.formatted import Symbols
from connector.emulator.protocol.messages import FORMATTED
from connector.emulator.schema import Kind

_FUNCTIONS: dict[str, Function] = {
    "sum": "sum",
    "avg": "average",
    "min": "min",
    "max": "max",
    "count": "count",
    "countcolumn": "countcolumn",
}
_PARTS = {"day": "%d", "month": "%m", "year": "%Y"}


def answer_groups(context: Context, fetch: Fetch, plan: Plan) -> list[dict[str, Any]]:
    if fetch.page > 1 or fetch.cookie or fetch.count is not None:
        raise not_implemented("pages of an aggregation in FetchXML")
    groups: list[Group] = []
    aggregates: list[Aggregate] = []
    for joined in plan.joined:
        if joined.entity.has_all_attributes:
            raise fetch_error("an aggregation cannot have all-attributes.")
        for attribute in joined.entity.attributes:
            if attribute.is_group:
                groups.append(_group(joined, attribute))
            else:
                aggregates.append(_aggregate(joined, attribute))
    wanted = Aggregation(tuple(groups), tuple(aggregates), _orders(plan, groups, aggregates), fetch.top)
    rows = aggregate(plan.source, wanted, plan.conditions)
    out = [shown(wanted, row) for row in rows]
    if context.preferences.wants(FORMATTED):
        symbol = Symbols(context.tx).base
        for row, members in zip(rows, out, strict=True):
            texts = formatted_members(wanted, row, symbol)
            members |= {f"{alias}@{FORMATTED}": text for alias, text in texts.items()}
    return out


def _alias(attribute: Attribute) -> str:
    if attribute.alias is None:
        raise fetch_error(f"'{attribute.name[:100]}' wants an alias in an aggregation.")
    return attribute.alias


def _group(joined: Joined, attribute: Attribute) -> Group:
    column = joined.column(attribute.name)
    sql: ColumnElement[Any] = joined.sql.c[column.name]
    if attribute.aggregate is not None:
        raise fetch_error(f"'{attribute.name[:100]}' is grouped and aggregated at once.")
    if attribute.date_part is None:
        return Group(_alias(attribute), sql, column)
    if column.kind not in (Kind.INSTANT, Kind.DAY):
        raise fetch_error(f"'{attribute.name[:100]}' is no date for dategrouping.")
    part = attribute.date_part
    if part == "quarter":
        number: ColumnElement[Any] = (cast(func.strftime("%m", sql), Integer) + 2) // 3
    elif part in _PARTS:
        number = cast(func.strftime(_PARTS[part], sql), Integer)
    else:
        raise not_implemented(f"the dategrouping {part[:100]} of FetchXML")
    return Group(_alias(attribute), number, column, is_part=True)


def _aggregate(joined: Joined, attribute: Attribute) -> Aggregate:
    if attribute.aggregate is None:
        raise fetch_error(f"'{attribute.name[:100]}' is neither grouped nor aggregated.")
    function = _FUNCTIONS.get(attribute.aggregate)
    if function is None:
        raise not_implemented(f"the aggregate {attribute.aggregate[:100]} of FetchXML")
    if attribute.is_distinct:
        if function != "countcolumn":
            raise not_implemented(f"distinct beside the aggregate {attribute.aggregate} of FetchXML")
        function = "countdistinct"
    column = joined.column(attribute.name)
    return Aggregate(_alias(attribute), function, joined.sql.c[column.name], column)


def _orders(plan: Plan, groups: list[Group], aggregates: list[Aggregate]) -> tuple[Order, ...]:
    names = {group.alias for group in groups} | {each.alias for each in aggregates}
    found = []
    for joined in plan.joined:
        for order in joined.entity.orders:
            if order.alias not in names:
                raise fetch_error("an aggregation is ordered by an alias of its attributes.")
            found.append(Order(str(order.alias), order.is_descending))
    return tuple(found)
