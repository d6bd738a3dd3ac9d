"""Long lists in pages, and the questions that an address carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from urllib.parse import quote, urlencode

from markupsafe import Markup

T = TypeVar("T")
PAGE_ROWS = 50
MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Paged(Generic[T]):
    """One page of a list; `number` counts from 1. `total` is of the whole list."""

    items: Sequence[T]
    number: int
    pages: int
    total: int
    rows: int = PAGE_ROWS

    @property
    def first(self) -> int:
        return (self.number - 1) * self.rows + 1 if self.total else 0

    @property
    def last(self) -> int:
        return min(self.number * self.rows, self.total)


def paged(items: Sequence[T], number: int, rows: int = PAGE_ROWS) -> Paged[T]:
    """A number beyond the last page is the last page."""
    pages = max(1, -(-len(items) // rows))
    at = min(max(number, 1), pages)
    return Paged(items[(at - 1) * rows : at * rows], at, pages, len(items), rows)


def number_of(text: str) -> int:
    """A page's number in an address; anything else is the first page."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def rows_of(query: Mapping[str, str]) -> int:
    """How many rows a page has; a report asks for more, and nobody for more than `MOST_ROWS`."""
    return min(max(number_of(query.get("rows", "")), PAGE_ROWS), MOST_ROWS)


class Addresses(Protocol):
    """Where links of a template lead: an attribute with a blank before it, or nothing at all."""

    def panel(
        self, path: str, asked: Mapping[str, str] = {}, fragment: str = "", **changed: str
    ) -> Markup: ...
    def line(self, id: str) -> Markup: ...


@dataclass(frozen=True, slots=True)
class OnPage:
    """Links of the page; `root` stands before every path."""

    root: str = ""

    def panel(self, path: str, asked: Mapping[str, str] = {}, fragment: str = "", **changed: str) -> Markup:
        """To a panel with these questions; empty ones are left out."""
        given = {name: value for name, value in {**asked, **changed}.items() if value}
        query = f"?{urlencode(given)}" if given else ""
        return Markup(' href="{0}"').format(f"{self.root}{path}{query}{fragment}")

    def line(self, id: str) -> Markup:
        return self.panel(f"/line/{quote(id, safe='')}")


@dataclass(frozen=True, slots=True)
class InReport:
    """Links within one file: panels are its parts, and there is nothing else."""

    parts: Mapping[str, str]

    def panel(self, path: str, _asked: Mapping[str, str] = {}, _fragment: str = "", **_: str) -> Markup:
        part = self.parts.get(path)
        return Markup("") if part is None else Markup(' href="#{0}"').format(part)

    def line(self, _id: str) -> Markup:
        return Markup("")
