"""Answers to values, straight from the bytes: amounts exact, records typed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec

from connector.errors import MalformedAnswer

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], rename={"records": "value", "next_link": "@odata.nextLink"}):
    """One page of a list; `next_link` is None on the last."""

    records: list[T]
    next_link: str | None = None


def _from_json(kind: type, value: object) -> object:
    """Types that JSON does not know bring their own reading along: `from_json`."""
    if (read := getattr(kind, "from_json", None)) is None:
        raise NotImplementedError(f"{kind.__name__} cannot be read from JSON")
    found: object = read(value)
    return found


_anything = msgspec.json.Decoder(float_hook=Decimal)
# Making a decoder costs more than decoding a small answer. Keyed by the record type.
_of_pages: dict[Any, Any] = {}
_of_records: dict[Any, Any] = {}


def decode_page(content: bytes, record: type[T], what: str) -> Page[T]:
    """A page of records. Raises MalformedAnswer naming `what` and the field that does not fit."""
    if record not in _of_pages:
        _of_pages[record] = msgspec.json.Decoder(Page[record], dec_hook=_from_json)  # type: ignore[valid-type]  # known at run time
    try:
        page: Page[T] = _of_pages[record].decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _malformed(what, error) from error
    return page


def decode_record(content: bytes, record: type[T], what: str) -> T:
    """One record. Raises MalformedAnswer naming `what` and the field that does not fit."""
    if record not in _of_records:
        _of_records[record] = msgspec.json.Decoder(record, dec_hook=_from_json)
    try:
        found: T = _of_records[record].decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _malformed(what, error) from error
    return found


def decode_object(content: bytes, what: str) -> Mapping[str, Any]:
    """Any JSON object, with Decimal for every number that is not whole. Raises MalformedAnswer."""
    try:
        value = _anything.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _malformed(what, error) from error
    if not isinstance(value, dict):
        raise MalformedAnswer(f"{what} was answered with something that is not a JSON object.")
    return value


def _malformed(what: str, error: Exception) -> MalformedAnswer:
    return MalformedAnswer(
        f"{what} was answered with something unexpected: {error}.",
        "The environment may have another version of this table, or a proxy may stand in between.",
    )
