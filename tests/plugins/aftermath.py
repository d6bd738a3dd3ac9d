"""What the environment looks like after decisions were carried out (rule G6), as a new snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import msgspec

from connector.model.contract_line import BillingStatus
from connector.model.invoice_schedule import RunStatus
from connector.model.milestone import InvoiceStatus
from connector.workflow import (
    ContractDecision,
    ContractSnapshot,
    CreateInvoice,
    LineSnapshot,
    MarkScheduleRow,
)


def after(contract: ContractSnapshot, decisions: Iterable[ContractDecision]) -> ContractSnapshot:
    taken: set[str] = set()
    rows: dict[str, RunStatus] = {}
    for decision in decisions:
        if isinstance(decision, CreateInvoice):
            rows.update(dict.fromkeys(decision.schedule_rows, RunStatus.RUN_SUCCESSFUL))
            taken.update(detail.source_id for line in decision.lines for detail in line.details)
        elif isinstance(decision, MarkScheduleRow):
            rows[decision.schedule_row] = decision.run_status
    return replace(contract, lines=tuple(_line(line, taken, rows) for line in contract.lines))


def _line(line: LineSnapshot, taken: set[str], rows: dict[str, RunStatus]) -> LineSnapshot:
    created = BillingStatus.CUSTOMER_INVOICE_CREATED
    own = line.line
    return replace(
        line,
        line=msgspec.structs.replace(own, billing_status=created) if own.id in taken else own,
        schedule=tuple(
            msgspec.structs.replace(row, run_status=rows.get(row.id, row.run_status)) for row in line.schedule
        ),
        milestones=tuple(
            msgspec.structs.replace(item, invoice_status=InvoiceStatus.CUSTOMER_INVOICE_CREATED)
            if item.id in taken
            else item
            for item in line.milestones
        ),
        actuals=tuple(
            msgspec.structs.replace(item, billing_status=created) if item.id in taken else item
            for item in line.actuals
        ),
    )
