"""What a calendar expects, currency by currency, with its charts: for the panel and for `run --html`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from connector.console.page.panels.paging import Paged, paged
from connector.model.money import EXACT, ZERO
from connector.runner.calendar import Calendar, Entry, Sum
from connector.workflow import Skip

if TYPE_CHECKING:
    from connector.console.page.charts import Chart

MOST_DAYS_DRAWN = 45
"""More run dates than these are drawn by month."""
MOST_CUSTOMERS_DRAWN = 12
NARROW_PX, WIDE_PX = 340, 560
"""The columns that charts are drawn for: a telephone's, and half a screen's."""


@dataclass(frozen=True)
class Section:
    """One currency of a calendar; `rows` are a page of what each customer is invoiced on each day."""

    calendar: Calendar
    currency: str
    digits: int
    total: Sum
    rows: Paged[Entry]

    def charts(self) -> Iterator[Chart]:
        """By run date and by customer: drawn where they are shown, for that takes its time."""
        days = {day.isoformat(): total for day, total in self.calendar.by_day(self.currency).items()}
        for id, of, amounts in (
            ("days", "run date", _drawn(days)),
            ("customers", "customer", _customers(self.calendar, self.currency)),
        ):
            yield _chart(f"{id}-{self.currency}", f"Amount by {of} in {self.currency}", self, amounts)


def sections_of(calendar: Calendar, rows: int, page: int = 1) -> list[Section]:
    """All currencies in the order of their codes; `page` is the one of their tables."""
    return [
        Section(
            calendar=calendar,
            currency=code,
            digits=calendar.digits_of(code),
            total=calendar.total(code),
            rows=paged(calendar.entries(code), page, rows),
        )
        for code in calendar.currencies
    ]


def _chart(id: str, title: str, section: Section, amounts: Mapping[str, Decimal]) -> Chart:
    from connector.console.page.charts import Bar, Chart

    bars = [Bar(label, amount) for label, amount in amounts.items()]
    plain = "".join(sign if sign.isalnum() or sign == "-" else "_" for sign in id)
    return Chart(plain, title, section.currency, section.digits, bars)


def _customers(calendar: Calendar, currency: str) -> dict[str, Decimal]:
    """The largest ones, and all others in one bar."""
    found: dict[str, Decimal] = {}
    for number, (customer, total) in enumerate(calendar.by_customer(currency).items()):
        name = calendar.name_of(customer) if number < MOST_CUSTOMERS_DRAWN else "All others"
        found[name] = EXACT.add(found.get(name, ZERO), total.amount)
    return found


def _drawn(days: Mapping[str, Sum]) -> dict[str, Decimal]:
    """One bar for each run date; for each month where there are too many."""
    is_by_month = len(days) > MOST_DAYS_DRAWN
    found: dict[str, Decimal] = {}
    for day, total in days.items():
        label = day[:7] if is_by_month else day
        found[label] = EXACT.add(found.get(label, ZERO), total.amount)
    return found


def grouped_by_contract(reasons: list[tuple[str, Skip]]) -> list[tuple[str, list[Skip]]]:
    """Reasons with the names of their contracts, those of one contract together."""
    found: dict[str, list[Skip]] = {}
    for name, skip in reasons:
        found.setdefault(name, []).append(skip)
    return list(found.items())
