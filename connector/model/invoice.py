"""invoice: a draft proforma invoice is an invoice that is work based and in project status Draft."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import IntEnum

from msgspec import field

from connector.model.column_date import ColumnDate
from connector.model.table import Record, Table


class ProjectInvoiceStatus(IntEnum):
    DRAFT = 192350000
    IN_REVIEW = 192350001
    CONFIRMED = 192350002
    PAID = 192350003


class InvoiceState(IntEnum):
    ACTIVE = 0
    CLOSED = 1
    PAID = 2
    CANCELED = 3


class Invoice(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="invoiceid")
    name: str | None = field(name="name", default=None)
    contract: str | None = field(name="_salesorderid_value", default=None)
    customer: str | None = field(name="_customerid_value", default=None)
    currency: str | None = field(name="_transactioncurrencyid_value", default=None)
    order_type: int | None = field(name="msdyn_ordertype", default=None)
    project_invoice_status: int | None = field(name="msdyn_projectinvoicestatus", default=None)
    state: int | None = field(name="statecode", default=None)
    total_amount: Decimal | None = field(name="totalamount", default=None)
    total_tax: Decimal | None = field(name="totaltax", default=None)
    invoice_date: ColumnDate | None = field(name="msdyn_invoicedate", default=None)
    created_on: datetime | None = field(name="createdon", default=None)


INVOICE = Table(Invoice, logical_name="invoice", entity_set="invoices", key="invoiceid")
