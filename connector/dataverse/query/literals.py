"""The one place where values become OData text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, Final
from uuid import UUID

import msgspec

from connector.dataverse.query.arguments import refuse_text
from connector.errors import UsageError

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII)


class Guid(str):
    """An id in OData text: `quote` writes it bare, without quotes."""

    __slots__ = ()


def guid(value: object) -> Guid:
    """The id in lower case, as URLs and filters want it. Raises UsageError when it is none."""
    text = str(value).lower()
    if not _GUID.fullmatch(text):
        raise UsageError(
            f"{value!r} is not a record's id.", "An id looks like 00000000-0000-0000-0000-000000000000."
        )
    return Guid(text)


def is_guid(text: str) -> bool:
    """Whether the text is an id, in any case."""
    return bool(_GUID.fullmatch(text.lower()))


def name(value: str) -> str:
    """A name that stands in a URL (entity set, action, column). Raises UsageError when it cannot be one."""
    if not _NAME.fullmatch(value):
        raise UsageError(f"{value!r} is not a name that Dataverse could have.", "Use the logical name.")
    return value


def path(value: str) -> str:
    """The name of a column, or a path through lookups to one. Raises UsageError when it cannot be one."""
    if not _PATH.fullmatch(value):
        raise UsageError(f"{value!r} is not a column or a path to one.", "Use the logical name.")
    return value


def instant(value: datetime) -> str:
    """UTC with Z, a fraction only where there is one. Raises UsageError without a time zone."""
    if not isinstance(value, datetime):
        raise UsageError(f"{value!r} is no instant.", "Give an aware datetime.")
    if value.utcoffset() is None:
        raise UsageError(f"The instant {value.isoformat()} has no time zone.", "Give an aware datetime.")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def number(value: Decimal) -> str:
    """All digits, never an exponent. Raises UsageError for NaN and infinity."""
    if not value.is_finite():
        raise UsageError(f"{value} is not an amount.", "Give a finite Decimal.")
    return format(value, "f")


def quote(value: object) -> str:
    """An OData 4.0 literal for str, int, bool, Decimal, date, aware datetime, UUID, `guid(...)` or None.

    Raises UsageError for anything else, floats among them: an amount is a Decimal.
    """
    value = value.value if isinstance(value, Enum) else value
    for kind, write in _BARE:
        if isinstance(value, kind):
            return write(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    raise UsageError(
        f"A {type(value).__name__} cannot stand in a filter: {value!r}.", "Use str, int, Decimal …"
    )


def eq(column: str, value: object) -> str:
    """`column eq value`; the column may be a path through lookups."""
    return f"{path(column)} eq {quote(value)}"


def any_of(column: str, values: Iterable[object]) -> str:
    """The column holds one of the values, which stand as texts in a JSON array (`filter-rows`).

    Raises UsageError for no values at all: there is no filter that means "nothing".
    """
    array = json_array(column, values)
    return f"Microsoft.Dynamics.CRM.In(PropertyName={quote(path(column))},PropertyValues={array})"


def json_array(column: str, values: Iterable[object]) -> str:
    """The values as texts in a JSON array. Raises UsageError for none, and for what `quote` refuses."""
    refuse_text(values, f"What {column} may hold", '["A", "B"]')
    plain = [value.value if isinstance(value, Enum) else value for value in values]
    texts = [str(value) if isinstance(value, str) else quote(value) for value in plain]
    if not texts:
        raise UsageError(f"No values were given for {column}.", "Do not ask at all when nothing is wanted.")
    try:
        return msgspec.json.encode(texts).decode()
    except UnicodeEncodeError:
        raise UsageError(f"A value for {column} is no text: it has half of a surrogate pair in it.") from None


# Everything that is written without quotes. The order counts: a bool is an int, a datetime is a date.
_BARE: Final[tuple[tuple[type, Callable[[Any], str]], ...]] = (
    (NoneType, lambda _: "null"),
    (bool, lambda value: "true" if value else "false"),
    (int, lambda value: str(int(value))),
    (Decimal, number),
    (datetime, instant),
    (date, date.isoformat),
    (Guid, str),
    (UUID, str),
)
