"""The next run that looks at a line: from its run dates and the job's health (J6, J7, L3, L4 and L6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from connector.model.column_date import day_without_zone
from connector.model.contract_line import BillingStatus, ProductType
from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.model.job_chain import Diagnosis
from connector.model.milestone import InvoiceStatus, Milestone
from connector.model.time_text import moment
from connector.runner.story import NextLook
from connector.workflow import ContractSnapshot, LineSnapshot, Run

BETWEEN_RUNS = timedelta(hours=24)
ACTIVE = 0
WAITING = (RunStatus.NOT_RUN, None)
OVER = (InvoiceStatus.CUSTOMER_INVOICE_CREATED, InvoiceStatus.CUSTOMER_INVOICE_POSTED)
PRODUCT_OVER = (
    BillingStatus.CUSTOMER_INVOICE_CREATED,
    BillingStatus.CUSTOMER_INVOICE_POSTED,
    BillingStatus.CANCELED,
)


def next_look(line: LineSnapshot, contract: ContractSnapshot, run: Run, diagnosis: Diagnosis) -> NextLook:
    """The run date that comes next for a line, and the run that is expected to take it."""
    coming = min(_coming(line, contract, run), default=None)
    if coming is None:
        return NextLook("No run date is to come: no run will look at this line as it stands.")
    run_date, is_lasting = coming
    if diagnosis.next_run is None:
        return NextLook(
            f"Its run date is {run_date}; when the job runs next cannot be told (projops status says why).",
            run_date,
        )
    run_at = run_for(run_date, diagnosis.next_run, run)
    at = moment(run_at, run.zone)
    if run_at < diagnosis.now:
        return NextLook(f"Its run date is {run_date}; the run is overdue since {at}.", run_date, run_at)
    if run.day_of(run_at) > run_date and not is_lasting:
        return NextLook(
            f"Its run date is {run_date}, and the next run is expected at {at} only: whether a run takes "
            "up a date that has passed is not documented (rule L4).",
            run_date,
            run_at,
        )
    if is_lasting and run_date == run.today:
        return NextLook(f"The next run, expected at {at}: its date has come.", run_date, run_at)
    if run_at == diagnosis.next_run:
        return NextLook(f"The next run, expected at {at}, for the run date {run_date}.", run_date, run_at)
    return NextLook(
        f"The run of {run_date}, expected at about {at} (the job runs every 24 hours, a little later "
        "each time).",
        run_date,
        run_at,
    )


def run_for(run_date: date, next_run: datetime, run: Run) -> datetime:
    """The first run that is on `run_date` or later, counted from the next one in steps of 24 hours."""
    days = max(0, (run_date - run.day_of(next_run)).days)
    at = next_run + BETWEEN_RUNS * days
    # A change to or from daylight-saving time moves a run across midnight.
    return at + BETWEEN_RUNS if run.day_of(at) < run_date else at


def _coming(line: LineSnapshot, contract: ContractSnapshot, run: Run) -> Iterator[tuple[date, bool]]:
    """The dates from today on, and whether every later run takes them too: a late milestone is due (L6)."""
    yield from _dates(line, run)
    own = line.line
    if own.product_type == ProductType.PRODUCT and own.billing_status not in PRODUCT_OVER:
        for other in contract.lines:
            yield from _dates(other, run)


def _dates(line: LineSnapshot, run: Run) -> Iterator[tuple[date, bool]]:
    yield from ((day, False) for day in _row_dates(line.schedule, run))
    yield from ((day, True) for day in _milestone_dates(line.milestones, run))


def _row_dates(rows: tuple[InvoiceSchedule, ...], run: Run) -> Iterator[date]:
    for row in rows:
        if row.invoice_run_date is None or row.state not in {None, ACTIVE} or row.run_status not in WAITING:
            continue
        day = run.day_of(row.invoice_run_date)
        if day >= run.today:
            yield day


def _milestone_dates(milestones: tuple[Milestone, ...], run: Run) -> Iterator[date]:
    for milestone in milestones:
        if milestone.invoice_status in OVER or milestone.state not in {None, ACTIVE}:
            continue
        if milestone.zone_independent_date is not None:
            yield max(day_without_zone(milestone.zone_independent_date), run.today)
        elif milestone.milestone_date is not None:
            yield max(run.day_of(milestone.milestone_date), run.today)
