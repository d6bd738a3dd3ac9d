"""salesorderdetail: a line of a project contract, project based (5) or a product (1)."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum

from msgspec import field

from connector.model.column_date import ColumnDate
from connector.model.table import Record, Table


class ProductType(IntEnum):
    PRODUCT = 1
    BUNDLE = 2
    REQUIRED_BUNDLE = 3
    OPTIONAL_BUNDLE = 4
    PROJECT_BASED_SERVICE = 5


class LineType(IntEnum):
    PROJECT_SERVICE = 690970000
    FIELD_SERVICE = 690970001


class BillingMethodChoice(IntEnum):
    """msdyn_billingmethod. The billing methods that do the work are plug-ins: connector.workflow."""

    TIME_AND_MATERIAL = 192350000
    FIXED_PRICE = 192350001


class BillingStatus(IntEnum):
    """msdyn_billingstatus of actuals and of product lines."""

    UNBILLED_SALES_CREATED = 192350000
    CUSTOMER_INVOICE_CREATED = 192350001
    CUSTOMER_INVOICE_POSTED = 192350002
    CANCELED = 192350003
    READY_TO_INVOICE = 192350004
    WORK_ORDER_CLOSED_POSTED = 690970000


class ContractLine(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="salesorderdetailid")
    contract: str | None = field(name="_salesorderid_value", default=None)
    name: str | None = field(name="salesorderdetailname", default=None)
    description: str | None = field(name="productdescription", default=None)
    product_type: int | None = field(name="producttypecode", default=None)
    line_type: int | None = field(name="msdyn_linetype", default=None)
    billing_method: int | None = field(name="msdyn_billingmethod", default=None)
    billing_status: int | None = field(name="msdyn_billingstatus", default=None)
    billing_start_date: ColumnDate | None = field(name="msdyn_billingstartdate", default=None)
    includes_time: bool | None = field(name="msdyn_includetime", default=None)
    includes_expense: bool | None = field(name="msdyn_includeexpense", default=None)
    includes_material: bool | None = field(name="msdyn_includematerial", default=None)
    includes_fee: bool | None = field(name="msdyn_includefee", default=None)
    budget_amount: Decimal | None = field(name="msdyn_budgetamount", default=None)
    base_amount: Decimal | None = field(name="baseamount", default=None)
    extended_amount: Decimal | None = field(name="extendedamount", default=None)
    price_per_unit: Decimal | None = field(name="priceperunit", default=None)
    quantity: Decimal | None = field(name="quantity", default=None)
    tax: Decimal | None = field(name="tax", default=None)
    project: str | None = field(name="_msdyn_project_value", default=None)
    product: str | None = field(name="_productid_value", default=None)
    invoice_frequency: str | None = field(name="_msdyn_invoicefrequency_value", default=None)
    currency: str | None = field(name="_transactioncurrencyid_value", default=None)
    invoice_schedule_type: int | None = field(name="?:invoice_schedule_type", default=None)
    """Role: completed milestones or progress based; no public document gives its column."""

    @property
    def title(self) -> str:
        return self.name or self.description or self.id


CONTRACT_LINE = Table(
    ContractLine,
    logical_name="salesorderdetail",
    entity_set="salesorderdetails",
    key="salesorderdetailid",
    labels={"invoice_schedule_type": "Invoice Schedule Type"},
)
