"""msdyn_actual: an approved transaction. Unbilled sales actuals are what time and material invoices."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import IntEnum

from msgspec import field

from connector.model.column_date import ColumnDate
from connector.model.table import Record, Table


class TransactionType(IntEnum):
    COST = 192350000
    PROJECT_CONTRACT = 192350004
    UNBILLED_SALES = 192350005
    BILLED_SALES = 192350006
    RESOURCING_UNIT_COST = 192350007
    INTER_ORGANIZATIONAL_SALES = 192350008


class TransactionClass(IntEnum):
    TIME = 192350000
    EXPENSE = 192350001
    MATERIAL = 192350002
    MILESTONE = 192350003
    FEE = 192350004
    COMMISSION = 690970000
    ADDITIONAL = 690970001
    TAX = 690970002


class BillingType(IntEnum):
    NON_CHARGEABLE = 192350000
    CHARGEABLE = 192350001
    COMPLIMENTARY = 192350002
    NOT_AVAILABLE = 192350003


class AdjustmentStatus(IntEnum):
    IN_PROCESS = 192350000
    ADJUSTED = 192350001
    UNADJUSTABLE = 192350002


class Actual(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="msdyn_actualid")
    description: str | None = field(name="msdyn_description", default=None)
    transaction_type: int | None = field(name="msdyn_transactiontypecode", default=None)
    transaction_class: int | None = field(name="msdyn_transactionclassification", default=None)
    billing_type: int | None = field(name="msdyn_billingtype", default=None)
    billing_status: int | None = field(name="msdyn_billingstatus", default=None)
    adjustment_status: int | None = field(name="msdyn_adjustmentstatus", default=None)
    amount: Decimal | None = field(name="msdyn_amount", default=None)
    quantity: Decimal | None = field(name="msdyn_quantity", default=None)
    price: Decimal | None = field(name="msdyn_price", default=None)
    document_date: ColumnDate | None = field(name="msdyn_documentdate", default=None)
    """Date-only in user-local time."""
    start_date_time: datetime | None = field(name="msdyn_startdatetime", default=None)
    end_date_time: datetime | None = field(name="msdyn_enddatetime", default=None)
    contract: str | None = field(name="_msdyn_salescontract_value", default=None)
    contract_line: str | None = field(name="_msdyn_salescontractlineid_value", default=None)
    account_customer: str | None = field(name="_msdyn_accountcustomer_value", default=None)
    contact_customer: str | None = field(name="_msdyn_contactcustomer_value", default=None)
    project: str | None = field(name="_msdyn_project_value", default=None)
    task: str | None = field(name="_msdyn_task_value", default=None)
    resource_role: str | None = field(name="_msdyn_resourcecategory_value", default=None)
    invoice: str | None = field(name="_msdyn_invoice_value", default=None)
    currency: str | None = field(name="_transactioncurrencyid_value", default=None)
    transaction_date: ColumnDate | None = field(name="?msdyn_transactiondate", default=None)
    """Role: the day without a time zone that invoice creation compares since 2024."""
    contract_line_customer: str | None = field(name="?:contract_line_customer", default=None)
    """Role: where the column exists, an actual without it is not invoiced (rule T4)."""
    not_to_exceed_status: int | None = field(name="?:not_to_exceed_status", default=None)
    """Role: Committed, Failed, Not Applicable, Not Evaluated; the values are not documented."""
    tax: Decimal | None = field(name="?:tax", default=None)
    """Role: the sales tax of the transaction."""


ACTUAL = Table(
    Actual,
    logical_name="msdyn_actual",
    entity_set="msdyn_actuals",
    key="msdyn_actualid",
    labels={
        "transaction_date": "Transaction Date",
        "contract_line_customer": "Contract Line Customer",
        "not_to_exceed_status": "Not-to-exceed status",
        "tax": "Sales tax amount",
    },
)
