"""One instance of a workflow, from its start to its end: the plug-in decides, this writes the rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from connector.emulator.platform.privileges import missing_for_invoicing
from connector.emulator.platform.role_utilization import RoleUtilizationWorkflow, update_role_utilization
from connector.emulator.platform.switches import read_rules, read_switches
from connector.emulator.platform.system_jobs import (
    Job,
    Phase,
    complete_job,
    create_job,
    delete_job,
    enter_step,
    fail_job,
    find_definition,
    link_child,
    remember,
)
from connector.emulator.platform.words import (
    BATCH_JOB,
    PROCESS_ACTIVATED,
    JobState,
    JobStatus,
    StepStatus,
    signed,
)
from connector.emulator.store import Transaction
from connector.hooks import Plugins
from connector.model.process import UPDATE_ROLE_UTILIZATION
from connector.workflow import Call, StartWorkflow, StepDecision, WaitUntil, Workflow

MAXIMUM_DEPTH = 16
"""How many jobs may start each other within an hour: the documented loop guard."""
DEPTH_TOO_HIGH = signed(0x80044182)
USER_DISABLED = signed(0x80040225)
PRIVILEGE_DENIED = signed(0x80040220)
WORKFLOW_NOT_ACTIVE = signed(0x80045055)
WORKFLOW_DOES_NOT_EXIST = signed(0x8006040B)
RECORD_DOES_NOT_EXIST = signed(0x80040217)
BUSINESS_ERROR = signed(0x80040265)


def advance(tx: Transaction, job: Job, plugins: Plugins) -> None:
    """Carry out what is due for a job now. A fault of the plug-in fails this job and no other."""
    if job.state == JobState.SUSPENDED and read_switches(tx).stalls_timers:
        remember(tx, job, replace(job.progress, is_stalled=True))
        return
    if _is_disabled(tx, job.owner):
        _suspend(tx, job)
        return
    try:
        workflow = workflow_of(plugins, job.progress.workflow)
        if job.progress.phase is Phase.BEGIN:
            _begin(tx, job, workflow, plugins)
        elif job.progress.phase is Phase.SLEEP:
            _wake(tx, job, workflow, plugins)
        else:
            _close(tx, job, workflow)
    except Exception as error:  # noqa: BLE001 - whatever a plug-in raises fails its job, not the service
        fail_job(tx, job, f"{job.progress.workflow}: {type(error).__name__}: {error}", BUSINESS_ERROR)


def workflow_of(plugins: Plugins, name: str) -> Workflow:
    """The plug-in of this name; UpdateRoleUtilization is the platform's own, plug-ins only estimate.

    Raises PluginError when nobody brings it.
    """
    if name == UPDATE_ROLE_UTILIZATION:
        plugins.utilization_estimate(name)
        return RoleUtilizationWorkflow()
    return plugins.workflow(name)


def finish_work(tx: Transaction, job: Job) -> None:
    """The contracts of a run are done; the job stays In Progress until its time is over."""
    remember(tx, job, replace(job.progress, phase=Phase.CLOSE))


def _begin(tx: Transaction, job: Job, workflow: Workflow, plugins: Plugins) -> None:
    if (trouble := _trouble(tx, job)) is not None:
        fail_job(tx, job, *trouble)
        return
    decisions = workflow.start(_call(tx, job), read_rules(tx))
    job = remember(tx, job, replace(job.progress, started_at=tx.now), startedon=tx.now)
    _start_children(tx, job, decisions)
    wake_at = max((item.at for item in decisions if isinstance(item, WaitUntil)), default=tx.now)
    if wake_at > tx.now:
        _sleep(tx, remember(tx, job, replace(job.progress, phase=Phase.SLEEP, until=wake_at)))
    else:
        _work(tx, job, workflow, plugins)


def _wake(tx: Transaction, job: Job, workflow: Workflow, plugins: Plugins) -> None:
    """The timer has ended; a job that was resumed before its time goes back to sleep."""
    if job.progress.until is not None and job.progress.until > tx.now:
        _sleep(tx, job)
    else:
        _work(tx, job, workflow, plugins)


def _sleep(tx: Transaction, job: Job) -> None:
    remember(
        tx,
        job,
        job.progress,
        statecode=JobState.SUSPENDED.value,
        statuscode=JobStatus.WAITING.value,
        postponeuntil=job.progress.until,
    )
    enter_step(tx, job, StepStatus.WAITING)


def _work(tx: Transaction, job: Job, workflow: Workflow, plugins: Plugins) -> None:
    if not workflow.is_reading_contracts:
        if isinstance(workflow, RoleUtilizationWorkflow):
            update_role_utilization(tx, plugins, job.owner)
        _close(tx, job, workflow)
        return
    if missing := missing_for_invoicing(tx, job.owner):
        fail_job(tx, job, f"The user {job.owner} lacks the privilege {missing[0]}.", PRIVILEGE_DENIED)
        return
    until = tx.now + timedelta(seconds=read_switches(tx).run_duration_s)
    remember(
        tx,
        job,
        replace(job.progress, phase=Phase.WORK, until=until),
        statecode=JobState.LOCKED.value,
        statuscode=JobStatus.IN_PROGRESS.value,
        postponeuntil=None,
    )
    enter_step(tx, job, StepStatus.IN_PROGRESS)


def _close(tx: Transaction, job: Job, workflow: Workflow) -> None:
    if job.state == JobState.READY and job.progress.until is not None and job.progress.until > tx.now:
        _go_on(tx, job)
        return
    decisions = workflow.end(_call(tx, job), tx.now)
    if workflow.is_reading_contracts and tx.get(BATCH_JOB, job.batch_job) is not None:
        tx.update(BATCH_JOB, job.batch_job, {"msdyn_lastrundate": tx.now}, caller=job.owner)
    complete_job(tx, job)
    _start_children(tx, job, decisions)
    definition = find_definition(tx, job.progress.workflow)
    if definition is not None and definition["asyncautodelete"]:
        delete_job(tx, job)


def _go_on(tx: Transaction, job: Job) -> None:
    """A paused run that was resumed is at work again until its time is over."""
    remember(
        tx,
        job,
        job.progress,
        statecode=JobState.LOCKED.value,
        statuscode=JobStatus.IN_PROGRESS.value,
    )


def _start_children(tx: Transaction, job: Job, decisions: Sequence[StepDecision]) -> None:
    for item in decisions:
        if isinstance(item, StartWorkflow):
            child = create_job(
                tx, item.name, job.batch_job, job.owner, handed_end=item.handed_end, parent=job
            )
            link_child(tx, job, child)


def _suspend(tx: Transaction, job: Job) -> None:
    message = f"The user {job.owner} who started the workflow has been disabled."
    remember(
        tx,
        job,
        job.progress,
        statecode=JobState.SUSPENDED.value,
        statuscode=JobStatus.WAITING.value,
        errorcode=USER_DISABLED,
        message=message,
        friendlymessage=message,
    )


def _trouble(tx: Transaction, job: Job) -> tuple[str, int] | None:
    """Why a run cannot begin, with its code."""
    name = job.progress.workflow
    definition = find_definition(tx, name)
    batch_job = tx.get(BATCH_JOB, job.batch_job)
    if definition is None:
        return f"The workflow {name} does not exist.", WORKFLOW_DOES_NOT_EXIST
    if definition["statecode"] != PROCESS_ACTIVATED:
        return f"The workflow {name} is not activated.", WORKFLOW_NOT_ACTIVE
    if batch_job is None:
        return f"The batch job {job.batch_job} does not exist.", RECORD_DOES_NOT_EXIST
    if batch_job["statecode"] != 0 or not batch_job["msdyn_isactive"]:
        return f"The batch job {batch_job['msdyn_name']} is not active.", BUSINESS_ERROR
    if job.depth > MAXIMUM_DEPTH:
        return f"{job.depth} jobs started each other within an hour: a loop.", DEPTH_TOO_HIGH
    return None


def _is_disabled(tx: Transaction, user: str) -> bool:
    row = tx.get("systemuser", user)
    return row is None or bool(row["isdisabled"])


def _call(tx: Transaction, job: Job) -> Call:
    return Call(started_at=job.progress.started_at or tx.now, handed_end=job.progress.handed_end)
