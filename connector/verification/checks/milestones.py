"""MIL01, MIL03, MIL04, MIL07: whether fixed-price lines have milestones that the job can bill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from msgspec import structs

from connector.model.column_date import day_in, day_without_zone
from connector.model.invoicing_rules import InvoicingRules
from connector.model.milestone import InvoiceStatus, Milestone
from connector.model.progress import has_next_invoice, headers_of
from connector.verification.check import (
    FINE,
    PROJECT_OPERATIONS,
    SETTING_UP_THE_JOB,
    Check,
    EachContract,
    Example,
)
from connector.verification.checks.schedules import SCHEDULES
from connector.verification.contract_case import ContractCase, LineCase
from connector.verification.days import milestone_day
from connector.verification.evidence import Evidence, Need, known
from connector.verification.example_contract import BUILD, DESIGN, LAUNCH
from connector.verification.examples import FORBIDDEN, HEALTHY, with_contract, with_line
from connector.verification.finding import Finding, Outcome, Record, Severity, failed

NO_FIXED = "No confirmed contract has a fixed-price line."


def milestone_record(milestone: Milestone) -> Record:
    return Record("msdyn_contractlinescheduleofvalue", milestone.id, milestone.name or "")


def fixed_lines(case: ContractCase) -> Iterator[LineCase]:
    if case.is_confirmed:
        yield from (line for line in case.lines if line.is_fixed_price)


def called(case: ContractCase, line: LineCase, milestone: Milestone) -> str:
    return f"{case.where(line)}: the milestone {(milestone.name or milestone.id)!r}"


def _present(case: ContractCase, _: Evidence) -> Iterator[Finding]:
    for line in fixed_lines(case):
        if line.milestones:
            yield FINE
        else:
            seen = {"_salesorderid_value": case.contract.id}
            yield failed(f"{case.where(line)} is fixed price and has no milestone.", line.record, seen)


def _ready(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    """Headers are never billed themselves: their parts count. What remains of one by progress is made ready
    by the header's next step, which is MIL06's, and not by hand."""
    today = known(evidence.today)
    if not case.is_taken(evidence.rules):
        return
    for line in case.lines:
        headers = headers_of(line.milestones)
        steps = _by_progress(line, evidence.rules)
        for item in line.milestones:
            day = milestone_day(item, today)
            is_billed = item.id not in headers and item.header not in steps
            is_due = day is not None and day <= today.day and is_billed
            if not is_due or item.invoice_status != InvoiceStatus.NOT_READY_FOR_INVOICING:
                yield FINE
                continue
            seen = {"msdyn_invoicedate": str(day), "msdyn_invoicestatus": "Not Ready for invoicing"}
            text = f"{called(case, line, item)} of {day} is due and not ready."
            yield failed(text, milestone_record(item), seen)


def _by_progress(line: LineCase, rules: InvoicingRules) -> frozenset[str]:
    """The headers of a line that are billed step by step."""
    kind = rules.progress_schedule_type
    is_all = kind is not None and line.line.invoice_schedule_type == kind
    headers = {item.header for item in line.milestones if item.header is not None}
    stepping = {item.id for item in line.milestones if has_next_invoice(item)}
    return frozenset(headers if is_all else headers & stepping)


def _of_project(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    if not evidence.rules.milestones_need_project:
        return
    for line in fixed_lines(case):
        if line.line.project or all(item.project for item in line.milestones):
            yield FINE
        else:
            text = f"{case.where(line)} is fixed price and mapped to no project."
            yield failed(text, line.record, {"_msdyn_project_value": "empty"})


def _same_day(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    today = known(evidence.today)
    for line in case.lines:
        for item in line.milestones:
            if item.milestone_date is None or item.zone_independent_date is None:
                continue
            local, independent = (
                day_in(today.zone, item.milestone_date),
                day_without_zone(item.zone_independent_date),
            )
            if local == independent:
                yield FINE
            else:
                seen = {
                    "msdyn_invoicedate": local.isoformat(),
                    "msdyn_milestonedate": independent.isoformat(),
                }
                days = f"{local} in {today.zone}, and {independent} without a zone"
                text = f"{called(case, line, item)} has two days: {days}."
                yield failed(text, milestone_record(item), seen)


def _with_launch(**changes: object) -> Evidence:
    return with_line(BUILD, milestones=(DESIGN, structs.replace(LAUNCH, **changes)))


def _with_parts(**of_header: object) -> Evidence:
    """A header of today with a part for what is billed and one for what remains, which is not ready."""
    today = datetime(2020, 10, 5, tzinfo=UTC)
    header = structs.replace(LAUNCH, zone_independent_date=today, **of_header)
    first, rest = (structs.replace(header, id=f"part {n}", header=header.id, **_NO_NEXT) for n in (1, 2))
    billed = structs.replace(first, invoice_status=InvoiceStatus.CUSTOMER_INVOICE_CREATED)
    return with_line(BUILD, milestones=(DESIGN, header, billed, rest))


_NO_NEXT: dict[str, Any] = {"next_invoice_percent": None}
_UNREAD = Example("milestones that may not be read", replace(HEALTHY, milestones=FORBIDDEN), Outcome.UNKNOWN)
MIL01 = Check(
    code="MIL01",
    severity=Severity.ERROR,
    title="Every fixed-price line has milestones",
    question="Does every fixed-price line of a confirmed contract have at least one milestone?",
    why="Milestones are a fixed-price line's schedule: without one the job never invoices it.",
    fix="Add milestones that sum to the line's contracted amount.",
    link=SETTING_UP_THE_JOB,
    needs=(Need.CONTRACTS, Need.MILESTONES),
    judge=EachContract(_present, "Fixed-price lines with milestones", NO_FIXED),
    examples=(
        Example("all have some", HEALTHY, Outcome.PASS),
        Example("a line without", with_line(BUILD, milestones=()), Outcome.FAIL),
        Example("no such lines", with_contract(lines=()), Outcome.NOT_APPLICABLE),
        _UNREAD,
    ),
)
MIL03 = Check(
    code="MIL03",
    severity=Severity.WARNING,
    title="Every milestone that is due is ready for invoicing",
    question="Is no milestone Not Ready although its date has come?",
    why="The most common reason for a missing invoice: nobody has set the milestone to Ready to Invoice.",
    fix="When the work is done, set the milestone to Ready to Invoice; otherwise move its date.",
    link=SCHEDULES,
    needs=(Need.CONTRACTS, Need.MILESTONES, Need.TODAY),
    judge=EachContract(
        _ready, "Milestones that are ready, or not due", "No contract that the job takes has a milestone."
    ),
    examples=(
        Example("nothing due", HEALTHY, Outcome.PASS),
        Example(
            "a milestone of today",
            _with_launch(zone_independent_date=datetime(2020, 10, 5, tzinfo=UTC)),
            Outcome.FAIL,
        ),
        Example("a part of a header that is due", _with_parts(), Outcome.FAIL),
        Example(
            "what remains of a header by progress",
            _with_parts(next_invoice_percent=Decimal(20)),
            Outcome.PASS,
        ),
        _UNREAD,
        Example("a zone that is not known", replace(HEALTHY, today=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
MIL04 = Check(
    code="MIL04",
    severity=Severity.ERROR,
    title="Every fixed-price line is mapped to a project",
    question="Has every fixed-price line a project, its own or that of each of its milestones?",
    why="Integrated environments bill a milestone only with a project; whether others need one nobody says.",
    fix="Map the line to its project. Where milestones are billed without one, milestones_need_project = "
    "false in [rules] says so.",
    link=SCHEDULES,
    needs=(Need.CONTRACTS, Need.MILESTONES),
    judge=EachContract(
        _of_project,
        "Fixed-price lines with a project",
        "No fixed-price line, or milestones need no project (milestones_need_project).",
    ),
    examples=(
        Example("mapped", HEALTHY, Outcome.PASS),
        Example("mapped to none", with_line(BUILD, project=None), Outcome.FAIL),
        Example(
            "where none is needed",
            replace(HEALTHY, rules=InvoicingRules(milestones_need_project=False)),
            Outcome.NOT_APPLICABLE,
        ),
        _UNREAD,
    ),
)
MIL07 = Check(
    code="MIL07",
    severity=Severity.WARNING,
    title="Both dates of a milestone are the same day",
    question="Do the milestone date and the one without a time zone name the same day?",
    why="Both are kept, and a feature decides which one counts: apart, the milestone moves by a day.",
    fix="Enter the milestone date again, in the zone of the user as whom the job runs.",
    link=PROJECT_OPERATIONS + "sales/tz-independent-date-fields",
    needs=(Need.CONTRACTS, Need.MILESTONES, Need.TODAY),
    judge=EachContract(_same_day, "Milestones with one day", "No milestone has both dates."),
    examples=(
        Example("one day", HEALTHY, Outcome.PASS),
        Example(
            "two days", _with_launch(zone_independent_date=datetime(2020, 11, 4, tzinfo=UTC)), Outcome.FAIL
        ),
        Example(
            "only one of them",
            with_line(BUILD, milestones=(structs.replace(LAUNCH, zone_independent_date=None),)),
            Outcome.NOT_APPLICABLE,
        ),
        _UNREAD,
    ),
)
CHECKS = (MIL01, MIL03, MIL04, MIL07)
