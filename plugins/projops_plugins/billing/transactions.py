"""Whether one unbilled sales actual may be invoiced, and why not (rules T1, T2, T4 and G8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from connector.model.actual import Actual, AdjustmentStatus, BillingType, TransactionClass, TransactionType
from connector.model.choice import known
from connector.model.column_date import day_without_zone
from connector.model.contract_line import BillingStatus, ContractLine
from connector.model.invoicing_rules import InactiveCustomers, ReadyRule
from connector.model.reason import Reason
from connector.workflow import CONTRACT_LINE_CUSTOMER_OF_ACTUAL, ContractSnapshot, Run

BILLABLE_TYPES = (BillingType.CHARGEABLE, BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY)
INVOICED = (BillingStatus.CUSTOMER_INVOICE_CREATED, BillingStatus.CUSTOMER_INVOICE_POSTED)
FLAGS: Mapping[TransactionClass, str] = {
    TransactionClass.TIME: "includes_time",
    TransactionClass.EXPENSE: "includes_expense",
    TransactionClass.MATERIAL: "includes_material",
    TransactionClass.FEE: "includes_fee",
}


@dataclass(frozen=True, slots=True)
class Objection:
    """Why an actual is not taken, by which rule; `detail` names the value where the reason does not."""

    reason: Reason
    detail: str = ""
    rule: str = ""
    invoice: str | None = None


def is_unbilled_sales(actual: Actual) -> bool:
    return actual.transaction_type == TransactionType.UNBILLED_SALES


def transaction_day(actual: Actual, run: Run) -> date | None:
    """The day that is compared with the cut-off: the one without a time zone where there is one (L7)."""
    if actual.transaction_date is not None:
        return day_without_zone(actual.transaction_date)
    if actual.document_date is not None:
        return run.day_of(actual.document_date)
    return None


def is_ahead(actual: Actual, run: Run) -> bool:
    """Rule T4: whether it is dated after the day of the run; its start may be later than its day."""
    day = transaction_day(actual, run)
    started = actual.start_date_time
    return (day is not None and day > run.day) or (started is not None and run.day_of(started) > run.day)


def is_ready(actual: Actual, run: Run) -> bool:
    """Rule T2."""
    if actual.billing_status is None:
        return run.rules.ready_rule is ReadyRule.READY_OR_UNSET
    return actual.billing_status == BillingStatus.READY_TO_INVOICE


def customer_of(actual: Actual, contract: ContractSnapshot) -> str | None:
    """Rule G2: actuals carry their customer, being split at approval; else the contract's own."""
    return actual.account_customer or actual.contact_customer or contract.contract.customer


def objection_to(
    actual: Actual, line: ContractLine, contract: ContractSnapshot, run: Run
) -> Objection | None:
    """What keeps an actual off an invoice, whatever the dates; None when nothing does.

    What can never be changed is looked at first, what a person can change last.
    """
    return (
        _invoiced(actual, contract)
        or _class_not_included(actual, line)
        or _adjusted(actual)
        or _not_to_exceed(actual, run)
        or _not_ready(actual, run)
        or _no_customer(actual, contract, run)
        or _incomplete(actual)
    )


def _invoiced(actual: Actual, contract: ContractSnapshot) -> Objection | None:
    """Rule G8."""
    invoice = contract.invoiced.get(actual.id) or actual.invoice
    if invoice:
        return Objection(Reason.ALREADY_ON_INVOICE, f"invoice {invoice}", "G8", invoice)
    if actual.billing_status in INVOICED:
        return Objection(Reason.ALREADY_ON_INVOICE, rule="G8")
    return None


def _class_not_included(actual: Actual, line: ContractLine) -> Objection | None:
    """Rules T1 and T4. A line without the flag includes the class: the columns' default is Yes."""
    kind = known(TransactionClass, actual.transaction_class)
    if kind is None:
        return Objection(Reason.BLOCKED, f"transaction class {actual.transaction_class}")
    flag = FLAGS.get(kind)
    if flag is None or getattr(line, flag) is False:
        rule = "T4" if kind is TransactionClass.TAX else "T1"
        return Objection(Reason.CLASS_NOT_INCLUDED, kind.name.lower(), rule)
    return None


def _adjusted(actual: Actual) -> Objection | None:
    """Rule T4; a canceled transaction is the old half of a correction."""
    if actual.billing_status == BillingStatus.CANCELED:
        return Objection(Reason.ADJUSTED, "canceled", "T4")
    if actual.adjustment_status is None:
        return None
    if status := known(AdjustmentStatus, actual.adjustment_status):
        is_plain = status is AdjustmentStatus.ADJUSTED
        return Objection(Reason.ADJUSTED, "" if is_plain else status.name.lower().replace("_", " "), "T4")
    return Objection(Reason.BLOCKED, f"adjustment status {actual.adjustment_status}")


def _not_to_exceed(actual: Actual, run: Run) -> Objection | None:
    """Rule T4; the value that means Failed is a setting, since no document gives it."""
    failed = run.rules.not_to_exceed_failed
    if failed is not None and actual.not_to_exceed_status == failed:
        return Objection(Reason.NOT_TO_EXCEED_FAILED, rule="T4")
    return None


def _not_ready(actual: Actual, run: Run) -> Objection | None:
    """Rule T2."""
    if is_ready(actual, run):
        return None
    if actual.billing_status is None or known(BillingStatus, actual.billing_status):
        return Objection(Reason.NOT_READY_TO_INVOICE, rule="T2")
    return Objection(Reason.BLOCKED, f"billing status {actual.billing_status}")


def _no_customer(actual: Actual, contract: ContractSnapshot, run: Run) -> Objection | None:
    """Rule T4: where the environment has a contract-line customer on actuals, one must be there (G2)."""
    has_column = CONTRACT_LINE_CUSTOMER_OF_ACTUAL not in contract.unknown
    if has_column and actual.contract_line_customer is None:
        return Objection(Reason.NO_CUSTOMER, "no contract line customer", "T4")
    customer = customer_of(actual, contract)
    if customer is None:
        return Objection(Reason.NO_CUSTOMER, rule="G2")
    if is_inactive(customer, contract, run):
        return Objection(Reason.NO_CUSTOMER, f"{name_of(customer, contract)} is deactivated", "G2")
    return None


def is_inactive(customer: str, contract: ContractSnapshot, run: Run) -> bool:
    """Rule G2: whether a customer is deactivated, and the setting `inactive_customers` minds it."""
    is_minded = run.rules.inactive_customers is InactiveCustomers.SKIPPED
    return is_minded and customer in contract.inactive_customers


def name_of(customer: str, contract: ContractSnapshot) -> str:
    return contract.customer_names.get(customer, customer)


def _incomplete(actual: Actual) -> Objection | None:
    if actual.amount is None:
        return Objection(Reason.BLOCKED, "no amount")
    if actual.billing_type not in BILLABLE_TYPES:
        return Objection(Reason.BLOCKED, f"billing type {actual.billing_type}")
    if actual.currency is None:
        return Objection(Reason.BLOCKED, "no currency")
    return None
