"""One contract with everything that the checks look at: the unit of judging and of memory.

All are records as they were read; nothing here is computed but what follows from one record alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connector.model.actual import Actual, TransactionClass
from connector.model.choice import known as choice_of
from connector.model.contract_customer import ContractCustomer, ContractLineCustomer
from connector.model.contract_line import BillingMethodChoice, ContractLine, ProductType
from connector.model.invoice import Invoice, ProjectInvoiceStatus
from connector.model.invoice_schedule import InvoiceSchedule
from connector.model.invoicing_rules import ContractStates, InvoicingRules
from connector.model.milestone import Milestone
from connector.model.project_contract import ContractState, ProjectContract
from connector.verification.finding import Record

DRAFTS = (ProjectInvoiceStatus.DRAFT, ProjectInvoiceStatus.IN_REVIEW)
_TAKEN = {
    # A contract without a state is a draft: that is what a new one is.
    ContractStates.DRAFT_AND_CONFIRMED: (None, ContractState.DRAFT, ContractState.ACTIVE),
    ContractStates.CONFIRMED: (ContractState.ACTIVE,),
}


@dataclass(frozen=True, slots=True)
class LineCase:
    """A contract line; `actuals` are its unbilled sales whose billing is not over."""

    line: ContractLine
    schedule: tuple[InvoiceSchedule, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    customers: tuple[ContractLineCustomer, ...] = ()
    actuals: tuple[Actual, ...] = ()

    @property
    def is_project_based(self) -> bool:
        return self.line.product_type == ProductType.PROJECT_BASED_SERVICE

    @property
    def is_time_and_material(self) -> bool:
        return self.is_project_based and self.line.billing_method == BillingMethodChoice.TIME_AND_MATERIAL

    @property
    def is_fixed_price(self) -> bool:
        return self.is_project_based and self.line.billing_method == BillingMethodChoice.FIXED_PRICE

    def includes(self, kind: int | None) -> bool:
        """Whether the line includes a transaction class; a flag that is empty excludes nothing."""
        flags = {
            TransactionClass.TIME: self.line.includes_time,
            TransactionClass.EXPENSE: self.line.includes_expense,
            TransactionClass.MATERIAL: self.line.includes_material,
            TransactionClass.FEE: self.line.includes_fee,
        }
        known = choice_of(TransactionClass, kind)
        return known not in flags or flags[known] is not False

    @property
    def record(self) -> Record:
        return Record("salesorderdetail", self.line.id, self.line.name or self.line.description or "")


@dataclass(frozen=True, slots=True)
class InvoiceCase:
    """A live invoice and what stands on it.

    `sources` are the ids of the actuals, milestones, schedule rows and product lines that its details bill,
    as far as connections tell; `is_complete` is False where a detail names no source.
    """

    invoice: Invoice
    sources: frozenset[str] = frozenset()
    is_complete: bool = True

    @property
    def is_draft(self) -> bool:
        return self.invoice.project_invoice_status in DRAFTS

    @property
    def record(self) -> Record:
        return Record("invoice", self.invoice.id, self.invoice.name or "")


@dataclass(frozen=True, slots=True)
class ContractCase:
    """`actuals` and `milestones` are those of the contract on none of its lines that are read: all of them,
    where the contract is closed; `price_lists` the ids of its own;
    `invoices` are its drafts, and confirmed ones that bill what a draft bills too."""

    contract: ProjectContract
    lines: tuple[LineCase, ...] = ()
    customers: tuple[ContractCustomer, ...] = ()
    price_lists: tuple[str, ...] = ()
    actuals: tuple[Actual, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    invoices: tuple[InvoiceCase, ...] = ()

    @property
    def is_confirmed(self) -> bool:
        return self.contract.contract_state == ContractState.ACTIVE

    def is_taken(self, rules: InvoicingRules) -> bool:
        """Whether the job looks at the contract (rule L1)."""
        return self.contract.contract_state in _TAKEN[rules.contract_states]

    def work_lines(self, rules: InvoicingRules) -> Iterator[LineCase]:
        """The time and material lines, where the job looks at the contract."""
        if self.is_taken(rules):
            yield from (line for line in self.lines if line.is_time_and_material)

    @property
    def name(self) -> str:
        return self.contract.name or self.contract.id

    @property
    def record(self) -> Record:
        return Record("salesorder", self.contract.id, self.contract.name or "")

    @property
    def drafts(self) -> tuple[InvoiceCase, ...]:
        return tuple(item for item in self.invoices if item.is_draft)

    def all_actuals(self) -> tuple[Actual, ...]:
        return (*self.actuals, *(actual for line in self.lines for actual in line.actuals))

    def where(self, line: LineCase) -> str:
        """A line and its contract, for a sentence."""
        return f"{line.line.title!r} of contract {self.name!r}"
