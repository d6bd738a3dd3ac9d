"""Time and material: on each date that is due, what was approved up to its cut-off (rules T1 to T7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from connector.hooks import hookimpl
from connector.model.actual import Actual, BillingType, TransactionClass
from connector.model.contract_line import BillingMethodChoice, ContractLine, LineType, ProductType
from connector.model.invoicing_rules import InvoicingRules
from connector.model.money import ZERO
from connector.model.reason import Reason
from connector.workflow import (
    ACTUAL,
    Bill,
    BillingMethod,
    Charge,
    ContractSnapshot,
    InvoiceDetail,
    LineSnapshot,
    Run,
    Skip,
)
from projops_plugins.billing.cut_offs import earliest_covering, is_covered
from projops_plugins.billing.judgements import (
    AFTER_THE_LAST,
    NO_DATE,
    judgements_of,
    told_without_dates,
)
from projops_plugins.billing.schedule_rows import DueDate, Schedule, schedule_of
from projops_plugins.billing.transaction_skips import (
    Objected,
    after_cut_off_skips,
    ahead_skips,
    held_skips,
    not_due_skips,
    objection_skips,
)
from projops_plugins.billing.transactions import (
    Objection,
    customer_of,
    is_ahead,
    is_ready,
    is_unbilled_sales,
    objection_to,
    transaction_day,
)
from projops_plugins.billing.unapproved import unapproved_judgements, unapproved_skips
from projops_plugins.skips import Told, skip, waiting_of, with_amount

HISTORY = (Reason.ALREADY_ON_INVOICE, Reason.ADJUSTED)
"""Reasons that are no news about transactions of dates that have run."""


def is_project_line(line: ContractLine, billing_method: BillingMethodChoice) -> bool:
    """A project-based line of a billing method; field service lines are another product's."""
    return (
        line.product_type in {None, ProductType.PROJECT_BASED_SERVICE}
        and line.line_type != LineType.FIELD_SERVICE
        and line.billing_method == billing_method
    )


@dataclass(frozen=True, slots=True)
class TimeAndMaterial:
    name: str = "time_and_material"

    def claims(self, line: ContractLine, rules: InvoicingRules) -> bool:  # noqa: ARG002 - the contract of billing methods
        return is_project_line(line, BillingMethodChoice.TIME_AND_MATERIAL)

    def bill(self, line: LineSnapshot, contract: ContractSnapshot, run: Run) -> Bill:
        schedule = schedule_of(line.schedule, line.line, contract, run)
        actuals = sorted(filter(is_unbilled_sales, line.actuals), key=lambda actual: actual.id)
        bill = self._billed(actuals, line, contract, schedule, run)
        if not run.is_explaining:
            return bill
        judgements = judgements_of(line, actuals, contract, schedule, run)
        return replace(bill, judgements=(*judgements, *unapproved_judgements(line, run)))

    def _billed(
        self,
        actuals: Sequence[Actual],
        line: LineSnapshot,
        contract: ContractSnapshot,
        schedule: Schedule,
        run: Run,
    ) -> Bill:
        if not schedule.due:
            return Bill(skips=tuple(_without_due_date(actuals, line, contract, schedule, run)))
        sorting = _Sorting([], [], [])
        for actual in actuals:
            _sort(actual, sorting, line.line, contract, schedule, run)
        held, too_late = _held(schedule, sorting.too_late, contract, run)
        cut_off = schedule.due[-1].cut_off
        too_late, ahead = _apart(too_late, schedule, run)
        return Bill(
            charges=tuple(sorting.charges),
            skips=(
                *schedule.skips,
                *held,
                *objection_skips(sorting.objected, line.line, contract),
                *unapproved_skips(line, contract, cut_off, run),
                *after_cut_off_skips(too_late, line.line, contract, cut_off, schedule.next_run_date),
                *ahead_skips(ahead, line.line, contract, run.day, schedule.next_run_date),
            ),
            due={due.run_date: due.rows for due in schedule.due},
        )


@dataclass(slots=True)
class _Sorting:
    charges: list[Charge]
    objected: list[Objected]
    too_late: list[Actual]


def _sort(
    actual: Actual,
    into: _Sorting,
    line: ContractLine,
    contract: ContractSnapshot,
    schedule: Schedule,
    run: Run,
) -> None:
    """Puts one actual on its due date, or under the reason why not."""
    objection = objection_to(actual, line, contract, run)
    day = transaction_day(actual, run)
    if day is None:
        into.objected.append(Objected(actual, objection or NO_DATE))
        return
    due = earliest_covering(day, schedule.due, run)
    if is_ahead(actual, run) or due is None:
        if objection is None:
            into.too_late.append(actual)
    elif objection is None:
        into.charges.append(_charge(actual, due, line, contract, run))
    elif not _is_history(objection, actual, day, schedule, run):
        into.objected.append(Objected(actual, objection))


def _held(
    schedule: Schedule, ready: Sequence[Actual], contract: ContractSnapshot, run: Run
) -> tuple[list[Skip], list[Actual]]:
    """Rows that are not taken although their date has come, each with what waits for it; and the rest."""
    skips: list[Skip] = []
    left = list(ready)
    for held in schedule.held:
        days = {actual.id: transaction_day(actual, run) for actual in left}
        waiting = [one for one in left if (day := days[one.id]) and is_covered(day, held.cut_off, run)]
        ids = {one.id for one in waiting}
        left = [one for one in left if one.id not in ids]
        skips.extend(held_skips(held.skip, waiting, contract, is_taken_over=bool(schedule.due)))
    return skips, left


def _apart(actuals: Iterable[Actual], schedule: Schedule, run: Run) -> tuple[list[Actual], list[Actual]]:
    """Those after every cut-off (rule T3), and those that one covers, dated ahead of the run (rule T4)."""
    apart: tuple[list[Actual], list[Actual]] = ([], [])
    for actual in actuals:
        day = transaction_day(actual, run)
        is_covered_one = day is not None and earliest_covering(day, schedule.due, run) is not None
        apart[is_covered_one].append(actual)
    return apart


def _is_history(objection: Objection, actual: Actual, day: date, schedule: Schedule, run: Run) -> bool:
    has_run = schedule.ran_until is not None and day <= schedule.ran_until
    return has_run and objection.reason in HISTORY and not is_ready(actual, run)


def _charge(actual: Actual, due: DueDate, line: ContractLine, contract: ContractSnapshot, run: Run) -> Charge:
    customer, currency = customer_of(actual, contract), actual.currency
    started = actual.start_date_time or actual.document_date
    assert customer is not None
    assert currency is not None
    assert actual.amount is not None
    return Charge(
        contract_line=line.id,
        invoice_run_date=due.run_date,
        customer=customer,
        currency=currency,
        detail=InvoiceDetail(
            source=ACTUAL,
            source_id=actual.id,
            transaction_class=TransactionClass(actual.transaction_class or 0),
            billing_type=BillingType(actual.billing_type or 0),
            amount=actual.amount,
            tax=actual.tax or ZERO,
            quantity=actual.quantity,
            price=actual.price,
            starts_at=run.start_of(started) if started is not None else None,
            description=actual.description or "",
        ),
        schedule_rows=due.rows,
    )


def _without_due_date(
    actuals: Sequence[Actual], line: LineSnapshot, contract: ContractSnapshot, schedule: Schedule, run: Run
) -> Iterator[Skip]:
    """Rows that stand in the way first, with what waits for them where no run date is to come."""
    ready = [actual for actual in actuals if objection_to(actual, line.line, contract, run) is None]
    dated = [actual for actual in ready if transaction_day(actual, run) is not None]
    held, left = _held(schedule, dated, contract, run)
    rows, is_whole = list(schedule.skips), run.only_rows is None
    if rows and is_whole and schedule.next_run_date is None:
        yield from held_skips(rows.pop(0), left, contract)
    yield from (*rows, *held)
    yield from _nothing_due(line, left, schedule, contract, run)
    if is_whole:
        left_behind = [Objected(one, NO_DATE) for one in ready if transaction_day(one, run) is None]
        if schedule.next_run_date is None:  # no run date will tell of them later
            objections = ((one, objection_to(one, line.line, contract, run)) for one in actuals)
            left_behind += [
                Objected(one, why) for one, why in objections if why and why.reason not in HISTORY
            ]
        yield from objection_skips(left_behind, line.line, contract)


def _nothing_due(
    line: LineSnapshot,
    ready: Sequence[Actual],
    schedule: Schedule,
    contract: ContractSnapshot,
    run: Run,
) -> list[Skip]:
    """Why a line without a due date is not invoiced, with what is ready and waits (rules L2 and L3)."""
    if run.only_rows is not None:
        return []
    if schedule.next_run_date is not None:
        return not_due_skips(ready, line.line, contract, schedule.next_run_date)
    if schedule.skips or (schedule.held and not ready):
        return []
    if schedule.held:
        return _waiting(AFTER_THE_LAST, ready, line, contract)
    return _waiting(told_without_dates(line, "This line", is_waiting=bool(ready)), ready, line, contract)


def _waiting(
    told: Told, ready: Sequence[Actual], line: LineSnapshot, contract: ContractSnapshot
) -> list[Skip]:
    base = skip(contract, line.line, told)
    return [with_amount(base, contract, waiting) for waiting in waiting_of(ready, contract)] or [base]


@hookimpl
def projops_billing_methods() -> Iterable[BillingMethod]:
    return (TimeAndMaterial(),)
