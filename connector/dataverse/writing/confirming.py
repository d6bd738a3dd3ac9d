"""After a lost answer: whether a record is what we had sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from connector.dataverse.query.literals import is_guid

_BIND = "@odata.bind"


def is_as_sent(record: Mapping[str, Any], values: Mapping[str, object]) -> bool:
    """Whether every value that can be looked up in the record is the one that was sent.

    Nested records, and lookups whose column the navigation property does not tell, cannot be looked up
    and do not count: the id, chosen by us, is what speaks for them.
    """
    lower = {key.lower(): value for key, value in record.items()}
    return all(_is_same(lower, key, value) for key, value in values.items())


def tells(record: Mapping[str, Any], values: Mapping[str, object]) -> bool:
    """Whether any of the values can be looked up in the record, so that it could have said no."""
    lower = {key.lower() for key in record}
    return any(_column_of(key) in lower for key, value in values.items() if not _is_nested(key, value))


def _is_nested(key: str, sent: object) -> bool:
    return not key.endswith(_BIND) and (isinstance(sent, Mapping | list | tuple) or "@" in key)


def _column_of(key: str) -> str:
    return f"_{key.removesuffix(_BIND).lower()}_value" if key.endswith(_BIND) else key.lower()


def _is_same(record: Mapping[str, Any], key: str, sent: object) -> bool:
    if key.endswith(_BIND):
        column = _column_of(key)
        return column not in record or _lookup_is(record[column], sent)
    if _is_nested(key, sent):
        return True
    return _value_is(record.get(key.lower()), sent.value if isinstance(sent, Enum) else sent)


def _lookup_is(found: object, sent: object) -> bool:
    if found is None or sent is None:
        return found is sent
    return f"({found})".lower() in str(sent).lower()


def _value_is(found: object, sent: object) -> bool:
    match sent:
        case None | bool():
            return found is sent
        case int() | Decimal():
            is_number = isinstance(found, int | Decimal) and not isinstance(found, bool)
            return is_number and found == sent
        case datetime():
            return _instant(found) == sent.astimezone(UTC).replace(microsecond=0)
        case date():
            return isinstance(found, str) and found[:10] == sent.isoformat()
        case _:
            return isinstance(found, str) and _text(found) == _text(str(sent))


def _text(value: str) -> str | datetime:
    """Instants and ids are sent as texts too, and come back written in another way."""
    text = value.strip()
    return _instant(text) or (text.lower() if is_guid(text) else text)


def _instant(value: object) -> datetime | None:
    """An instant in seconds: Dataverse keeps no fractions in most columns."""
    if not isinstance(value, str) or len(value) < len("2020-10-05T00:00Z") or not value[:4].isdigit():
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if instant.tzinfo is None else instant.astimezone(UTC).replace(microsecond=0)
