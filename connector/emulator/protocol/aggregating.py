"""Groups and aggregates, for `$apply` and for FetchXML alike.

Amounts and decimals are added up exactly. More than 50,000 rows are refused, as the platform does
(section 4 of the Web API facts).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any, Literal, TypeAlias

from sqlalchemy import ColumnElement, distinct, func, literal, select

from connector.emulator.problems import TOO_MANY_RECORDS, bad_request, not_implemented
from connector.emulator.protocol.formatted import formatted_money, formatted_value
from connector.emulator.protocol.literals import EDM
from connector.emulator.protocol.messages import json_number
from connector.emulator.protocol.rows import encoder_of
from connector.emulator.protocol.source import Source
from connector.emulator.schema import Column, Kind
from connector.emulator.store.aggregates import DECIMAL_SUM
from connector.emulator.store.values import MONEY_PLACES

Function: TypeAlias = Literal["sum", "average", "min", "max", "count", "countcolumn", "countdistinct"]
RECORD_LIMIT = 50_000
GROUP_LIMIT = 5000
_AVERAGE_PLACES = Decimal("0.0000000001")
_EXACT = {Kind.MONEY, Kind.DECIMAL, Kind.INTEGER}
_ADDED = _EXACT | {Kind.DOUBLE}
_COMPARED = _ADDED | {Kind.INSTANT, Kind.DAY, Kind.CHOICE}


@dataclass(frozen=True)
class Group:
    """Rows with the same value of `sql`; `is_part`: a number taken out of a date, without a column's form."""

    alias: str
    sql: ColumnElement[Any]
    column: Column
    is_part: bool = False


@dataclass(frozen=True)
class Aggregate:
    """`sql` and `column` are None for a count of rows."""

    alias: str
    function: Function
    sql: ColumnElement[Any] | None = None
    column: Column | None = None

    def check(self) -> None:
        if self.column is None or self.function.startswith("count"):
            return
        allowed = _ADDED if self.function in ("sum", "average") else _COMPARED
        if self.column.kind not in allowed:
            kind = EDM[self.column.kind]
            raise bad_request(f"'{self.column.name}' of the type {kind} has no {self.function}.")


@dataclass(frozen=True)
class Order:
    alias: str
    is_descending: bool


@dataclass(frozen=True)
class Aggregation:
    groups: tuple[Group, ...]
    aggregates: tuple[Aggregate, ...]
    orders: tuple[Order, ...] = ()
    top: int | None = None

    @property
    def names(self) -> list[str]:
        return [group.alias for group in self.groups] + [each.alias for each in self.aggregates]


def aggregate(
    source: Source, wanted: Aggregation, conditions: Sequence[ColumnElement[bool]]
) -> list[Mapping[str, Any]]:
    """Stored values by alias; an average stands as its sum and `alias` + "#" as its count."""
    _check_names(wanted)
    _check_size(source, conditions)
    columns = [group.sql.label(group.alias) for group in wanted.groups]
    for each in wanted.aggregates:
        each.check()
        columns += _sql(each)
    statement = select(*columns).select_from(source.from_clause).where(*conditions)
    statement = statement.group_by(*(group.sql for group in wanted.groups))
    for order in wanted.orders:
        term: ColumnElement[Any] = next(c for c in columns if c.name == order.alias).element
        statement = statement.order_by(term.desc() if order.is_descending else term.asc())
    statement = statement.order_by(*(group.sql for group in wanted.groups))
    rows = source.tx.execute(statement.limit(wanted.top or GROUP_LIMIT + 1)).mappings().all()
    if len(rows) > GROUP_LIMIT:
        raise not_implemented(f"pages of aggregates: there are more than {GROUP_LIMIT} groups")
    return [dict(row) for row in rows]


def shown(wanted: Aggregation, row: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a row; a group without a value is left out."""
    out: dict[str, Any] = {}
    for group in wanted.groups:
        value = row[group.alias]
        if value is None:
            continue
        encode = None if group.is_part else encoder_of(group.column)
        out[group.alias] = value if encode is None else encode(value)
    for each in wanted.aggregates:
        out[each.alias] = _encoded(each, row)
    return out


def formatted_members(wanted: Aggregation, row: Mapping[str, Any], symbol: str) -> dict[str, str]:
    """Formatted values of groups and aggregates, by alias."""
    found: dict[str, str | None] = {}
    for group in wanted.groups:
        value = row[group.alias]
        if value is not None:
            found[group.alias] = str(value) if group.is_part else _formatted(group.column, value, symbol)
    for each in wanted.aggregates:
        value = row[each.alias]
        if value is not None and each.column is not None and each.function in ("min", "max", "sum"):
            found[each.alias] = _formatted(each.column, value, symbol)
    return {alias: text for alias, text in found.items() if text is not None}


def _formatted(column: Column, value: Any, symbol: str) -> str | None:
    if column.kind is Kind.MONEY:
        return formatted_money(value, symbol)
    return formatted_value(column, value)


def _check_names(wanted: Aggregation) -> None:
    names = wanted.names
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise bad_request(f"The name '{twice}' stands for two results.")
    if not names:
        raise bad_request("An aggregation wants groups or aggregates.")


def _check_size(source: Source, conditions: Sequence[ColumnElement[bool]]) -> None:
    inner = select(literal(1)).select_from(source.from_clause).where(*conditions).limit(RECORD_LIMIT + 1)
    if source.tx.execute(select(func.count()).select_from(inner.subquery())).scalar_one() > RECORD_LIMIT:
        message = f"The maximum record limit is exceeded: an aggregation takes at most {RECORD_LIMIT} rows."
        raise bad_request(message, TOO_MANY_RECORDS)


def _sql(each: Aggregate) -> list[Any]:
    sql, column = each.sql, each.column
    if sql is None or column is None:
        return [func.count().label(each.alias)]
    match each.function:
        case "count":
            return [func.count().label(each.alias)]
        case "countcolumn":
            return [func.count(sql).label(each.alias)]
        case "countdistinct":
            return [func.count(distinct(sql)).label(each.alias)]
        case "min":
            return [func.min(sql).label(each.alias)]
        case "max":
            return [func.max(sql).label(each.alias)]
    added = getattr(func, DECIMAL_SUM)(sql) if column.kind is Kind.DECIMAL else func.sum(sql)
    if each.function == "sum":
        return [added.label(each.alias)]
    return [added.label(each.alias), func.count(sql).label(f"{each.alias}#")]


def _encoded(each: Aggregate, row: Mapping[str, Any]) -> Any:
    value, column = row[each.alias], each.column
    if value is None or column is None or each.function.startswith("count"):
        return value
    if each.function in ("min", "max"):
        encode = encoder_of(column)
        return value if encode is None else encode(value)
    if column.kind is Kind.DOUBLE:
        return value / row[f"{each.alias}#"] if each.function == "average" else value
    total = Decimal(value).scaleb(-MONEY_PLACES if column.kind is Kind.MONEY else 0)
    if each.function == "sum":
        return json_number(total)
    with localcontext() as context:
        context.prec = 60
        mean = (total / row[f"{each.alias}#"]).quantize(_AVERAGE_PLACES, ROUND_HALF_UP)
    return json_number(mean)
