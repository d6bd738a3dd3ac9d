"""SCH01 to SCH05: whether time and material lines have the schedule that the job goes by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from connector.model.column_date import day_in
from connector.model.invoice_frequency import Period
from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.model.milestone import InvoiceStatus
from connector.verification.check import (
    FINE,
    PROJECT_OPERATIONS,
    SETTING_UP_THE_JOB,
    Check,
    EachContract,
    Example,
)
from connector.verification.contract_case import ContractCase, LineCase
from connector.verification.days import run_day
from connector.verification.evidence import Evidence, Frequency, Need, known
from connector.verification.example_contract import ROWS
from connector.verification.examples import FORBIDDEN, HEALTHY, with_contract, with_frequency, with_work
from connector.verification.finding import Finding, Outcome, Record, Severity, failed, passed

SCHEDULES = PROJECT_OPERATIONS + "sales/invoice-schedules-contract-line"
SCHEDULE_ROW = "msdyn_contractlineinvoiceschedule"
NO_LINES = "No confirmed contract has a time and material line."
_DAYS = {Period.WEEKLY: 7, Period.BIWEEKLY: 14, Period.MONTHLY: 31}


def row_record(row: InvoiceSchedule, line: LineCase, day: date | None = None) -> Record:
    return Record(SCHEDULE_ROW, row.id, row.name or f"{line.line.title} {day or ''}".strip())


def _complete(evidence: Evidence) -> Iterator[Finding]:
    frequencies = known(evidence.frequencies)
    if not frequencies:
        yield failed("There is no invoice frequency: no schedule can be generated.")
    wrong = 0
    for item in frequencies:
        if lacking := "; ".join(_lacking(item)):
            wrong += 1
            name = item.frequency.name or item.frequency.id
            record = Record("msdyn_invoicefrequency", item.frequency.id, item.frequency.name or "")
            yield failed(f"The invoice frequency {name!r} is not complete: {lacking}.", record)
    if frequencies and not wrong:
        yield passed(f"Invoice frequencies that are complete: all {len(frequencies)}.")


def _lacking(item: Frequency) -> Iterator[str]:
    row = item.frequency
    columns = {"period": row.period, "days of run": row.days_of_run}
    if row.period == Period.MONTHLY:
        columns["runs per month"] = row.runs_per_month
    if empty := [name for name, value in columns.items() if value is None]:
        yield f"{', '.join(empty)} not set"
    wanted = (row.runs_per_month or 1) if row.period == Period.MONTHLY else 1
    if item.details < wanted:
        yield f"{item.details} of {wanted} days of run given"


def _scheduled(case: ContractCase, _: Evidence) -> Iterator[Finding]:
    for line in _lines(case):
        if line.schedule:
            yield FINE
        else:
            seen = {"_salesorderid_value": case.contract.id}
            text = f"{case.where(line)} has no invoice schedule: the job never invoices it."
            yield failed(text, line.record, seen)


def _lines(case: ContractCase) -> Iterator[LineCase]:
    if case.is_confirmed:
        yield from (line for line in case.lines if line.is_time_and_material)


def _lasting(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    today = known(evidence.today)
    frequencies = {item.frequency.id: item.frequency.period for item in known(evidence.frequencies)}
    delivery = case.contract.requested_delivery_date
    end = None if delivery is None else day_in(today.zone, delivery)
    for line in _lines(case):
        days = [day for row in line.schedule if (day := run_day(row, today)) is not None]
        if not days:
            continue
        last = max(days)
        seen = {"msdyn_invoicerundate": last.isoformat(), "requestdeliveryby": str(end or "empty")}
        gap = (
            _DAYS.get(Period(period), 31)
            if (period := frequencies.get(line.line.invoice_frequency or ""))
            else 31
        )
        if end is not None and end < today.day:
            yield FINE
        elif last < today.day:
            yield failed(f"{case.where(line)}: no run is to come, the last was on {last}.", line.record, seen)
        elif end is not None and (end - last).days > gap:
            text = f"{case.where(line)}: the schedule ends {last}, the contract {end}."
            yield failed(text, line.record, seen)
        else:
            yield FINE


def _generable(case: ContractCase, _: Evidence) -> Iterator[Finding]:
    lines = list(_lines(case))
    if lines:
        has_all = all(line.schedule for line in lines)
        if case.contract.requested_delivery_date is None:
            text = f"The contract {case.name!r} has no Requested Delivery Date: no schedule can be generated."
            yield failed(
                text, case.record, {"requestdeliveryby": "empty"}, severity=_mild(has_schedule=has_all)
            )
        else:
            yield FINE
    for line in lines:
        columns = {
            "msdyn_billingstartdate": line.line.billing_start_date,
            "msdyn_invoicefrequency": line.line.invoice_frequency,
        }
        if empty := {name: "empty" for name, value in columns.items() if value is None}:
            text = f"{case.where(line)} lacks {' and '.join(_WORDS[name] for name in empty)}."
            yield failed(text, line.record, empty, severity=_mild(has_schedule=bool(line.schedule)))
        else:
            yield FINE


_WORDS = {
    "msdyn_billingstartdate": "its Billing Start Date",
    "msdyn_invoicefrequency": "its Invoice Frequency",
}


def _mild(*, has_schedule: bool) -> Severity | None:
    """What only matters to a schedule that is still to be generated is milder where there is one."""
    return Severity.WARNING if has_schedule else None


def _no_missed_run(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    """A row that stands for a milestone counts only when that is ready: until then MIL03 speaks of it."""
    today = known(evidence.today)
    if not case.is_taken(evidence.rules):
        return
    for line in case.lines:
        status = {item.id: item.invoice_status for item in line.milestones}
        for row in line.schedule:
            day = run_day(row, today)
            is_waiting = row.milestone and status.get(row.milestone) != InvoiceStatus.READY_FOR_INVOICING
            if row.run_status != RunStatus.NOT_RUN or day is None or day >= today.day or is_waiting:
                yield FINE
                continue
            late = (today.day - day).days
            text = (
                f"the run of {day}, {late} day{'s' if late > 1 else ''} ago, was missed: it is still Not Run."
            )
            seen = {"msdyn_invoicerundate": day.isoformat(), "msdyn_invoicerunstatus": "Not Run"}
            yield failed(f"{case.where(line)}: {text}", row_record(row, line, day), seen)


SCH01 = Check(
    code="SCH01",
    severity=Severity.ERROR,
    title="Invoice frequencies are there and complete",
    question="Is there an invoice frequency, and does each say when it runs?",
    why="Schedules are generated from a frequency; one without its days generates nothing.",
    fix="Open Settings, Invoice frequencies, and fill in period, days of run and their details.",
    link=SCHEDULES,
    needs=(Need.FREQUENCIES,),
    judge=_complete,
    examples=(
        Example("monthly on one day", HEALTHY, Outcome.PASS),
        Example("none at all", replace(HEALTHY, frequencies=()), Outcome.FAIL),
        Example("twice a month with one day", with_frequency(runs_per_month=2), Outcome.FAIL),
        Example("without a period", with_frequency(period=None), Outcome.FAIL),
        Example("frequencies that may not be read", replace(HEALTHY, frequencies=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
SCH02 = Check(
    code="SCH02",
    severity=Severity.ERROR,
    title="Every time and material line has an invoice schedule",
    question="Does every time and material line of a confirmed contract have at least one schedule row?",
    why="The job looks at lines with a schedule only; work on others is never billed by it.",
    fix="Give the line its Billing Start Date and Invoice Frequency, and generate its invoice schedule.",
    link=SETTING_UP_THE_JOB,
    needs=(Need.CONTRACTS, Need.SCHEDULE_ROWS),
    judge=EachContract(_scheduled, "Time and material lines with an invoice schedule", NO_LINES),
    examples=(
        Example("all have one", HEALTHY, Outcome.PASS),
        Example("a line without", with_work(schedule=()), Outcome.FAIL),
        Example("no such lines", with_contract(lines=()), Outcome.NOT_APPLICABLE),
        Example("rows that may not be read", replace(HEALTHY, schedule_rows=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
SCH03 = Check(
    code="SCH03",
    severity=Severity.WARNING,
    title="Schedules last as long as their contracts",
    question="Does every schedule reach to the end of its contract, with a run to come?",
    why="Work after the last row of a schedule is never billed by the job.",
    fix="Generate the invoice schedule again up to the contract's Requested Delivery Date, or add rows.",
    link=PROJECT_OPERATIONS + "pro/sales/project-contract-settings-sales",
    needs=(Need.CONTRACTS, Need.SCHEDULE_ROWS, Need.FREQUENCIES, Need.TODAY),
    judge=EachContract(_lasting, "Time and material lines with a schedule to the contract's end", NO_LINES),
    examples=(
        Example("a run to come, a month before the end", HEALTHY, Outcome.PASS),
        Example("only past rows", with_work(schedule=ROWS[:1]), Outcome.FAIL),
        Example(
            "a contract that goes on for another year",
            with_contract(requested_delivery_date=date(2021, 12, 31)),
            Outcome.FAIL,
        ),
        Example(
            "a contract that is over",
            with_contract(requested_delivery_date=date(2020, 9, 30)),
            Outcome.PASS,
        ),
        Example("a zone that is not known", replace(HEALTHY, today=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
SCH04 = Check(
    code="SCH04",
    severity=Severity.ERROR,
    title="Schedules can be generated",
    question="Has every contract its Requested Delivery Date, every line its Billing Start and Frequency?",
    why="Generating a schedule needs all three. Where there is a schedule already this is a warning.",
    fix="Fill in what is missing on the contract and on the line.",
    link=SCHEDULES,
    needs=(Need.CONTRACTS, Need.SCHEDULE_ROWS),
    judge=EachContract(_generable, "Contracts and lines with what a schedule is generated from", NO_LINES),
    examples=(
        Example("all three", HEALTHY, Outcome.PASS),
        Example("no delivery date", with_contract(requested_delivery_date=None), Outcome.FAIL),
        Example("no frequency", with_work(invoice_frequency=None, schedule=()), Outcome.FAIL),
        Example("lines that may not be read", replace(HEALTHY, contracts=FORBIDDEN), Outcome.UNKNOWN),
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
    needs=(Need.CONTRACTS, Need.SCHEDULE_ROWS, Need.MILESTONES, Need.TODAY),
    judge=EachContract(
        _no_missed_run,
        "Schedule rows that were not missed",
        "No contract that the job takes has a schedule row.",
    ),
    examples=(
        Example("nothing past due", HEALTHY, Outcome.PASS),
        Example(
            "a row of last month",
            with_work(
                schedule=(
                    InvoiceSchedule(id="r", invoice_run_date=date(2020, 9, 7), run_status=RunStatus.NOT_RUN),
                )
            ),
            Outcome.FAIL,
        ),
        Example("rows that may not be read", replace(HEALTHY, schedule_rows=FORBIDDEN), Outcome.UNKNOWN),
        Example("a zone that is not known", replace(HEALTHY, today=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
CHECKS = (SCH01, SCH02, SCH03, SCH04, SCH05)
