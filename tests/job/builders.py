"""Values of the job for tests: processes, users, system jobs, and whole chains in both shapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from connector.model.batch_job import BatchJob
from connector.model.job_snapshot import JobSnapshot
from connector.model.process import PROCESS_RUN_CALLER, PROCESS_RUNNER, Process
from connector.model.system_job import SystemJob
from connector.model.user import User
from connector.model.workflow_log import WorkflowLog

NOON = datetime(2020, 10, 4, 12, tzinfo=UTC)
JOB = "b0000000-0000-0000-0000-000000000001"
ADA = "a0000000-0000-0000-0000-000000000001"
STATUS = {
    0: (0, 0),
    10: (1, 10),
    20: (2, 20),
    21: (2, 21),
    22: (2, 22),
    30: (3, 30),
    31: (3, 31),
    32: (3, 32),
}


def definition(name: str, *, state: int = 1, id: str | None = None) -> Process:
    return Process(
        id=id or f"definition-{name}",
        name=name,
        type=1,
        state=state,
        activation=f"activation-{name}",
        owner=ADA,
    )


def activation(name: str) -> Process:
    return Process(id=f"activation-{name}", name=name, type=2, state=1, definition=f"definition-{name}")


PROCESSES = tuple(
    item for name in (PROCESS_RUN_CALLER, PROCESS_RUNNER) for item in (definition(name), activation(name))
)
ADA_ENABLED = User(id=ADA, full_name="Ada Lovelace", is_disabled=False)
RECORD = BatchJob(id=JOB, name="Project Operations Create Invoices", state=0, is_active=True, etag='W/"1"')


def job(
    id: str,
    workflow: str | None = PROCESS_RUN_CALLER,
    status: int = 10,
    *,
    begin: datetime = NOON,
    until: datetime | None = None,
    end: datetime | None = None,
    correlation: str | None = None,
    error: int | None = None,
    message: str | None = None,
    owner: str = ADA,
) -> SystemJob:
    return SystemJob(
        id=id,
        name=f"any name of {id}",
        operation_type=10,
        state=STATUS[status][0],
        status=status,
        created_on=begin,
        started_on=begin,
        postpone_until=until,
        completed_on=end,
        correlation_id=correlation,
        error_code=error,
        message=message,
        workflow_activation=None if workflow is None else f"activation-{workflow}",
        regarding=JOB,
        owner=owner,
        etag=f'W/"{id}"',
    )


def link(parent: str, child: str) -> WorkflowLog:
    return WorkflowLog(id=f"{parent}-{child}", system_job=parent, child_job=child, step_name="Start child")


def snapshot(
    jobs: Iterable[SystemJob] = (),
    *,
    now: datetime = NOON,
    logs: Sequence[WorkflowLog] = (),
    records: Sequence[BatchJob] = (RECORD,),
    processes: Sequence[Process] = PROCESSES,
    users: Sequence[User] = (ADA_ENABLED,),
    unread: dict[str, str] | None = None,
) -> JobSnapshot:
    return JobSnapshot(
        now=now,
        batch_jobs=tuple(records),
        processes=tuple(processes),
        jobs=tuple(jobs),
        logs=tuple(logs),
        users=tuple(users),
        unread=unread or {},
    )


def running_chain(
    root: datetime, now: datetime, *, overlap_s: int, joined_by: str, name: str = "chain", first: int = 0
) -> tuple[list[SystemJob], list[WorkflowLog]]:
    """One healthy chain as it looks at `now`: sleeps of 24 hours, runs of 90 seconds.

    `overlap_s` is how long a job stays open after its successor began; below 0 the successor appears
    late. `joined_by` is log, correlation, or time; `first` 0 starts with ProcessRunCaller, 1 with
    ProcessRunner.
    """
    jobs: list[SystemJob] = []
    logs: list[WorkflowLog] = []
    begin, number = root, first
    while begin <= now:
        is_sleep = number % 2 == 0
        handing_over = begin + (timedelta(hours=24) if is_sleep else timedelta(seconds=90))
        end = handing_over + timedelta(seconds=max(overlap_s, 0))
        item = job(
            f"{name}-{number:03}",
            PROCESS_RUN_CALLER if is_sleep else PROCESS_RUNNER,
            30,
            begin=begin,
            end=end,
        )
        if joined_by == "correlation":
            item = msgspec.structs.replace(item, correlation_id=name)
        if end > now:
            is_waiting = is_sleep and now < handing_over
            item = msgspec.structs.replace(
                item,
                state=1 if is_waiting else 2,
                status=10 if is_waiting else 20,
                completed_on=None,
                postpone_until=handing_over if is_sleep else None,
            )
        if joined_by == "log" and jobs:
            logs.append(link(jobs[-1].id, item.id))
        jobs.append(item)
        begin = handing_over + timedelta(seconds=max(-overlap_s, 0))
        number += 1
    return jobs, logs
