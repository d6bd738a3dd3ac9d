"""Everything that the checks look at, read once: frozen values, each known or with the reason why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from connector.model.actual import TransactionClass
from connector.model.batch_job import BatchJob
from connector.model.currency import Currency
from connector.model.desired_job import DesiredJob
from connector.model.invoice_frequency import InvoiceFrequency
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import Diagnosis
from connector.model.organizational_unit import OrganizationalUnit
from connector.model.price_list import PriceList
from connector.model.process import Process
from connector.model.solution import Solution
from connector.model.system_job import SystemJob
from connector.model.tables import DECLARED, Tables
from connector.model.user import User
from connector.verification.contract_case import ContractCase
from connector.verification.lack import Lack, lack_in


class Need(StrEnum):
    """The pieces of evidence that a check can ask for: the names of the fields of Evidence."""

    IDENTITY = "identity"
    SOLUTIONS = "solutions"
    BATCH_JOBS = "batch_jobs"
    WORKFLOWS = "workflows"
    OWNERS = "owners"
    CHAIN = "chain"
    STARTER = "starter"
    PRIVILEGES = "privileges"
    NEEDED_TO_READ = "needed_to_read"
    UTILIZATION_JOBS = "utilization_jobs"
    BACKLOG = "backlog"
    TODAY = "today"
    CONTRACTS = "contracts"
    SCHEDULE_ROWS = "schedule_rows"
    MILESTONES = "milestones"
    ACTUALS = "actuals"
    CONTRACT_CUSTOMERS = "contract_customers"
    LINE_CUSTOMERS = "line_customers"
    CONTRACT_PRICE_LISTS = "contract_price_lists"
    INVOICES = "invoices"
    INVOICE_SOURCES = "invoice_sources"
    FREQUENCIES = "frequencies"
    PRICE_LISTS = "price_lists"
    ROLE_PRICES = "role_prices"
    INACTIVE_ACCOUNTS = "inactive_accounts"
    UNITS = "units"
    CURRENCIES = "currencies"
    WAITING = "waiting"
    NOT_TO_EXCEED = "not_to_exceed"
    PROGRESS = "progress"
    APPROVAL_FLOWS = "approval_flows"


@dataclass(frozen=True, slots=True)
class Unread:
    """A piece of evidence that is not there, and why: one sentence; `lack` is the privilege it takes."""

    reason: str
    lack: Lack | None = None

    @classmethod
    def because(cls, text: str) -> Unread:
        """The reason in the platform's words, or in ours where those name a privilege that is missing."""
        lack = lack_in(text)
        return cls(text if lack is None else lack.sentence, lack)


T = TypeVar("T")
Piece: TypeAlias = T | Unread
NOT_ASKED_FOR = Unread("It was not asked for.")
READY_FOR = timedelta(minutes=15)
"""How long a system job may be ready before it counts as backlog: our choice, no page gives a figure."""


class NotRead(Exception):
    """A check looked at evidence that could not be read."""

    def __init__(self, unread: Unread | str) -> None:
        self.unread = unread if isinstance(unread, Unread) else Unread(unread)
        super().__init__(self.unread.reason)


def known(piece: Piece[T]) -> T:
    """The piece itself. Raises NotRead where it could not be read, which makes the check unknown."""
    if isinstance(piece, Unread):
        raise NotRead(piece)
    return piece


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns a workflow. `user` is None when the owner is no user (a team); `roles` are role ids."""

    id: str
    user: User | None
    roles: Piece[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Starter:
    """As whom the job runs, or would: who started the newest chain, else whoever is signed in.

    `privileges` are the names of those that the roles give.
    """

    owner: Owner
    is_live: bool
    privileges: Piece[frozenset[str]]


@dataclass(frozen=True, slots=True)
class Backlog:
    """System jobs that are ready and wait for the asynchronous service, longer than it usually takes.

    `count` is as many as were read, `is_more` says that there are others; `oldest` is since when.
    """

    count: int
    is_more: bool
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Today:
    """The day in the zone of the user under whom the job runs (rule L7); `whose` says which zone it is."""

    day: date
    zone: ZoneInfo
    whose: str


@dataclass(frozen=True, slots=True)
class Read:
    """A part of the contracts that was read: its records stand in their ContractCase."""


READ = Read()


@dataclass(frozen=True, slots=True)
class Frequency:
    """An invoice frequency and how many details say on which days it runs."""

    frequency: InvoiceFrequency
    details: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Time or expenses of one project and day that were handed in and are not approved yet.

    `kind` is the class of the transactions that an approval makes of them.
    """

    kind: TransactionClass
    day: date | None
    count: int


@dataclass(frozen=True, slots=True)
class NotToExceed:
    """The values of the status that keep an actual from being invoiced; None where nobody names it."""

    failed: int | None
    not_evaluated: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of progress billing here: the choice value of Invoice Schedule Type that means it, and
    the labels of the status that headers have."""

    schedule_type: int
    header_labels: Mapping[int, str]


@dataclass(frozen=True)
class Evidence:
    """`url` is the environment's origin, `tables` are the tables as the environment has them.

    `batch_jobs` holds every record whose name makes it the invoice job (rule J1), `workflows` all
    definitions and activations of the job's workflows, `privileges` the names of the signed-in
    identity's, `needed_to_read` maps tables to the privilege that reading each takes,
    `utilization_jobs` the open system jobs of UpdateRoleUtilization on the job's record.

    `contracts` are all project contracts with their lines, one after the other; the pieces marked Read are
    parts of them. `role_prices` are pairs of price list and role, `inactive_accounts` maps ids to names,
    `waiting` projects to what awaits approval, the others ids to records.
    """

    url: str
    now: datetime
    desired: DesiredJob = field(default_factory=DesiredJob)
    rules: InvoicingRules = field(default_factory=InvoicingRules)
    tables: Tables = DECLARED
    identity: Piece[User] = NOT_ASKED_FOR
    solutions: Piece[tuple[Solution, ...]] = NOT_ASKED_FOR
    batch_jobs: Piece[tuple[BatchJob, ...]] = NOT_ASKED_FOR
    workflows: Piece[tuple[Process, ...]] = NOT_ASKED_FOR
    owners: Piece[tuple[Owner, ...]] = NOT_ASKED_FOR
    chain: Piece[Diagnosis] = NOT_ASKED_FOR
    starter: Piece[Starter] = NOT_ASKED_FOR
    privileges: Piece[frozenset[str]] = NOT_ASKED_FOR
    needed_to_read: Piece[Mapping[str, str]] = NOT_ASKED_FOR
    utilization_jobs: Piece[tuple[SystemJob, ...]] = NOT_ASKED_FOR
    backlog: Piece[Backlog] = NOT_ASKED_FOR
    today: Piece[Today] = NOT_ASKED_FOR
    contracts: Piece[Iterable[ContractCase]] = NOT_ASKED_FOR
    schedule_rows: Piece[Read] = NOT_ASKED_FOR
    milestones: Piece[Read] = NOT_ASKED_FOR
    actuals: Piece[Read] = NOT_ASKED_FOR
    contract_customers: Piece[Read] = NOT_ASKED_FOR
    line_customers: Piece[Read] = NOT_ASKED_FOR
    contract_price_lists: Piece[Read] = NOT_ASKED_FOR
    invoices: Piece[Read] = NOT_ASKED_FOR
    invoice_sources: Piece[Read] = NOT_ASKED_FOR
    frequencies: Piece[tuple[Frequency, ...]] = NOT_ASKED_FOR
    price_lists: Piece[Mapping[str, PriceList]] = NOT_ASKED_FOR
    role_prices: Piece[frozenset[tuple[str, str]]] = NOT_ASKED_FOR
    inactive_accounts: Piece[Mapping[str, str]] = NOT_ASKED_FOR
    units: Piece[Mapping[str, OrganizationalUnit]] = NOT_ASKED_FOR
    currencies: Piece[Mapping[str, Currency]] = NOT_ASKED_FOR
    waiting: Piece[Mapping[str, tuple[Waiting, ...]]] = NOT_ASKED_FOR
    not_to_exceed: Piece[NotToExceed] = NOT_ASKED_FOR
    progress: Piece[Progress] = NOT_ASKED_FOR
    approval_flows: Piece[tuple[Process, ...]] = NOT_ASKED_FOR

    def unread(self, need: Need) -> Unread | None:
        """Why a piece could not be read; None when it was."""
        piece = getattr(self, need.value)
        return piece if isinstance(piece, Unread) else None
