"""Whether a contract is one that the job invoices (rule L1)."""

from __future__ import annotations

from collections.abc import Iterable

from connector.model.contract_line import BillingStatus
from connector.model.invoice_schedule import RunStatus
from connector.model.invoicing_rules import ContractStates, InvoicingRules
from connector.model.milestone import InvoiceStatus
from connector.model.money import total
from connector.model.project_contract import ContractState, ContractStatusReason, OrderType, ProjectContract
from connector.model.reason import Reason
from connector.workflow import ContractSnapshot, LineSnapshot, Skip
from projops_plugins.skips import Told, Waiting, chargeable_amount, skip, with_amount

CLOSED = (ContractStatusReason.LOST, ContractStatusReason.ABANDONED, ContractStatusReason.COMPLETED)
OPEN_MILESTONES = (InvoiceStatus.NOT_READY_FOR_INVOICING, InvoiceStatus.READY_FOR_INVOICING)


def reason_not_open(contract: ProjectContract, rules: InvoicingRules) -> Told | None:
    """Why the job does not look at a contract; None when it does.

    A contract without a state is a draft: that is what a new one is.
    """
    if contract.order_type != OrderType.WORK_BASED:
        return _not_open("This is no project contract: its order type is not Work based")
    reason = contract.contract_status_reason
    if contract.contract_state == ContractState.CLOSED or reason in CLOSED:
        word = ContractStatusReason(reason).name.capitalize() if reason in CLOSED else "Closed"
        return _not_open(f"The contract is closed ({word}), and a closed contract is not invoiced")
    if contract.contract_state == ContractState.ON_HOLD or reason == ContractStatusReason.ON_HOLD:
        return _not_open("The contract is on hold", "it is invoiced again when it is taken off hold")
    if contract.contract_state not in {None, ContractState.DRAFT, ContractState.ACTIVE}:
        return _not_open(f"The contract has the state {contract.contract_state}, which is none that we know")
    if rules.contract_states is ContractStates.CONFIRMED and contract.contract_state != ContractState.ACTIVE:
        found = (
            "The contract is a draft, and this run takes confirmed ones only (contract_states = confirmed)"
        )
        return _not_open(found)
    return None


def _not_open(found: str, way_out: str = "") -> Told:
    return Told(Reason.CONTRACT_NOT_OPEN, "L1", found, way_out)


def not_open_skips(contract: ContractSnapshot, told: Told) -> Iterable[Skip]:
    """One reason for each line that would otherwise be invoiced some day."""
    for line in sorted(contract.lines, key=lambda item: (item.line.title, item.line.id)):
        waiting = _waiting(line, contract)
        if waiting.count or _has_open_rows(line):
            base = skip(contract, line.line, told)
            yield with_amount(base, contract, waiting) if waiting.count else base


def _has_open_rows(line: LineSnapshot) -> bool:
    return any(row.run_status == RunStatus.NOT_RUN for row in line.schedule)


def _waiting(line: LineSnapshot, contract: ContractSnapshot) -> Waiting:
    currency = line.line.currency or contract.contract.currency
    ready = [
        actual
        for actual in line.actuals
        if actual.billing_status == BillingStatus.READY_TO_INVOICE and actual.currency == currency
    ]
    milestones = [item for item in line.milestones if item.invoice_status in OPEN_MILESTONES and item.amount]
    amounts = [*map(chargeable_amount, ready), *(item.amount for item in milestones if item.amount)]
    return Waiting(len(ready) + len(milestones), total(amounts), currency)
