"""Day by day: what Microsoft's page says, what the platform's job created, what the preview had said.

Only the first column is somebody else's word. The other two share the plug-ins, so that they agree
with each other proves wiring; that they agree with the page is the proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from importlib import resources

import msgspec


class Invoiced(msgspec.Struct, frozen=True):
    """One invoice as far as the comparison looks: the names of its lines, its total where told."""

    lines: tuple[str, ...]
    total: Decimal | None = None

    def says(self) -> str:
        count = f"{len(self.lines)} line{'' if len(self.lines) == 1 else 's'}"
        return count if self.total is None else f"{count}, {self.total:,.2f}"


class Period(msgspec.Struct, frozen=True, rename={"first": "from", "last": "to"}):
    first: date
    last: date
    invoices: tuple[Invoiced, ...]


class DocumentedDays(msgspec.Struct, frozen=True):
    source: str
    note: str
    currency: str
    days: tuple[Period, ...]

    def on(self, day: date) -> tuple[Invoiced, ...] | None:
        """What the page says of a day; None where it says nothing."""
        for period in self.days:
            if period.first <= day <= period.last:
                return period.invoices
        return None


class Agreement(StrEnum):
    AGREES = "agrees"
    DIFFERS = "differs"
    SILENT = "page is silent"


class Row(msgspec.Struct, frozen=True):
    """One day. `documented` is None where the page says nothing."""

    day: date
    documented: tuple[Invoiced, ...] | None
    created: tuple[Invoiced, ...]
    previewed: tuple[Invoiced, ...]

    @property
    def agreement(self) -> Agreement:
        """Against the page where it speaks; elsewhere the other two must at least be one."""
        if self.documented is None:
            return Agreement.SILENT if same(self.created, self.previewed) else Agreement.DIFFERS
        agrees = same(self.documented, self.created) and same(self.documented, self.previewed)
        return Agreement.AGREES if agrees else Agreement.DIFFERS


def documented_days() -> DocumentedDays:
    text = resources.files(__package__).joinpath("documented_days.json").read_bytes()
    return msgspec.json.decode(text, type=DocumentedDays)


def compare(
    documented: DocumentedDays,
    first: date,
    last: date,
    created: Mapping[date, tuple[Invoiced, ...]],
    previewed: Mapping[date, tuple[Invoiced, ...]],
) -> tuple[Row, ...]:
    """One row for each day from `first` to `last`, both included."""
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return tuple(Row(day, documented.on(day), created.get(day, ()), previewed.get(day, ())) for day in days)


def same(expected: tuple[Invoiced, ...], found: tuple[Invoiced, ...]) -> bool:
    """Whether two days hold the same invoices; a total counts where the expected side gives one."""
    if len(expected) != len(found):
        return False
    rest = list(found)
    for invoice in sorted(expected, key=lambda item: item.total is None):
        match = next((item for item in rest if _fits(invoice, item)), None)
        if match is None:
            return False
        rest.remove(match)
    return True


def _fits(expected: Invoiced, found: Invoiced) -> bool:
    if sorted(expected.lines) != sorted(found.lines):
        return False
    return expected.total is None or expected.total == found.total
