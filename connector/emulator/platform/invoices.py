"""Writing what a plug-in decided about one contract: draft invoices and every status that moves.

What goes where is rules G5, G6 and T9. Undocumented and our choice: that a drafted actual names its
invoice, that the invoice date is the run date, and the form of the invoice number.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time
from decimal import Decimal

from connector.emulator.platform.invoice_details import write_detail
from connector.emulator.platform.milestone_headers import settle_header_of
from connector.emulator.platform.words import (
    ACTUAL,
    CONTRACT,
    CONTRACT_LINE,
    INVOICE,
    INVOICE_LINE,
    MILESTONE,
    SCHEDULE_ROW,
    WORK_BASED,
    BillingStatus,
    InvoiceStatus,
    MilestoneStatus,
    RunStatus,
)
from connector.emulator.problems import BUSINESS_ERROR, ODataError
from connector.emulator.store import Transaction, Value, target_column
from connector.model.actual import BillingType
from connector.model.money import total
from connector.workflow import (
    ContractDecision,
    ContractSnapshot,
    CreateInvoice,
    InvoiceDetail,
    InvoiceLine,
    MarkScheduleRow,
)

PROJECT_BASED = 5
_COPIED_LINE = (
    "producttypecode",
    "productid",
    "uomid",
    "msdyn_project",
    "msdyn_billingmethod",
    "msdyn_linetype",
)


def write_decisions(
    tx: Transaction, contract: ContractSnapshot, decisions: Iterable[ContractDecision], caller: str
) -> list[str]:
    """Carry out all decisions about a contract; the ids of the new invoices.

    Raises ODataError when a source stands on another live invoice already (rule G8).
    """
    invoices = []
    for decision in decisions:
        if isinstance(decision, CreateInvoice):
            invoices.append(_write_invoice(tx, contract, decision, caller))
        elif isinstance(decision, MarkScheduleRow):
            status: dict[str, Value] = {"msdyn_invoicerunstatus": int(decision.run_status)}
            tx.update(SCHEDULE_ROW, decision.schedule_row, status, caller=caller)
    return invoices


def _write_invoice(tx: Transaction, contract: ContractSnapshot, invoice: CreateInvoice, caller: str) -> str:
    _check_sources(contract, invoice)
    id = tx.insert(INVOICE, _header(tx, invoice), caller=caller)
    for number, line in enumerate(invoice.lines, start=1):
        line_id = tx.insert(INVOICE_LINE, _line(tx, id, invoice, line, number), caller=caller)
        for detail in line.details:
            if detail.source != CONTRACT_LINE:
                write_detail(tx, id, line_id, invoice, line, detail, caller)
            _settle_source(tx, id, detail, caller)
    for row in invoice.schedule_rows:
        settled: dict[str, Value] = {
            "msdyn_invoicerunstatus": RunStatus.RUN_SUCCESSFUL.value,
            "msdyn_invoice": id,
        }
        tx.update(SCHEDULE_ROW, row, settled, caller=caller)
    return id


def _check_sources(contract: ContractSnapshot, invoice: CreateInvoice) -> None:
    for line in invoice.lines:
        for detail in line.details:
            if other := contract.invoiced.get(detail.source_id):
                message = f"{detail.source} {detail.source_id} is on invoice {other} already."
                raise ODataError(400, BUSINESS_ERROR, message)


def _header(tx: Transaction, invoice: CreateInvoice) -> dict[str, Value]:
    contract = tx.get(CONTRACT, invoice.contract) or {}
    customer = next((t for t in ("account", "contact") if tx.get(t, invoice.customer)), "account")
    bill_to = tx.get(customer, invoice.customer) or {}
    line_items = total(line.amount for line in invoice.lines)
    return {
        "name": invoice.contract_name,
        "invoicenumber": f"INV-{tx.next_number(INVOICE):05d}",
        "salesorderid": invoice.contract,
        "customerid": invoice.customer,
        target_column("customerid"): customer,
        f"{customer}id": invoice.customer,
        "billto_name": bill_to.get("name") or bill_to.get("fullname"),
        "transactioncurrencyid": invoice.currency,
        "pricelevelid": contract.get("pricelevelid"),
        "opportunityid": contract.get("opportunityid"),
        "msdyn_ordertype": WORK_BASED,
        "msdyn_projectinvoicestatus": InvoiceStatus.DRAFT.value,
        "msdyn_invoicedate": datetime.combine(invoice.invoice_run_date, time(), UTC),
        "totallineitemamount": line_items,
        "totaltax": total(line.tax for line in invoice.lines),
        "totalamount": invoice.total,
        "totalamountlessfreight": line_items,
        "totaldiscountamount": Decimal(0),
    }


def _line(
    tx: Transaction, invoice_id: str, invoice: CreateInvoice, line: InvoiceLine, number: int
) -> dict[str, Value]:
    contract_line = tx.get(CONTRACT_LINE, line.contract_line) or {}
    values: dict[str, Value] = {name: contract_line.get(name) for name in _COPIED_LINE}
    sums = {kind: _sum_of(line, kind) for kind in BillingType}
    is_project = contract_line.get("producttypecode") == PROJECT_BASED
    return values | {
        "invoiceid": invoice_id,
        "salesorderdetailid": line.contract_line,
        "invoicedetailname": line.name,
        "lineitemnumber": number,
        "transactioncurrencyid": invoice.currency,
        "quantity": Decimal(1) if is_project else contract_line.get("quantity"),
        "priceperunit": line.amount if is_project else contract_line.get("priceperunit"),
        "baseamount": line.amount,
        "tax": line.tax,
        "extendedamount": line.extended_amount,
        "msdyn_chargeableamount": sums[BillingType.CHARGEABLE],
        "msdyn_complimentaryamount": sums[BillingType.COMPLIMENTARY],
        "msdyn_nonchargeableamount": sums[BillingType.NON_CHARGEABLE],
        "msdyn_contractlineamount": contract_line.get("extendedamount"),
        "msdyn_invoicedtilldate": _invoiced_till_date(tx, line.contract_line),
    }


def _sum_of(line: InvoiceLine, kind: BillingType) -> Decimal:
    return total(detail.amount for detail in line.details if detail.billing_type is kind)


def _invoiced_till_date(tx: Transaction, contract_line: str) -> Decimal:
    earlier = [row["baseamount"] for row in tx.find(INVOICE_LINE, {"salesorderdetailid": contract_line})]
    return total(amount for amount in earlier if isinstance(amount, Decimal))


def _settle_source(tx: Transaction, invoice_id: str, detail: InvoiceDetail, caller: str) -> None:
    created = BillingStatus.CUSTOMER_INVOICE_CREATED.value
    values: dict[str, dict[str, Value]] = {
        ACTUAL: {"msdyn_billingstatus": created, "msdyn_invoice": invoice_id},
        MILESTONE: {"msdyn_invoicestatus": MilestoneStatus.CUSTOMER_INVOICE_CREATED.value},
        CONTRACT_LINE: {"msdyn_billingstatus": created},
    }
    if detail.source in values:  # a schedule row that is billed itself is settled with its date
        tx.update(detail.source, detail.source_id, values[detail.source], caller=caller)
    if detail.source == MILESTONE:
        settle_header_of(tx, detail.source_id, caller)
