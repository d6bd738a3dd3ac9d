"""The story of one contract line, as values: what it is, what happened to it, what will, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from connector.runner.outcome import Header
from connector.workflow import Judgement, Skip


@dataclass(frozen=True, slots=True)
class InvoiceFact:
    """An invoice that exists; `status` in words, `day` its date, `amount` with tax."""

    id: str
    name: str = ""
    status: str = "unknown"
    day: date | None = None
    amount: Decimal | None = None
    currency_code: str = ""


@dataclass(frozen=True, slots=True)
class RowFact:
    """A row of the invoice schedule; `cut_off` None where the row has none of its own."""

    id: str
    run_date: date | None
    cut_off: date | None
    status: str
    invoice: InvoiceFact | None = None


@dataclass(frozen=True, slots=True)
class MilestoneFact:
    id: str
    name: str
    day: date | None
    amount: Decimal | None
    currency_code: str
    status: str


@dataclass(frozen=True, slots=True)
class TransactionFact:
    """One source of the line with its judgement.

    `kind` is a transaction class, or milestone, product or the table of an entry; `expected_on` the day of
    the run that takes it if nothing changes, None where none is known: for a day to come that may be a
    run before it.
    """

    judgement: Judgement
    kind: str
    day: date | None
    billing_type: str | None = None
    invoice: InvoiceFact | None = None
    expected_on: date | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What of the line is on one draft that the run would create."""

    run_date: date
    customer: str
    amount: Decimal
    currency_code: str
    count: int


@dataclass(frozen=True, slots=True)
class Past:
    """Transactions of the line whose story is over, read as a count: posted ones and canceled ones."""

    posted: int = 0
    canceled: int = 0
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    """Of the posted ones what was chargeable, by currency code."""


@dataclass(frozen=True, slots=True)
class NextLook:
    """The next run that looks at a line: for its run date `run_date`, at about `run_at`.

    Either may be None: no run date is to come, or nobody can tell when the job runs.
    """

    sentence: str
    run_date: date | None = None
    run_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LineStory:
    """All that is known of one contract line on `on`.

    `shares` are what the run of that day would put on drafts, `reasons` why something of the line is on
    none; both may be there. With neither, nothing of the line waits to be invoiced.
    """

    on: date
    line: str
    name: str
    contract: str
    contract_name: str
    contract_status: str
    billing_method: str
    classes: tuple[str, ...]
    customers: tuple[str, ...]
    shares: tuple[Share, ...]
    reasons: tuple[Skip, ...]
    rows: tuple[RowFact, ...]
    milestones: tuple[MilestoneFact, ...]
    transactions: tuple[TransactionFact, ...]
    past: Past
    next_look: NextLook
    digits: Mapping[str, int]
    names: Mapping[str, str] = field(default_factory=dict)
    """What people read in the place of the ids of invoices and rows that stand in reasons."""

    @property
    def is_invoiced(self) -> bool:
        return bool(self.shares)


@dataclass(frozen=True)
class Explanation:
    """The stories that were asked for, with what holds for all of them; `job` says how the job is."""

    header: Header
    job: str
    next_run: datetime | None
    stories: tuple[LineStory, ...]
