"""Everything that the checks look at, read once: frozen values, each known or with the reason why not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from connector.model.batch_job import BatchJob
from connector.model.desired_job import DesiredJob
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import Diagnosis
from connector.model.process import Process
from connector.model.solution import Solution
from connector.model.system_job import SystemJob
from connector.model.tables import DECLARED, Tables
from connector.model.user import User


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
    UTILIZATION_JOBS = "utilization_jobs"
    BACKLOG = "backlog"
    TODAY = "today"
    LINES = "lines"
    PAST_DUE_ROWS = "past_due_rows"
    DUE_MILESTONES = "due_milestones"


@dataclass(frozen=True, slots=True)
class Unread:
    """A piece of evidence that is not there, and why: one sentence."""

    reason: str


T = TypeVar("T")
Piece: TypeAlias = T | Unread
NOT_ASKED_FOR = Unread("It was not asked for.")
READY_FOR = timedelta(minutes=15)
"""How long a system job may be ready before it counts as backlog: our choice, no page gives a figure."""


class NotRead(Exception):
    """A check looked at evidence that could not be read."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def known(piece: Piece[T]) -> T:
    """The piece itself. Raises NotRead where it could not be read, which makes the check unknown."""
    if isinstance(piece, Unread):
        raise NotRead(piece.reason)
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
class LineRef:
    """A contract line by its id and its contract; the names are empty where they are not known."""

    id: str
    name: str
    contract: str | None
    contract_name: str = ""


@dataclass(frozen=True, slots=True)
class LineFacts:
    """The project-based lines of confirmed contracts, counted, and those that lack something."""

    time_and_material: int = 0
    fixed_price: int = 0
    without_schedule: tuple[LineRef, ...] = ()
    without_milestone: tuple[LineRef, ...] = ()


@dataclass(frozen=True, slots=True)
class PastDueRow:
    """A schedule row of an open contract that is Not Run although its run date has passed."""

    id: str
    run_date: date
    line: LineRef


@dataclass(frozen=True, slots=True)
class DueMilestone:
    """A milestone of an open contract that is not ready although its date has come."""

    id: str
    name: str
    day: date
    line: LineRef


@dataclass(frozen=True)
class Evidence:
    """`url` is the environment's origin, `tables` are the tables as the environment has them.

    `batch_jobs` holds every record whose name makes it the invoice job (rule J1), `workflows` all
    definitions and activations of the job's workflows, `privileges` the names of the signed-in
    identity's, `utilization_jobs` the open system jobs of UpdateRoleUtilization on the job's record.
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
    utilization_jobs: Piece[tuple[SystemJob, ...]] = NOT_ASKED_FOR
    backlog: Piece[Backlog] = NOT_ASKED_FOR
    today: Piece[Today] = NOT_ASKED_FOR
    lines: Piece[LineFacts] = NOT_ASKED_FOR
    past_due_rows: Piece[tuple[PastDueRow, ...]] = NOT_ASKED_FOR
    due_milestones: Piece[tuple[DueMilestone, ...]] = NOT_ASKED_FOR

    def why_not(self, need: Need) -> str | None:
        """Why a piece could not be read; None when it was."""
        piece = getattr(self, need.value)
        return piece.reason if isinstance(piece, Unread) else None
