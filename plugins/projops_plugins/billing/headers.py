"""What the header of a split or progress milestone has to say (rule G7)."""

from __future__ import annotations

from collections.abc import Sequence

from connector.model.milestone import InvoiceStatus, Milestone
from connector.model.money import ZERO
from connector.model.progress import INVOICED, NextInvoice, next_invoice_of
from connector.model.reason import Reason
from connector.workflow import ContractSnapshot
from projops_plugins.billing.milestones import title_of
from projops_plugins.skips import Told, digits_of, money_in_words


def told_of_header(header: Milestone, parts: Sequence[Milestone], contract: ContractSnapshot) -> Told | None:
    """Why a header bills nothing next; None where its parts say all there is.

    Once a part is ready, or all are invoiced, there is nothing to add. Source:
    articles/proforma-invoicing/billing-hub.md, "Create invoices with progress-based milestones".
    """
    if any(part.invoice_status == InvoiceStatus.READY_FOR_INVOICING for part in parts):
        return None
    if not parts and header.invoice_status in INVOICED:
        return None
    has_next = header.next_invoice_percent is not None or header.next_invoice_amount is not None
    if not has_next:
        return None if parts else _without_parts(header)
    if parts and header.next_invoice_status in INVOICED:
        return None  # what was entered there is billed; the remaining part says what comes next
    next_invoice = _next(header, parts, contract)
    if next_invoice is None:
        return _impossible(header, parts, contract)
    currency = header.currency or contract.contract.currency
    amount = money_in_words(next_invoice.amount, currency, contract)
    rest = money_in_words(next_invoice.remaining, currency, contract)
    if header.next_invoice_status == InvoiceStatus.READY_FOR_INVOICING:
        if any(part.invoice_status in INVOICED for part in parts):
            found = (
                f"The next invoice of {amount} on {title_of(header, 'the')} is marked ready, and no part of "
                f"it is: it is invoiced already, or not yet split into that and the remaining {rest}"
            )
            way_out = "refresh its grid if it has not been invoiced: the split is made there"
            return Told(Reason.MILESTONE_NOT_READY, "G7", found, way_out)
        found = (
            f"{title_of(header)} is to bill {amount} next, and is not yet split into that and the "
            f"remaining {rest}"
        )
        return Told(Reason.MILESTONE_NOT_READY, "G7", found, "refresh its grid: the split is made there")
    found = f"{title_of(header)} is to bill {amount} next, with {rest} remaining, and is not marked ready"
    return Told(Reason.MILESTONE_NOT_READY, "G7", found, "set its next invoice to Ready for invoicing")


def _next(header: Milestone, parts: Sequence[Milestone], contract: ContractSnapshot) -> NextInvoice | None:
    digits = digits_of(contract, header.currency or contract.contract.currency)
    return None if digits is None else next_invoice_of(header, parts, digits)


def _without_parts(header: Milestone) -> Told:
    found = f"{title_of(header)} is a header without parts, and no next invoice is entered on it"
    return Told(Reason.MILESTONE_NOT_READY, "G7", found, "enter its next invoice % and mark it ready")


def _impossible(header: Milestone, parts: Sequence[Milestone], contract: ContractSnapshot) -> Told | None:
    if parts and all(part.invoice_status in INVOICED for part in parts):
        return None
    if header.next_invoice_amount is not None:
        currency = header.currency or contract.contract.currency
        asked = money_in_words(header.next_invoice_amount, currency, contract)
    else:
        asked = f"{(header.next_invoice_percent or ZERO).normalize():f} %"
    found = f"{title_of(header)} is to bill {asked} next, which is nothing, or more than is left of it"
    return Told(Reason.BLOCKED, "G7", found, "correct its next invoice % or amount")
