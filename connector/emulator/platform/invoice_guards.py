"""What clients may do with project invoices: a draft is edited and deleted, a confirmed one is read-only.

Deleting a draft sets its actuals back to Ready to Invoice, its milestones to Ready for invoicing, its
product lines to Ready to Invoice, takes the transaction connections away, and lets its schedule rows
run again; the last is our reading (rule G8). Confirming is a one-way action: afterwards neither the
invoice nor its lines and details change, but for the step from Confirmed to Invoice Paid.
Source, below articles/: pro/proforma-invoicing/create-manual-proforma-invoice-sales.md (the draft, and
what confirming does); that the refusal is a plug-in's is our reading.
"""

from __future__ import annotations

from connector.emulator.platform.live_invoices import sources_of
from connector.emulator.platform.milestone_headers import settle_header_of
from connector.emulator.platform.words import (
    ACTUAL,
    CONNECTION,
    CONTRACT_LINE,
    INVOICE,
    INVOICE_LINE,
    INVOICE_LINE_DETAIL,
    MILESTONE,
    SCHEDULE_ROW,
    WORK_BASED,
    BillingStatus,
    InvoiceStatus,
    MilestoneStatus,
    RunStatus,
)
from connector.emulator.problems import BUSINESS_ERROR, ODataError
from connector.emulator.registry import Change
from connector.emulator.store import Transaction, Value

_READ_ONLY = (InvoiceStatus.CONFIRMED.value, InvoiceStatus.PAID.value)
_STAYS_OPEN = frozenset({"ownerid", "ownerid__table", "statecode", "statuscode"})
"""What the platform itself moves on any row: its owner and its state."""
_RELEASED: dict[str, dict[str, Value]] = {
    ACTUAL: {"msdyn_billingstatus": BillingStatus.READY_TO_INVOICE.value, "msdyn_invoice": None},
    MILESTONE: {"msdyn_invoicestatus": MilestoneStatus.READY.value},
    CONTRACT_LINE: {"msdyn_billingstatus": BillingStatus.READY_TO_INVOICE.value},
    SCHEDULE_ROW: {"msdyn_invoicerunstatus": RunStatus.NOT_RUN.value, "msdyn_invoice": None},
}


def release_deleted_invoice(tx: Transaction, change: Change) -> None:
    """Before a project invoice is deleted."""
    if change.kind != "delete" or change.before is None:
        return
    if change.before["msdyn_ordertype"] != WORK_BASED:
        return
    if change.before["msdyn_projectinvoicestatus"] != InvoiceStatus.DRAFT:
        raise ODataError(400, BUSINESS_ERROR, "Only a draft project invoice can be deleted.")
    for source in sources_of(tx, change.id):
        if tx.get(source.table, source.id) is not None:
            tx.update(source.table, source.id, _RELEASED[source.table], caller=change.caller)
            if source.table == MILESTONE:
                settle_header_of(tx, source.id, change.caller)
        if source.connection is not None:
            tx.delete(CONNECTION, source.connection)
    again: dict[str, Value] = {"msdyn_invoicerunstatus": RunStatus.NOT_RUN.value, "msdyn_invoice": None}
    for row in tx.find(SCHEDULE_ROW, {"msdyn_invoice": change.id}):
        id = str(row["msdyn_contractlineinvoicescheduleid"])
        tx.update(SCHEDULE_ROW, id, again, caller=change.caller)
    _delete_parts(tx, change.id)


def keep_confirmed(tx: Transaction, change: Change) -> None:  # noqa: ARG001 - the shape of a guard
    """Before a project invoice is created or updated."""
    if change.kind != "update" or change.before is None:
        return
    before = change.before["msdyn_projectinvoicestatus"]
    if change.before["msdyn_ordertype"] != WORK_BASED or before not in _READ_ONLY:
        return
    wanted = change.values.get("msdyn_projectinvoicestatus", before)
    is_paying = before == InvoiceStatus.CONFIRMED and wanted == InvoiceStatus.PAID
    changed = {name for name, value in change.values.items() if change.before.get(name) != value}
    if changed - _STAYS_OPEN - ({"msdyn_projectinvoicestatus"} if is_paying else set()):
        raise ODataError(400, BUSINESS_ERROR, "A confirmed project invoice is read-only: correct it instead.")


def keep_confirmed_parts(tx: Transaction, change: Change) -> None:
    """Before a line or a line detail of an invoice is written."""
    column = "invoiceid" if change.table == INVOICE_LINE else "msdyn_invoice"
    for holder in (change.before or {}, change.values):
        invoice = tx.get(INVOICE, str(holder.get(column))) if holder.get(column) else None
        if invoice is None or invoice["msdyn_ordertype"] != WORK_BASED:
            continue
        if invoice["msdyn_projectinvoicestatus"] in _READ_ONLY:
            message = "The lines of a confirmed project invoice are read-only: correct the invoice instead."
            raise ODataError(400, BUSINESS_ERROR, message)


def _delete_parts(tx: Transaction, invoice: str) -> None:
    for table, column in ((INVOICE_LINE_DETAIL, "msdyn_invoice"), (INVOICE_LINE, "invoiceid")):
        key = tx.schema[table].primary_id
        for row in tx.find(table, {column: invoice}):
            tx.delete(table, str(row[key]))
