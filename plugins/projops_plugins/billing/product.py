"""Product lines: ready ones ride on the invoice of the contract's due row (rule T8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from connector.hooks import hookimpl
from connector.model.actual import BillingType
from connector.model.contract_line import BillingStatus, ContractLine, LineType, ProductType
from connector.model.invoicing_rules import InvoicingRules, Products
from connector.model.money import EXACT, ZERO
from connector.model.reason import Reason
from connector.workflow import (
    PRODUCT_LINE,
    Bill,
    BillingMethod,
    Charge,
    ContractSnapshot,
    InvoiceDetail,
    Judgement,
    LineSnapshot,
    Run,
)
from projops_plugins.billing.transactions import is_inactive, name_of
from projops_plugins.skips import Source, Told, Waiting, currency_code, judged, skip, with_amount

DONE = (
    BillingStatus.CUSTOMER_INVOICE_CREATED,
    BillingStatus.CUSTOMER_INVOICE_POSTED,
    BillingStatus.CANCELED,
)


@dataclass(frozen=True, slots=True)
class Product:
    name: str = "product"

    def claims(self, line: ContractLine, rules: InvoicingRules) -> bool:  # noqa: ARG002 - the contract of billing methods
        return line.product_type == ProductType.PRODUCT and line.line_type != LineType.FIELD_SERVICE

    def bill(self, line: LineSnapshot, contract: ContractSnapshot, run: Run) -> Bill:
        product = line.line
        amount, currency = amount_of(product), product.currency or contract.contract.currency
        if product.billing_status in DONE:
            told = Told(Reason.ALREADY_ON_INVOICE, "G8", "It is invoiced already, or canceled")
            return Bill(judgements=_judged(product, told, contract, run))
        refusal = _refusal(product, amount, currency, contract, run)
        if refusal is not None:
            given = skip(contract, product, refusal)
            if amount is not None:
                given = with_amount(given, contract, Waiting(1, amount, currency))
            return Bill(skips=(given,), judgements=_judged(product, refusal, contract, run))
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
) -> Told | None:
    if invoice := contract.invoiced.get(line.id):
        found = f"This product line stands on the invoice {invoice} already"
        return Told(Reason.ALREADY_ON_INVOICE, "G8", found, "nothing is invoiced twice")
    if line.billing_status != BillingStatus.READY_TO_INVOICE:
        found = "This product line is not marked Ready to Invoice"
        return Told(Reason.NOT_READY_TO_INVOICE, "T8", found, "mark it in the billing backlog")
    if run.rules.products is Products.NEVER:
        found = "The job takes no product lines (setting products = never)"
        return Told(Reason.NO_SCHEDULE, "T8", found, "invoice it by hand")
    if (customer := contract.contract.customer) is None:
        found = "The contract has no customer, who would pay for this product line"
        return Told(Reason.NO_CUSTOMER, "T8", found, "enter one")
    if is_inactive(customer, contract, run):
        found = f"The contract's customer, {name_of(customer, contract)}, is deactivated"
        return Told(Reason.NO_CUSTOMER, "G2", found, "activate it, or enter another one")
    if amount is None or currency is None:
        lacking = "amount" if amount is None else "currency"
        return Told(Reason.BLOCKED, "", f"This product line has no {lacking}", "enter it")
    return None


def _judged(line: ContractLine, told: Told, contract: ContractSnapshot, run: Run) -> tuple[Judgement, ...]:
    if not run.is_explaining:
        return ()
    code = currency_code(contract, line.currency or contract.contract.currency)
    invoice = contract.invoiced.get(line.id)
    source = Source(PRODUCT_LINE, line.id, line.title, None, amount_of(line), code, invoice)
    return (judged(line, told, source),)


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
