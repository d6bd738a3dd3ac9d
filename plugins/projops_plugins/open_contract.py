"""Whether a contract is one that the job invoices (rule L1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from connector.model.contract_line import BillingStatus, ProductType
from connector.model.invoice_schedule import RunStatus
from connector.model.invoicing_rules import ContractStates, InvoicingRules
from connector.model.milestone import InvoiceStatus
from connector.model.money import ZERO, total
from connector.model.project_contract import ContractState, ContractStatusReason, OrderType, ProjectContract
from connector.model.reason import Reason
from connector.workflow import PRODUCT_LINE, ContractSnapshot, Judgement, LineSnapshot, Skip
from projops_plugins.billing.product import amount_of
from projops_plugins.skips import (
    Source,
    Told,
    Waiting,
    chargeable_amount,
    currency_code,
    judged,
    skip,
    sources_judged,
    with_amount,
)

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
        base = skip(contract, line.line, told)
        if waiting := waiting_of_line(line, contract):
            yield from (with_amount(base, contract, one) for one in waiting)
        elif _has_open_rows(line):
            yield base


def not_open_judgements(contract: ContractSnapshot, told: Told) -> Iterator[Judgement]:
    """The same reason for each source, product lines among them."""
    for line in contract.lines:
        yield from sources_judged(line, told, contract)
        if line.line.product_type == ProductType.PRODUCT:
            code = currency_code(contract, line.line.currency or contract.contract.currency)
            amount = amount_of(line.line)
            source = Source(PRODUCT_LINE, line.line.id, line.line.title, None, amount, code)
            yield judged(line.line, told, source)


def _has_open_rows(line: LineSnapshot) -> bool:
    return any(row.run_status == RunStatus.NOT_RUN for row in line.schedule)


def waiting_of_line(line: LineSnapshot, contract: ContractSnapshot) -> list[Waiting]:
    """What the line could bill, for each currency; a header is left out: its parts have the same money."""
    own = line.line.currency or contract.contract.currency
    ready = [one for one in line.actuals if one.billing_status == BillingStatus.READY_TO_INVOICE]
    headers = {one.header for one in line.milestones if one.header}
    found = [(one.currency, chargeable_amount(one)) for one in ready if one.id not in contract.invoiced]
    found += [
        (one.currency or contract.contract.currency, one.amount)
        for one in line.milestones
        if one.invoice_status in OPEN_MILESTONES and one.amount and one.id not in headers
    ]
    if line.line.product_type == ProductType.PRODUCT and _is_ready(line):
        found.append((own, amount_of(line.line) or ZERO))
    return [
        Waiting(len(amounts), total(amounts), currency)
        for currency, amounts in sorted(_by_currency(found).items(), key=lambda pair: pair[0] or "")
    ]


def _by_currency(found: Iterable[tuple[str | None, Decimal]]) -> dict[str | None, list[Decimal]]:
    amounts: dict[str | None, list[Decimal]] = {}
    for currency, amount in found:
        amounts.setdefault(currency, []).append(amount)
    return amounts


def _is_ready(line: LineSnapshot) -> bool:
    return line.line.billing_status == BillingStatus.READY_TO_INVOICE
