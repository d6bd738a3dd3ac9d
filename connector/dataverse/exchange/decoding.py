"""Answers to values, straight from the bytes: amounts exact, records typed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from connector.errors import MalformedAnswer

T = TypeVar("T")


def _from_json(kind: type, value: object) -> object:
    """Types that JSON does not know bring their own reading along: `from_json`."""
    if (read := getattr(kind, "from_json", None)) is None:
        raise NotImplementedError(f"{kind.__name__} cannot be read from JSON")
    found: object = read(value)
    return found


_anything = msgspec.json.Decoder(float_hook=Decimal)
# Making a decoder costs more than decoding a small answer.
_decoders: dict[Any, Any] = {}
_making = threading.Lock()


def decoder_for(kind: Any) -> Any:
    """The decoder of a type, made once, by one thread.

    msgspec finds out what a struct holds when its first decoder is made, and two threads that do so at
    once can crash the process (0.22).
    """
    if (known := _decoders.get(kind)) is None:
        with _making:
            if (known := _decoders.get(kind)) is None:
                known = _decoders[kind] = msgspec.json.Decoder(kind, dec_hook=_from_json)
    return known


def decode_record(content: bytes, record: type[T], what: str) -> T:
    """One record. Raises MalformedAnswer naming `what` and the field that does not fit."""
    try:
        found: T = decoder_for(record).decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise malformed(what, error) from error
    return found


def decode_object(content: bytes, what: str) -> Mapping[str, Any]:
    """Any JSON object, with Decimal for every number that is not whole. Raises MalformedAnswer."""
    try:
        value = _anything.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise malformed(what, error) from error
    if not isinstance(value, dict):
        raise MalformedAnswer(f"{what} was answered with something that is not a JSON object.")
    return value


def malformed(what: str, error: Exception) -> MalformedAnswer:
    """For an answer that is no JSON, or other JSON than was expected."""
    return MalformedAnswer(
        f"{what} was answered with something unexpected: {error}.",
        "The environment may have another version of this table, or a proxy may stand in between.",
    )
