"""SCH: the invoice schedules of time and material lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from connector.verification.check import PROJECT_OPERATIONS, SETTING_UP_THE_JOB, Check, Example
from connector.verification.evidence import Evidence, LineFacts, LineRef, Need, PastDueRow, known
from connector.verification.examples import FORBIDDEN, HEALTHY, LINE
from connector.verification.finding import Finding, Outcome, Record, Severity, failed, not_applicable, passed

SCHEDULES = PROJECT_OPERATIONS + "sales/invoice-schedules-contract-line"


def record_of(line: LineRef) -> Record:
    return Record("salesorderdetail", line.id, line.name)


def where(line: LineRef) -> str:
    """A line and its contract, for a sentence."""
    contract = f" of contract {(line.contract_name or line.contract)!r}" if line.contract else ""
    return f"{(line.name or line.id)!r}{contract}"


def _scheduled(evidence: Evidence) -> Iterator[Finding]:
    lines = known(evidence.lines)
    for line in lines.without_schedule:
        seen = {"_salesorderid_value": line.contract or ""}
        yield failed(
            f"{where(line)} has no invoice schedule: the job never invoices it.", record_of(line), seen
        )
    if not lines.time_and_material:
        yield not_applicable("No confirmed contract has a time and material line.")
    elif not lines.without_schedule:
        yield passed(f"Time and material lines with an invoice schedule: all {lines.time_and_material}.")


def _no_missed_run(evidence: Evidence) -> Iterator[Finding]:
    rows = known(evidence.past_due_rows)
    today = known(evidence.today)
    for row in rows:
        late = (today.day - row.run_date).days
        days = "1 day" if late == 1 else f"{late} days"
        yield failed(
            f"{where(row.line)}: the run of {row.run_date}, {days} ago, was missed: it is still Not Run.",
            Record("msdyn_contractlineinvoiceschedule", row.id, f"{row.line.name} {row.run_date}"),
            {"msdyn_invoicerundate": row.run_date.isoformat(), "msdyn_invoicerunstatus": "Not Run"},
        )
    if not rows:
        yield passed(f"No run date before {today.day} ({today.zone}, {today.whose}) is still Not Run.")


SCH02 = Check(
    code="SCH02",
    severity=Severity.ERROR,
    title="Every time and material line has an invoice schedule",
    question="Does every time and material line of a confirmed contract have at least one schedule row?",
    why="The job looks at lines with a schedule only; work on others is never billed by it.",
    fix="Give the line its Billing Start Date and Invoice Frequency, and generate its invoice schedule.",
    link=SETTING_UP_THE_JOB,
    needs=(Need.LINES,),
    judge=_scheduled,
    examples=(
        Example("all have one", HEALTHY, Outcome.PASS),
        Example(
            "a line without",
            replace(HEALTHY, lines=LineFacts(time_and_material=2, without_schedule=(LINE,))),
            Outcome.FAIL,
        ),
        Example("no such lines", replace(HEALTHY, lines=LineFacts()), Outcome.NOT_APPLICABLE),
        Example("lines that may not be read", replace(HEALTHY, lines=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
SCH05 = Check(
    code="SCH05",
    severity=Severity.ERROR,
    title="No run date has been missed",
    question="Is no schedule row of an open contract still Not Run after its run date?",
    why="No public page says that the job catches up with a run date that it missed.",
    fix="See RUN01 to RUN05 for why the job did not run. `projops run --on DATE` shows what is missing; "
    "bill it by hand, or let `projops run --apply` take it.",
    link=SCHEDULES,
    needs=(Need.PAST_DUE_ROWS, Need.TODAY),
    judge=_no_missed_run,
    examples=(
        Example("nothing past due", HEALTHY, Outcome.PASS),
        Example(
            "a row of last month",
            replace(HEALTHY, past_due_rows=(PastDueRow(id="r", run_date=date(2020, 9, 7), line=LINE),)),
            Outcome.FAIL,
        ),
        Example("rows that may not be read", replace(HEALTHY, past_due_rows=FORBIDDEN), Outcome.UNKNOWN),
        Example("a zone that is not known", replace(HEALTHY, today=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
CHECKS = (SCH02, SCH05)
