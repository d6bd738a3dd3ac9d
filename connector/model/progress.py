"""Milestones that are billed in parts: the split of a header, and the header's own status (rules G2, G7).

A header stands for the whole amount; its parts, one for each customer or each step of progress, are
what is invoiced. Source: BACKLOG-S for customers and statuses, and for progress
articles/proforma-invoicing/billing-hub.md (20 percent of 1,000 make parts of 200 and 800).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from connector.model.milestone import InvoiceStatus, Milestone
from connector.model.money import EXACT, ZERO, rounded, total

HUNDRED = Decimal(100)
INVOICED = (InvoiceStatus.CUSTOMER_INVOICE_CREATED, InvoiceStatus.CUSTOMER_INVOICE_POSTED)


class HeaderStatus(IntEnum):
    """The words are documented; the numbers are the emulator's, since no document gives them."""

    NOT_STARTED = 192350000
    IN_PROGRESS = 192350001
    COMPLETED = 192350002


@dataclass(frozen=True, slots=True)
class Share:
    customer: str
    percent: Decimal
    is_rounding: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a header: what `customer` pays (None: whoever the line's customers are)."""

    customer: str | None
    amount: Decimal
    tax: Decimal
    is_ready: bool


@dataclass(frozen=True, slots=True)
class NextInvoice:
    """What a header is to bill next, and what remains of it afterwards."""

    amount: Decimal
    tax: Decimal
    remaining: Decimal
    remaining_tax: Decimal


def headers_of(milestones: Iterable[Milestone], *, is_by_progress: bool = False) -> frozenset[str]:
    """The ids of those that are headers: parts name them, or they have a next invoice entered.

    `is_by_progress`: all milestones of the line are headers or parts, so that whatever belongs to no
    header is one. A column with a default on every milestone makes no header of a plain one.
    """
    found = set()
    for milestone in milestones:
        if milestone.header is not None:
            found.add(milestone.header)
        elif is_by_progress or has_next_invoice(milestone):
            found.add(milestone.id)
    return frozenset(found)


def has_next_invoice(milestone: Milestone) -> bool:
    """Whether somebody entered on it what is to be billed next: only headers by progress have that."""
    given = (milestone.next_invoice_percent, milestone.next_invoice_amount)
    is_ready = milestone.next_invoice_status == InvoiceStatus.READY_FOR_INVOICING
    return is_ready or any(value for value in given)


def header_status_of(parts: Iterable[int | None]) -> HeaderStatus:
    """Rule G7, from the invoice statuses of a header's parts.

    Not Started until one is ready, Completed when all are invoiced and confirmed, In Progress between.
    """
    statuses = list(parts)
    if statuses and all(status == InvoiceStatus.CUSTOMER_INVOICE_POSTED for status in statuses):
        return HeaderStatus.COMPLETED
    waiting = {None, int(InvoiceStatus.NOT_READY_FOR_INVOICING)}
    return HeaderStatus.NOT_STARTED if set(statuses) <= waiting else HeaderStatus.IN_PROGRESS


def next_invoice_of(header: Milestone, parts: Sequence[Milestone], digits: int) -> NextInvoice | None:
    """The next invoice of a header: its Next invoice amount, else its Next invoice % of the whole.

    The percentage is one of the total amount and of the tax likewise, rounded to the currency's
    `digits`. None where neither is entered, and where it is negative or more than what is left.
    """
    invoiced = [part for part in parts if part.invoice_status in INVOICED]
    whole, tax = header.amount or ZERO, header.tax or ZERO
    left = EXACT.subtract(whole, total(part.amount or ZERO for part in invoiced))
    tax_left = EXACT.subtract(tax, total(part.tax or ZERO for part in invoiced))
    amount, next_tax = _asked_for(header, whole, tax, digits)
    if amount is None or not ZERO < amount <= left:
        return None
    if amount == left:
        next_tax = tax_left
    return NextInvoice(amount, next_tax, EXACT.subtract(left, amount), EXACT.subtract(tax_left, next_tax))


def _asked_for(
    header: Milestone, whole: Decimal, tax: Decimal, digits: int
) -> tuple[Decimal | None, Decimal]:
    percent, amount = header.next_invoice_percent, header.next_invoice_amount
    if amount is not None:
        share = EXACT.divide(EXACT.multiply(tax, amount), whole) if whole else ZERO
        return amount, rounded(share, digits)
    if percent is None:
        return None, ZERO
    return _percent_of(whole, percent, digits), _percent_of(tax, percent, digits)


def split_header(next_invoice: NextInvoice, shares: Sequence[Share], digits: int) -> tuple[Part, ...]:
    """The ready part and the remaining one, each for every customer by its share (rule G2).

    With one customer there are two parts; nothing remains on the last invoice of a header.
    """
    found: list[Part] = []
    for amount, tax, is_ready in (
        (next_invoice.amount, next_invoice.tax, True),
        (next_invoice.remaining, next_invoice.remaining_tax, False),
    ):
        if not amount and not tax:
            continue
        amounts, taxes = split(amount, shares, digits), split(tax, shares, digits)
        found.extend(
            Part(share.customer, of_amount, of_tax, is_ready)
            for share, of_amount, of_tax in zip(shares, amounts, taxes, strict=True)
        )
    return tuple(found)


def split(amount: Decimal, shares: Sequence[Share], digits: int) -> tuple[Decimal, ...]:
    """One part for each share, rounded to the currency's digits; the rounding customer takes the rest."""
    parts = [ZERO if share.is_rounding else _percent_of(amount, share.percent, digits) for share in shares]
    rest = EXACT.subtract(amount, total(parts))
    return tuple(rest if share.is_rounding else part for share, part in zip(shares, parts, strict=True))


def _percent_of(amount: Decimal, percent: Decimal, digits: int) -> Decimal:
    return rounded(EXACT.divide(EXACT.multiply(amount, percent), HUNDRED), digits)
