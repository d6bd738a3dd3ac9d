"""What is given: one contract with everything that decides about it.

A value, read before the plug-in is asked; nothing in it makes a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from connector.model.actual import Actual, TransactionClass
from connector.model.contract_customer import ContractCustomer, ContractLineCustomer
from connector.model.contract_line import ContractLine
from connector.model.currency import Currency
from connector.model.invoice_schedule import InvoiceSchedule
from connector.model.milestone import Milestone
from connector.model.project_contract import ProjectContract

ACTUAL = "msdyn_actual"
MILESTONE = "msdyn_contractlinescheduleofvalue"
PRODUCT_LINE = "salesorderdetail"
SCHEDULE_ROW = "msdyn_contractlineinvoiceschedule"
"""The tables that a detail of an invoice can come from. The last is for billing methods that bill a
row of the schedule itself, such as a retainer."""

CONTRACT_LINE_CUSTOMER_OF_ACTUAL = "msdyn_actual.contract_line_customer"
NOT_TO_EXCEED_STATUS_OF_ACTUAL = "msdyn_actual.not_to_exceed_status"
CUSTOMERS_OF_CONTRACT = "msdyn_projectcontractsplitbillingrule"
CUSTOMERS_OF_LINE = "contract_line_customer"
HEADER_OF_MILESTONE = "msdyn_contractlinescheduleofvalue.header"
TIME_ENTRIES = "msdyn_timeentry"
EXPENSES = "msdyn_expense"
ROLES = frozenset(
    {
        CONTRACT_LINE_CUSTOMER_OF_ACTUAL,
        NOT_TO_EXCEED_STATUS_OF_ACTUAL,
        CUSTOMERS_OF_CONTRACT,
        CUSTOMERS_OF_LINE,
        HEADER_OF_MILESTONE,
        TIME_ENTRIES,
        EXPENSES,
    }
)
"""The roles that a rule needs: columns as <table>.<field>, tables by their name."""


@dataclass(frozen=True, slots=True)
class UnapprovedEntry:
    """Time or an expense of the line's project that awaits its approval; only then it is an actual.

    `table` is TIME_ENTRIES or EXPENSES. Which line it will fall to is decided when it is approved.
    """

    table: str
    id: str
    transaction_class: TransactionClass
    day: date | None


@dataclass(frozen=True, slots=True)
class LineSnapshot:
    """A contract line with everything that decides about it.

    `actuals` holds the unbilled sales actuals of the line, whatever their billing status; `unapproved`
    what was handed in for its project, of a class that it includes, and awaits approval.
    """

    line: ContractLine
    schedule: tuple[InvoiceSchedule, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    actuals: tuple[Actual, ...] = ()
    customers: tuple[ContractLineCustomer, ...] = ()
    unapproved: tuple[UnapprovedEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class ContractSnapshot:
    """One contract, the unit of planning.

    `currencies` is keyed by id; `invoiced` maps a source (an actual, a milestone, a product line) to
    the live invoice that it stands on already (rule G8); `customer_names` maps account ids to names,
    for messages; `unknown` names those of `ROLES` that this environment did not resolve, so that a
    rule that needs one can say so: all, unless somebody knows. `inactive_customers` are the accounts
    among the customers that were deactivated.
    """

    contract: ProjectContract
    lines: tuple[LineSnapshot, ...] = ()
    customers: tuple[ContractCustomer, ...] = ()
    currencies: Mapping[str, Currency] = field(default_factory=dict)
    invoiced: Mapping[str, str] = field(default_factory=dict)
    customer_names: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = ROLES
    inactive_customers: frozenset[str] = frozenset()
