"""Contracts made up for measuring: five lines, one with milestones, and twenty transactions on each other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from connector.hooks import load_plugins
from connector.model.actual import Actual, BillingType, TransactionClass, TransactionType
from connector.model.contract_line import BillingMethodChoice, BillingStatus, ContractLine, ProductType
from connector.model.currency import Currency
from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.model.invoicing_rules import InvoicingRules
from connector.model.milestone import InvoiceStatus, Milestone
from connector.model.project_contract import ContractState, ContractStatusReason, OrderType, ProjectContract
from connector.workflow import ContractSnapshot, LineSnapshot, Run

DAY = date(2020, 10, 5)
LINES, ACTUALS = 5, 20
ACTUALS_OF_CONTRACT = (LINES - 1) * ACTUALS
CURRENCIES = {"usd": Currency(id="usd", iso_code="USD", precision=2)}


def run() -> Run:
    methods = load_plugins().billing_methods
    return Run(DAY, DAY, ZoneInfo("Europe/Berlin"), InvoicingRules(), methods, takes_missed=True)


def contracts(count: int) -> Iterator[ContractSnapshot]:
    """One at a time: nothing is kept."""
    for number in range(count):
        yield _contract(f"contract-{number}")


def _contract(id: str) -> ContractSnapshot:
    return ContractSnapshot(
        contract=ProjectContract(
            id=id,
            name=id,
            order_type=OrderType.WORK_BASED,
            contract_state=ContractState.ACTIVE,
            contract_status_reason=ContractStatusReason.CONFIRMED,
            customer="buyer",
            currency="usd",
        ),
        lines=(*(_work(f"{id}-{number}") for number in range(LINES - 1)), _build(f"{id}-build")),
        currencies=CURRENCIES,
    )


def _row(line: str, run_date: date, milestone: str | None = None) -> InvoiceSchedule:
    return InvoiceSchedule(
        id=f"{line}-{run_date}",
        contract_line=line,
        invoice_run_date=run_date,
        transaction_cutoff_date=run_date - timedelta(days=1),
        run_status=RunStatus.NOT_RUN,
        milestone=milestone,
    )


def _work(id: str) -> LineSnapshot:
    line = ContractLine(
        id=id,
        name=id,
        product_type=ProductType.PROJECT_BASED_SERVICE,
        billing_method=BillingMethodChoice.TIME_AND_MATERIAL,
    )
    rows = (_row(id, DAY), _row(id, DAY + timedelta(days=14)))
    return LineSnapshot(line, rows, actuals=tuple(_actual(id, number) for number in range(ACTUALS)))


def _actual(line: str, number: int) -> Actual:
    return Actual(
        id=f"{line}-{number}",
        transaction_type=TransactionType.UNBILLED_SALES,
        transaction_class=TransactionClass.TIME,
        billing_type=BillingType.CHARGEABLE,
        billing_status=BillingStatus.READY_TO_INVOICE,
        amount=Decimal("112.50") + number,
        quantity=Decimal(1),
        document_date=DAY - timedelta(days=number % 10 - 2),
        contract_line=line,
        account_customer="buyer",
        currency="usd",
    )


def _build(id: str) -> LineSnapshot:
    line = ContractLine(
        id=id,
        name=id,
        product_type=ProductType.PROJECT_BASED_SERVICE,
        billing_method=BillingMethodChoice.FIXED_PRICE,
        project="project",
    )
    milestone = Milestone(
        id=f"{id}-m",
        amount=Decimal("5000.00"),
        milestone_date=DAY,
        invoice_status=InvoiceStatus.READY_FOR_INVOICING,
        currency="usd",
    )
    return LineSnapshot(line, (_row(id, DAY, milestone.id),), (milestone,))
