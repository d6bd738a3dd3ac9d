"""MIL02, MIL05, MIL06, MIL08: what milestones amount to, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from msgspec import structs

from connector.model.milestone import InvoiceStatus, Milestone
from connector.model.money import EXACT, ZERO, total
from connector.model.progress import INVOICED, HeaderStatus, header_status_of
from connector.verification.check import FINE, PROJECT_OPERATIONS, Check, EachContract, Example
from connector.verification.checks.milestones import NO_FIXED, called, fixed_lines, milestone_record
from connector.verification.checks.schedules import SCHEDULES
from connector.verification.contract_case import ContractCase, LineCase
from connector.verification.evidence import Evidence, Need, Progress, known
from connector.verification.example_contract import BUILD, DESIGN, DRAFT, HEADER, LAUNCH, PORTAL
from connector.verification.examples import FORBIDDEN, HEALTHY, with_case, with_line
from connector.verification.finding import Finding, Outcome, Severity, failed, unknown
from connector.verification.wording import money

_HEADER_WORDS = {
    HeaderStatus.NOT_STARTED: "not started",
    HeaderStatus.IN_PROGRESS: "in progress",
    HeaderStatus.COMPLETED: "completed",
}


def wholes(milestones: Iterable[Milestone]) -> tuple[Milestone, ...]:
    """Those that are no part of a header: together they are the whole line."""
    return tuple(item for item in milestones if item.header is None)


def _sums(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    for line in fixed_lines(case):
        if not line.milestones:
            continue
        contracted = line.line.base_amount
        amount = total(item.amount or ZERO for item in wholes(line.milestones))
        if contracted is None:
            yield unknown(f"{case.where(line)} has no amount.", line.record, {"baseamount": "empty"})
        elif amount == contracted:
            yield FINE
        elif not evidence.tables.milestone.has("header") and amount == EXACT.multiply(contracted, Decimal(2)):
            text = (
                f"{case.where(line)}: milestones add up to twice the line; parts cannot be told from headers."
            )
            yield unknown(text, line.record)
        else:
            shown, wanted = (money(value, case, evidence) for value in (amount, contracted))
            seen = {"baseamount": wanted, "msdyn_amount": shown}
            yield failed(
                f"{case.where(line)}: milestones add up to {shown}, contracted are {wanted}.",
                line.record,
                seen,
            )


def _on_a_draft(case: ContractCase, _: Evidence) -> Iterator[Finding]:
    billed = frozenset(source for draft in case.drafts for source in draft.sources)
    is_complete = all(draft.is_complete for draft in case.drafts)
    for line in case.lines:
        known_ids = {item.id for item in line.milestones}
        rows = {row.milestone for row in line.schedule if row.id in billed}
        headers = {item.header for item in line.milestones if item.header}
        for item in line.milestones:
            if item.header is not None and item.header not in known_ids:
                text = f"{called(case, line, item)} is part of a header that is gone."
                yield failed(text, milestone_record(item), {"header": item.header})
            elif item.id in headers or not _is_drafted(item) or item.id in billed | rows:
                yield FINE
            elif case.drafts and not is_complete:
                text = f"{called(case, line, item)} may be on a draft: not every detail tells what it bills."
                yield unknown(text, milestone_record(item))
            else:
                seen = {"msdyn_invoicestatus": "Customer invoice created"}
                text = f"{called(case, line, item)} counts as invoiced and stands on no draft."
                yield failed(text, milestone_record(item), seen)


def _is_drafted(milestone: Milestone) -> bool:
    return milestone.invoice_status == InvoiceStatus.CUSTOMER_INVOICE_CREATED


def _progressing(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    progress = known(evidence.progress)
    for line in fixed_lines(case):
        if line.line.invoice_schedule_type == progress.schedule_type:
            for header in wholes(line.milestones):
                yield from _header(case, line, header, progress)


def _header(case: ContractCase, line: LineCase, header: Milestone, progress: Progress) -> Iterator[Finding]:
    parts = [item for item in line.milestones if item.header == header.id]
    invoiced = total(item.amount or ZERO for item in parts if item.invoice_status in INVOICED)
    has_next = header.next_invoice_percent or header.next_invoice_amount
    is_waiting = any(item.invoice_status == InvoiceStatus.READY_FOR_INVOICING for item in parts)
    if invoiced < (header.amount or ZERO) and not has_next and not is_waiting:
        text = f"{called(case, line, header)} has neither a Next invoice % nor a part that is ready."
        yield failed(text, milestone_record(header), {"next_invoice_percent": "empty"})
        return
    label = progress.header_labels.get(header.header_status or 0, "").casefold()
    wanted = _HEADER_WORDS[header_status_of(item.invoice_status for item in parts)]
    if label in _HEADER_WORDS.values() and label != wanted:
        text = f"{called(case, line, header)} is {label}; by its parts it is {wanted}."
        yield failed(text, milestone_record(header), {"header_status": label})
    else:
        yield FINE


def _taxed(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    for line in case.lines:
        for item in line.milestones:
            if not item.amount and item.tax:
                shown = money(item.tax, case, evidence)
                text = f"{called(case, line, item)} has no amount and a tax of {shown}."
                yield failed(text, milestone_record(item), {"msdyn_amount": "0", "msdyn_tax": shown})
            else:
                yield FINE
        if not line.is_fixed_price or not line.milestones or line.line.tax is None:
            continue
        tax = total(item.tax or ZERO for item in wholes(line.milestones))
        if tax != line.line.tax:
            shown, wanted = (money(value, case, evidence) for value in (tax, line.line.tax))
            text = f"{case.where(line)}: the tax of its milestones is {shown}, that of the line {wanted}."
            yield failed(text, line.record, {"tax": wanted, "msdyn_tax": shown})


_UNREAD = Example("milestones that may not be read", replace(HEALTHY, milestones=FORBIDDEN), Outcome.UNKNOWN)
MIL02 = Check(
    code="MIL02",
    severity=Severity.ERROR,
    title="Milestones add up to the contracted amount",
    question="Do the milestones of every fixed-price line add up to the line's amount?",
    why="What milestones lack is never billed, and the form refuses a schedule that does not add up.",
    fix="Correct the amounts of the milestones, or that of the line.",
    link=SCHEDULES,
    needs=(Need.CONTRACTS, Need.MILESTONES, Need.CURRENCIES),
    judge=EachContract(_sums, "Fixed-price lines whose milestones add up", NO_FIXED),
    examples=(
        Example("5,000 and 12,000 of 17,000", HEALTHY, Outcome.PASS),
        Example("a thousand short", with_line(BUILD, base_amount=Decimal(18000)), Outcome.FAIL),
        Example("a line without an amount", with_line(BUILD, base_amount=None), Outcome.UNKNOWN),
        _UNREAD,
    ),
)
MIL05 = Check(
    code="MIL05",
    severity=Severity.WARNING,
    title="What counts as invoiced stands on a draft",
    question="Does every milestone that counts as invoiced stand on a draft, every part have its header?",
    why="A draft that was deleted can leave its milestones behind (2761477): they are never billed again.",
    fix="Have the product put the status right (delete and draft again, or support); never by plain writes.",
    link=PROJECT_OPERATIONS + "proforma-invoicing/manage-billing-backlog",
    needs=(Need.CONTRACTS, Need.MILESTONES, Need.SCHEDULE_ROWS, Need.INVOICES, Need.INVOICE_SOURCES),
    judge=EachContract(_on_a_draft, "Milestones whose status fits", "No open contract has a milestone."),
    examples=(
        Example("on a draft", HEALTHY, Outcome.PASS),
        Example("without a draft", with_case(invoices=()), Outcome.FAIL),
        Example(
            "a part without its header",
            with_line(BUILD, milestones=(structs.replace(LAUNCH, header="gone"),)),
            Outcome.FAIL,
        ),
        Example(
            "a draft that does not tell",
            with_case(invoices=(replace(DRAFT, sources=frozenset(), is_complete=False),)),
            Outcome.UNKNOWN,
        ),
        _UNREAD,
    ),
)
MIL06 = Check(
    code="MIL06",
    severity=Severity.WARNING,
    title="Progress billing knows what comes next",
    question="Has every progress header its next invoice, and a status that fits its parts?",
    why="Without a Next invoice % nothing is split off a header, and so nothing is billed.",
    fix="Enter Next invoice % or the amount on the header, and mark it Ready for invoicing when it is.",
    link=PROJECT_OPERATIONS + "proforma-invoicing/billing-hub",
    needs=(Need.CONTRACTS, Need.MILESTONES, Need.PROGRESS),
    judge=EachContract(_progressing, "Progress headers in order", "No line is billed by progress."),
    examples=(
        Example("20 percent next", HEALTHY, Outcome.PASS),
        Example(
            "nothing next",
            with_line(PORTAL, milestones=(structs.replace(HEADER, next_invoice_percent=None),)),
            Outcome.FAIL,
        ),
        Example(
            "completed without a part",
            with_line(PORTAL, milestones=(structs.replace(HEADER, header_status=3),)),
            Outcome.FAIL,
        ),
        Example("roles that nobody names", replace(HEALTHY, progress=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
MIL08 = Check(
    code="MIL08",
    severity=Severity.WARNING,
    title="Tax is where the amounts are",
    question="Has no milestone tax without an amount, and do the taxes add up to the line's?",
    why="A milestone of zero could carry tax (2943191), and tax that is not apportioned is not billed.",
    fix="Correct the tax of the milestones.",
    link=PROJECT_OPERATIONS + "pro/whats-new/whats-new-jun-2023-lite",
    needs=(Need.CONTRACTS, Need.MILESTONES, Need.CURRENCIES),
    judge=EachContract(_taxed, "Milestones with tax in order", "No open contract has a milestone."),
    examples=(
        Example("no tax at all", HEALTHY, Outcome.PASS),
        Example(
            "tax on nothing",
            with_line(
                BUILD, milestones=(DESIGN, structs.replace(LAUNCH, amount=ZERO, tax=Decimal(19))), tax=None
            ),
            Outcome.FAIL,
        ),
        Example("tax of the line that no milestone has", with_line(BUILD, tax=Decimal(100)), Outcome.FAIL),
        _UNREAD,
    ),
)
CHECKS = (MIL02, MIL05, MIL06, MIL08)
