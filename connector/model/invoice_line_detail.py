"""msdyn_invoicelinetransaction: one transaction or milestone on an invoice line."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import field

from connector.model.column_date import ColumnDate
from connector.model.table import Record, Table


class InvoiceLineDetail(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="msdyn_invoicelinetransactionid")
    invoice: str | None = field(name="_msdyn_invoice_value", default=None)
    invoice_line: str | None = field(name="_msdyn_invoicelineid_value", default=None)
    contract: str | None = field(name="_msdyn_salescontract_value", default=None)
    contract_line: str | None = field(name="_msdyn_salescontractlineid_value", default=None)
    description: str | None = field(name="msdyn_description", default=None)
    transaction_type: int | None = field(name="msdyn_transactiontypecode", default=None)
    transaction_class: int | None = field(name="msdyn_transactionclassification", default=None)
    billing_type: int | None = field(name="msdyn_billingtype", default=None)
    amount: Decimal | None = field(name="msdyn_amount", default=None)
    quantity: Decimal | None = field(name="msdyn_quantity", default=None)
    price: Decimal | None = field(name="msdyn_price", default=None)
    document_date: ColumnDate | None = field(name="msdyn_documentdate", default=None)
    start_date_time: datetime | None = field(name="msdyn_startdatetime", default=None)


INVOICE_LINE_DETAIL = Table(
    InvoiceLineDetail,
    logical_name="msdyn_invoicelinetransaction",
    entity_set="msdyn_invoicelinetransactions",
    key="msdyn_invoicelinetransactionid",
)
