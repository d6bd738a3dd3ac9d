"""On which line of a TOML file a key stands: the parser of the standard library does not keep it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

_HEADER: Final = re.compile(r"\s*(\[\[?.+?\]\]?)\s*(#.*)?$")
_ASSIGNMENT: Final = re.compile(r"""\s*((?:[A-Za-z0-9_.\-\s]|"[^"]*"|'[^']*')+?)\s*=""")


def lines_of_keys(text: str) -> dict[tuple[str, ...], int]:
    """Each key and each table of a valid TOML document with its line, counted from 1.

    A key inside an inline table has none; a line inside a multi-line text may be taken for a key.
    """
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            path = _path_of(header[1])
            if path is not None:
                table = path
                found.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            key = _path_of(f"{assignment[1]} = 0")
            if key is not None:
                found.setdefault((*table, *key), number)
    return found


def _path_of(fragment: str) -> tuple[str, ...] | None:
    """The one path of keys in a fragment of TOML."""
    try:
        return tuple(_down(tomllib.loads(fragment)))
    except tomllib.TOMLDecodeError:
        return None


def _down(tree: Mapping[str, Any]) -> Iterator[str]:
    for name, inner in tree.items():
        yield name
        if isinstance(inner, list):
            yield from _down(inner[0] if inner else {})
        elif isinstance(inner, dict):
            yield from _down(inner)
