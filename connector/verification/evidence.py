"""Everything that the checks look at, read once: frozen values, each known or with the reason why not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from connector.model.batch_job import BatchJob
from connector.model.desired_job import DesiredJob
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import Diagnosis
from connector.model.process import Process
from connector.model.solution import Solution
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
    definitions and activations of the job's workflows.
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
    today: Piece[Today] = NOT_ASKED_FOR
    lines: Piece[LineFacts] = NOT_ASKED_FOR
    past_due_rows: Piece[tuple[PastDueRow, ...]] = NOT_ASKED_FOR
    due_milestones: Piece[tuple[DueMilestone, ...]] = NOT_ASKED_FOR

    def why_not(self, need: Need) -> str | None:
        """Why a piece could not be read; None when it was."""
        piece = getattr(self, need.value)
        return piece.reason if isinstance(piece, Unread) else None
