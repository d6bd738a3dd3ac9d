"""invoicedetail: a line of an invoice; a project invoice has one for each contract line."""

from __future__ import annotations

from decimal import Decimal

from msgspec import field

from connector.model.table import Record, Table


class InvoiceLineRecord(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="invoicedetailid")
    invoice: str | None = field(name="_invoiceid_value", default=None)
    name: str | None = field(name="invoicedetailname", default=None)
    contract_line: str | None = field(name="_salesorderdetailid_value", default=None)
    billing_method: int | None = field(name="msdyn_billingmethod", default=None)
    product_type: int | None = field(name="producttypecode", default=None)
    chargeable_amount: Decimal | None = field(name="msdyn_chargeableamount", default=None)
    complimentary_amount: Decimal | None = field(name="msdyn_complimentaryamount", default=None)
    non_chargeable_amount: Decimal | None = field(name="msdyn_nonchargeableamount", default=None)
    base_amount: Decimal | None = field(name="baseamount", default=None)
    tax: Decimal | None = field(name="tax", default=None)
    extended_amount: Decimal | None = field(name="extendedamount", default=None)


INVOICE_LINE = Table(
    InvoiceLineRecord,
    logical_name="invoicedetail",
    entity_set="invoicedetails",
    key="invoicedetailid",
)
