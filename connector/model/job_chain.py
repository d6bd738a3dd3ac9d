"""The job chain as values: what health the job is in, and the system jobs that show it (rules J7, J8).

`connector.model.job_health.diagnose` makes them from a snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from connector.model.process import PROCESS_RUNNER


class Health(StrEnum):
    NEVER_PROVISIONED = "never_provisioned"
    NEVER_STARTED = "never_started"
    RUNNING = "running"
    SLEEPING = "sleeping"
    OVERDUE = "overdue"
    STALLED = "stalled"
    SUSPENDED = "suspended"
    FAILED = "failed"
    CANCELED = "canceled"
    STOPPED = "stopped"
    EVIDENCE_PURGED = "evidence_purged"
    SEVERAL_CHAINS = "several_chains"
    STARTER_DISABLED = "starter_disabled"
    WORKFLOW_INACTIVE = "workflow_inactive"
    UNKNOWN = "unknown"


HEALTHY = frozenset({Health.RUNNING, Health.SLEEPING, Health.OVERDUE})
"""The job goes on by itself: nothing may be started."""

RESTARTABLE = frozenset(
    {Health.NEVER_STARTED, Health.FAILED, Health.CANCELED, Health.STOPPED, Health.EVIDENCE_PURGED}
)
"""There is no chain: one start is right."""

REPLACEABLE = frozenset({Health.STALLED, Health.SUSPENDED, Health.STARTER_DISABLED})
"""There is a chain that will not go on by itself: it is canceled before one start."""


class JobCondition(StrEnum):
    """A system job's state and status in one word."""

    READY = "ready"
    WAITING = "waiting"
    IN_PROGRESS = "in_progress"
    PAUSING = "pausing"
    CANCELING = "canceling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


ENDED = frozenset({JobCondition.SUCCEEDED, JobCondition.FAILED, JobCondition.CANCELED})


@dataclass(frozen=True)
class ChainJob:
    """One system job of a chain.

    `workflow` and `step` are None where the environment does not tell. `until` is the end of the
    timer of a waiting job and the end of one that has ended. `error` is what the platform wrote into
    errorcode and message, empty when there is none.
    """

    id: str
    batch_job: str | None
    workflow: str | None
    step: str | None
    state: JobCondition
    started: datetime | None
    until: datetime | None
    owner: str | None
    error: str = ""
    etag: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state not in ENDED


@dataclass(frozen=True)
class Chain:
    """The system jobs of one start, in the order in which they began."""

    jobs: tuple[ChainJob, ...]

    @property
    def root(self) -> ChainJob:
        """The first job of the chain that is still on record."""
        return self.jobs[0]

    @property
    def last(self) -> ChainJob:
        return self.jobs[-1]

    @property
    def open_jobs(self) -> tuple[ChainJob, ...]:
        return tuple(job for job in self.jobs if job.is_open)

    @property
    def is_live(self) -> bool:
        return bool(self.open_jobs)

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(job.id for job in self.jobs)


def starts_within_a_day(diagnosis: Diagnosis) -> int:
    """How many chains began within the last 24 hours, as far as they are on record."""
    day_ago = diagnosis.now - timedelta(days=1)
    return sum(chain.root.started is not None and chain.root.started >= day_ago for chain in diagnosis.chains)


@dataclass(frozen=True)
class Evidence:
    """One fact: `field` of `record` (`table id`, or a table) has `value`, which means `meaning`."""

    record: str
    field: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Diagnosis:
    """What is the matter with the job.

    `next_run` is when ProcessRunner is expected next, in the past when it is overdue, None when
    nobody can tell. `chain` is the chain that the sentence is about; `chains` are all that were seen,
    live ones first. `several_roots` names the first jobs of two or more live chains that one look
    saw: only a second look (`job_health.confirmed`) makes them several_chains. `strangers` are open
    system jobs of the record whose workflow cannot be told. `is_out_of_use`: its record is deactivated, or
    its Is Active says No.
    `way_out` is what to do where the health alone does not tell.
    """

    health: Health
    sentence: str
    now: datetime
    batch_job: str | None = None
    next_run: datetime | None = None
    chain: Chain | None = None
    chains: tuple[Chain, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    several_roots: tuple[str, ...] = ()
    strangers: tuple[ChainJob, ...] = ()
    is_out_of_use: bool = False
    way_out: str = ""

    @property
    def is_healthy(self) -> bool:
        return self.health in HEALTHY

    @property
    def live_chains(self) -> tuple[Chain, ...]:
        return tuple(chain for chain in self.chains if chain.is_live)

    @property
    def is_invoicing(self) -> bool:
        """Whether an instance of ProcessRunner is at work, or queued for it, at this moment."""
        return any(
            job.workflow == PROCESS_RUNNER and job.state is not JobCondition.WAITING
            for chain in self.live_chains
            for job in chain.open_jobs
        )
