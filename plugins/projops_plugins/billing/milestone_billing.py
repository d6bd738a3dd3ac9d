"""How the milestones of one line are billed, whatever its schedule type (rules L6, T6, G2, G7 and G8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.model.milestone import InvoiceStatus, Milestone
from connector.model.money import ZERO
from connector.model.progress import INVOICED, Share, has_next_invoice, headers_of, split
from connector.model.reason import Reason
from connector.workflow import MILESTONE, Bill, Charge, ContractSnapshot, Judgement, LineSnapshot, Run, Skip
from projops_plugins.billing.customers import share_of, shares_of
from projops_plugins.billing.headers import told_of_header
from projops_plugins.billing.milestones import detail_of, milestone_day, rows_by_milestone, title_of
from projops_plugins.billing.schedule_rows import is_active, row_skip, schedule_of
from projops_plugins.skips import (
    Source,
    Told,
    Waiting,
    currency_code,
    digits_of,
    judged,
    skip,
    told_by,
    with_amount,
)

BY_ITS_PARTS = Told(Reason.MILESTONE_NOT_READY, "G7", "It is a header: its parts are billed in its place")


def bill_milestones(
    line: LineSnapshot, contract: ContractSnapshot, run: Run, *, is_by_progress: bool = False
) -> Bill:
    """Each milestone of the line billed or told why not; a header is never billed itself (rule G7)."""
    milestones = sorted(
        (milestone for milestone in line.milestones if is_active(milestone.state)),
        key=lambda milestone: milestone.id,
    )
    if not milestones:
        return Bill(skips=_without_milestones(line, contract, run))
    headers = headers_of(milestones, is_by_progress=is_by_progress)
    rows, spare = rows_by_milestone(milestones, line, run)
    by_progress = {one.id for one in milestones if is_by_progress or has_next_invoice(one)}
    billing = _Billing(line, contract, run, frozenset(headers & by_progress))
    for milestone in milestones:
        if milestone.id in headers:
            parts = [part for part in milestones if part.header == milestone.id]
            billing.judge_header(milestone, parts)
        else:
            billing.judge(milestone, _rows_of(milestone, rows))
    schedule = schedule_of(spare, line.line, contract, run)
    for due in schedule.due:
        billing.settle(due.run_date, due.rows)
    billing.skips.extend((*schedule.skips, *(held.skip for held in schedule.held)))
    billing.say_ended([one for one in milestones if one.id not in headers])
    return Bill(
        charges=tuple(billing.charges),
        skips=tuple(billing.skips),
        due={run_date: tuple(ids) for run_date, ids in sorted(billing.due.items())},
        judgements=tuple(billing.judgements),
    )


def _rows_of(milestone: Milestone, rows: Mapping[str, list[InvoiceSchedule]]) -> Sequence[InvoiceSchedule]:
    """A milestone's own rows, else those of its header: a row made before the split stands for the parts."""
    return rows.get(milestone.id) or rows.get(milestone.header or "", [])


def _without_milestones(line: LineSnapshot, contract: ContractSnapshot, run: Run) -> tuple[Skip, ...]:
    """Rule L2: rows alone do not invoice a fixed-price line."""
    if run.only_rows is not None and not any(row.id in run.only_rows for row in line.schedule):
        return ()
    found = "This fixed-price line has no milestones, so the job never invoices it"
    return (skip(contract, line.line, Told(Reason.NO_SCHEDULE, "L2", found, "create them")),)


@dataclass(slots=True)
class _Billing:
    """One line on its way to a Bill."""

    line: LineSnapshot
    contract: ContractSnapshot
    run: Run
    progress_headers: frozenset[str] = frozenset()
    charges: list[Charge] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    due: dict[date, list[str]] = field(default_factory=dict)
    judgements: list[Judgement] = field(default_factory=list)

    def settle(self, run_date: date, rows: Iterable[str]) -> None:
        ids = self.due.setdefault(run_date, [])
        ids.extend(row for row in rows if row not in ids)

    def judge_header(self, header: Milestone, parts: Sequence[Milestone]) -> None:
        """Rule G7: what is invoiced are its parts; what it is to bill next is told while it is no part."""
        if self.run.only_rows is not None:
            return
        told = told_of_header(header, parts, self.contract)
        self._remember(header, told or BY_ITS_PARTS)
        if told is not None:  # without an amount: the parts have the same money
            self.skips.append(skip(self.contract, self.line.line, told))

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
            found = f"{title_of(milestone)} has no date and no schedule row with one"
            self._skip(milestone, Told(Reason.BLOCKED, "L6", found, "enter its date"))
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
            found = "All milestones of this line are invoiced"
            told = Told(Reason.SCHEDULE_ENDED, "L2", found, "add one if work goes on")
            self.skips.append(skip(self.contract, self.line.line, told))

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
        invoice = self.contract.invoiced.get(milestone.id)
        on_which = f"the invoice {invoice}" if invoice else "an invoice"
        found = f"{title_of(milestone)} stands on {on_which} already"
        told = Told(Reason.ALREADY_ON_INVOICE, "G8", found, "nothing is invoiced twice")
        if run_date is None:
            self._remember(milestone, told, invoice)
            return
        has_come = run_date <= self.run.day or self.run.only_rows is not None
        if has_come and standing:
            self.settle(run_date, (row.id for row in standing))
        is_news = run_date == self.run.day or milestone.invoice_status not in INVOICED
        if is_news or (self.run.only_rows is not None):
            self._skip(milestone, told, invoice)
        else:
            self._remember(milestone, told, invoice)

    def _judge_coming(self, milestone: Milestone, run_date: date) -> None:
        ready = milestone.invoice_status == InvoiceStatus.READY_FOR_INVOICING
        more = "" if ready else "; it is not yet marked Ready for invoicing"
        found = f"{title_of(milestone)} is due on {run_date}{more}"
        self._skip(milestone, Told(Reason.NOT_YET_DUE, "L6", found, until=run_date))

    def _judge_due(self, milestone: Milestone, standing: Sequence[InvoiceSchedule], run_date: date) -> None:
        match milestone.invoice_status:
            case InvoiceStatus.READY_FOR_INVOICING:
                self._charge(milestone, standing, run_date)
            case InvoiceStatus.NOT_READY_FOR_INVOICING if milestone.header in self.progress_headers:
                found = f"This is what remains of {title_of(milestone, 'the')}"
                way_out = "when more of it is done, enter the next invoice on its header and mark that ready"
                self._skip(milestone, Told(Reason.MILESTONE_NOT_READY, "G7", found, way_out))
            case InvoiceStatus.NOT_READY_FOR_INVOICING:
                found = f"{title_of(milestone)} of {run_date} is not marked Ready for invoicing"
                way_out = "mark it when it is completed"
                self._skip(milestone, Told(Reason.MILESTONE_NOT_READY, "L6", found, way_out))
            case status:
                has = "no invoice status" if status is None else f"the invoice status {status}"
                known = "" if status is None else ", which is none that we know"
                found = f"{title_of(milestone)} ({milestone.id}) has {has}{known}"
                way_out = "set it to Ready for invoicing if it is to be invoiced"
                self._skip(milestone, Told(Reason.BLOCKED, "L6", found, way_out))

    def _charge(self, milestone: Milestone, standing: Sequence[InvoiceSchedule], run_date: date) -> None:
        currency = milestone.currency or self.contract.contract.currency
        if lacking := self._lacking(milestone, currency):
            found = f"{title_of(milestone)} ({milestone.id}) has no {lacking}"
            self._skip(milestone, Told(Reason.BLOCKED, "", found, "enter it"))
            return
        assert milestone.amount is not None
        assert currency is not None
        digits = digits_of(self.contract, currency)
        shares = self._shares(milestone, digits)
        if isinstance(shares, Told):
            self._skip(milestone, shares)
            return
        rows = tuple(row.id for row in standing if self._has_come(row))
        if rows:
            self.settle(run_date, rows)
        amounts = (milestone.amount,) if digits is None else split(milestone.amount, shares, digits)
        tax = milestone.tax or ZERO
        taxes = (tax,) if digits is None else split(tax, shares, digits)
        for share, amount, its_tax in zip(shares, amounts, taxes, strict=True):
            self.charges.append(
                Charge(
                    contract_line=self.line.line.id,
                    invoice_run_date=run_date,
                    customer=share.customer,
                    currency=currency,
                    detail=detail_of(milestone, amount, its_tax, self.run),
                    schedule_rows=rows,
                )
            )

    def _shares(self, milestone: Milestone, digits: int | None) -> tuple[Share, ...] | Told:
        """Who pays the milestone (rule G2), or why that cannot be told."""
        if milestone.customer is not None:
            shares = share_of(milestone.customer, self.line, self.contract, self.run)
        else:
            shares = shares_of(self.line, self.contract, self.run)
        if isinstance(shares, Told):
            found = f"{title_of(milestone)}: {shares.found}"
            return Told(shares.reason, shares.rule, found, shares.way_out)
        if digits is None and len(shares) > 1:
            found = f"{title_of(milestone)} cannot be split: the currency's record does not tell its decimals"
            return Told(Reason.BLOCKED, "T9", found, "enter its currency precision")
        return shares

    def _lacking(self, milestone: Milestone, currency: str | None) -> str:
        """What a milestone cannot be billed without; its project may be that of its line."""
        if milestone.amount is None:
            return "amount"
        if currency is None:
            return "currency"
        if not self.run.rules.milestones_need_project:
            return ""
        has_project = milestone.project is not None or self.line.line.project is not None
        return "" if has_project else "project, and neither has its contract line"

    def _has_come(self, row: InvoiceSchedule) -> bool:
        if self.run.only_rows is not None or row.invoice_run_date is None:
            return True
        return self.run.day_of(row.invoice_run_date) <= self.run.day

    def _skip(self, milestone: Milestone, told: Told, invoice: str | None = None) -> None:
        self._say(milestone, skip(self.contract, self.line.line, told), invoice)

    def _say(self, milestone: Milestone, given: Skip, invoice: str | None = None) -> None:
        self._remember(milestone, told_by(given), invoice)
        if milestone.amount is not None:
            currency = milestone.currency or self.contract.contract.currency
            given = with_amount(given, self.contract, Waiting(1, milestone.amount, currency))
        self.skips.append(given)

    def _remember(self, milestone: Milestone, told: Told, invoice: str | None = None) -> None:
        if not self.run.is_explaining:
            return
        currency = milestone.currency or self.contract.contract.currency
        source = Source(
            MILESTONE,
            milestone.id,
            milestone.name or milestone.description or "",
            milestone_day(milestone, self.run),
            milestone.amount,
            currency_code(self.contract, currency),
            invoice,
        )
        self.judgements.append(judged(self.line.line, told, source))


def _reason(run_status: int | None) -> Reason:
    match run_status:
        case RunStatus.RUN_FAILED:
            return Reason.RUN_FAILED_BEFORE
        case RunStatus.RUN_SUCCESSFUL:
            return Reason.ALREADY_RUN
        case _:
            return Reason.BLOCKED
