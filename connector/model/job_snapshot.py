"""One look at the job: its record, its workflows, the system jobs that regard it, and their steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connector.model.batch_job import BatchJob
from connector.model.process import Process, ProcessState, ProcessType
from connector.model.system_job import OPERATION_TYPE_WORKFLOW, SystemJob
from connector.model.user import User
from connector.model.workflow_log import WorkflowLog

STATE_INACTIVE = 1
"""statecode of an ordinary record that was deactivated."""


@dataclass(frozen=True)
class Backlog:
    """System jobs of any kind that wait for a free worker longer than usual; `is_more` than were counted."""

    count: int
    is_more: bool = False


@dataclass(frozen=True)
class JobSnapshot:
    """What one look saw.

    `batch_jobs` holds every record whose name makes it the invoice job (rule J1), `jobs` the system
    jobs that regard one of them: all open ones, and the finished ones as far back as was asked.
    `processes` holds definitions and activations. `powerless` are those users of live chains who hold
    neither a role nor a privilege. `backlog` is read only where a timer is past due. `unread` maps a
    table's logical name to the reason why it could not be read: whatever rests on it is unknown.
    """

    now: datetime
    batch_jobs: tuple[BatchJob, ...] = ()
    processes: tuple[Process, ...] = ()
    jobs: tuple[SystemJob, ...] = ()
    logs: tuple[WorkflowLog, ...] = ()
    users: tuple[User, ...] = ()
    powerless: frozenset[str] = frozenset()
    backlog: Backlog | None = None
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def candidates(self) -> tuple[BatchJob, ...]:
        """The matching records that are in use; the deactivated ones only when there are no others."""
        active = tuple(item for item in self.batch_jobs if item.state != STATE_INACTIVE)
        return active or self.batch_jobs

    @property
    def batch_job(self) -> BatchJob | None:
        """The one record of the job; None when there is none, or when there is more than one."""
        candidates = self.candidates
        return candidates[0] if len(candidates) == 1 else None

    @property
    def workflow_jobs(self) -> tuple[SystemJob, ...]:
        """The system jobs that are instances of a background workflow."""
        return tuple(job for job in self.jobs if job.operation_type in {None, OPERATION_TYPE_WORKFLOW})

    def definitions(self, name: str) -> tuple[Process, ...]:
        """The definitions of the workflow `name`; more than one is possible, and is trouble."""
        return tuple(
            item for item in self.processes if item.type == ProcessType.DEFINITION and item.name == name
        )

    def workflow_of(self, job: SystemJob) -> str | None:
        """The name of the workflow that a system job is an instance of; None when it cannot be told.

        workflowactivationid names an activation; its definition carries the name that counts.
        """
        process = self._process(job.workflow_activation)
        if process is None:
            return None
        definition = self._process(process.definition)
        return (definition or process).name

    def user(self, id: str | None) -> User | None:
        return next((item for item in self.users if item.id == id), None)

    def owner_name(self, id: str | None) -> str:
        """A user's name for people, the id where no name is known."""
        user = self.user(id)
        return (user.full_name if user is not None else None) or id or "an unknown user"

    def _process(self, id: str | None) -> Process | None:
        if id is None:
            return None
        named = next((item for item in self.processes if item.id == id), None)
        return named or next((item for item in self.processes if item.activation == id), None)


def is_activated(process: Process) -> bool:
    return process.state == ProcessState.ACTIVATED
