"""What follows when a client deletes a draft invoice: its sources are released (rule G8).

Deleting a draft sets its actuals back to Ready to Invoice, its milestones to Ready for invoicing, its
product lines to Ready to Invoice, takes the transaction connections away, and lets its schedule rows
run again; the last is our reading. A confirmed invoice is not deleted.
"""

from __future__ import annotations

from connector.emulator.platform.live_invoices import sources_of
from connector.emulator.platform.milestone_headers import settle_header_of
from connector.emulator.platform.words import (
    ACTUAL,
    CONNECTION,
    CONTRACT_LINE,
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
from connector.emulator.problems import ODataError
from connector.emulator.registry import Change
from connector.emulator.store import Transaction, Value

BUSINESS_ERROR = "0x80040265"
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


def _delete_parts(tx: Transaction, invoice: str) -> None:
    for table, column in ((INVOICE_LINE_DETAIL, "msdyn_invoice"), (INVOICE_LINE, "invoiceid")):
        key = tx.schema[table].primary_id
        for row in tx.find(table, {column: invoice}):
            tx.delete(table, str(row[key]))
