"""What is written into a request: exact JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, Final
from uuid import UUID

import msgspec

from connector.dataverse.query.literals import instant, number
from connector.errors import UsageError

_encoder = msgspec.json.Encoder(decimal_format="number")
_AS_THEY_ARE: Final = frozenset({NoneType, bool, int, str})
# What can always be written, whatever the value is. A record of these, texts, amounts and instants in UTC,
# which is the usual case in bulk, needs no walk in Python.
_ALWAYS: Final = frozenset({NoneType, bool, int, date, UUID})


def encode(values: Mapping[str, object], place: str = "") -> bytes:
    """JSON of str, int, bool, Decimal, date, aware datetime, None, and lists and mappings of those.

    A Decimal becomes a number with all its digits. Raises UsageError naming the column for anything
    else, floats among them. `place` names the record in that error.
    """
    place = place or "the body"
    if type(values) is not dict and not isinstance(values, Mapping):
        raise UsageError(
            f"For {place}: a {type(values).__name__} is no record.", "Give a mapping, column name to value."
        )
    try:
        return _encoded_at_once(values) or _encoder.encode(_plain_record(values, place))
    except UnicodeEncodeError as error:
        raise UsageError(
            f"In {place}: {error.object!r} is no text: half of a character stands alone in it.",
            "Decode the text anew where it comes from.",
        ) from error


def check_values(values: Mapping[str, object], place: str) -> None:
    """Raises what `encode` would for the values, in a fraction of its time where they are usual ones.

    Names are not looked at: many records have the same.
    """
    if type(values) is not dict or not all(map(_can_be_written, values.values())):
        encode(values, place)


def _can_be_written(value: object) -> bool:
    """False where only encoding tells."""
    if type(value) is str:
        return value.isascii()
    if type(value) is Decimal:
        return value.is_finite()
    if type(value) is datetime:
        return value.tzinfo is UTC
    return type(value) in _ALWAYS


def _encoded_at_once(values: Mapping[str, object]) -> bytes | None:
    """The same without a walk, None where one is needed: for instants that are not in UTC, for exponents."""
    if type(values) is not dict:
        return None
    has_amounts = False
    for value in values.values():
        kind = type(value)
        if kind is str or kind in _ALWAYS:
            continue
        if kind is Decimal:
            has_amounts = True
        elif kind is not datetime or value.tzinfo is not UTC:
            return None
    text = _encoder.encode(values)
    return None if has_amounts and _may_hold_no_number(text) else text


_E, _N, _I = b"ENI"


def _may_hold_no_number(text: bytes) -> bool:
    """Whether a Decimal may be no plain number; where a text looks like that, a walk does no harm.

    A single byte is found several times faster than two, and mostly there is none of these.
    """
    return (
        (_E in text and (b"E+" in text or b"E-" in text))
        or (_N in text and b"NaN" in text)
        or (_I in text and b"Infinity" in text)
    )


# The order counts: a bool is an int, a datetime is a date.
_SCALARS: Final[tuple[tuple[type, Callable[[Any], object]], ...]] = (
    (NoneType, lambda value: value),
    (bool, lambda value: value),
    (int, int),
    (str, str),
    (Decimal, lambda value: msgspec.Raw(number(value).encode())),
    (datetime, instant),
    (date, date.isoformat),
    (UUID, str),
)
_EXACT: Final[dict[type, Callable[[Any], object]]] = dict(_SCALARS)


def _plain_record(values: Mapping[Any, object], place: str) -> Mapping[str, object]:
    return {
        str(key): item if type(item) in _AS_THEY_ARE else _plain(item, place, key)
        for key, item in values.items()
    }


def _plain(value: object, place: str, key: object) -> object:
    """The value as JSON has it; `key` says where in `place` it stands, a number in a list."""
    value = value.value if isinstance(value, Enum) else value
    write = _EXACT.get(type(value)) or next(
        (each for kind, each in _SCALARS if isinstance(value, kind)), None
    )
    place = f"{place}[{key}]" if isinstance(key, int) else f"{place}, {key}"
    if write is not None:
        try:
            return write(value)
        except UsageError as error:
            raise UsageError(f"In {place}: {error.message}", error.hint) from error
    if isinstance(value, Mapping):
        return _plain_record(value, place)
    if isinstance(value, list | tuple):
        return [_plain(item, place, index) for index, item in enumerate(value)]
    raise UsageError(
        f"In {place}: a {type(value).__name__} cannot be written to a column: {value!r}.",
        "Amounts are Decimal, days are date, instants are aware datetimes.",
    )
