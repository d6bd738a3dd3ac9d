"""How a value is kept in SQLite, and how it comes back.

Money is an integer of ten-thousandths, a decimal its exact text, an instant ISO text in UTC without
its "Z" and without a fraction, an id lower-case text. No amount ever is a float.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeAlias, TypeVar

from connector.emulator.schema import Column, Kind

Value: TypeAlias = str | int | bool | float | Decimal | datetime | date | tuple[int, ...] | None
Stored: TypeAlias = str | int | float | None

_T = TypeVar("_T")

MONEY_PLACES = 4
_MONEY_STEP = Decimal(1).scaleb(-MONEY_PLACES)
DEFAULT_DECIMAL_PLACES = 10


def to_stored(column: Column, value: Value) -> Stored:
    """The stored form of `value`; a TypeError names the column when the value is of another kind.

    Money is rounded to four places and decimals to the column's precision, half away from zero.
    """
    return None if value is None else _STORED[column.kind](column, value)


def keeper_of(column: Column) -> Callable[[Column, Value], Stored]:
    """`to_stored` for the values of one column, null excepted."""
    return _STORED[column.kind]


def _text(column: Column, value: Value) -> Stored:
    return _expect(column, value, str)


def _id(column: Column, value: Value) -> Stored:
    """Lower-case text that JSON needs not escape."""
    text = str(value).lower()
    if '"' in text or "\\" in text or not text.isprintable():
        raise TypeError(f"{column.name} wants an id, got {value!r}")
    return text


def _whole(column: Column, value: Value) -> Stored:
    return int(_expect(column, value, int))


def _amount(column: Column, value: Value) -> Stored:
    return int(money(_number(column, value)).scaleb(MONEY_PLACES))


def _decimal(column: Column, value: Value) -> Stored:
    return format(rounded(_number(column, value), column), "f")


def _double(_: Column, value: Value) -> Stored:
    return float(str(value))


def _instant(column: Column, value: Value) -> Stored:
    return instant_text(_expect(column, value, datetime))


def _day(column: Column, value: Value) -> Stored:
    return _expect(column, value, date).isoformat()


def _choices(column: Column, value: Value) -> Stored:
    return "," + "".join(f"{n}," for n in _expect(column, value, tuple))


_STORED: dict[Kind, Callable[[Column, Value], Stored]] = {
    Kind.TEXT: _text,
    Kind.FILE: _text,
    Kind.GUID: _id,
    Kind.LOOKUP: _id,
    Kind.INTEGER: _whole,
    Kind.CHOICE: _whole,
    Kind.BOOLEAN: _whole,
    Kind.MANAGED: _whole,
    Kind.MONEY: _amount,
    Kind.DECIMAL: _decimal,
    Kind.DOUBLE: _double,
    Kind.INSTANT: _instant,
    Kind.DAY: _day,
    Kind.CHOICES: _choices,
}


READERS: dict[Kind, Callable[[Any], Value]] = {
    Kind.MONEY: lambda stored: Decimal(stored).scaleb(-MONEY_PLACES),
    Kind.DECIMAL: Decimal,
    Kind.BOOLEAN: bool,
    Kind.MANAGED: bool,
    Kind.INSTANT: lambda stored: datetime.fromisoformat(stored).replace(tzinfo=UTC),
    Kind.DAY: date.fromisoformat,
    Kind.CHOICES: lambda stored: tuple(int(n) for n in stored.split(",") if n),
}
"""From the stored form to the value, for the kinds where they differ; null stays null."""


def money(amount: Decimal) -> Decimal:
    """An amount with the four places that the platform stores."""
    return amount.quantize(_MONEY_STEP, ROUND_HALF_UP)


def rounded(number: Decimal, column: Column) -> Decimal:
    places = DEFAULT_DECIMAL_PLACES if column.precision is None else column.precision
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def instant_text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat()


def _number(column: Column, value: Value) -> Decimal:
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return _expect(column, value, Decimal)


def _expect(column: Column, value: Value, wanted: type[_T]) -> _T:
    if isinstance(value, wanted):
        return value
    raise TypeError(f"{column.name} wants {wanted.__name__}, got {value!r}")
