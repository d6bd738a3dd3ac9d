"""Milestones in parts: the documented split, header statuses, and sums to the last digit (G2, G7, T9)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.milestone import InvoiceStatus, Milestone
from connector.model.money import total
from connector.model.progress import (
    HeaderStatus,
    NextInvoice,
    Part,
    Share,
    header_status_of,
    headers_of,
    next_invoice_of,
    split_header,
)

NOT_READY, READY, CREATED, POSTED = (int(status) for status in InvoiceStatus)
ONE = (Share("", Decimal(100), is_rounding=True),)
AMOUNTS = st.decimals(Decimal("0.01"), Decimal(10**15), places=2)


def header(amount: str, tax: str = "0", **more: Decimal | int | None) -> Milestone:
    return Milestone(id="header", amount=Decimal(amount), tax=Decimal(tax), **more)  # type: ignore[arg-type]


def part(amount: str, status: int) -> Milestone:
    return Milestone(id=amount, amount=Decimal(amount), invoice_status=status, header="header")


def test_20_percent_of_1000_are_200_and_800() -> None:
    """billing-hub.md's own example: a ready part of 200, and 800 that are not."""
    found = next_invoice_of(header("1000", next_invoice_percent=Decimal(20)), [], 2)
    assert found == NextInvoice(Decimal("200.00"), Decimal("0.00"), Decimal("800.00"), Decimal("0.00"))
    assert split_header(found, ONE, 2) == (
        Part("", Decimal("200.00"), Decimal("0.00"), is_ready=True),
        Part("", Decimal("800.00"), Decimal("0.00"), is_ready=False),
    )


def test_the_last_invoice_of_a_header_takes_what_is_left_of_its_tax() -> None:
    """33 % of a tax of 10.00 twice are 6.60; the third invoice has 3.40, not 3.30."""
    done = [
        Milestone(id=str(n), amount=Decimal(330), tax=Decimal("3.30"), invoice_status=POSTED) for n in (1, 2)
    ]
    whole = header("1000", "10.00", next_invoice_amount=Decimal(340))
    found = next_invoice_of(whole, done, 2)
    assert found is not None
    assert (found.tax, found.remaining, found.remaining_tax) == (Decimal("3.40"), Decimal(0), Decimal(0))


@pytest.mark.parametrize("percent", ["0", "-5", "81", "100"])
def test_a_next_invoice_is_something_and_no_more_than_what_is_left(percent: str) -> None:
    """With 200 of 1,000 invoiced, 81 % would be 810 of the 800 that are left."""
    whole = header("1000", next_invoice_percent=Decimal(percent))
    assert next_invoice_of(whole, [part("200", CREATED), part("800", NOT_READY)], 2) is None


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([], HeaderStatus.NOT_STARTED),
        ([NOT_READY, None], HeaderStatus.NOT_STARTED),
        ([READY, NOT_READY], HeaderStatus.IN_PROGRESS),
        ([CREATED, NOT_READY], HeaderStatus.IN_PROGRESS),
        ([POSTED, NOT_READY], HeaderStatus.IN_PROGRESS),
        ([CREATED, CREATED], HeaderStatus.IN_PROGRESS),
        ([POSTED, POSTED], HeaderStatus.COMPLETED),
    ],
)
def test_a_header_follows_its_parts(parts: list[int | None], status: HeaderStatus) -> None:
    """G7: Not Started, In Progress with the first that is ready, Completed when all are confirmed."""
    assert header_status_of(parts) is status


def test_a_header_is_what_a_part_names_or_what_has_a_next_invoice() -> None:
    """G7: a plain milestone is no header, even with a default in a header's column."""
    plain = Milestone(id="plain", header_status=192350000, next_invoice_status=NOT_READY)
    asked = Milestone(id="asked", next_invoice_percent=Decimal(20))
    marked = Milestone(id="marked", next_invoice_status=READY)
    milestones = [part("5", READY), plain, asked, marked]
    assert headers_of(milestones) == {"header", "asked", "marked"}
    assert headers_of(milestones, is_by_progress=True) == {"header", "asked", "marked", "plain"}


@given(AMOUNTS, st.decimals(Decimal("0.01"), Decimal(100), places=2), st.integers(0, 4))
def test_parts_add_up_to_the_header_to_the_last_digit(amount: Decimal, percent: Decimal, digits: int) -> None:
    """T9: whatever the percentage and the currency's decimals, nothing is gained and nothing lost."""
    shares = (
        Share("a", Decimal("33.33")),
        Share("b", Decimal("33.33")),
        Share("c", Decimal("33.34"), is_rounding=True),
    )
    found = next_invoice_of(header(str(amount), str(amount / 4), next_invoice_percent=percent), [], digits)
    if found is None:
        return
    made = split_header(found, shares, digits)
    assert total(one.amount for one in made) == amount
    assert total(one.amount for one in made if one.is_ready) == found.amount
    assert total(one.tax for one in made) == found.tax + found.remaining_tax
