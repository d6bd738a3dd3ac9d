"""From contracts to plans: pure, one contract at a time, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from connector.model.reason import Reason
from connector.runner.outcome import ContractOutcome, Failure, InvoiceOutcome
from connector.workflow import (
    ContractSnapshot,
    CreateInvoice,
    Judgement,
    MarkScheduleRow,
    Run,
    Skip,
    Workflow,
)


@dataclass(frozen=True, slots=True)
class ContractPlan:
    """What a workflow plug-in decided about one contract.

    `judgements` are there only where the run explains itself.
    """

    snapshot: ContractSnapshot
    invoices: tuple[CreateInvoice, ...] = ()
    marks: tuple[MarkScheduleRow, ...] = ()
    skips: tuple[Skip, ...] = ()
    failures: tuple[Failure, ...] = ()
    judgements: tuple[Judgement, ...] = ()


@dataclass(frozen=True, slots=True)
class DateCall:
    """What belongs together when the platform is asked: one contract, one run date, its rows."""

    run_date: date
    rows: tuple[str, ...]
    invoices: tuple[CreateInvoice, ...]


def plan_contracts(
    snapshots: Iterable[ContractSnapshot], workflow: Workflow, run: Run
) -> Iterator[ContractPlan]:
    """One plan for each contract, in their order; nothing is kept."""
    for snapshot in snapshots:
        yield plan_contract(snapshot, workflow, run)


def plan_contract(snapshot: ContractSnapshot, workflow: Workflow, run: Run) -> ContractPlan:
    """A plug-in that breaks on a contract fails that contract and no other."""
    try:
        decisions = list(workflow.decide(snapshot, run))
    except Exception as error:  # noqa: BLE001 - plug-ins are anybody's, and the run goes on
        message = f"The plug-in {workflow.name} broke on this contract: {type(error).__name__}: {error}."
        return ContractPlan(snapshot, failures=(failure(snapshot, Reason.BLOCKED, message),))
    return ContractPlan(
        snapshot,
        invoices=tuple(one for one in decisions if isinstance(one, CreateInvoice)),
        marks=tuple(one for one in decisions if isinstance(one, MarkScheduleRow)),
        skips=tuple(one for one in decisions if isinstance(one, Skip)),
        judgements=tuple(one for one in decisions if isinstance(one, Judgement)),
    )


def failure(
    snapshot: ContractSnapshot, reason: Reason, message: str, run_date: date | None = None
) -> Failure:
    return Failure(snapshot.contract.id, snapshot.contract.name or "", reason, message, run_date)


def previewed(plan: ContractPlan) -> ContractOutcome:
    """The outcome when nothing is created."""
    return outcome_of(plan, tuple(InvoiceOutcome(invoice) for invoice in plan.invoices), ())


def outcome_of(
    plan: ContractPlan,
    invoices: tuple[InvoiceOutcome, ...],
    failures: tuple[Failure, ...],
    skips: tuple[Skip, ...] = (),
) -> ContractOutcome:
    """A plan with what came of it; `skips` are added to the plan's own."""
    return ContractOutcome(
        contract=plan.snapshot.contract.id,
        contract_name=plan.snapshot.contract.name or "",
        invoices=invoices,
        skips=(*plan.skips, *skips),
        failures=(*plan.failures, *failures),
        digits=_digits(plan.snapshot),
        customer_names=plan.snapshot.customer_names,
    )


def _digits(snapshot: ContractSnapshot) -> Mapping[str, int]:
    return {
        currency.iso_code: currency.precision
        for currency in snapshot.currencies.values()
        if currency.iso_code and currency.precision is not None
    }


def by_rows(invoice: CreateInvoice) -> CreateInvoice | None:
    """The part of an invoice that the platform's action can create, which takes schedule rows only.

    Lines that are to stand there empty stay; None where no source of it has a row.
    """
    lines = []
    for line in invoice.lines:
        details = tuple(detail for detail in line.details if detail.is_by_row)
        if details or not line.details:
            lines.append(replace(line, details=details))
    if not any(line.details for line in lines):
        return None
    return replace(invoice, lines=tuple(lines))


def calls_of(plan: ContractPlan, run: Run) -> tuple[DateCall, ...]:
    """One call for each run date with rows, oldest first; rows with nothing to bill are among them."""
    rows: dict[date, list[str]] = {}
    invoices: dict[date, list[CreateInvoice]] = {}
    for invoice in plan.invoices:
        if (part := by_rows(invoice)) is not None:
            rows.setdefault(part.invoice_run_date, []).extend(part.schedule_rows)
            invoices.setdefault(part.invoice_run_date, []).append(part)
    dates = _run_dates(plan.snapshot, run)
    for mark in plan.marks:
        if run_date := dates.get(mark.schedule_row):
            rows.setdefault(run_date, []).append(mark.schedule_row)
    return tuple(
        DateCall(run_date, tuple(dict.fromkeys(rows[run_date])), tuple(invoices.get(run_date, ())))
        for run_date in sorted(rows)
    )


def _run_dates(snapshot: ContractSnapshot, run: Run) -> Mapping[str, date]:
    return {
        row.id: run.day_of(row.invoice_run_date)
        for line in snapshot.lines
        for row in line.schedule
        if row.invoice_run_date is not None
    }
