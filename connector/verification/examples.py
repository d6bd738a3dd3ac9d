"""A healthy environment as evidence: the examples beside the checks change one thing in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import structs

from connector.model.batch_job import BatchJob, Frequency, JobType
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import Diagnosis
from connector.model.job_health import diagnose
from connector.model.job_privileges import NEEDED
from connector.model.job_snapshot import JobSnapshot
from connector.model.process import (
    INVOICE_WORKFLOWS,
    PROCESS_RUN_CALLER,
    PROCESS_RUNNER,
    Process,
    ProcessCategory,
    ProcessMode,
    ProcessState,
    ProcessType,
)
from connector.model.solution import Solution
from connector.model.system_job import OPERATION_TYPE_WORKFLOW, JobState, JobStatus, SystemJob
from connector.model.user import User
from connector.verification.evidence import (
    Backlog,
    Evidence,
    LineFacts,
    LineRef,
    Owner,
    Starter,
    Today,
    Unread,
)

NOW = datetime(2020, 10, 5, 6, 0, tzinfo=UTC)
FORBIDDEN = Unread("The table could not be read: 403, the privilege prvRead is missing.")
ADMIN = User(
    id="00000000-0000-0000-0000-0000000000a1", full_name="Avery Admin", is_disabled=False, is_licensed=True
)
JOB = BatchJob(
    id="00000000-0000-0000-0000-0000000000b1",
    name="Project Operations Create Invoices",
    job_type=JobType.NONE,
    frequency=Frequency.DAILY,
    is_active=True,
    last_run_date=NOW - timedelta(hours=4),
    state=0,
    created_on=NOW - timedelta(days=40),
    modified_on=NOW - timedelta(days=40),
    created_by=ADMIN.id,
    modified_by=ADMIN.id,
)
LINE = LineRef(
    id="00000000-0000-0000-0000-0000000000c1",
    name="Implementation work",
    contract="00000000-0000-0000-0000-0000000000d1",
    contract_name="Adatum",
)
SYSTEM_JOB_ID = "00000000-0000-0000-0000-0000000000e{}"


def definition(name: str) -> Process:
    number = INVOICE_WORKFLOWS.index(name) + 1
    return Process(
        id=f"00000000-0000-0000-0000-0000000000f{number}",
        name=name,
        type=ProcessType.DEFINITION,
        category=ProcessCategory.WORKFLOW,
        state=ProcessState.ACTIVATED,
        mode=ProcessMode.BACKGROUND,
        is_on_demand=True,
        is_job_deleted_on_success=False,
        primary_table="msdyn_batchjob",
        activation=f"00000000-0000-0000-0000-000000000f0{number}",
        owner=ADMIN.id,
    )


WORKFLOWS = tuple(definition(name) for name in INVOICE_WORKFLOWS)


def system_job(number: int, workflow: str, status: JobStatus, **others: Any) -> SystemJob:
    """A system job of `workflow` on JOB; the state follows from the status."""
    states = {JobStatus.WAITING: JobState.SUSPENDED, JobStatus.IN_PROGRESS: JobState.LOCKED}
    values: dict[str, Any] = {
        "id": SYSTEM_JOB_ID.format(number),
        "operation_type": OPERATION_TYPE_WORKFLOW,
        "state": states.get(status, JobState.COMPLETED),
        "status": status,
        "regarding": JOB.id,
        "workflow_activation": definition(workflow).activation,
        "owner": ADMIN.id,
    }
    return SystemJob(**{**values, **others})


def run(status: JobStatus = JobStatus.SUCCEEDED, **others: Any) -> SystemJob:
    """The last ProcessRunner: it ended four hours ago."""
    times = {"created_on": NOW - timedelta(hours=5), "completed_on": NOW - timedelta(hours=4)}
    return system_job(1, PROCESS_RUNNER, status, **{**times, **others})


def sleep(**others: Any) -> SystemJob:
    """The ProcessRunCaller that followed it: it sleeps for another twenty hours."""
    times = {"created_on": NOW - timedelta(hours=4), "postpone_until": NOW + timedelta(hours=20)}
    return system_job(2, PROCESS_RUN_CALLER, JobStatus.WAITING, **{**times, **others})


def diagnosis(
    *jobs: SystemJob, batch_jobs: tuple[BatchJob, ...] = (JOB,), users: tuple[User, ...] = (ADMIN,)
) -> Diagnosis:
    snapshot = JobSnapshot(now=NOW, batch_jobs=batch_jobs, processes=WORKFLOWS, jobs=jobs, users=users)
    return diagnose(snapshot, InvoicingRules())


PRIVILEGES = frozenset(item.name for item in NEEDED)
STARTER = Starter(Owner(ADMIN.id, ADMIN, ("role",)), is_live=True, privileges=PRIVILEGES)
HEALTHY = Evidence(
    url="https://contoso.crm4.dynamics.com",
    now=NOW,
    identity=ADMIN,
    solutions=(Solution(id="s", unique_name="ProjectServiceCore", version="4.166.3403.4"),),
    batch_jobs=(JOB,),
    workflows=WORKFLOWS,
    owners=(Owner(id=ADMIN.id, user=ADMIN, roles=("role",)),),
    chain=diagnosis(run(), sleep()),
    starter=STARTER,
    privileges=PRIVILEGES,
    utilization_jobs=(),
    backlog=Backlog(0, is_more=False, oldest=None),
    today=Today(day=date(2020, 10, 5), zone=ZoneInfo("UTC"), whose="the setting time_zone"),
    lines=LineFacts(time_and_material=2, fixed_price=1),
    past_due_rows=(),
    due_milestones=(),
)


def with_job(**changes: Any) -> Evidence:
    """The healthy environment with another batch job record."""
    return replace(HEALTHY, batch_jobs=(structs.replace(JOB, **changes),))


def another_job() -> BatchJob:
    """A second record that matches the invoice job."""
    return structs.replace(JOB, id="00000000-0000-0000-0000-0000000000b2", name="Create invoices (copy)")


NEVER_PROVISIONED = replace(
    HEALTHY, batch_jobs=(), chain=diagnosis(batch_jobs=()), starter=replace(STARTER, is_live=False)
)
