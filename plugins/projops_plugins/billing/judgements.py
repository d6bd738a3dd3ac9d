"""Why each transaction of a line is not on an invoice: one judgement for each, where a run explains itself.

Those that are taken are judged where the invoices are made (`projops_plugins.invoices`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connector.model.actual import Actual
from connector.model.reason import Reason
from connector.workflow import ACTUAL, ContractSnapshot, Judgement, LineSnapshot, Run
from projops_plugins.billing.cut_offs import earliest_covering, is_covered
from projops_plugins.billing.schedule_rows import Schedule, is_active
from projops_plugins.billing.transactions import Objection, is_ahead, objection_to, transaction_day
from projops_plugins.skips import Source, Told, currency_code, judged, told_by

FOUND: Mapping[Reason, tuple[str, str]] = {
    Reason.ALREADY_ON_INVOICE: ("It stands on an invoice already", ""),
    Reason.CLASS_NOT_INCLUDED: (
        "The line does not include its class",
        "include the class on the line, or move the transaction to the line that has it",
    ),
    Reason.ADJUSTED: ("It was adjusted", ""),
    Reason.NOT_TO_EXCEED_FAILED: (
        "It exceeds a not-to-exceed limit",
        "raise the limit and evaluate it again",
    ),
    Reason.NOT_READY_TO_INVOICE: ("It is not marked Ready to Invoice", "mark it in the billing backlog"),
    Reason.NO_CUSTOMER: (
        "It has no customer to bill",
        "give the contract line one that is active, with its share",
    ),
    Reason.BLOCKED: ("It cannot be read as a transaction", "correct its record"),
}
NO_DATE = Objection(Reason.BLOCKED, "no date")
AFTER_THE_LAST = Told(
    Reason.SCHEDULE_ENDED,
    "L2",
    "No later run date is scheduled",
    "extend the invoice schedule if work goes on",
)


def judgements_of(
    line: LineSnapshot, actuals: Iterable[Actual], contract: ContractSnapshot, schedule: Schedule, run: Run
) -> tuple[Judgement, ...]:
    """One for each actual that is not charged; the schedule is that of the same run."""
    judged = (_judged(actual, line, contract, schedule, run) for actual in actuals)
    return tuple(one for one in judged if one is not None)


def _judged(
    actual: Actual, line: LineSnapshot, contract: ContractSnapshot, schedule: Schedule, run: Run
) -> Judgement | None:
    day = transaction_day(actual, run)
    objection = objection_to(actual, line.line, contract, run)
    if objection is None and day is None:
        objection = NO_DATE
    told = _told(objection) if objection else _waiting(actual, line, schedule, run)
    if told is None:
        return None
    invoice = objection.invoice if objection else None
    code = currency_code(contract, actual.currency)
    source = Source(ACTUAL, actual.id, actual.description or "", day, actual.amount, code, invoice)
    return judged(line.line, told, source)


def _told(objection: Objection) -> Told:
    found, way_out = FOUND[objection.reason]
    if objection.detail:
        found = f"{found} ({objection.detail})"
    return Told(objection.reason, objection.rule, found, way_out)


def _waiting(actual: Actual, line: LineSnapshot, schedule: Schedule, run: Run) -> Told | None:
    """Nothing is wrong with it: it is taken (None), its date has not come, or no date will."""
    day = transaction_day(actual, run)
    assert day is not None
    covering = earliest_covering(day, schedule.due, run)
    is_future = is_ahead(actual, run)
    if covering is not None and not is_future:
        return None
    held = next((one for one in schedule.held if is_covered(day, one.cut_off, run)), None)
    if held is not None:
        return told_by(held.skip)
    if schedule.due:
        return _too_late(schedule, is_future=is_future, run=run)
    if schedule.next_run_date:
        found = f"The next run date of the line is {schedule.next_run_date}"
        return Told(Reason.NOT_YET_DUE, "L3", found, until=schedule.next_run_date)
    if schedule.skips:
        return told_by(schedule.skips[0])
    if schedule.held:
        return AFTER_THE_LAST
    return told_without_dates(line, "The line", is_waiting=True)


def told_without_dates(line: LineSnapshot, name: str, *, is_waiting: bool) -> Told:
    """Rule L2: a line whose schedule has no date to come, or that has none at all."""
    active = [row for row in line.schedule if is_active(row.state)]
    if active:
        found, way_out = (
            f"All run dates of {name.lower()} have run",
            "extend the invoice schedule if work goes on",
        )
        if is_waiting and any(row.invoice is None for row in active):
            found += ", one or more of them without an invoice"
            way_out += ", or set a row that should not have run back to Not Run"
        return Told(Reason.SCHEDULE_ENDED, "L2", found, way_out)
    if line.schedule:
        found = f"All rows of {name.lower()}'s invoice schedule are deactivated, so the job never invoices it"
        return Told(Reason.NO_SCHEDULE, "L2", found, "activate those that are meant, or generate new ones")
    found = f"{name} has no invoice schedule, so the job never invoices it"
    return Told(Reason.NO_SCHEDULE, "L2", found, "generate one on the line")


def _too_late(schedule: Schedule, *, is_future: bool, run: Run) -> Told:
    way_out = "" if schedule.next_run_date else "extend the invoice schedule"
    if is_future:
        rule, found = "T4", f"It is dated after the day of the run, {run.day}"
    else:
        rule, found = "T3", f"It comes after the cut-off of {schedule.due[-1].cut_off}"
    return Told(Reason.AFTER_CUT_OFF, rule, found, way_out, schedule.next_run_date)
