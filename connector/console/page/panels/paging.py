"""Long lists in pages, and the questions that an address carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

T = TypeVar("T")
PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Paged(Generic[T]):
    """One page of a list; `number` counts from 1. `total` is of the whole list."""

    items: Sequence[T]
    number: int
    pages: int
    total: int

    @property
    def first(self) -> int:
        return (self.number - 1) * PAGE_ROWS + 1 if self.total else 0

    @property
    def last(self) -> int:
        return min(self.number * PAGE_ROWS, self.total)


def paged(items: Sequence[T], number: int) -> Paged[T]:
    """A number beyond the last page is the last page."""
    pages = max(1, -(-len(items) // PAGE_ROWS))
    at = min(max(number, 1), pages)
    return Paged(items[(at - 1) * PAGE_ROWS : at * PAGE_ROWS], at, pages, len(items))


def number_of(text: str) -> int:
    """A page's number in an address; anything else is the first page."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def address(path: str, asked: Mapping[str, str], **changed: str) -> str:
    """The address of a panel with these questions; empty ones are left out."""
    given = {name: value for name, value in {**asked, **changed}.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
