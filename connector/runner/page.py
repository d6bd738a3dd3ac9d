"""A look ahead as one HTML page that needs nothing else: no network, no script, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import resources
from itertools import groupby

from jinja2 import Environment, StrictUndefined

from connector.model.money import EXACT, ZERO
from connector.model.time_text import moment
from connector.runner.calendar import Calendar, Entry, Sum
from connector.runner.charts import Bar, Chart
from connector.runner.look_ahead import Period
from connector.runner.look_ahead_report import (
    MIRROR,
    RECORDED,
    besides_text,
    expected,
    passed_text,
)
from connector.runner.outcome import Header
from connector.runner.report import waiting_text
from connector.runner.wording import grouped, settings_of_preview, several, unknown_of, zone_text
from connector.workflow import Skip

MOST_DAYS_DRAWN = 45
"""More run dates than these are drawn by month."""
MOST_CUSTOMERS_DRAWN = 12
NARROW_PX, WIDE_PX = 340, 760
"""The columns that charts are drawn for: a telephone's, and half a screen's."""


@dataclass(frozen=True)
class Page:
    """What a page shows: `calendar` has been filled, `environment` is the address that was read."""

    header: Header
    period: Period
    first_run: date
    calendar: Calendar
    environment: str
    now: datetime

    def html(self) -> str:
        environment = Environment(
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        environment.filters.update(amount=grouped, several=several, waiting=waiting_text)
        template = resources.files("connector.runner").joinpath("templates", "look_ahead.html")
        return environment.from_string(template.read_text("utf-8")).render(
            page=self,
            period=self.period,
            calendar=self.calendar,
            told=self.calendar.told,
            drafts=sorted(self.calendar.told.drafts, key=lambda pair: (pair[0], pair[1].contract_name)),
            ended=grouped_by_contract(self.calendar.told.ended),
            sections=sections_of(self.calendar),
            as_of=moment(self.now, UTC),
            zone=zone_text(self.header.zone),
            passed=passed_text(self.first_run, self.period.first),
            unknown=list(unknown_of(self.header)),
            settings=settings_of_preview(self.header.rules),
            expected=expected(self.calendar),
            besides=besides_text(self.calendar),
            mirror=MIRROR,
            recorded=RECORDED,
            uncertain=grouped_by_contract(self.calendar.told.uncertain),
            left=grouped_by_contract(self.calendar.told.left),
            narrow_px=NARROW_PX,
            wide_px=WIDE_PX,
        )


@dataclass(frozen=True)
class Section:
    """One currency on the page."""

    currency: str
    digits: int
    total: Sum
    days: list[tuple[date, list[Entry]]]
    by_day: Chart
    by_customer: Chart


def sections_of(calendar: Calendar) -> list[Section]:
    """What a calendar holds, currency by currency, with its charts."""
    return [_section(calendar, code) for code in calendar.currencies]


def _section(calendar: Calendar, currency: str) -> Section:
    entries = [one for one in calendar.entries() if one.currency == currency]
    days = {day.isoformat(): total for day, total in calendar.by_day(currency).items()}
    by_day, customers = f"Amount by run date in {currency}", f"Amount by customer in {currency}"
    return Section(
        currency=currency,
        digits=calendar.digits_of(currency),
        total=calendar.total(currency),
        days=[(day, list(of)) for day, of in groupby(entries, key=lambda one: one.day)],
        by_day=_chart(calendar, f"days-{currency}", by_day, currency, _drawn(days)),
        by_customer=_chart(
            calendar, f"customers-{currency}", customers, currency, _customers(calendar, currency)
        ),
    )


def _chart(calendar: Calendar, id: str, title: str, currency: str, amounts: Mapping[str, Decimal]) -> Chart:
    bars = [Bar(label, amount) for label, amount in amounts.items()]
    plain = "".join(sign if sign.isalnum() or sign == "-" else "_" for sign in id)
    return Chart(plain, title, currency, calendar.digits_of(currency), bars)


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
