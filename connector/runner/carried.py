"""A contract as it is once a plan has been carried out (rule G6): pure, so that day can follow day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import msgspec

from connector.model.contract_line import BillingStatus
from connector.model.invoice_schedule import RunStatus
from connector.model.milestone import InvoiceStatus
from connector.model.table import Record
from connector.runner.compare import sources_of
from connector.runner.plan import ContractPlan
from connector.workflow import ContractSnapshot, LineSnapshot

R = TypeVar("R", bound=Record)


def carried(plan: ContractPlan) -> ContractSnapshot:
    """The plan's contract with everything that it took marked as taken, and its rows as run.

    A plan that changes nothing returns the very snapshot that it was made from.
    """
    taken = frozenset(source for invoice in plan.invoices for source in sources_of(invoice))
    rows = {row: RunStatus.RUN_SUCCESSFUL for invoice in plan.invoices for row in invoice.schedule_rows}
    rows.update((mark.schedule_row, mark.run_status) for mark in plan.marks)
    if not taken and not rows:
        return plan.snapshot
    return replace(plan.snapshot, lines=tuple(_line(line, taken, rows) for line in plan.snapshot.lines))


def _line(line: LineSnapshot, taken: frozenset[str], rows: Mapping[str, RunStatus]) -> LineSnapshot:
    created = BillingStatus.CUSTOMER_INVOICE_CREATED
    headers = {one.header for one in line.milestones if one.id in taken and one.header}
    return replace(
        line,
        line=_changed(line.line, "billing_status", created if line.line.id in taken else None),
        schedule=tuple(_changed(row, "run_status", rows.get(row.id)) for row in line.schedule),
        milestones=tuple(
            _changed(
                _changed(item, "invoice_status", _invoiced if item.id in taken else None),
                "next_invoice_status",
                _invoiced if item.id in headers and item.next_invoice_status is not None else None,
            )
            for item in line.milestones
        ),
        actuals=tuple(
            _changed(item, "billing_status", created if item.id in taken else None) for item in line.actuals
        ),
    )


_invoiced = InvoiceStatus.CUSTOMER_INVOICE_CREATED


def _changed(record: R, field: str, status: int | None) -> R:
    return record if status is None else msgspec.structs.replace(record, **{field: status})
