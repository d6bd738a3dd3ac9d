"""JSON values of a body to column values, with the checks that metadata asks for.

A column with the format DateOnly and the behaviour UserLocal is an instant in the Web API; a plain
date is accepted for it and means midnight UTC. Amounts are rounded to four places and decimals to
the column's precision, as the platform does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from connector.emulator.problems import (
    CHOICE_OUT_OF_RANGE,
    INTEGER_OUT_OF_RANGE,
    NUMBER_OUT_OF_RANGE,
    TEXT_TOO_LONG,
    ODataError,
    bad_request,
    not_implemented,
    payload_error,
)
from connector.emulator.protocol.address import GUID
from connector.emulator.protocol.literals import EDM
from connector.emulator.schema import Column, Kind
from connector.emulator.store import Value
from connector.emulator.store.values import money, rounded

_FIRST_YEAR = 1753  # of SQL Server's datetime
_INT32 = 2**31
_MONEY_LIMIT = 922_337_203_685_477


def column_value(table: str, column: Column, given: Any) -> Value:
    """The value to store, or the documented refusal; null is the caller's business."""
    if column.kind is Kind.FILE:
        raise not_implemented(f"writing the file or image column '{column.name}'")
    wanted, convert = _CONVERTERS[column.kind]
    if not isinstance(given, wanted) or (isinstance(given, bool) and bool not in wanted):
        raise _cannot_convert(column, given)
    return convert(table, column, given)


def _cannot_convert(column: Column, given: Any) -> ODataError:
    shown = str(given)
    return payload_error(
        f"Cannot convert the value '{shown[:100]}' of property '{column.property_name}' "
        f"to the expected type '{EDM[column.kind]}'."
    )


def _range_error(table: str, column: Column, given: Any, code: str, accepted: str) -> ODataError:
    return bad_request(
        f"A validation error occurred. The value {given} of '{column.name}' on record of type '{table}' "
        f"is outside the valid range. Accepted Values: {accepted}",
        code,
    )


def _text(table: str, column: Column, given: str) -> str:
    if "\x00" in given:
        raise _cannot_convert(column, given)
    # The platform counts UTF-16 units.
    if (
        column.max_length is not None
        and len(given.encode("utf-16-le", "surrogatepass")) // 2 > column.max_length
    ):
        raise bad_request(
            f"A validation error occurred. The length of the '{column.name}' attribute of the '{table}' "
            f"entity exceeded the maximum allowed length of '{column.max_length}'.",
            TEXT_TOO_LONG,
        )
    try:
        given.encode()
    except UnicodeEncodeError:
        raise _cannot_convert(column, ascii(given)) from None
    return given


def _integer(table: str, column: Column, given: int) -> int:
    limit = 2**63 if column.type == "BigInt" else _INT32
    if not -limit <= given < limit:
        raise _cannot_convert(column, given)
    if not _is_within(column, Decimal(given)):
        raise _range_error(table, column, given, INTEGER_OUT_OF_RANGE, f"{column.min} to {column.max}")
    return given


def _is_within(column: Column, number: Decimal) -> bool:
    return (column.min is None or number >= column.min) and (column.max is None or number <= column.max)


def _choice(table: str, column: Column, given: int) -> int:
    if column.choices and given not in column.choices:
        accepted = ",".join(str(v) for v in column.choices)
        raise _range_error(table, column, given, CHOICE_OUT_OF_RANGE, accepted)
    if not -_INT32 <= given < _INT32:
        raise _cannot_convert(column, given)
    return given


def _choices(table: str, column: Column, given: str) -> tuple[int, ...]:
    parts = [part.strip() for part in given.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() and len(part) < 11 for part in parts):
        raise _cannot_convert(column, given)
    return tuple(sorted({_choice(table, column, int(part)) for part in parts}))


def _managed(_: str, column: Column, given: Any) -> bool:
    value = given.get("Value") if isinstance(given, dict) else given
    if not isinstance(value, bool):
        raise _cannot_convert(column, given)
    return value


def _number(table: str, column: Column, given: int | Decimal) -> Value:
    number = Decimal(given)
    if number and (abs(number.adjusted()) > 30 or len(number.as_tuple().digits) > 60):
        if number.adjusted() < 0:
            number = Decimal(0)
        elif number.adjusted() > 30:
            raise _range_error(table, column, given, NUMBER_OUT_OF_RANGE, f"{column.min} to {column.max}")
    if not _is_within(column, number) or abs(number) > _MONEY_LIMIT:
        raise _range_error(table, column, number, NUMBER_OUT_OF_RANGE, f"{column.min} to {column.max}")
    if column.kind is Kind.DOUBLE:
        return float(number)
    number = number.normalize() if number else Decimal(0)
    return money(number) if column.kind is Kind.MONEY else rounded(number, column)


def _instant(_: str, column: Column, given: str) -> datetime:
    is_plain_date = len(given) == 10 and "T" not in given.upper()
    if is_plain_date and column.format != "DateOnly":
        raise _cannot_convert(column, given)
    try:
        if is_plain_date:
            moment = datetime.combine(date.fromisoformat(given), datetime.min.time(), UTC)
        else:
            moment = datetime.fromisoformat(given.upper())
            if moment.tzinfo is None:
                raise _cannot_convert(column, given)
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _cannot_convert(column, given) from None
    if moment.year < _FIRST_YEAR:
        raise _cannot_convert(column, given)
    return moment


def _day(_: str, column: Column, given: str) -> date:
    try:
        day = date.fromisoformat(given) if len(given) == 10 else None
    except ValueError:
        day = None
    if day is None or day.year < _FIRST_YEAR:
        raise _cannot_convert(column, given)
    return day


def _guid(_: str, column: Column, given: str) -> str:
    if not GUID.fullmatch(given):
        raise _cannot_convert(column, given)
    return given.lower()


def _boolean(_: str, __: Column, given: bool) -> bool:
    return given


# What JSON type a kind of column takes, and what becomes of it; true is no number.
_CONVERTERS: dict[Kind, tuple[tuple[type, ...], Callable[[str, Column, Any], Value]]] = {
    Kind.TEXT: ((str,), _text),
    Kind.GUID: ((str,), _guid),
    Kind.LOOKUP: ((str,), _guid),  # in keys; bodies bind navigation properties instead
    Kind.INTEGER: ((int,), _integer),
    Kind.CHOICE: ((int,), _choice),
    Kind.CHOICES: ((str,), _choices),
    Kind.BOOLEAN: ((bool,), _boolean),
    Kind.MANAGED: ((bool, dict), _managed),
    Kind.MONEY: ((int, Decimal), _number),
    Kind.DECIMAL: ((int, Decimal), _number),
    Kind.DOUBLE: ((int, Decimal), _number),
    Kind.INSTANT: ((str,), _instant),
    Kind.DAY: ((str,), _day),
}
