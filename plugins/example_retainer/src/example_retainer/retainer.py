"""A monthly retainer: each run date of the line's schedule bills the line's price, whatever was worked.

The billing method is a choice that this organisation has added to its environment: `RETAINER` is its
value there. Transactions on such a line are covered by the fee and are never billed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connector.hooks import hookimpl
from connector.model.actual import BillingType, TransactionClass
from connector.model.contract_line import ContractLine
from connector.model.invoice_schedule import RunStatus
from connector.model.invoicing_rules import InvoicingRules
from connector.model.reason import Reason
from connector.workflow import (
    SCHEDULE_ROW,
    Bill,
    BillingMethod,
    Charge,
    ContractSnapshot,
    InvoiceDetail,
    LineSnapshot,
    Run,
    Skip,
)

RETAINER = 100000000


@dataclass(frozen=True)
class Retainer:
    name: str = "retainer"

    def claims(self, line: ContractLine, rules: InvoicingRules) -> bool:  # noqa: ARG002 - the contract of billing methods
        return line.billing_method == RETAINER

    def bill(self, line: LineSnapshot, contract: ContractSnapshot, run: Run) -> Bill:
        months = sorted(_open_months(line, run))
        due = [month for month in months if _is_due(month, run)]
        if not due:
            return Bill(skips=(_not_due(line, contract, months, run),))
        price = line.line.price_per_unit
        customer = contract.contract.customer
        currency = line.line.currency or contract.contract.currency
        if price is None or customer is None or currency is None:
            message = "A retainer needs a price per unit, a customer and a currency: enter what is missing."
            return Bill(skips=(_skip(line, contract, Reason.BLOCKED, message),))
        charges = tuple(
            Charge(line.line.id, month.day, customer, currency, _detail(month, price, run), (month.row,))
            for month in due
        )
        return Bill(charges=charges, due={month.day: (month.row,) for month in due})


@dataclass(frozen=True, order=True)
class Month:
    """A schedule row that has not run, on its day in the run's time zone."""

    day: date
    row: str


def _open_months(line: LineSnapshot, run: Run) -> Iterator[Month]:
    for row in line.schedule:
        if row.run_status == RunStatus.NOT_RUN and row.invoice_run_date is not None:
            yield Month(run.day_of(row.invoice_run_date), row.id)


def _is_due(month: Month, run: Run) -> bool:
    """On its day; a date that was missed only in a run that takes those up."""
    if run.only_rows is not None:
        return month.row in run.only_rows
    return month.day == run.day or (month.day < run.day and run.takes_missed)


def _detail(month: Month, price: Decimal, run: Run) -> InvoiceDetail:
    """Its source is the schedule row itself: a month is billed once."""
    return InvoiceDetail(
        source=SCHEDULE_ROW,
        source_id=month.row,
        transaction_class=TransactionClass.FEE,
        billing_type=BillingType.CHARGEABLE,
        amount=price,
        price=price,
        starts_at=run.start_of(month.day),
        description=f"Retainer {month.day:%Y-%m}",
    )


def _not_due(line: LineSnapshot, contract: ContractSnapshot, months: list[Month], run: Run) -> Skip:
    """Why nothing is billed today: a line with a schedule owes its reader a reason."""
    later = [month.day for month in months if month.day > run.day]
    if later:
        message = f"The next retainer is due on {later[0]}."
        return _skip(line, contract, Reason.NOT_YET_DUE, message, later[0])
    if months:
        message = (
            f"The retainer of {months[0].day} was missed; whether the platform takes it up is not known."
        )
        return _skip(line, contract, Reason.PAST_DUE_UNCERTAIN, message)
    message = "No month of the retainer is left: extend the invoice schedule if it goes on."
    return _skip(line, contract, Reason.SCHEDULE_ENDED, message)


def _skip(
    line: LineSnapshot, contract: ContractSnapshot, reason: Reason, message: str, until: date | None = None
) -> Skip:
    return Skip(contract.contract.id, reason, message, line.line.id, line.line.title, until)


@hookimpl
def projops_billing_methods() -> Iterable[BillingMethod]:
    return (Retainer(),)
