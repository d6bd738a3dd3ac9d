"""The contract of plug-ins: what a workflow and a billing method are given, and what they decide.

A plug-in only thinks. It receives values, returns decisions and makes no request, so that the same
plug-in can be previewed, replayed by a durable engine, tested with values, and run by the emulator
on the server's side. Rule numbers are those of docs/invoicing-rules.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol, TypeAlias, runtime_checkable
from zoneinfo import ZoneInfo

from connector.model.actual import Actual, BillingType, TransactionClass
from connector.model.column_date import day_in, start_in
from connector.model.contract_customer import ContractCustomer, ContractLineCustomer
from connector.model.contract_line import ContractLine
from connector.model.currency import Currency
from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.model.invoicing_rules import InvoicingRules
from connector.model.milestone import Milestone
from connector.model.money import EXACT, ZERO, total
from connector.model.project_contract import ProjectContract
from connector.model.reason import Reason

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


# What is given


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


@dataclass(frozen=True, slots=True)
class Run:
    """What holds for all contracts of one run of ProcessRunner.

    `day` is the day the run is for, `today` the environment's day now: a run date before `today` was
    missed, one between `today` and `day` still has its own run to come. `takes_missed` says whether
    this run takes up what was missed (rule L4). `only_rows` restricts it to the schedule rows that
    somebody asked for by id; those count as due whatever their date. `is_explaining` asks for a
    `Judgement` on every source besides: it takes time and memory that a plain run does not spend.
    """

    day: date
    today: date
    zone: ZoneInfo
    rules: InvoicingRules
    billing_methods: tuple[BillingMethod, ...]
    takes_missed: bool
    only_rows: frozenset[str] | None = None
    is_explaining: bool = False

    def day_of(self, value: date) -> date:
        """The day of an instant in the run's zone; a plain day is itself (rule L7)."""
        return day_in(self.zone, value)

    def start_of(self, value: date) -> datetime:
        """The instant itself, or the one at which a plain day begins in the run's zone."""
        return start_in(self.zone, value)


@dataclass(frozen=True, slots=True)
class Call:
    """One start of a workflow. `handed_end` is the end time that the caller handed over (rule J5)."""

    started_at: datetime
    handed_end: datetime | None = None


# What is decided


@dataclass(frozen=True, slots=True)
class InvoiceDetail:
    """One source on an invoice line. `amount` is before tax; both are in the invoice's currency."""

    source: str
    source_id: str
    transaction_class: TransactionClass | None
    billing_type: BillingType
    amount: Decimal
    tax: Decimal = ZERO
    quantity: Decimal | None = None
    price: Decimal | None = None
    starts_at: datetime | None = None
    description: str = ""
    is_by_row: bool = True
    """Whether a schedule row stands behind it: the platform's action takes rows only."""

    @property
    def is_chargeable(self) -> bool:
        return self.billing_type is BillingType.CHARGEABLE

    @property
    def extended_amount(self) -> Decimal:
        """Amount plus tax (rule T9)."""
        return EXACT.add(self.amount, self.tax)


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One contract line on an invoice, with its sums as rule T9 has them."""

    contract_line: str
    name: str
    billing_method: str
    details: tuple[InvoiceDetail, ...]

    @property
    def amount(self) -> Decimal:
        """The chargeable amounts (rule T5)."""
        return total(item.amount for item in self.details if item.is_chargeable)

    @property
    def tax(self) -> Decimal:
        """The tax of all details (rule T9)."""
        return total(item.tax for item in self.details)

    @property
    def extended_amount(self) -> Decimal:
        """Amount plus tax of the chargeable details (rule T9)."""
        return total(item.extended_amount for item in self.details if item.is_chargeable)


@dataclass(frozen=True, slots=True)
class CreateInvoice:
    """One draft invoice: one contract, run date, customer and currency (rules G1 to G3).

    `schedule_rows` are the rows that it settles; of several invoices of one run date the first
    carries them.
    """

    contract: str
    contract_name: str
    customer: str
    currency: str
    currency_code: str
    invoice_run_date: date
    lines: tuple[InvoiceLine, ...]
    schedule_rows: tuple[str, ...] = ()

    @property
    def is_by_row(self) -> bool:
        """Whether schedule rows stand behind all of it: what the platform's action can create."""
        return all(detail.is_by_row for line in self.lines for detail in line.details)

    @property
    def total(self) -> Decimal:
        return total(line.extended_amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class MarkScheduleRow:
    """A schedule row changes its run status without an invoice (rule G6)."""

    schedule_row: str
    contract_line: str
    run_status: RunStatus


@dataclass(frozen=True, slots=True)
class Skip:
    """Why something that is scheduled is not on an invoice.

    `until` is the day on which this resolves by itself; `count` and `amount` say how many
    transactions and how much stand behind it, in `currency_code`. `message` is the whole sentence;
    where a plug-in tells them apart, `found` is its first half, `way_out` what a person can do, and
    `rule` the number in docs/invoicing-rules.md.
    """

    contract: str
    reason: Reason
    message: str
    contract_line: str | None = None
    name: str = ""
    until: date | None = None
    count: int | None = None
    amount: Decimal | None = None
    currency_code: str = ""
    rule: str = ""
    found: str = ""
    way_out: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one source in a run that explains itself (`Run.is_explaining`).

    Without a `reason` it is taken: on the invoice of `invoice_run_date` for `customer`. With one it is
    not: `found` says what was found, `way_out` what a person can do about it (empty where nothing is to
    be done), `until` the day on which it resolves by itself, `invoice` the invoice that it stands on
    already, where that is known. `rule` is a number of docs/invoicing-rules.md, empty where something
    is simply missing or unreadable. `amount` is what it bills, before tax, in `currency_code`; of a
    source that is split among customers each has a judgement of its own when it is taken.
    """

    contract_line: str
    source: str
    source_id: str
    rule: str
    found: str
    reason: Reason | None = None
    way_out: str = ""
    until: date | None = None
    invoice_run_date: date | None = None
    customer: str | None = None
    invoice: str | None = None
    name: str = ""
    day: date | None = None
    amount: Decimal | None = None
    currency_code: str = ""

    @property
    def is_taken(self) -> bool:
        return self.reason is None


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """The workflow sleeps until then."""

    at: datetime


@dataclass(frozen=True, slots=True)
class StartWorkflow:
    """Another workflow is started on the same batch job; `handed_end` goes along (rule J5)."""

    name: str
    handed_end: datetime | None = None


ContractDecision: TypeAlias = CreateInvoice | MarkScheduleRow | Skip | Judgement
StepDecision: TypeAlias = WaitUntil | StartWorkflow


# Who decides


@dataclass(frozen=True, slots=True)
class Charge:
    """What a billing method wants billed: one detail, for one customer, with its run date.

    `invoice_run_date` None means: together with the contract's due row (rule T8).
    `schedule_rows` are the rows that stand behind it.
    """

    contract_line: str
    invoice_run_date: date | None
    customer: str
    currency: str
    detail: InvoiceDetail
    schedule_rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bill:
    """A billing method's answer for one line.

    `due` maps each run date that is due to its schedule rows, also where nothing is to be billed.
    `judgements` say of every source that is not charged why, in a run that explains itself.
    """

    charges: tuple[Charge, ...] = ()
    skips: tuple[Skip, ...] = ()
    due: Mapping[date, tuple[str, ...]] = field(default_factory=dict)
    judgements: tuple[Judgement, ...] = ()


@runtime_checkable
class BillingMethod(Protocol):
    """How one kind of contract line is billed."""

    @property
    def name(self) -> str:
        """One word for output: time_and_material, fixed_price, product …"""
        ...

    def claims(self, line: ContractLine, rules: InvoicingRules) -> bool:
        """Whether this billing method is in charge of the line. Exactly one must be."""
        ...

    def bill(self, line: LineSnapshot, contract: ContractSnapshot, run: Run) -> Bill: ...


@runtime_checkable
class Workflow(Protocol):
    """A workflow of the batch job, as pure decisions at the three points where it decides anything."""

    @property
    def name(self) -> str:
        """The name of the process in the environment, for example ProcessRunner."""
        ...

    def start(self, call: Call, rules: InvoicingRules) -> Sequence[StepDecision]:
        """What comes before the work: a wait, or nothing."""
        ...

    def decide(self, contract: ContractSnapshot, run: Run) -> Iterable[ContractDecision]:
        """What becomes of one contract; nothing for a workflow that looks at none."""
        ...

    def end(self, call: Call, ended_at: datetime) -> Sequence[StepDecision]:
        """What comes after the work: another workflow is started, or nothing."""
        ...

    @property
    def is_reading_contracts(self) -> bool:
        """Whether `decide` is to be asked for each contract."""
        ...
