"""INV: what the last runs left behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec import structs

from connector.model.money import ZERO
from connector.verification.check import (
    FINE,
    PROJECT_OPERATIONS,
    SETTING_UP_THE_JOB,
    Check,
    EachContract,
    Example,
)
from connector.verification.contract_case import ContractCase, InvoiceCase
from connector.verification.evidence import Evidence, Need
from connector.verification.example_contract import DRAFT
from connector.verification.examples import FORBIDDEN, HEALTHY, with_case
from connector.verification.finding import Finding, Outcome, Severity, failed, passed
from connector.verification.wording import money

SINCE = timedelta(hours=26)
"""The job runs every 24 hours and takes its time."""
OLD = timedelta(days=30)
"""A draft that outlives a month stands beside that of the next one: our choice, no page gives a figure."""
_NO_DRAFTS = "There is no draft invoice of a project contract."


def _called(case: ContractCase, draft: InvoiceCase) -> str:
    return f"The draft {draft.invoice.name or draft.invoice.id!r} of the contract {case.name!r}"


def _new(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    for draft in case.drafts:
        made = draft.invoice.created_on
        if made is None or made < evidence.now - SINCE:
            yield FINE
            continue
        amount = money(draft.invoice.total_amount or ZERO, case, evidence, draft.invoice.currency)
        text = f"{case.name!r}: the draft {draft.invoice.name or draft.invoice.id!r}, {amount}."
        seen = {
            "createdon": made.isoformat(),
            "totalamount": amount,
            "customer": draft.invoice.customer or "",
        }
        yield passed(text, draft.record, seen)


def _worth_something(case: ContractCase, _: Evidence) -> Iterator[Finding]:
    for draft in case.drafts:
        if draft.invoice.total_amount:
            yield FINE
        else:
            text = f"{_called(case, draft)} totals zero."
            yield failed(text, draft.record, {"totalamount": str(draft.invoice.total_amount or 0)})


def _young(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    for draft in case.drafts:
        made = draft.invoice.created_on
        if made is None or made >= evidence.now - OLD:
            yield FINE
        else:
            days = (evidence.now - made).days
            text = f"{_called(case, draft)} is {days} days old."
            yield failed(text, draft.record, {"createdon": made.isoformat()})


def _draft(**changes: object) -> Evidence:
    return with_case(invoices=(replace(DRAFT, invoice=structs.replace(DRAFT.invoice, **changes)),))


_UNREAD = Example("invoices that may not be read", replace(HEALTHY, invoices=FORBIDDEN), Outcome.UNKNOWN)
_NONE = Example("no drafts", with_case(invoices=()), Outcome.NOT_APPLICABLE)
INV01 = Check(
    code="INV01",
    severity=Severity.INFO,
    title="What the last run has made",
    question="Which drafts were made within the last 26 hours?",
    why="For finance: what there is to review and confirm.",
    fix="Nothing is wrong. Review the drafts and confirm them.",
    link=SETTING_UP_THE_JOB,
    needs=(Need.CONTRACTS, Need.INVOICES, Need.CURRENCIES),
    judge=EachContract(_new, "Drafts that are older than a day", _NO_DRAFTS),
    examples=(
        Example("one of this morning", HEALTHY, Outcome.PASS),
        Example("only older ones", _draft(created_on=datetime(2020, 9, 14, tzinfo=UTC)), Outcome.PASS),
        _NONE,
        _UNREAD,
    ),
)
INV02 = Check(
    code="INV02",
    severity=Severity.WARNING,
    title="No draft totals zero",
    question="Is every draft worth something?",
    why="A price is missing (3509255), or nothing on it is chargeable (2316317).",
    fix="See CON05 to CON07 for the prices. Then delete the draft; the next run makes it anew.",
    link=PROJECT_OPERATIONS + "pro/whats-new/whats-new-feb-2024-lite",
    needs=(Need.CONTRACTS, Need.INVOICES),
    judge=EachContract(_worth_something, "Drafts that are worth something", _NO_DRAFTS),
    examples=(
        Example("6,200 dollars", HEALTHY, Outcome.PASS),
        Example("zero", _draft(total_amount=Decimal(0)), Outcome.FAIL),
        _NONE,
        _UNREAD,
    ),
)
INV03 = Check(
    code="INV03",
    severity=Severity.WARNING,
    title="Drafts are confirmed within a month",
    question="Is no draft older than 30 days?",
    why="A draft holds its transactions and blocks what comes after. Whether a bulk confirmation failed is "
    "not looked at: no page names its column.",
    fix="Confirm the draft, or delete it.",
    link=PROJECT_OPERATIONS + "proforma-invoicing/bulk-confirm-project-invoices",
    needs=(Need.CONTRACTS, Need.INVOICES),
    judge=EachContract(_young, "Drafts younger than a month", _NO_DRAFTS),
    examples=(
        Example("of this morning", HEALTHY, Outcome.PASS),
        Example("of August", _draft(created_on=datetime(2020, 8, 14, tzinfo=UTC)), Outcome.FAIL),
        _NONE,
        _UNREAD,
    ),
)
CHECKS = (INV01, INV02, INV03)
