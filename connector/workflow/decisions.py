"""What is decided: values that say what becomes of a contract, and what a workflow does next.

Whoever is handed them carries them out: a preview prints them, the runner and the emulator write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from connector.model.actual import BillingType, TransactionClass
from connector.model.invoice_schedule import RunStatus
from connector.model.money import EXACT, ZERO, total
from connector.model.reason import Reason


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
