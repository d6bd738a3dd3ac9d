"""Days of schedule rows, milestones and transactions, in the zone of the job (rule L7)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from connector.model.actual import Actual
from connector.model.column_date import day_in, day_without_zone
from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.model.milestone import Milestone
from connector.verification.evidence import Today


def run_day(row: InvoiceSchedule, today: Today) -> date | None:
    return None if row.invoice_run_date is None else day_in(today.zone, row.invoice_run_date)


def cut_off_day(row: InvoiceSchedule, today: Today) -> date | None:
    return None if row.transaction_cutoff_date is None else day_in(today.zone, row.transaction_cutoff_date)


def milestone_day(milestone: Milestone, today: Today) -> date | None:
    """The one without a time zone where the environment has it."""
    if milestone.zone_independent_date is not None:
        return day_without_zone(milestone.zone_independent_date)
    return None if milestone.milestone_date is None else day_in(today.zone, milestone.milestone_date)


def transaction_day(actual: Actual, today: Today) -> date | None:
    """The day that invoicing compares: the one without a zone, where there is one."""
    if actual.transaction_date is not None:
        return day_without_zone(actual.transaction_date)
    return None if actual.document_date is None else day_in(today.zone, actual.document_date)


def next_row(rows: Iterable[InvoiceSchedule], today: Today) -> InvoiceSchedule | None:
    """The row that runs next: Not Run, from today on."""
    open_rows = [
        (day, row)
        for row in rows
        if row.run_status == RunStatus.NOT_RUN
        and row.milestone is None
        and (day := run_day(row, today)) is not None
        and day >= today.day
    ]
    return min(open_rows, key=lambda item: item[0])[1] if open_rows else None


def last_taken_day(rows: Iterable[InvoiceSchedule], today: Today) -> date:
    """Up to which day the next run of a line takes transactions: its cut-off, else the day before the run
    (the default of a generated row); without a run to come, today."""
    row = next_row(rows, today)
    if row is None:
        return today.day
    day = cut_off_day(row, today) or run_day(row, today)
    assert day is not None  # a row that runs next has a day
    return day if row.transaction_cutoff_date is not None else day - timedelta(days=1)
