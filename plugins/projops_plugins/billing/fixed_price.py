"""Fixed price: milestones that are completed and marked ready (rules L6, T6 and G2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from connector.hooks import hookimpl
from connector.model.contract_line import BillingMethodChoice, ContractLine
from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.model.milestone import InvoiceStatus, Milestone
from connector.model.money import ZERO
from connector.model.reason import Reason
from connector.workflow import Bill, BillingMethod, Charge, ContractSnapshot, LineSnapshot, Run, Skip
from projops_plugins.billing.customers import NoShares, share_of, shares_of, split
from projops_plugins.billing.milestones import detail_of, milestone_day, rows_by_milestone, title_of
from projops_plugins.billing.schedule_rows import is_active, row_skip, schedule_of
from projops_plugins.billing.time_and_material import is_project_line
from projops_plugins.skips import Waiting, digits_of, later, skip, with_amount

INVOICED = (InvoiceStatus.CUSTOMER_INVOICE_CREATED, InvoiceStatus.CUSTOMER_INVOICE_POSTED)


@dataclass(frozen=True, slots=True)
class FixedPrice:
    name: str = "fixed_price"

    def claims(self, line: ContractLine) -> bool:
        return is_project_line(line, BillingMethodChoice.FIXED_PRICE)

    def bill(self, line: LineSnapshot, contract: ContractSnapshot, run: Run) -> Bill:
        milestones = sorted(
            (milestone for milestone in line.milestones if is_active(milestone.state)),
            key=lambda milestone: milestone.id,
        )
        if not milestones:
            return Bill(skips=_without_milestones(line, contract, run))
        rows, spare = rows_by_milestone(milestones, line, run)
        billing = _Billing(line, contract, run)
        for milestone in milestones:
            billing.judge(milestone, rows.get(milestone.id, []))
        schedule = schedule_of(spare, line.line, contract, run)
        for due in schedule.due:
            billing.settle(due.run_date, due.rows)
        billing.skips.extend((*schedule.skips, *(held.skip for held in schedule.held)))
        billing.say_ended(milestones)
        return Bill(
            charges=tuple(billing.charges),
            skips=tuple(billing.skips),
            due={run_date: tuple(ids) for run_date, ids in sorted(billing.due.items())},
        )


def _without_milestones(line: LineSnapshot, contract: ContractSnapshot, run: Run) -> tuple[Skip, ...]:
    """Rule L2: rows alone do not invoice a fixed-price line."""
    if run.only_rows is not None and not any(row.id in run.only_rows for row in line.schedule):
        return ()
    message = "This fixed-price line has no milestones, so the job never invoices it: create them."
    return (skip(contract, line.line, Reason.NO_SCHEDULE, message),)


@dataclass(slots=True)
class _Billing:
    """One line on its way to a Bill."""

    line: LineSnapshot
    contract: ContractSnapshot
    run: Run
    charges: list[Charge] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    due: dict[date, list[str]] = field(default_factory=dict)

    def settle(self, run_date: date, rows: Iterable[str]) -> None:
        ids = self.due.setdefault(run_date, [])
        ids.extend(row for row in rows if row not in ids)

    def judge(self, milestone: Milestone, rows: Sequence[InvoiceSchedule]) -> None:
        """Bills a milestone, or says why not. Its date having come makes it due, by a row or not (L6)."""
        if self.run.only_rows is not None:
            rows = [row for row in rows if row.id in self.run.only_rows]
            if not rows:
                return
        standing = [row for row in rows if self._is_standing(row)]
        run_date = self._run_date(milestone, standing)
        if milestone.invoice_status in INVOICED or milestone.id in self.contract.invoiced:
            self._judge_invoiced(milestone, standing, run_date)
        elif run_date is None:
            message = f"{title_of(milestone)} has no date and no schedule row with one: enter its date."
            self._skip(milestone, Reason.BLOCKED, message)
        elif run_date > self.run.day and self.run.only_rows is None:
            self._judge_coming(milestone, run_date)
        elif hindering := self._hindering(rows, standing):
            for row, reason in hindering:
                self._say(milestone, row_skip(row, reason, self.line.line, self.contract, self.run))
        else:
            self._judge_due(milestone, standing, run_date)

    def say_ended(self, milestones: Sequence[Milestone]) -> None:
        is_silent = not (self.charges or self.skips or self.due)
        is_whole = self.run.only_rows is None
        if is_silent and is_whole and all(one.invoice_status in INVOICED for one in milestones):
            message = "All milestones of this line are invoiced: add one if work goes on."
            self.skips.append(skip(self.contract, self.line.line, Reason.SCHEDULE_ENDED, message))

    def _is_standing(self, row: InvoiceSchedule) -> bool:
        if row.run_status == RunStatus.RUN_FAILED:
            return self.run.rules.retry_failed
        return row.run_status == RunStatus.NOT_RUN

    def _hindering(
        self, rows: Sequence[InvoiceSchedule], standing: Sequence[InvoiceSchedule]
    ) -> list[tuple[InvoiceSchedule, Reason]]:
        """Rows that keep their milestone from being billed: failed or odd ones, when none else stands.

        Rows that ran while the milestone was not ready do not: it is due without them.
        """
        if standing:
            return []
        found = [(row, _reason(row.run_status)) for row in rows]
        if self.run.only_rows is not None:
            return found
        return [(row, reason) for row, reason in found if reason is not Reason.ALREADY_RUN]

    def _run_date(self, milestone: Milestone, standing: Sequence[InvoiceSchedule]) -> date | None:
        dates = [self.run.day_of(row.invoice_run_date) for row in standing if row.invoice_run_date]
        return min(dates) if dates else milestone_day(milestone, self.run)

    def _judge_invoiced(
        self, milestone: Milestone, standing: Sequence[InvoiceSchedule], run_date: date | None
    ) -> None:
        """Rule G8. A row that still waits for it has nothing to bill."""
        if run_date is None:
            return
        has_come = run_date <= self.run.day or self.run.only_rows is not None
        if has_come and standing:
            self.settle(run_date, (row.id for row in standing))
        is_news = run_date == self.run.day or milestone.invoice_status not in INVOICED
        if is_news or (self.run.only_rows is not None):
            invoice = self.contract.invoiced.get(milestone.id)
            on_which = f"the invoice {invoice}" if invoice else "an invoice"
            message = f"{title_of(milestone)} stands on {on_which} already: nothing is invoiced twice."
            self._skip(milestone, Reason.ALREADY_ON_INVOICE, message)

    def _judge_coming(self, milestone: Milestone, run_date: date) -> None:
        ready = milestone.invoice_status == InvoiceStatus.READY_FOR_INVOICING
        more = "" if ready else "; it is not yet marked Ready for invoicing"
        message = f"{title_of(milestone)} is due on {run_date}{more}."
        self._skip(milestone, Reason.NOT_YET_DUE, message, until=run_date)

    def _judge_due(self, milestone: Milestone, standing: Sequence[InvoiceSchedule], run_date: date) -> None:
        match milestone.invoice_status:
            case InvoiceStatus.READY_FOR_INVOICING:
                self._charge(milestone, standing, run_date)
            case InvoiceStatus.NOT_READY_FOR_INVOICING:
                message = (
                    f"{title_of(milestone)} of {run_date} is not marked Ready for invoicing: "
                    "mark it when it is completed."
                )
                self._skip(milestone, Reason.MILESTONE_NOT_READY, message)
            case status:
                message = (
                    f"{title_of(milestone)} ({milestone.id}) has the invoice status {status}, "
                    "which is none that we know: set it to Ready for invoicing if it is to be invoiced."
                )
                self._skip(milestone, Reason.BLOCKED, message)

    def _charge(self, milestone: Milestone, standing: Sequence[InvoiceSchedule], run_date: date) -> None:
        currency = milestone.currency or self.contract.contract.currency
        if milestone.amount is None or currency is None:
            lacking = "amount" if milestone.amount is None else "currency"
            message = f"{title_of(milestone)} ({milestone.id}) has no {lacking}: enter it."
            self._skip(milestone, Reason.BLOCKED, message)
            return
        if milestone.customer is not None:
            shares = share_of(milestone.customer, self.line, self.contract)
        else:
            shares = shares_of(self.line, self.contract)
        if isinstance(shares, NoShares):
            self._skip(milestone, shares.reason, f"{title_of(milestone)}: {shares.message}")
            return
        rows = tuple(row.id for row in standing if self._has_come(row))
        if rows:
            self.settle(run_date, rows)
        digits = digits_of(self.contract, currency)
        amounts = split(milestone.amount, shares, digits)
        taxes = split(milestone.tax or ZERO, shares, digits)
        for share, amount, tax in zip(shares, amounts, taxes, strict=True):
            self.charges.append(
                Charge(
                    contract_line=self.line.line.id,
                    invoice_run_date=run_date,
                    customer=share.customer,
                    currency=currency,
                    detail=detail_of(milestone, amount, tax, self.run),
                    schedule_rows=rows,
                )
            )

    def _has_come(self, row: InvoiceSchedule) -> bool:
        if self.run.only_rows is not None or row.invoice_run_date is None:
            return True
        return self.run.day_of(row.invoice_run_date) <= self.run.day

    def _skip(self, milestone: Milestone, reason: Reason, message: str, *, until: date | None = None) -> None:
        self._say(milestone, later(skip(self.contract, self.line.line, reason, message), until))

    def _say(self, milestone: Milestone, given: Skip) -> None:
        if milestone.amount is not None:
            currency = milestone.currency or self.contract.contract.currency
            given = with_amount(given, self.contract, Waiting(1, milestone.amount, currency))
        self.skips.append(given)


def _reason(run_status: int | None) -> Reason:
    match run_status:
        case RunStatus.RUN_FAILED:
            return Reason.RUN_FAILED_BEFORE
        case RunStatus.RUN_SUCCESSFUL:
            return Reason.ALREADY_RUN
        case _:
            return Reason.BLOCKED


@hookimpl
def projops_billing_methods() -> Iterable[BillingMethod]:
    return (FixedPrice(),)
