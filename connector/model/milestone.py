"""msdyn_contractlinescheduleofvalue: a milestone of a fixed-price line."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum

from msgspec import field

from connector.model.column_date import ColumnDate
from connector.model.table import Record, Table


class InvoiceStatus(IntEnum):
    NOT_READY_FOR_INVOICING = 192350000
    READY_FOR_INVOICING = 192350001
    CUSTOMER_INVOICE_CREATED = 192350002
    CUSTOMER_INVOICE_POSTED = 192350003


class Milestone(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="msdyn_contractlinescheduleofvalueid")
    name: str | None = field(name="msdyn_name", default=None)
    description: str | None = field(name="msdyn_description", default=None)
    contract: str | None = field(name="_msdyn_contract_value", default=None)
    contract_line: str | None = field(name="_msdyn_contractlineid_value", default=None)
    project: str | None = field(name="_msdyn_project_value", default=None)
    amount: Decimal | None = field(name="msdyn_amount", default=None)
    tax: Decimal | None = field(name="msdyn_tax", default=None)
    price: Decimal | None = field(name="msdyn_price", default=None)
    milestone_date: ColumnDate | None = field(name="msdyn_invoicedate", default=None)
    """Date-only in user-local time; labelled Milestone Date."""
    zone_independent_date: ColumnDate | None = field(name="msdyn_milestonedate", default=None)
    """The same day without a time zone, where Project Operations has added it."""
    invoice_status: int | None = field(name="msdyn_invoicestatus", default=None)
    transaction_class: int | None = field(name="msdyn_transactionclassification", default=None)
    currency: str | None = field(name="_transactioncurrencyid_value", default=None)
    state: int | None = field(name="statecode", default=None)
    customer: str | None = field(name="?:customer", default=None)
    """Role: the customer of one part of a split milestone."""
    header: str | None = field(name="?:header", default=None)
    """Role: the header that this part of a split or progress milestone belongs to."""
    header_status: int | None = field(name="?:header_status", default=None)
    """Role: a header's own status: Not Started, In Progress, Completed (rule G7)."""
    next_invoice_percent: Decimal | None = field(name="?:next_invoice_percent", default=None)
    """Role: a progress header's share that is to be billed next, of its amount and its tax."""
    next_invoice_amount: Decimal | None = field(name="?:next_invoice_amount", default=None)
    """Role: the same as an amount."""
    next_invoice_status: int | None = field(name="?:next_invoice_status", default=None)
    """Role: the invoice status of what a header bills next; its values are those of `InvoiceStatus`."""


MILESTONE = Table(
    Milestone,
    logical_name="msdyn_contractlinescheduleofvalue",
    entity_set="msdyn_contractlinescheduleofvalues",
    key="msdyn_contractlinescheduleofvalueid",
    labels={
        "customer": "Contract Line Customer",
        "header": "Header Milestone",
        "header_status": "Header Milestone Status",
        "next_invoice_percent": "Next invoice %",
        "next_invoice_amount": "Next invoice amount",
        "next_invoice_status": "Next invoice status",
    },
)
