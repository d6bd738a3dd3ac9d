"""Product lines: ready ones ride on the invoice of the contract's due row (rule T8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from connector.hooks import hookimpl
from connector.model.actual import BillingType
from connector.model.contract_line import BillingStatus, ContractLine, LineType, ProductType
from connector.model.invoicing_rules import Products
from connector.model.money import EXACT, ZERO
from connector.model.reason import Reason
from connector.workflow import (
    PRODUCT_LINE,
    Bill,
    BillingMethod,
    Charge,
    ContractSnapshot,
    InvoiceDetail,
    LineSnapshot,
    Run,
    Skip,
)
from projops_plugins.skips import Waiting, skip, with_amount

DONE = (
    BillingStatus.CUSTOMER_INVOICE_CREATED,
    BillingStatus.CUSTOMER_INVOICE_POSTED,
    BillingStatus.CANCELED,
)


@dataclass(frozen=True, slots=True)
class Product:
    name: str = "product"

    def claims(self, line: ContractLine) -> bool:
        return line.product_type == ProductType.PRODUCT and line.line_type != LineType.FIELD_SERVICE

    def bill(self, line: LineSnapshot, contract: ContractSnapshot, run: Run) -> Bill:
        product = line.line
        if product.billing_status in DONE:
            return Bill()
        amount, currency = amount_of(product), product.currency or contract.contract.currency
        refusal = _refusal(product, amount, currency, contract, run)
        if refusal is not None:
            if amount is not None:
                refusal = with_amount(refusal, contract, Waiting(1, amount, currency))
            return Bill(skips=(refusal,))
        assert amount is not None
        assert currency is not None
        assert contract.contract.customer is not None
        charge = Charge(
            contract_line=product.id,
            invoice_run_date=None,
            customer=contract.contract.customer,
            currency=currency,
            detail=_detail(product, amount),
        )
        return Bill(charges=(charge,))


def amount_of(line: ContractLine) -> Decimal | None:
    """Before tax: the extended amount less the tax that it includes, so that discounts count."""
    if line.extended_amount is not None:
        return EXACT.subtract(line.extended_amount, line.tax or ZERO)
    if line.base_amount is not None:
        return line.base_amount
    if line.price_per_unit is not None and line.quantity is not None:
        return EXACT.multiply(line.price_per_unit, line.quantity)
    return None


def _refusal(
    line: ContractLine, amount: Decimal | None, currency: str | None, contract: ContractSnapshot, run: Run
) -> Skip | None:
    if invoice := contract.invoiced.get(line.id):
        message = f"This product line stands on the invoice {invoice} already: nothing is invoiced twice."
        return skip(contract, line, Reason.ALREADY_ON_INVOICE, message)
    if line.billing_status != BillingStatus.READY_TO_INVOICE:
        message = "This product line is not marked Ready to Invoice: mark it in the billing backlog."
        return skip(contract, line, Reason.NOT_READY_TO_INVOICE, message)
    if run.rules.products is Products.NEVER:
        message = "The job takes no product lines (setting products = never): invoice it by hand."
        return skip(contract, line, Reason.NO_SCHEDULE, message)
    if contract.contract.customer is None:
        message = "The contract has no customer, who would pay for this product line: enter one."
        return skip(contract, line, Reason.NO_CUSTOMER, message)
    if amount is None or currency is None:
        lacking = "amount" if amount is None else "currency"
        return skip(contract, line, Reason.BLOCKED, f"This product line has no {lacking}: enter it.")
    return None


def _detail(line: ContractLine, amount: Decimal) -> InvoiceDetail:
    return InvoiceDetail(
        source=PRODUCT_LINE,
        source_id=line.id,
        transaction_class=None,
        billing_type=BillingType.CHARGEABLE,
        amount=amount,
        tax=line.tax or ZERO,
        quantity=line.quantity,
        price=line.price_per_unit,
        description=line.title,
    )


@hookimpl
def projops_billing_methods() -> Iterable[BillingMethod]:
    return (Product(),)
