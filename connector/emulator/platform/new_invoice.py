"""The action msdyn_NewInvoiceContract: everything of a contract that is ready now, on an invoice.

Published is its name, that it is bound to salesorder, takes nothing and returns one invoice (2017), and
that Create Invoice on a contract takes every transaction that is Ready to Invoice: time, expense,
material, fee, milestones, product lines. That the action is what the button calls is inferred; so is
that run dates and cut-offs count for nothing here, and that schedule rows stay Not Run. With several
customers there are several invoices, and the first is returned; with nothing ready it refuses.
Source, below articles/: pro/proforma-invoicing/create-manual-proforma-invoice-sales.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from connector.emulator.platform.contracts import read_contract
from connector.emulator.platform.invoice_actions import PROCESS_RUNNER, contract_of
from connector.emulator.platform.invoices import write_decisions
from connector.emulator.platform.privileges import missing_for_invoicing, require
from connector.emulator.platform.runs import make_run
from connector.emulator.platform.words import INVOICE
from connector.emulator.problems import BUSINESS_ERROR, bad_request
from connector.emulator.registry import Call, RowAnswer
from connector.emulator.store import Transaction
from connector.hooks import Plugins
from connector.model.contract_line import BillingMethodChoice, ContractLine, ProductType
from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.workflow import ContractDecision, ContractSnapshot, CreateInvoice, LineSnapshot, Run

_CARRIER = "projops-new-invoice"
"""A line that nobody sees: product lines ride on a due row, and a contract may have none today."""


class NewInvoiceContract:
    """POST salesorders(id)/Microsoft.Dynamics.CRM.msdyn_NewInvoiceContract: the new draft."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def __call__(self, tx: Transaction, call: Call) -> RowAnswer:
        if call.body:
            name = min(call.body)
            raise bad_request(f"The parameter '{name}' in the request payload is not a valid parameter.")
        contract = contract_of(tx, call)
        require(tx, call.caller, *missing_for_invoicing(tx, call.caller))
        run = make_run(tx, self._plugins, call.caller, takes_missed=False)
        snapshot = read_contract(tx, contract)
        assert snapshot is not None
        decided = self._plugins.workflow(PROCESS_RUNNER).decide(_due_today(snapshot, run), run)
        invoices = write_decisions(tx, snapshot, _invoices_only(decided), call.caller)
        if not invoices:
            raise bad_request("Nothing of this contract is Ready to Invoice.", BUSINESS_ERROR)
        return RowAnswer(INVOICE, invoices[0])


def _due_today(contract: ContractSnapshot, run: Run) -> ContractSnapshot:
    """The contract as if all of it were due today, up to today."""
    carrier = ContractLine(
        id=_CARRIER,
        product_type=ProductType.PROJECT_BASED_SERVICE,
        billing_method=BillingMethodChoice.TIME_AND_MATERIAL,
    )
    lines = [_line_due_today(line, run) for line in contract.lines]
    return replace(contract, lines=(*lines, LineSnapshot(line=carrier, schedule=(_row(_CARRIER, run),))))


def _line_due_today(line: LineSnapshot, run: Run) -> LineSnapshot:
    if line.line.billing_method != BillingMethodChoice.FIXED_PRICE:
        return replace(line, schedule=(_row(line.line.id, run),))
    rows = tuple(_row(line.line.id, run, milestone.id) for milestone in line.milestones)
    return replace(line, schedule=rows)


def _row(line: str, run: Run, milestone: str | None = None) -> InvoiceSchedule:
    return InvoiceSchedule(
        id=f"{_CARRIER}-{milestone or line}",
        contract_line=line,
        milestone=milestone,
        invoice_run_date=run.day,
        transaction_cutoff_date=run.day,
        run_status=RunStatus.NOT_RUN,
        state=0,
    )


def _invoices_only(decisions: Iterable[ContractDecision]) -> Iterator[ContractDecision]:
    """Without what stands for rows that do not exist."""
    for item in decisions:
        if isinstance(item, CreateInvoice):
            lines = tuple(line for line in item.lines if line.contract_line != _CARRIER)
            yield replace(item, lines=lines, schedule_rows=())
