"""The rows of a running workflow: its system job, and the steps in its workflowlog.

Where a job stands is kept in `workflowstate`, a column that no client can read: the platform's own
memory, as in a real environment.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from connector.emulator.platform.switches import JobShape, read_switches
from connector.emulator.platform.words import (
    BATCH_JOB,
    OPERATION_WORKFLOW,
    PROCESS,
    STEP,
    SYSTEM_JOB,
    JobState,
    JobStatus,
    ProcessType,
    StepStatus,
)
from connector.emulator.store import Transaction, Value, target_column

STEP_NAMES = {"ProcessRunCaller": "Sleep", "ProcessRunner": "Process"}
"""The two words of rule J4. Whether they are jobs or steps is the switch `job_shape`."""
LOOP_WINDOW = timedelta(hours=1)
"""Jobs that start each other within this time count as one loop (the guard behind 0x80044182)."""


class Phase(StrEnum):
    BEGIN = "begin"
    SLEEP = "sleep"
    WORK = "work"
    CLOSE = "close"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Where an instance of a workflow stands. `until` is when its sleep or its work is over.

    `held_in`: a job out of a snapshot that does not go on by itself while it has this statecode.
    """

    workflow: str
    phase: Phase = Phase.BEGIN
    handed_end: datetime | None = None
    started_at: datetime | None = None
    until: datetime | None = None
    is_stalled: bool = False
    held_in: int | None = None


# Made here, not by whichever threads come first (see switches.py).
_of_progress = msgspec.json.Decoder(Progress)


class Job(msgspec.Struct, frozen=True):
    """A system job as the asynchronous service sees it."""

    id: str
    owner: str
    batch_job: str
    correlation_id: str
    depth: int
    state: int
    created_at: datetime
    postpone_until: datetime | None
    has_error: bool
    progress: Progress


def create_job(
    tx: Transaction,
    workflow: str,
    batch_job: str,
    owner: str,
    *,
    handed_end: datetime | None = None,
    parent: Job | None = None,
) -> str:
    """A new instance of a workflow, Ready; a child carries its parent's correlation id."""
    definition = find_definition(tx, workflow)
    values: dict[str, Value] = {
        "name": _job_name(tx, workflow),
        "operationtype": OPERATION_WORKFLOW,
        "statecode": JobState.READY.value,
        "statuscode": JobStatus.WAITING_FOR_RESOURCES.value,
        "ownerid": owner,
        "regardingobjectid": batch_job,
        target_column("regardingobjectid"): BATCH_JOB,
        "workflowactivationid": definition["activeworkflowid"] if definition else None,
        "primaryentitytype": BATCH_JOB,
        "messagename": "ExecuteWorkflow",
        "correlationid": parent.correlation_id if parent else str(uuid.uuid4()),
        "correlationupdatedtime": tx.now,
        "depth": _depth(tx, parent),
        "retrycount": 0,
        "sequence": tx.next_number(SYSTEM_JOB),
        "workflowstate": encoded(Progress(workflow=workflow, handed_end=handed_end)),
    }
    return tx.insert(SYSTEM_JOB, values, caller=owner)


def find_definition(tx: Transaction, workflow: str) -> dict[str, Value] | None:
    found = tx.find(PROCESS, {"name": workflow, "type": ProcessType.DEFINITION.value})
    return found[0] if found else None


def read_job(row: Mapping[str, Value]) -> Job:
    created = row["createdon"]
    postponed = row["postponeuntil"]
    assert isinstance(created, datetime)
    return Job(
        id=str(row["asyncoperationid"]),
        owner=str(row["ownerid"]),
        batch_job=str(row["regardingobjectid"]),
        correlation_id=str(row["correlationid"]),
        depth=int(str(row["depth"] or 0)),
        state=int(str(row["statecode"])),
        created_at=created,
        postpone_until=postponed if isinstance(postponed, datetime) else None,
        has_error=row["errorcode"] is not None,
        progress=_of_progress.decode(str(row["workflowstate"])),
    )


def open_jobs(tx: Transaction) -> list[Job]:
    """The workflow instances that are not completed, in the order in which they were made."""
    states = (JobState.READY.value, JobState.SUSPENDED.value, JobState.LOCKED.value)
    where: dict[str, Any] = {"statecode": states, "operationtype": OPERATION_WORKFLOW}
    rows = tx.find(SYSTEM_JOB, where, order_by=("sequence",))
    return [read_job(row) for row in rows if row["workflowstate"]]


def remember(tx: Transaction, job: Job, progress: Progress, **values: Value) -> Job:
    """Write where the job stands, with other columns of its row."""
    tx.update(SYSTEM_JOB, job.id, values | {"workflowstate": encoded(progress)}, caller=job.owner)
    return msgspec.structs.replace(job, progress=progress)


def fail_job(tx: Transaction, job: Job, message: str, code: int) -> None:
    """The run ends as Failed; nothing is started after it."""
    _end_step(tx, job, StepStatus.FAILED, message)
    remember(
        tx,
        job,
        job.progress,
        statecode=JobState.COMPLETED.value,
        statuscode=JobStatus.FAILED.value,
        completedon=tx.now,
        errorcode=code,
        message=message,
        friendlymessage=message,
        postponeuntil=None,
    )


def complete_job(tx: Transaction, job: Job) -> None:
    _end_step(tx, job, StepStatus.SUCCEEDED)
    started = job.progress.started_at or tx.now
    remember(
        tx,
        job,
        job.progress,
        statecode=JobState.COMPLETED.value,
        statuscode=JobStatus.SUCCEEDED.value,
        completedon=tx.now,
        executiontimespan=(tx.now - started).total_seconds(),
        postponeuntil=None,
        workflowstagename=None,
    )


def delete_job(tx: Transaction, job: Job) -> None:
    """A succeeded job of a workflow with asyncautodelete goes, with its log."""
    delete_job_row(tx, job.id)


def delete_job_row(tx: Transaction, id: str) -> None:
    """A system job and its log."""
    for row in tx.find(STEP, {"asyncoperationid": id}):
        tx.delete(STEP, str(row["workflowlogid"]))
    tx.delete(SYSTEM_JOB, id)


def cancel_waiting(tx: Transaction, workflow: str, caller: str) -> None:
    """The jobs of a workflow that is deactivated: what waits is canceled, what is at work ends by itself."""
    for job in open_jobs(tx):
        if job.progress.workflow == workflow and job.state == JobState.SUSPENDED:
            values: dict[str, Value] = {
                "statecode": JobState.COMPLETED.value,
                "statuscode": JobStatus.CANCELED.value,
                "completedon": tx.now,
                "postponeuntil": None,
            }
            tx.update(SYSTEM_JOB, job.id, values, caller=caller)
            cancel_steps(tx, job.id)


def cancel_steps(tx: Transaction, job_id: str) -> None:
    """The open steps of a job that a client canceled."""
    for row in _open_steps(tx, job_id):
        values: dict[str, Value] = {"status": StepStatus.CANCELED.value, "completedon": tx.now}
        tx.update(STEP, str(row["workflowlogid"]), values)


def enter_step(tx: Transaction, job: Job, status: StepStatus) -> None:
    """Where steps are steps: a row in the workflowlog, and the stage's name on the job."""
    name = STEP_NAMES.get(job.progress.workflow)
    if name is None or read_switches(tx).job_shape is not JobShape.STEPS:
        return
    if not _open_steps(tx, job.id):
        tx.insert(STEP, _step(job, status, tx.now) | {"stagename": name, "stepname": name}, caller=job.owner)
        tx.update(SYSTEM_JOB, job.id, {"workflowstagename": name}, caller=job.owner)


def link_child(tx: Transaction, job: Job, child: str) -> None:
    """The log of the caller names the job that it started."""
    values: dict[str, Value] = _step(job, StepStatus.SUCCEEDED, tx.now) | {
        "activityname": "StartChildWorkflow",
        "completedon": tx.now,
        "childworkflowinstanceid": child,
        target_column("childworkflowinstanceid"): SYSTEM_JOB,
        "childworkflowinstanceobjecttypecode": SYSTEM_JOB,
    }
    tx.insert(STEP, values, caller=job.owner)


def _end_step(tx: Transaction, job: Job, status: StepStatus, message: str | None = None) -> None:
    for row in _open_steps(tx, job.id):
        values: dict[str, Value] = {"status": status.value, "completedon": tx.now, "message": message}
        tx.update(STEP, str(row["workflowlogid"]), values, caller=job.owner)


def _open_steps(tx: Transaction, job_id: str) -> list[dict[str, Value]]:
    unfinished = (StepStatus.IN_PROGRESS.value, StepStatus.WAITING.value)
    return tx.find(STEP, {"asyncoperationid": job_id, "status": unfinished})


def _step(job: Job, status: StepStatus, now: datetime) -> dict[str, Value]:
    return {
        "asyncoperationid": job.id,
        target_column("asyncoperationid"): SYSTEM_JOB,
        "objecttypecode": SYSTEM_JOB,
        "regardingobjectid": job.batch_job,
        target_column("regardingobjectid"): BATCH_JOB,
        "status": status.value,
        "startedon": now,
    }


def _job_name(tx: Transaction, workflow: str) -> str:
    if read_switches(tx).job_shape is JobShape.STEPS:
        return workflow
    return STEP_NAMES.get(workflow, workflow)


def _depth(tx: Transaction, parent: Job | None) -> int:
    if parent is None or tx.now - parent.created_at > LOOP_WINDOW:
        return 1
    return parent.depth + 1


def encoded(progress: Progress) -> str:
    """As `workflowstate` holds it."""
    return msgspec.json.encode(progress).decode()
