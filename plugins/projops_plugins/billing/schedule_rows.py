"""Which rows of a line's invoice schedule are due in a run, and why the others are not (L3 to L5, L8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, auto

from connector.model.contract_line import ContractLine
from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.model.reason import Reason
from connector.workflow import ContractSnapshot, Run, Skip
from projops_plugins.skips import Told, skip

ACTIVE = 0
HOLDING = (Reason.PAST_DUE_UNCERTAIN, Reason.RUN_FAILED_BEFORE)
"""Reasons of rows that keep ready transactions waiting."""


class Standing(Enum):
    DUE = auto()
    LATER = auto()
    DONE = auto()
    NOT_ASKED = auto()


@dataclass(frozen=True, slots=True)
class DueDate:
    """One run date that is due, with all its rows (rule L8) and the latest of their cut-offs."""

    run_date: date
    cut_off: date
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A row whose date has come and that is not taken, with the transactions up to its cut-off."""

    cut_off: date
    skip: Skip


@dataclass(frozen=True, slots=True)
class Schedule:
    """A line's rows as one run sees them.

    `held` are by run date; `next_run_date` is the earliest date still to come; `ran_until` the latest
    cut-off of the rows that have run.
    """

    due: tuple[DueDate, ...]
    skips: tuple[Skip, ...]
    held: tuple[Held, ...]
    next_run_date: date | None
    ran_until: date | None


def schedule_of(
    rows: Iterable[InvoiceSchedule], line: ContractLine, contract: ContractSnapshot, run: Run
) -> Schedule:
    """Judges every active row; the order of the rows does not matter."""
    due: list[InvoiceSchedule] = []
    skips: list[Skip] = []
    held: list[Held] = []
    coming: list[date] = []
    ran: list[date] = []
    for row in in_order((row for row in rows if is_active(row.state)), run):
        verdict = standing_of(row, run)
        cut_off = cut_off_of(row, run)
        if isinstance(verdict, Reason):
            told = row_skip(row, verdict, line, contract, run)
            if verdict in HOLDING and cut_off is not None:
                held.append(Held(cut_off, told))
            else:
                skips.append(told)
        elif verdict is Standing.DUE:
            due.append(row)
        elif verdict is Standing.LATER and row.invoice_run_date:
            coming.append(run.day_of(row.invoice_run_date))
        if row.run_status == RunStatus.RUN_SUCCESSFUL and cut_off is not None:
            ran.append(cut_off)
    return Schedule(
        due=_by_run_date(due, run),
        skips=tuple(skips),
        held=tuple(held),
        next_run_date=min(coming, default=None),
        ran_until=max(ran, default=None),
    )


def in_order(rows: Iterable[InvoiceSchedule], run: Run) -> list[InvoiceSchedule]:
    def order(row: InvoiceSchedule) -> tuple[date, str]:
        return run.day_of(row.invoice_run_date) if row.invoice_run_date else date.min, row.id

    return sorted(rows, key=order)


def is_active(state: int | None) -> bool:
    """Whether a row or milestone counts at all; a deactivated one is as good as deleted."""
    return state is None or state == ACTIVE


def is_asked_for(row: InvoiceSchedule, run: Run) -> bool:
    return run.only_rows is None or row.id in run.only_rows


def cut_off_of(row: InvoiceSchedule, run: Run) -> date | None:
    """Rule T3: the row's own cut-off, else the day before its run date, as generated rows have it."""
    if row.transaction_cutoff_date is not None:
        return run.day_of(row.transaction_cutoff_date)
    if row.invoice_run_date is not None:
        return run.day_of(row.invoice_run_date) - timedelta(days=1)
    return None


def standing_of(row: InvoiceSchedule, run: Run) -> Standing | Reason:
    """Where a row stands in this run; a reason when it was to run and does not."""
    if not is_asked_for(row, run):
        return Standing.NOT_ASKED
    if row.invoice_run_date is None:
        return Reason.BLOCKED
    return _standing_of_status(row.run_status, run.day_of(row.invoice_run_date), run)


def _standing_of_status(run_status: int | None, run_date: date, run: Run) -> Standing | Reason:
    match run_status:
        case RunStatus.NOT_RUN:
            return _standing_of_date(run_date, run)
        case RunStatus.RUN_SUCCESSFUL:
            is_telling = run.only_rows is not None or run_date >= run.day
            return Reason.ALREADY_RUN if is_telling else Standing.DONE
        case RunStatus.RUN_FAILED if not run.rules.retry_failed:
            return Reason.RUN_FAILED_BEFORE
        case RunStatus.RUN_FAILED:
            has_come = run_date <= run.day or run.only_rows is not None
            return Standing.DUE if has_come else Standing.LATER
        case _:
            return Reason.BLOCKED


def _standing_of_date(run_date: date, run: Run) -> Standing | Reason:
    if run.only_rows is not None:
        return Standing.DUE
    if run_date > run.day:
        return Standing.LATER
    if run_date == run.day or run.takes_missed:
        return Standing.DUE
    return Reason.PAST_DUE_UNCERTAIN


def _by_run_date(rows: Iterable[InvoiceSchedule], run: Run) -> tuple[DueDate, ...]:
    """Rule L8: two rows of one line with the same run date count once."""
    by_date: dict[date, list[InvoiceSchedule]] = {}
    for row in rows:
        assert row.invoice_run_date is not None
        by_date.setdefault(run.day_of(row.invoice_run_date), []).append(row)
    return tuple(
        DueDate(
            run_date=run_date,
            cut_off=max(cut_off for row in same if (cut_off := cut_off_of(row, run))),
            rows=tuple(row.id for row in same),
        )
        for run_date, same in sorted(by_date.items())
    )


def row_skip(
    row: InvoiceSchedule, reason: Reason, line: ContractLine, contract: ContractSnapshot, run: Run
) -> Skip:
    """The reason of one row as a sentence."""
    return skip(contract, line, _told(row, reason, run))


def _told(row: InvoiceSchedule, reason: Reason, run: Run) -> Told:
    if row.invoice_run_date is None:
        found = f"The schedule row {row.id} has no invoice run date"
        return Told(Reason.BLOCKED, "L3", found, "enter one, or delete the row")
    run_date = run.day_of(row.invoice_run_date)
    match reason:
        case Reason.ALREADY_RUN:
            return _already_run(row, run_date, run)
        case Reason.RUN_FAILED_BEFORE:
            return Told(
                reason,
                "L5",
                f"The run of {run_date} failed (schedule row {row.id})",
                "remove the cause and set the row back to Not Run, or ask for failed rows with retry_failed",
            )
        case Reason.PAST_DUE_UNCERTAIN:
            return _past_due(run_date, run)
        case _:
            return Told(
                reason,
                "L3",
                f"The row of {run_date} has {_status_in_words(row)} (schedule row {row.id})",
                "set it to Not Run if it is to be invoiced",
            )


def _already_run(row: InvoiceSchedule, run_date: date, run: Run) -> Told:
    which = f"(schedule row {row.id})"
    if row.invoice:
        return Told(Reason.ALREADY_RUN, "L3", f"The run of {run_date} is done: invoice {row.invoice} {which}")
    if run_date > run.day:
        return Told(
            Reason.ALREADY_RUN,
            "L3",
            f"The row of {run_date} is marked Run Successful although its day is still to come, as copied "
            f"contracts have it {which}",
            "set it back to Not Run if it is to be invoiced",
        )
    found = f"The row of {run_date} is Run Successful, without an invoice {which}"
    return Told(Reason.ALREADY_RUN, "L3", found, "set it back to Not Run if it is to be invoiced")


def _status_in_words(row: InvoiceSchedule) -> str:
    if row.run_status is None:
        return "no run status"
    return f"the run status {row.run_status}, which is none that we know"


def _past_due(run_date: date, run: Run) -> Told:
    if run_date >= run.today:
        found = f"The run date {run_date} comes before {run.day} and has a run of its own"
        return Told(Reason.PAST_DUE_UNCERTAIN, "L4", found, until=run_date)
    ours = "--apply takes it up" if run.rules.catch_up else "--apply takes it up with catch_up only"
    return Told(
        Reason.PAST_DUE_UNCERTAIN,
        "L4",
        f"The run date {run_date} passed without a run. Whether the platform takes it up later is not "
        "documented, so what waits for it stands outside the totals",
        f"{ours}; set platform_catches_up if this environment was seen to take such rows",
    )
