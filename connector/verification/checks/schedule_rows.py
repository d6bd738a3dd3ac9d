"""SCH06 to SCH10: whether the rows of schedules say what the job can go by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from msgspec import structs

from connector.model.column_date import day_in, midnight_in
from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.model.project_contract import ContractState
from connector.verification.check import FINE, PROJECT_OPERATIONS, Check, EachContract, Example
from connector.verification.checks.schedules import SCHEDULES, row_record
from connector.verification.contract_case import ContractCase, LineCase
from connector.verification.days import cut_off_day, run_day
from connector.verification.evidence import Evidence, Need, Today, known
from connector.verification.example_contract import ROWS
from connector.verification.examples import FORBIDDEN, HEALTHY, with_work
from connector.verification.finding import Finding, Outcome, Severity, failed

_NO_ROWS = "No open contract has a schedule row."


def _rows(case: ContractCase) -> Iterator[tuple[LineCase, InvoiceSchedule]]:
    if case.contract.contract_state != ContractState.CLOSED:
        yield from ((line, row) for line in case.lines for row in line.schedule)


def _no_failed_run(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    today = known(evidence.today)
    if not case.is_taken(evidence.rules):
        return
    for line, row in _rows(case):
        if row.run_status == RunStatus.RUN_FAILED:
            day = run_day(row, today)
            seen = {"msdyn_invoicerundate": str(day), "msdyn_invoicerunstatus": "Run Failed"}
            yield failed(f"{case.where(line)}: the run of {day} failed.", row_record(row, line, day), seen)
        else:
            yield FINE


def _once(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    """Rows of one day that stand for different milestones are no duplicates."""
    today = known(evidence.today)
    seen: set[tuple[str, date | None, str | None]] = set()
    for line, row in _rows(case):
        day = run_day(row, today)
        key = (line.line.id, day, row.milestone)
        if key in seen:
            text = f"{case.where(line)} has another row for {day}."
            yield failed(text, row_record(row, line, day), {"msdyn_invoicerundate": str(day)})
        else:
            seen.add(key)
            yield FINE


def _cut_off(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    today = known(evidence.today)
    for line, row in _rows(case):
        if row.run_status != RunStatus.NOT_RUN or row.milestone or not line.is_time_and_material:
            continue
        day, cut_off = run_day(row, today), cut_off_day(row, today)
        seen = {"msdyn_invoicerundate": str(day), "msdyn_transactioncutoffdate": str(cut_off or "empty")}
        if cut_off is None:
            text = f"{case.where(line)}: the row of {day} has no cut-off date."
            yield failed(text, row_record(row, line, day), seen)
        elif day is not None and cut_off >= day:
            text = f"{case.where(line)}: the row of {day} has its cut-off on {cut_off}, not before its run."
            yield failed(text, row_record(row, line, day), seen)
        else:
            yield FINE


def _truly_run(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    today = known(evidence.today)
    for line, row in _rows(case):
        day = run_day(row, today)
        if row.run_status != RunStatus.RUN_SUCCESSFUL or day is None:
            continue
        seen = {"msdyn_invoicerunstatus": "Run Successful", "msdyn_invoicerundate": day.isoformat()}
        record = row_record(row, line, day)
        if day > today.day:
            text = f"{case.where(line)}: the run of {day} is still to come and is Run Successful already."
            yield failed(text, record, seen)
        elif row.invoice is not None:
            yield FINE
        elif row.created_on is not None and day_in(today.zone, row.created_on) > day:
            text = f"{case.where(line)}: the run of {day} is Run Successful, on a row that was made later."
            yield failed(text, record, {**seen, "createdon": row.created_on.isoformat()})
        else:
            text = f"{case.where(line)}: the run of {day} is Run Successful and made no invoice."
            yield failed(text, record, {**seen, "_msdyn_invoice_value": "empty"}, severity=Severity.INFO)


def _whole_days(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    today = known(evidence.today)
    for line, row in _rows(case):
        columns = {
            "msdyn_invoicerundate": row.invoice_run_date,
            "msdyn_transactioncutoffdate": row.transaction_cutoff_date,
        }
        wrong = {
            name: value.isoformat()
            for name, value in columns.items()
            if value and not _is_midnight(value, today)
        }
        if wrong:
            what = " and ".join(f"{name} {value}" for name, value in wrong.items())
            text = f"{case.where(line)}: {what} begins no day in {today.zone} and may count as another."
            yield failed(text, row_record(row, line), wrong)
        else:
            yield FINE


def _is_midnight(value: date, today: Today) -> bool:
    return not isinstance(value, datetime) or value == midnight_in(today.zone, day_in(today.zone, value))


def _row(**changes: Any) -> Evidence:
    """The healthy environment whose line has one row, the next one, with changes."""
    return with_work(schedule=(structs.replace(ROWS[1], **changes),))


_UNREAD = Example("rows that may not be read", replace(HEALTHY, schedule_rows=FORBIDDEN), Outcome.UNKNOWN)
_NEEDS = (Need.CONTRACTS, Need.SCHEDULE_ROWS, Need.TODAY)
SCH06 = Check(
    code="SCH06",
    severity=Severity.ERROR,
    title="No run has failed",
    question="Has no schedule row the status Run Failed?",
    why="The job tried and could not; it leaves no reason on the row, and nobody is told.",
    fix="`projops explain` says what stands in the way of the line; put that right, then bill the row by "
    "hand or by `projops run --apply` with retry_failed in [rules].",
    link=SCHEDULES,
    needs=_NEEDS,
    judge=EachContract(_no_failed_run, "Schedule rows that did not fail", _NO_ROWS),
    examples=(
        Example("none failed", HEALTHY, Outcome.PASS),
        Example("one failed", _row(run_status=RunStatus.RUN_FAILED), Outcome.FAIL),
        _UNREAD,
    ),
)
SCH07 = Check(
    code="SCH07",
    severity=Severity.WARNING,
    title="No line has two rows for one run date",
    question="Has every line at most one schedule row for each run date?",
    why="Before 4.141.0.1552 two rows with one run date invoiced the same transactions twice (4769472).",
    fix="Deactivate or delete the row that is too many.",
    link=PROJECT_OPERATIONS + "pro/whats-new/whats-new-may-2025-lite",
    needs=_NEEDS,
    judge=EachContract(_once, "Schedule rows with a run date of their own", _NO_ROWS),
    examples=(
        Example("each date once", HEALTHY, Outcome.PASS),
        Example(
            "a date twice",
            with_work(schedule=(*ROWS, structs.replace(ROWS[1], id="00000000-0000-0000-0000-00000000009a"))),
            Outcome.FAIL,
        ),
        _UNREAD,
    ),
)
SCH08 = Check(
    code="SCH08",
    severity=Severity.WARNING,
    title="Every row has its cut-off before its run date",
    question="Has every row that is still to run a cut-off date, before its run date?",
    why="The cut-off decides which transactions are taken; generated rows have the day before the run.",
    fix="Set the transaction cut-off date, as a rule to the day before the run date.",
    link=SCHEDULES,
    needs=_NEEDS,
    judge=EachContract(_cut_off, "Rows to run with a cut-off before their run date", _NO_ROWS),
    examples=(
        Example("the day before", HEALTHY, Outcome.PASS),
        Example("none", _row(transaction_cutoff_date=None), Outcome.FAIL),
        Example("the day of the run", _row(transaction_cutoff_date=date(2020, 10, 12)), Outcome.FAIL),
        _UNREAD,
    ),
)
SCH09 = Check(
    code="SCH09",
    severity=Severity.WARNING,
    title="What is Run Successful has run",
    question="Has every row with Run Successful a run date that has come, and an invoice?",
    why="Copying a contract once copied the status of its rows: such a row is never invoiced. A row that had "
    "nothing to bill looks alike, so that an invoice that is merely missing is a note.",
    fix="Set a row that was never run back to Not Run, or make a new one.",
    link=PROJECT_OPERATIONS + "psa/whats-new-ur-24",
    needs=_NEEDS,
    judge=EachContract(_truly_run, "Rows with Run Successful and an invoice", "No row is Run Successful."),
    examples=(
        Example("a run with its invoice", HEALTHY, Outcome.PASS),
        Example("a run that is to come", _row(run_status=RunStatus.RUN_SUCCESSFUL), Outcome.FAIL),
        Example(
            "a row that is younger than its run",
            with_work(
                schedule=(
                    structs.replace(ROWS[0], invoice=None, created_on=datetime(2020, 9, 20, tzinfo=UTC)),
                )
            ),
            Outcome.FAIL,
        ),
        Example("nothing has run", with_work(schedule=ROWS[1:]), Outcome.NOT_APPLICABLE),
        _UNREAD,
    ),
)
SCH10 = Check(
    code="SCH10",
    severity=Severity.WARNING,
    title="Run dates and cut-offs are whole days in the job's zone",
    question="Do run dates and cut-offs begin a day in the zone of the user as whom the job runs?",
    why="They are kept as midnight of somebody's zone: from another zone a day looks like the one before.",
    fix="Let schedules be made by users in the zone of the job's user, or set that user's zone; enter the "
    "dates again.",
    link=PROJECT_OPERATIONS + "sales/tz-independent-date-fields",
    needs=_NEEDS,
    judge=EachContract(_whole_days, "Rows whose dates are whole days", _NO_ROWS),
    examples=(
        Example("midnight", HEALTHY, Outcome.PASS),
        Example(
            "five in the morning",
            _row(invoice_run_date=datetime(2020, 10, 12, 5, tzinfo=UTC)),
            Outcome.FAIL,
        ),
        Example("plain days", _row(invoice_run_date=date(2020, 10, 12)), Outcome.PASS),
        _UNREAD,
    ),
)
CHECKS = (SCH06, SCH07, SCH08, SCH09, SCH10)
