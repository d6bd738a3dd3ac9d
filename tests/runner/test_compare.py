"""What the platform created beside what was planned."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from connector.model.actual import BillingType, TransactionClass
from connector.model.invoice import Invoice
from connector.model.invoice_line import InvoiceLineRecord
from connector.runner.compare import compared, differences
from connector.runner.read_drafts import Draft
from connector.workflow import ACTUAL, CreateInvoice, InvoiceDetail, InvoiceLine


def planned(customer: str = "buyer", amount: str = "10", source: str = "a") -> CreateInvoice:
    detail = InvoiceDetail(ACTUAL, source, TransactionClass.TIME, BillingType.CHARGEABLE, Decimal(amount))
    lines = (InvoiceLine("line", "Line", "time_and_material", (detail,)),)
    return CreateInvoice("contract", "Contract", customer, "usd", "USD", date(2020, 10, 5), lines)


def draft(
    customer: str = "buyer",
    total: str | None = "10.0000",
    source: str = "a",
    *,
    line: str = "line",
    has_sources: bool = True,
    id: str = "draft",
) -> Draft:
    amount = None if total is None else Decimal(total)
    return Draft(
        Invoice(id=id, customer=customer, currency="usd", total_amount=amount),
        (InvoiceLineRecord(id="l", contract_line=line),),
        frozenset({source} if source else ()),
        has_sources,
    )


def test_equal_amounts_are_equal_whatever_their_trailing_zeros() -> None:
    """10 and 10.0000 are one amount."""
    assert compared([planned()], [draft()]).is_equal


def test_every_difference_is_named() -> None:
    """Totals, lines and sources, each with both sides."""
    found = differences(planned(), draft(total="12.5", source="b", line="another"))
    assert found == (
        "total 12.50 instead of 10.00",
        "contract lines not planned: another",
        "contract lines missing: line",
        "sources not planned: b",
        "sources missing: a",
    )


def test_what_the_environment_does_not_tell_is_not_a_difference() -> None:
    """No total yet, and details whose sources nothing names: unknown is not unequal."""
    assert differences(planned(), draft(total=None, source="", has_sources=False)) == ()


def test_drafts_go_to_the_plan_that_they_fit_best() -> None:
    """Customer and currency must fit; of two drafts for one customer the likest is taken."""
    comparison = compared(
        [planned("a", "1", "x"), planned("b", "2", "y")],
        [draft("b", "2", "y", id="of b"), draft("a", "9", "x", id="odd"), draft("a", "1", "x", id="of a")],
    )
    assert [match.draft.invoice.id for match in comparison.matches if match.draft] == ["of a", "of b"]
    assert [one.invoice.id for one in comparison.unplanned] == ["odd"]
    assert not comparison.is_equal


def test_a_planned_invoice_without_a_draft_is_no_match() -> None:
    """Nothing is taken for created that is not there."""
    [match] = compared([planned()], [draft("somebody else")]).matches
    assert match.draft is None
