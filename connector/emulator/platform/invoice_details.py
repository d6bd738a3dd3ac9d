"""Invoice line details and the transaction connections that tie them to their sources."""

from __future__ import annotations

from datetime import datetime

from connector.emulator.platform.words import (
    ACTUAL,
    BILLED_SALES,
    CONNECTION,
    INVOICE_LINE_DETAIL,
    MILESTONE,
    SCHEDULE_ROW,
)
from connector.emulator.store import Transaction, Value
from connector.workflow import CreateInvoice, InvoiceDetail, InvoiceLine

_COPIED_ACTUAL = (
    "msdyn_accountcustomer",
    "msdyn_accountingdate",
    "msdyn_accountvendor",
    "msdyn_amountmethod",
    "msdyn_basisamount",
    "msdyn_basisprice",
    "msdyn_basisquantity",
    "msdyn_bookableresource",
    "msdyn_contactcustomer",
    "msdyn_contactvendor",
    "msdyn_contractorganizationalunitid",
    "msdyn_customertype",
    "msdyn_description",
    "msdyn_documentdate",
    "msdyn_enddatetime",
    "msdyn_exchangeratedate",
    "msdyn_externaldescription",
    "msdyn_percent",
    "msdyn_pricelist",
    "msdyn_product",
    "msdyn_project",
    "msdyn_resourcecategory",
    "msdyn_resourceorganizationalunitid",
    "msdyn_startdatetime",
    "msdyn_task",
    "msdyn_transactioncategory",
    "msdyn_unit",
    "msdyn_unitschedule",
    "msdyn_vendortype",
)
_COPIED_MILESTONE = ("msdyn_externaldescription", "msdyn_project")
_ROLES = {ACTUAL: "Unbilled Sales", MILESTONE: "Milestone", SCHEDULE_ROW: "Invoice Schedule"}
"""How side 2 of a connection is called. All but the first are the emulator's own: no document has them."""


def write_detail(
    tx: Transaction,
    invoice_id: str,
    line_id: str,
    invoice: CreateInvoice,
    line: InvoiceLine,
    detail: InvoiceDetail,
    caller: str,
) -> str:
    """One invoice line detail with its connection; its id."""
    columns = _COPIED_ACTUAL if detail.source == ACTUAL else None
    source = tx.get(detail.source, detail.source_id, columns=columns) or {}
    copied = _from_actual(source) if detail.source == ACTUAL else _from_milestone(source, detail)
    values: dict[str, Value] = copied | {
        "msdyn_invoice": invoice_id,
        "msdyn_invoicelineid": line_id,
        "msdyn_salescontract": invoice.contract,
        "msdyn_salescontractlineid": line.contract_line,
        "msdyn_transactiontypecode": BILLED_SALES,
        "msdyn_transactionclassification": detail.transaction_class,
        "msdyn_billingtype": int(detail.billing_type),
        "msdyn_quantity": detail.quantity,
        "msdyn_price": detail.price,
        "msdyn_amount": detail.amount,
        "msdyn_invoiceamount": detail.amount,
        "transactioncurrencyid": invoice.currency,
    }
    id = tx.insert(INVOICE_LINE_DETAIL, values, caller=caller)
    _connect(tx, id, detail, caller)
    return id


def _from_actual(source: dict[str, Value]) -> dict[str, Value]:
    return {name: source.get(name) for name in _COPIED_ACTUAL}


def _from_milestone(source: dict[str, Value], detail: InvoiceDetail) -> dict[str, Value]:
    """Rule T6; the milestone's name goes along since defect 2295625."""
    day: datetime | None = detail.starts_at
    return {name: source.get(name) for name in _COPIED_MILESTONE} | {
        "msdyn_description": source.get("msdyn_name") or detail.description,
        "msdyn_documentdate": day,
        "msdyn_startdatetime": day,
        "msdyn_enddatetime": day,
    }


def _connect(tx: Transaction, detail_id: str, detail: InvoiceDetail, caller: str) -> None:
    values: dict[str, Value] = {
        "msdyn_transaction1": detail_id,
        "msdyn_transaction1role": "Billed Sales",
        "msdyn_transaction1type": INVOICE_LINE_DETAIL,
        "msdyn_transaction2": detail.source_id,
        "msdyn_transaction2role": _ROLES.get(detail.source, detail.source),
        "msdyn_transaction2type": detail.source,
    }
    tx.insert(CONNECTION, values, caller=caller)
