"""A healthy environment as evidence: the examples beside the checks change one thing in it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import structs

from connector.model.batch_job import BatchJob, Frequency, JobType
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import Diagnosis
from connector.model.job_health import diagnose
from connector.model.job_privileges import NEEDED, READING, table_of
from connector.model.job_snapshot import JobSnapshot
from connector.model.process import (
    APPROVAL_FLOW,
    INVOICE_WORKFLOWS,
    PROCESS_RUN_CALLER,
    PROCESS_RUNNER,
    Process,
    ProcessCategory,
    ProcessMode,
    ProcessState,
    ProcessType,
)
from connector.model.solution import DUAL_WRITE_SOLUTION, Solution
from connector.model.system_job import OPERATION_TYPE_WORKFLOW, JobState, JobStatus, SystemJob
from connector.model.user import User
from connector.verification.contract_case import LineCase
from connector.verification.evidence import (
    READ,
    Backlog,
    Evidence,
    Owner,
    Starter,
    Today,
    Unread,
)
from connector.verification.example_contract import (
    CONSULTANT,
    CONTRACT,
    CURRENCIES,
    FREQUENCY,
    NOT_TO_EXCEED,
    PRICE_LIST,
    PRICES,
    PROGRESS,
    TABLES,
    UNITS,
    WAITING,
    WORK,
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
        is_managed=True,
        modified_on=datetime(2020, 9, 1, tzinfo=UTC),
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


FLOW = Process(
    id="00000000-0000-0000-0000-0000000000f9",
    name=APPROVAL_FLOW,
    category=ProcessCategory.MODERN_FLOW,
    state=ProcessState.ACTIVATED,
)
NEEDED_TO_READ = {table_of(item.name): item.name for item in READING} | {
    "invoice": "prvReadInvoice",
    "account": "prvReadAccount",
}
PRIVILEGES = frozenset(item.name for item in NEEDED) | frozenset(NEEDED_TO_READ.values())
STARTER = Starter(Owner(ADMIN.id, ADMIN, ("role",)), is_live=True, privileges=PRIVILEGES)
HEALTHY = Evidence(
    url="https://contoso.crm4.dynamics.com",
    now=NOW,
    identity=ADMIN,
    solutions=(
        Solution(
            id="s",
            unique_name="ProjectServiceCore",
            version="4.166.3403.4",
            installed_on=datetime(2020, 9, 1, tzinfo=UTC),
        ),
        Solution(id="d", unique_name=DUAL_WRITE_SOLUTION, version="2.4.0.0"),
    ),
    batch_jobs=(JOB,),
    workflows=WORKFLOWS,
    owners=(Owner(id=ADMIN.id, user=ADMIN, roles=("role",)),),
    chain=diagnosis(run(), sleep()),
    starter=STARTER,
    privileges=PRIVILEGES,
    needed_to_read=NEEDED_TO_READ,
    utilization_jobs=(),
    backlog=Backlog(0, is_more=False, oldest=None),
    today=Today(day=date(2020, 10, 5), zone=ZoneInfo("UTC"), whose="the setting time_zone"),
    tables=TABLES,
    contracts=(CONTRACT,),
    schedule_rows=READ,
    milestones=READ,
    actuals=READ,
    contract_customers=READ,
    line_customers=READ,
    contract_price_lists=READ,
    invoices=READ,
    invoice_sources=READ,
    frequencies=(FREQUENCY,),
    price_lists={PRICES: PRICE_LIST},
    role_prices=frozenset({(PRICES, CONSULTANT)}),
    inactive_accounts={},
    units=UNITS,
    currencies=CURRENCIES,
    waiting=WAITING,
    not_to_exceed=NOT_TO_EXCEED,
    progress=PROGRESS,
    approval_flows=(FLOW,),
)


def with_case(**changes: Any) -> Evidence:
    """The healthy environment with changes to its contract as a case: lines, customers, invoices."""
    return replace(HEALTHY, contracts=(replace(CONTRACT, **changes),))


def with_contract(**changes: Any) -> Evidence:
    """The healthy environment with another contract record, or other lines."""
    lines = changes.pop("lines", CONTRACT.lines)
    return with_case(contract=structs.replace(CONTRACT.contract, **changes), lines=lines)


def with_line(line: LineCase, **changes: Any) -> Evidence:
    """The healthy environment in which `line` is another: parts of its case, or columns of its record."""
    names = {item.name for item in fields(LineCase)}
    parts = {name: changes.pop(name) for name in list(changes) if name in names}
    changed = replace(line, line=structs.replace(line.line, **changes), **parts)
    return with_case(lines=tuple(changed if one is line else one for one in CONTRACT.lines))


def with_work(**changes: Any) -> Evidence:
    """The time and material line changed."""
    return with_line(WORK, **changes)


def with_frequency(**changes: Any) -> Evidence:
    changed = replace(FREQUENCY, frequency=structs.replace(FREQUENCY.frequency, **changes))
    return replace(HEALTHY, frequencies=(changed,))


def with_job(**changes: Any) -> Evidence:
    """The healthy environment with another batch job record."""
    return replace(HEALTHY, batch_jobs=(structs.replace(JOB, **changes),))


def another_job() -> BatchJob:
    """A second record that matches the invoice job."""
    return structs.replace(JOB, id="00000000-0000-0000-0000-0000000000b2", name="Create invoices (copy)")


NEVER_PROVISIONED = replace(
    HEALTHY, batch_jobs=(), chain=diagnosis(batch_jobs=()), starter=replace(STARTER, is_live=False)
)
