"""The demo's table goes red when a rule breaks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from connector.console.demo.comparison import Agreement, Invoiced, Row, compare, documented_days

FIRST, LAST = date(2020, 10, 4), date(2020, 11, 3)
RIGHT: dict[date, tuple[Invoiced, ...]] = {
    date(2020, 10, 5): (
        Invoiced(("Prototype work", "Implementation work", "Expenses incurred"), Decimal(9100)),
    ),
    date(2020, 10, 19): (Invoiced(("Implementation work",), Decimal("1200.50")),),
    date(2020, 11, 2): (Invoiced(("Implementation work", "Expenses incurred"), Decimal(77)),),
    date(2020, 11, 3): (Invoiced(("Prototype work",), Decimal("12000.00")),),
}


def rows(
    created: dict[date, tuple[Invoiced, ...]], previewed: dict[date, tuple[Invoiced, ...]]
) -> tuple[Row, ...]:
    return compare(documented_days(), FIRST, LAST, created, previewed)


def test_the_documented_days_agree_with_themselves() -> None:
    """What the page describes is green on each of the 31 days."""
    result = rows(RIGHT, RIGHT)
    assert len(result) == 31
    assert not [row for row in result if row.agreement is Agreement.DIFFERS]
    assert sum(row.agreement is Agreement.AGREES for row in result) == 18


@pytest.mark.parametrize(
    ("day", "invoices"),
    [
        (date(2020, 10, 4), (Invoiced(("Prototype work",), Decimal(5000)),)),
        (date(2020, 10, 5), ()),
        (date(2020, 10, 5), (*RIGHT[date(2020, 10, 5)], *RIGHT[date(2020, 10, 5)])),
        (date(2020, 10, 12), (Invoiced(("Implementation work",), Decimal(1)),)),
        (date(2020, 11, 2), (Invoiced(("Implementation work",), Decimal(77)),)),
        (date(2020, 11, 3), (Invoiced(("Prototype work",), Decimal("12000.01")),)),
    ],
)
def test_a_day_that_the_page_describes_otherwise_is_red(day: date, invoices: tuple[Invoiced, ...]) -> None:
    """An invoice too many, too few, with other lines or another total differs, though two columns agree."""
    wrong = {**RIGHT, day: invoices}
    red = [row.day for row in rows(wrong, wrong) if row.agreement is Agreement.DIFFERS]
    assert red == [day]


def test_a_preview_that_was_wrong_is_red() -> None:
    """The preview is held against the page too, not only what the job created."""
    wrong = {**RIGHT, date(2020, 10, 19): ()}
    assert [row.day for row in rows(RIGHT, wrong) if row.agreement is Agreement.DIFFERS] == [
        date(2020, 10, 19)
    ]


def test_where_the_page_is_silent_the_two_columns_must_agree() -> None:
    """A day without a documented word proves nothing, but a preview that missed an invoice still shows."""
    day = date(2020, 10, 25)
    extra = {**RIGHT, day: (Invoiced(("Implementation work",), Decimal(1)),)}
    assert {row.day: row.agreement for row in rows(extra, extra)}[day] is Agreement.SILENT
    assert {row.day: row.agreement for row in rows(extra, RIGHT)}[day] is Agreement.DIFFERS
