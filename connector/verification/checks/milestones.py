"""MIL: the milestones of fixed-price lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from connector.verification.check import SETTING_UP_THE_JOB, Check, Example
from connector.verification.checks.schedules import SCHEDULES, record_of, where
from connector.verification.evidence import DueMilestone, Evidence, LineFacts, Need, known
from connector.verification.examples import FORBIDDEN, HEALTHY, LINE
from connector.verification.finding import Finding, Outcome, Record, Severity, failed, not_applicable, passed


def _present(evidence: Evidence) -> Iterator[Finding]:
    lines = known(evidence.lines)
    for line in lines.without_milestone:
        seen = {"_salesorderid_value": line.contract or ""}
        yield failed(f"{where(line)} is fixed price and has no milestone.", record_of(line), seen)
    if not lines.fixed_price:
        yield not_applicable("No confirmed contract has a fixed-price line.")
    elif not lines.without_milestone:
        yield passed(f"Fixed-price lines with milestones: all {lines.fixed_price}.")


def _ready(evidence: Evidence) -> Iterator[Finding]:
    milestones = known(evidence.due_milestones)
    today = known(evidence.today)
    for item in milestones:
        name = item.name or item.id
        yield failed(
            f"{where(item.line)}: the milestone {name!r} of {item.day} is due and not ready.",
            Record("msdyn_contractlinescheduleofvalue", item.id, item.name),
            {"msdyn_invoicedate": item.day.isoformat(), "msdyn_invoicestatus": "Not Ready for invoicing"},
        )
    if not milestones:
        yield passed(f"No milestone due by {today.day} ({today.zone}, {today.whose}) is Not Ready.")


MIL01 = Check(
    code="MIL01",
    severity=Severity.ERROR,
    title="Every fixed-price line has milestones",
    question="Does every fixed-price line of a confirmed contract have at least one milestone?",
    why="Milestones are a fixed-price line's schedule: without one the job never invoices it.",
    fix="Add milestones that sum to the line's contracted amount.",
    link=SETTING_UP_THE_JOB,
    needs=(Need.LINES,),
    judge=_present,
    examples=(
        Example("all have some", HEALTHY, Outcome.PASS),
        Example(
            "a line without",
            replace(HEALTHY, lines=LineFacts(fixed_price=1, without_milestone=(LINE,))),
            Outcome.FAIL,
        ),
        Example("no such lines", replace(HEALTHY, lines=LineFacts()), Outcome.NOT_APPLICABLE),
        Example("lines that may not be read", replace(HEALTHY, lines=FORBIDDEN), Outcome.UNKNOWN),
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
    needs=(Need.DUE_MILESTONES, Need.TODAY),
    judge=_ready,
    examples=(
        Example("nothing due", HEALTHY, Outcome.PASS),
        Example(
            "a milestone of today",
            replace(
                HEALTHY,
                due_milestones=(DueMilestone(id="m", name="Design", day=date(2020, 10, 5), line=LINE),),
            ),
            Outcome.FAIL,
        ),
        Example(
            "milestones that may not be read", replace(HEALTHY, due_milestones=FORBIDDEN), Outcome.UNKNOWN
        ),
        Example("a zone that is not known", replace(HEALTHY, today=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
CHECKS = (MIL01, MIL03)
