"""A contract in which nothing is wrong, for the examples beside the checks: one thing is changed at a time.

Today is 5 October 2020, the job's zone UTC.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from connector.model.actual import Actual, BillingType, TransactionClass, TransactionType
from connector.model.contract_customer import CONTRACT_CUSTOMER, ContractCustomer, ContractLineCustomer
from connector.model.contract_line import BillingMethodChoice, BillingStatus, ContractLine, ProductType
from connector.model.currency import Currency
from connector.model.invoice import Invoice, InvoiceState, ProjectInvoiceStatus
from connector.model.invoice_frequency import DaysOfRun, InvoiceFrequency, Period
from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.model.milestone import MILESTONE, InvoiceStatus, Milestone
from connector.model.organizational_unit import OrganizationalUnit
from connector.model.price_list import PriceContext, PriceList
from connector.model.project_contract import ContractState, ContractStatusReason, ProjectContract
from connector.model.table import renamed
from connector.model.tables import DECLARED, Tables
from connector.verification.contract_case import ContractCase, InvoiceCase, LineCase
from connector.verification.evidence import Frequency, NotToExceed, Progress, Waiting

CONTRACT_ID = "00000000-0000-0000-0000-0000000000d1"
WORK_ID = "00000000-0000-0000-0000-0000000000c1"
BUILD_ID = "00000000-0000-0000-0000-0000000000c2"
PORTAL_ID = "00000000-0000-0000-0000-0000000000c3"
HARDWARE_ID = "00000000-0000-0000-0000-0000000000c4"
CUSTOMER = "00000000-0000-0000-0000-000000000091"
USD, EUR = "00000000-0000-0000-0000-000000000081", "00000000-0000-0000-0000-000000000082"
PRICES = "00000000-0000-0000-0000-000000000071"
UNIT = "00000000-0000-0000-0000-000000000061"
CONSULTANT = "00000000-0000-0000-0000-000000000051"
MONTHLY = "00000000-0000-0000-0000-000000000041"
PROJECT = "00000000-0000-0000-0000-000000000031"
DRAFT_ID = "00000000-0000-0000-0000-0000000000a9"
PROGRESS_TYPE = 192350001
NTE_FAILED, NTE_NOT_EVALUATED = 192350001, 192350003

CURRENCIES = {
    USD: Currency(id=USD, iso_code="USD", precision=2),
    EUR: Currency(id=EUR, iso_code="EUR", precision=2),
}
FREQUENCY = Frequency(
    InvoiceFrequency(
        id=MONTHLY,
        name="Monthly",
        period=Period.MONTHLY,
        days_of_run=DaysOfRun.DAY_OF_PERIOD,
        runs_per_month=1,
    ),
    details=1,
)
PRICE_LIST = PriceList(
    id=PRICES,
    name="Contoso USD",
    context=PriceContext.SALES,
    begin_date=date(2020, 1, 1),
    end_date=date(2020, 12, 31),
    currency=USD,
    state=0,
)
UNITS = {UNIT: OrganizationalUnit(id=UNIT, name="Contoso US", currency=USD)}
WAITING = {PROJECT: (Waiting(TransactionClass.TIME, date(2020, 10, 20), 2),)}
"""Handed in, and after the next cut-off."""
NOT_TO_EXCEED = NotToExceed(NTE_FAILED, NTE_NOT_EVALUATED)
PROGRESS = Progress(PROGRESS_TYPE, {1: "Not Started", 2: "In Progress", 3: "Completed"})
ROWS = (
    InvoiceSchedule(
        id="00000000-0000-0000-0000-000000000021",
        contract_line=WORK_ID,
        invoice_run_date=datetime(2020, 9, 14, tzinfo=UTC),
        transaction_cutoff_date=datetime(2020, 9, 13, tzinfo=UTC),
        run_status=RunStatus.RUN_SUCCESSFUL,
        invoice=DRAFT_ID,
        created_on=datetime(2020, 8, 1, tzinfo=UTC),
    ),
    InvoiceSchedule(
        id="00000000-0000-0000-0000-000000000022",
        contract_line=WORK_ID,
        invoice_run_date=datetime(2020, 10, 12, tzinfo=UTC),
        transaction_cutoff_date=datetime(2020, 10, 11, tzinfo=UTC),
        run_status=RunStatus.NOT_RUN,
        created_on=datetime(2020, 8, 1, tzinfo=UTC),
    ),
)


def hours(number: int, day: date, status: int, **others: object) -> Actual:
    values: dict[str, object] = {
        "id": f"00000000-0000-0000-0000-0000000001{number:02}",
        "transaction_type": TransactionType.UNBILLED_SALES,
        "transaction_class": TransactionClass.TIME,
        "billing_type": BillingType.CHARGEABLE,
        "billing_status": status,
        "amount": Decimal(1200),
        "price": Decimal(150),
        "document_date": day,
        "contract": CONTRACT_ID,
        "contract_line": WORK_ID,
        "account_customer": CUSTOMER,
        "project": PROJECT,
        "resource_role": CONSULTANT,
        "currency": USD,
    }
    return Actual(**{**values, **others})  # type: ignore[arg-type]  # values are of many types


INVOICED = hours(1, date(2020, 9, 7), BillingStatus.CUSTOMER_INVOICE_CREATED)
READY = hours(2, date(2020, 10, 2), BillingStatus.READY_TO_INVOICE)
WORK = LineCase(
    ContractLine(
        id=WORK_ID,
        contract=CONTRACT_ID,
        name="Implementation work",
        product_type=ProductType.PROJECT_BASED_SERVICE,
        billing_method=BillingMethodChoice.TIME_AND_MATERIAL,
        billing_start_date=date(2020, 8, 1),
        invoice_frequency=MONTHLY,
        includes_time=True,
        includes_expense=False,
        project=PROJECT,
    ),
    schedule=ROWS,
    customers=(
        ContractLineCustomer(id="l1", contract_line=WORK_ID, account=CUSTOMER, split_percent=Decimal(100)),
    ),
    actuals=(INVOICED, READY),
)
DESIGN = Milestone(
    id="00000000-0000-0000-0000-000000000011",
    name="Design",
    contract_line=BUILD_ID,
    amount=Decimal(5000),
    tax=Decimal(0),
    milestone_date=datetime(2020, 9, 14, tzinfo=UTC),
    zone_independent_date=datetime(2020, 9, 14, tzinfo=UTC),
    invoice_status=InvoiceStatus.CUSTOMER_INVOICE_CREATED,
)
LAUNCH = Milestone(
    id="00000000-0000-0000-0000-000000000012",
    name="Launch",
    contract_line=BUILD_ID,
    amount=Decimal(12000),
    tax=Decimal(0),
    milestone_date=datetime(2020, 11, 3, tzinfo=UTC),
    zone_independent_date=datetime(2020, 11, 3, tzinfo=UTC),
    invoice_status=InvoiceStatus.NOT_READY_FOR_INVOICING,
)
BUILD = LineCase(
    ContractLine(
        id=BUILD_ID,
        contract=CONTRACT_ID,
        name="Prototype",
        product_type=ProductType.PROJECT_BASED_SERVICE,
        billing_method=BillingMethodChoice.FIXED_PRICE,
        base_amount=Decimal(17000),
        tax=Decimal(0),
        project=PROJECT,
    ),
    milestones=(DESIGN, LAUNCH),
)
HEADER = Milestone(
    id="00000000-0000-0000-0000-000000000013",
    name="Portal",
    contract_line=PORTAL_ID,
    amount=Decimal(8000),
    milestone_date=datetime(2020, 12, 1, tzinfo=UTC),
    invoice_status=InvoiceStatus.NOT_READY_FOR_INVOICING,
    header_status=1,
    next_invoice_percent=Decimal(20),
)
PORTAL = LineCase(
    ContractLine(
        id=PORTAL_ID,
        contract=CONTRACT_ID,
        name="Portal by progress",
        product_type=ProductType.PROJECT_BASED_SERVICE,
        billing_method=BillingMethodChoice.FIXED_PRICE,
        base_amount=Decimal(8000),
        project=PROJECT,
        invoice_schedule_type=PROGRESS_TYPE,
    ),
    milestones=(HEADER,),
)
HARDWARE = LineCase(
    ContractLine(
        id=HARDWARE_ID,
        contract=CONTRACT_ID,
        name="Tablet",
        product_type=ProductType.PRODUCT,
        billing_status=BillingStatus.READY_TO_INVOICE,
    )
)
DRAFT = InvoiceCase(
    Invoice(
        id=DRAFT_ID,
        name="Adatum, September",
        contract=CONTRACT_ID,
        customer=CUSTOMER,
        currency=USD,
        project_invoice_status=ProjectInvoiceStatus.DRAFT,
        state=InvoiceState.ACTIVE,
        total_amount=Decimal(6200),
        created_on=datetime(2020, 10, 5, 2, tzinfo=UTC),
    ),
    frozenset({INVOICED.id, DESIGN.id}),
)
CONTRACT = ContractCase(
    ProjectContract(
        id=CONTRACT_ID,
        name="Adatum",
        contract_state=ContractState.ACTIVE,
        contract_status_reason=ContractStatusReason.CONFIRMED,
        requested_delivery_date=date(2020, 10, 31),
        customer=CUSTOMER,
        currency=USD,
        contracting_unit=UNIT,
    ),
    lines=(WORK, BUILD, PORTAL, HARDWARE),
    customers=(
        ContractCustomer(
            id="s1", contract=CONTRACT_ID, account=CUSTOMER, split_percent=Decimal(100), is_rounding=True
        ),
    ),
    price_lists=(PRICES,),
    invoices=(DRAFT,),
)
_PROGRESS = {"header": "_x_header_value", "header_status": "x_status", "next_invoice_percent": "x_percent"}
TABLES: Tables = replace(
    DECLARED,
    milestone=replace(MILESTONE, record=renamed(Milestone, _PROGRESS)),
    contract_customer=replace(
        CONTRACT_CUSTOMER, record=renamed(ContractCustomer, {"is_rounding": "x_isrounding"})
    ),
)
"""The tables with the roles that progress billing and customers need."""
