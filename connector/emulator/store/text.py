"""Comparing and matching text as the platform's database does: without regard to case."""

from __future__ import annotations

import re
import sqlite3
from decimal import Decimal
from functools import lru_cache

import msgspec

TEXT_COLLATION = "EMU_TEXT"
DECIMAL_COLLATION = "EMU_DECIMAL"
MATCHES = "emu_matches"
DOUBLE_TEXT = "emu_double"


def add_collations(connection: sqlite3.Connection) -> None:
    """What every connection to a state needs, since its indexes are sorted by them."""
    connection.create_collation(TEXT_COLLATION, compare_text)
    connection.create_collation(DECIMAL_COLLATION, compare_decimals)


def compare_text(left: str, right: str) -> int:
    a, b = left.casefold(), right.casefold()
    return (a > b) - (a < b)


def compare_decimals(left: str, right: str) -> int:
    a, b = Decimal(left), Decimal(right)
    return (a > b) - (a < b)


def double_text(value: float) -> str:
    """A double with all its digits: SQLite itself writes fifteen of up to seventeen."""
    return msgspec.json.encode(value).decode()


def matches(value: str | None, pattern: str) -> bool | None:
    """SQL's LIKE with `%`, `_`, `[...]` and `[^...]`, in time linear in the value for each `%`."""
    if value is None:
        return None
    first, *rest = _pieces(pattern)
    start = first.match(value)
    if start is None:
        return False
    if not rest:
        return start.end() == len(value)
    position = start.end()
    for piece in rest[:-1]:
        found = piece.search(value, position)
        if found is None:
            return False
        position = found.end()
    return _ends_with(rest[-1], value, position)


def _ends_with(piece: re.Pattern[str], value: str, position: int) -> bool:
    # Every element of a piece takes exactly one character, so its length is known.
    start = len(value) - piece.groups
    return start >= position and piece.match(value, start) is not None


@lru_cache(maxsize=256)
def _pieces(pattern: str) -> tuple[re.Pattern[str], ...]:
    """The parts between the `%`; each element is a group of one character, so that groups = length."""
    parts: list[list[str]] = [[]]
    position = 0
    while position < len(pattern):
        element = re.compile(r"\[(\^?)([^\]]+)\]|.", re.DOTALL).match(pattern, position)
        assert element is not None
        position = element.end()
        if element.group() == "%":
            parts.append([])
        else:
            parts[-1].append(f"({_element(element)})")
    return tuple(re.compile("".join(p), re.IGNORECASE | re.DOTALL) for p in parts)


def _element(element: re.Match[str]) -> str:
    if element.group(2) is not None:
        inside = "".join(c if c == "-" else re.escape(c) for c in element.group(2))
        try:
            re.compile(f"[{element.group(1)}{inside}]")
        except re.error:
            return re.escape(element.group()[0])
        return f"[{element.group(1)}{inside}]"
    return "." if element.group() == "_" else re.escape(element.group())
