"""What the two ways of applying make of a plan, in the words of a case file: pure, without an environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from connector.model.invoice import Invoice
from connector.model.invoice_line import InvoiceLineRecord
from connector.model.invoice_schedule import RunStatus
from connector.model.tables import DECLARED
from connector.runner.apply import failures_of, skips_without_rows
from connector.runner.compare import compared
from connector.runner.outcome import Failure
from connector.runner.plan import ContractPlan, calls_of
from connector.runner.read_drafts import Draft
from connector.runner.records import Recorder
from connector.workflow import Run

ORGANIZATION = "0f0f0f0f-0000-0000-0000-000000000000"


def not_asked_for(plan: ContractPlan) -> list[dict[str, Any]]:
    """What the platform's action cannot be asked for."""
    return [
        {"line": one.contract_line, "reason": str(one.reason), "count": one.count, "amount": str(one.amount)}
        for one in skips_without_rows(plan)
    ]


def failed_by_records(plan: ContractPlan) -> list[dict[str, Any]]:
    """What the records path refuses before it sends anything."""
    too_large = _recorder(plan).too_large(plan)
    return _told([too_large] if too_large else [])


def drafted(plan: ContractPlan) -> Mapping[str, Any]:
    """The columns of the first invoice that the records path would write."""
    return _recorder(plan).operations(plan)[0].values  # type: ignore[union-attr]


def failed_by_action(
    plan: ContractPlan, run: Run, created: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What is told when the platform's action has created these drafts for the first call."""
    [call] = calls_of(plan, run)
    comparison = compared(call.invoices, [_draft(one) for one in created])
    ran = {row.id: row for line in plan.snapshot.lines for row in line.schedule if row.id in call.rows}
    successful = {id: type(row)(id=id, run_status=int(RunStatus.RUN_SUCCESSFUL)) for id, row in ran.items()}
    return _told(failures_of(plan.snapshot, call, comparison, successful))


def _recorder(plan: ContractPlan) -> Recorder:
    return Recorder(DECLARED, ORGANIZATION, {one.customer: "account" for one in plan.invoices})


def _draft(given: Mapping[str, Any]) -> Draft:
    invoice = Invoice(
        id=given["id"],
        customer=given.get("customer", "buyer"),
        currency=given.get("currency", "usd"),
        total_amount=Decimal(given["total"]),
    )
    lines = tuple(InvoiceLineRecord(id=line, contract_line=line) for line in given.get("lines", ()))
    return Draft(invoice, lines, frozenset(given["sources"]))


def _told(failures: Iterable[Failure]) -> list[dict[str, Any]]:
    return [{"reason": str(one.reason), "message": one.message} for one in failures]
