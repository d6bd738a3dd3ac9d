"""Tables for people: Markdown that can be read as it is in a terminal."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import date

from benchmarks.figures import Spread
from benchmarks.targets import Target


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first column to the left, all others to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    yield _line(head, widths)
    yield (
        "| "
        + " | ".join("-" * (width - (column > 0)) + ":" * (column > 0) for column, width in enumerate(widths))
        + " |"
    )
    for row in rows:
        yield _line(row, widths)


def number(value: float | None, digits: int = 0) -> str:
    """With commas for the thousands; a dash where nothing was measured."""
    return "-" if value is None else f"{value:,.{digits}f}"


def spread(found: Spread, digits: int = 0) -> str:
    return f"{number(found.least, digits)} - {number(found.most, digits)}"


def verdict(target: Target) -> str:
    """One line: reached or missed, the figure, what was wanted, of what."""
    word = "reached" if target.is_reached else "MISSED "
    relation = "at least" if target.is_floor else "at most"
    found = f"{_ratio(target.found.median)} ({_ratio(target.found.least)} - {_ratio(target.found.most)})"
    return f"{word}  {found}, wanted {relation} {target.wanted:g}: {target.sentence}"


def _ratio(value: float) -> str:
    return number(value, 2 if value < 100 else 0)


def machine(today: date) -> str:
    """Where the figures come from, since they hold for no other machine."""
    return (
        f"{today.isoformat()}, Python {platform.python_version()}, {os.cpu_count()} cores "
        f"({platform.machine()}), {platform.system()} {platform.release()}"
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cells[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(cells[1:], widths[1:], strict=True))]
    return f"| {' | '.join(padded)} |"
