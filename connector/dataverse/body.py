"""What is written into a request: exact JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, Final
from uuid import UUID

import msgspec

from connector.dataverse.literals import instant, number
from connector.errors import UsageError

_encoder = msgspec.json.Encoder()


def encode(values: Mapping[str, object], place: str = "") -> bytes:
    """JSON of str, int, bool, Decimal, date, aware datetime, None, and lists and mappings of those.

    A Decimal becomes a number with all its digits. Raises UsageError naming the column for anything
    else, floats among them. `place` names the record in that error.
    """
    return _encoder.encode(_plain(values, place or "the body"))


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


def _plain(value: object, place: str) -> object:
    value = value.value if isinstance(value, Enum) else value
    for kind, write in _SCALARS:
        if isinstance(value, kind):
            return write(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{place}, {key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{place}[{index}]") for index, item in enumerate(value)]
    raise UsageError(
        f"In {place}: a {type(value).__name__} cannot be written to a column: {value!r}.",
        "Amounts are Decimal, days are date, instants are aware datetimes.",
    )
