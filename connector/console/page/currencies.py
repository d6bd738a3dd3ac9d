"""What a calendar expects, currency by currency, with its charts: for the panel and for `run --html`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from connector.console.page.charts import Bar, Chart
from connector.console.page.panels.paging import Paged
from connector.model.money import EXACT, ZERO
from connector.runner.calendar import Calendar, Entry, Sum
from connector.workflow import Skip

MOST_DAYS_DRAWN = 45
"""More run dates than these are drawn by month."""
MOST_CUSTOMERS_DRAWN = 12
NARROW_PX, WIDE_PX = 340, 560
"""The columns that charts are drawn for: a telephone's, and half a screen's."""


@dataclass(frozen=True)
class CurrencySeen:
    """One currency of a calendar: `entries` by day and customer, `charts` by run date and by customer."""

    currency: str
    digits: int
    total: Sum
    entries: tuple[Entry, ...]
    charts: tuple[Chart, ...]


@dataclass(frozen=True)
class Section:
    """The same as it is shown: with one page of its entries."""

    seen: CurrencySeen
    rows: Paged[Entry]


def currencies_of(calendar: Calendar) -> tuple[CurrencySeen, ...]:
    """In the order of their codes."""
    return tuple(_currency(calendar, code) for code in calendar.currencies)


def _currency(calendar: Calendar, code: str) -> CurrencySeen:
    digits = calendar.digits_of(code)
    bars = {"run date": _by_day(calendar, code), "customer": _by_customer(calendar, code)}
    charts = tuple(_chart(code, digits, of, amounts) for of, amounts in bars.items())
    return CurrencySeen(code, digits, calendar.total(code), tuple(calendar.entries(code)), charts)


def _chart(code: str, digits: int, of: str, amounts: Mapping[str, Decimal]) -> Chart:
    bars = tuple(Bar(label, amount) for label, amount in amounts.items())
    id = "".join(sign if sign.isalnum() else "-" for sign in f"{of}-{code}")
    return Chart(id, f"Amount by {of} in {code}", code, digits, bars)


def _by_customer(calendar: Calendar, code: str) -> dict[str, Decimal]:
    """The largest ones, and all others in one bar."""
    found: dict[str, Decimal] = {}
    for number, (customer, total) in enumerate(calendar.by_customer(code).items()):
        name = calendar.name_of(customer) if number < MOST_CUSTOMERS_DRAWN else "All others"
        found[name] = EXACT.add(found.get(name, ZERO), total.amount)
    return found


def _by_day(calendar: Calendar, code: str) -> dict[str, Decimal]:
    """One bar for each run date; for each month where there are too many."""
    days = calendar.by_day(code)
    found: dict[str, Decimal] = {}
    for day, total in days.items():
        label = f"{day:%Y-%m}" if len(days) > MOST_DAYS_DRAWN else day.isoformat()
        found[label] = EXACT.add(found.get(label, ZERO), total.amount)
    return found


def grouped_by_contract(reasons: list[tuple[str, Skip]]) -> list[tuple[str, list[Skip]]]:
    """Reasons with the names of their contracts, those of one contract together."""
    found: dict[str, list[Skip]] = {}
    for name, skip in reasons:
        found.setdefault(name, []).append(skip)
    return list(found.items())
