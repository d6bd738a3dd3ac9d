"""WF: the two workflows that make up the job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import structs

from connector.model.column_date import day_in
from connector.model.job_snapshot import is_activated
from connector.model.process import (
    INVOICE_WORKFLOWS,
    UPDATE_ROLE_UTILIZATION,
    Process,
    ProcessMode,
    ProcessState,
    ProcessType,
)
from connector.model.system_job import JobState, JobStatus, SystemJob
from connector.verification.check import SETTING_UP_THE_JOB, Check, Example
from connector.verification.evidence import Evidence, Need, Owner, known
from connector.verification.examples import ADMIN, FORBIDDEN, HEALTHY, WORKFLOWS
from connector.verification.finding import (
    Finding,
    Outcome,
    Record,
    Severity,
    failed,
    not_applicable,
    passed,
    unknown,
)

_UPDATING = timedelta(days=1)
"""How long after an update its workflows may still be written by it: our choice."""
UTC_ZONE = ZoneInfo("UTC")
_PRIMARY_TABLE = "msdyn_batchjob"
_ACTIVATE = (
    "Let the workflow's owner activate it once. Never switch workflows off and on to repair the job: "
    "deactivating cancels what waits in the queue."
)
_REINSTALL = "Repair or update the Project Operations solution: it brings this workflow."


def definitions(evidence: Evidence, name: str) -> list[Process]:
    """The definitions of a workflow; its activations are the platform's copies and do not count."""
    processes = known(evidence.workflows)
    return [item for item in processes if item.type == ProcessType.DEFINITION and item.name == name]


def _record(process: Process) -> Record:
    return Record("workflow", process.id, process.name or "")


def _present(evidence: Evidence) -> Iterator[Finding]:
    for name in INVOICE_WORKFLOWS:
        found = definitions(evidence, name)
        if not found:
            yield failed(
                f"The workflow {name} is not there.", evidence={"workflow.name": name}, fix=_REINSTALL
            )
        elif len(found) > 1:
            for item in found:
                yield failed(
                    f"{name} is there {len(found)} times, and this is one of them.",
                    _record(item),
                    fix="Keep the one of the Project Operations solution; rename or delete the copies.",
                )
        else:
            yield _activated(found[0])


def _activated(process: Process) -> Finding:
    if process.state is None:
        return unknown(
            f"The environment does not tell whether {process.name} is activated.", _record(process)
        )
    if is_activated(process):
        return passed(f"{process.name} is activated.", _record(process))
    state = _state(process.state)
    return failed(
        f"{process.name} is not activated: its state is {state}.", _record(process), {"statecode": state}
    )


def _state(value: int) -> str:
    return next((item.name.capitalize() for item in ProcessState if item == value), str(value))


def _offered(evidence: Evidence) -> Iterator[Finding]:
    found = [item for name in INVOICE_WORKFLOWS for item in definitions(evidence, name)]
    if not found:
        yield not_applicable("The workflows are not there: see WF01.")
    for item in found:
        yield _offered_on_batch_jobs(item)


def _offered_on_batch_jobs(process: Process) -> Finding:
    seen = {
        "ondemand": process.is_on_demand,
        "primaryentity": process.primary_table,
        "mode": process.mode,
    }
    wanted = {"ondemand": True, "primaryentity": _PRIMARY_TABLE, "mode": ProcessMode.BACKGROUND}
    wrong = {name: str(value) for name, value in seen.items() if value is not None and value != wanted[name]}
    hidden = [name for name, value in seen.items() if value is None]
    if wrong:
        text = ", ".join(f"{name} is {value}" for name, value in wrong.items())
        return failed(f"{process.name} cannot be started on a batch job: {text}.", _record(process), wrong)
    if hidden:
        text = f"The environment does not tell {', '.join(hidden)} of {process.name}."
        return unknown(text, _record(process))
    return passed(f"{process.name} is a background workflow, on demand, on batch jobs.", _record(process))


def _unchanged(evidence: Evidence) -> Iterator[Finding]:
    """The last update counts: solutions are updated together."""
    solutions = known(evidence.solutions)
    days = [day_in(UTC_ZONE, one) for item in solutions if (one := item.modified_on or item.installed_on)]
    updated = max(days, default=None)
    found = [item for name in INVOICE_WORKFLOWS for item in definitions(evidence, name)]
    if not found:
        yield not_applicable("The workflows are not there: see WF01.")
    for item in found:
        yield _as_brought(item, updated)


def _as_brought(process: Process, updated: date | None) -> Finding:
    record, changed = _record(process), process.modified_on
    if process.is_managed is None:
        return unknown(f"The environment does not tell whether {process.name} is managed.", record)
    if not process.is_managed:
        return failed(f"{process.name} is unmanaged: no solution brought it.", record, {"ismanaged": "false"})
    if updated is not None and changed is not None and changed.date() > updated + _UPDATING:
        text = f"{process.name} was changed {changed.date()}, after the update of {updated}."
        return failed(text, record, {"modifiedon": changed.isoformat()}, severity=Severity.INFO)
    return passed(f"{process.name} is managed, and not newer than the solution.", record)


def _owners(evidence: Evidence) -> Iterator[Finding]:
    owners = {owner.id: owner for owner in known(evidence.owners)}
    found = [item for name in INVOICE_WORKFLOWS for item in definitions(evidence, name)]
    if not found:
        yield not_applicable("The workflows are not there: see WF01.")
    for item in found:
        yield _owned(item, owners.get(item.owner or ""))


def _owned(process: Process, owner: Owner | None) -> Finding:
    if owner is None or owner.user is None:
        seen = {"ownerid": process.owner or "empty"}
        return unknown(
            f"The owner of {process.name} is not among the users: it may be a team.", _record(process), seen
        )
    user = owner.user
    name = user.full_name or owner.id
    if user.is_disabled is None:
        return unknown(f"The environment does not tell whether {name}, who owns {process.name}, is enabled.")
    trouble = _trouble(owner)
    if trouble:
        return failed(f"{process.name} belongs to {name}, who {trouble[1]}.", _record(process), trouble[0])
    return passed(f"{process.name} belongs to {name}, who is enabled and holds roles.", _record(process))


def _trouble(owner: Owner) -> tuple[dict[str, str], str] | None:
    """What keeps this owner from owning, as evidence and in words. Applications need no licence."""
    assert owner.user is not None
    if owner.user.is_disabled:
        return {"isdisabled": "true"}, "is disabled"
    if owner.user.is_licensed is False and not owner.user.application_id:
        return {"islicensed": "false"}, "has no licence"
    if not known(owner.roles):
        return {"systemuserroles": "none"}, "holds no security role"
    return None


def _with_process(**changes: Any) -> Evidence:
    """The healthy environment with a change in its first workflow."""
    return replace(HEALTHY, workflows=(structs.replace(WORKFLOWS[0], **changes), *WORKFLOWS[1:]))


def _with_owner(**changes: Any) -> Evidence:
    owner = Owner(id=ADMIN.id, user=structs.replace(ADMIN, **changes), roles=("role",))
    return replace(HEALTHY, owners=(owner,))


_UNREAD = Example("processes that may not be read", replace(HEALTHY, workflows=FORBIDDEN), Outcome.UNKNOWN)
_WITHOUT = replace(HEALTHY, workflows=())
_COPY = structs.replace(WORKFLOWS[0], id="00000000-0000-0000-0000-0000000000f9")


def _no_utilization(evidence: Evidence) -> Iterator[Finding]:
    jobs = known(evidence.utilization_jobs)
    for job in jobs:
        record = Record("asyncoperation", job.id, UPDATE_ROLE_UTILIZATION)
        yield failed("UpdateRoleUtilization runs on the record of the invoice job.", record)
    if not jobs:
        yield passed("No UpdateRoleUtilization is open on the record of the invoice job.")


def _evidence_is_kept(evidence: Evidence) -> Iterator[Finding]:
    found = [item for name in INVOICE_WORKFLOWS for item in definitions(evidence, name)]
    for item in found:
        name = item.name or item.id
        if item.is_job_deleted_on_success is None:
            yield unknown(f"Nobody tells whether {name} deletes its finished system jobs.", _record(item))
        elif item.is_job_deleted_on_success:
            yield failed(
                f"{name} deletes its system jobs when they have succeeded.",
                _record(item),
                {"asyncautodelete": "true"},
            )
        else:
            yield passed(f"{name} keeps its finished system jobs.", _record(item))
    if not found:
        yield not_applicable("Neither workflow is there: see WF01.")


def _with(**changes: Any) -> Evidence:
    """The healthy environment with both workflows changed alike."""
    return replace(HEALTHY, workflows=tuple(structs.replace(item, **changes) for item in WORKFLOWS))


_UTILIZATION = SystemJob(
    id="00000000-0000-0000-0000-0000000000e9", state=JobState.SUSPENDED, status=JobStatus.WAITING
)
WF01 = Check(
    code="WF01",
    severity=Severity.ERROR,
    title="Both workflows of the job are there once and activated",
    question="Are ProcessRunCaller and ProcessRunner there, each exactly once, and activated?",
    why="They are the job. A deactivated workflow is a draft that nobody can start and that nothing wakes.",
    fix=_ACTIVATE,
    link=SETTING_UP_THE_JOB,
    needs=(Need.WORKFLOWS,),
    judge=_present,
    examples=(
        Example("both activated", HEALTHY, Outcome.PASS),
        Example("one in draft", _with_process(state=ProcessState.DRAFT), Outcome.FAIL),
        Example("one missing", replace(HEALTHY, workflows=WORKFLOWS[:1]), Outcome.FAIL),
        Example("one there twice", replace(HEALTHY, workflows=(*WORKFLOWS, _COPY)), Outcome.FAIL),
        Example("a state that is hidden", _with_process(state=None), Outcome.UNKNOWN),
        _UNREAD,
    ),
)
WF02 = Check(
    code="WF02",
    severity=Severity.WARNING,
    title="Both workflows can be started on a batch job",
    question="Are both background workflows, available on demand, on the table msdyn_batchjob?",
    why="Only such workflows are offered when somebody starts the job.",
    fix="Take out the change to the workflow: restore the one that Project Operations brings.",
    link=SETTING_UP_THE_JOB,
    needs=(Need.WORKFLOWS,),
    judge=_offered,
    examples=(
        Example("both on demand", HEALTHY, Outcome.PASS),
        Example("one not on demand", _with_process(is_on_demand=False), Outcome.FAIL),
        Example("one on another table", _with_process(primary_table="account"), Outcome.FAIL),
        Example("one in real time", _with_process(mode=ProcessMode.REAL_TIME), Outcome.FAIL),
        Example("a column that is hidden", _with_process(mode=None), Outcome.UNKNOWN),
        Example("no workflows", _WITHOUT, Outcome.NOT_APPLICABLE),
        _UNREAD,
    ),
)
WF03 = Check(
    code="WF03",
    severity=Severity.ERROR,
    title="The workflows' owner is enabled, licensed and holds roles",
    question="Can the user who owns the workflows still work in this environment?",
    why="A workflow whose owner is disabled, or has lost licence or roles, stops without telling anybody.",
    fix="Give the owner licence and roles back, or assign the workflow to a service account that stays. "
    "Where that takes deactivating, the sleeping job is canceled: look with `projops status`, then start "
    "the job once with `projops rerun`.",
    link="https://learn.microsoft.com/power-automate/best-practices-workflow-processes",
    needs=(Need.WORKFLOWS, Need.OWNERS),
    judge=_owners,
    examples=(
        Example("an owner in service", HEALTHY, Outcome.PASS),
        Example("a disabled owner", _with_owner(is_disabled=True), Outcome.FAIL),
        Example("an owner without licence", _with_owner(is_licensed=False), Outcome.FAIL),
        Example(
            "an application without licence",
            _with_owner(is_licensed=False, application_id="00000000-0000-0000-0000-0000000000aa"),
            Outcome.PASS,
        ),
        Example(
            "an owner without roles",
            replace(HEALTHY, owners=(Owner(id=ADMIN.id, user=ADMIN, roles=()),)),
            Outcome.FAIL,
        ),
        Example("a team as owner", replace(HEALTHY, owners=()), Outcome.UNKNOWN),
        Example(
            "roles that may not be read",
            replace(HEALTHY, owners=(Owner(id=ADMIN.id, user=ADMIN, roles=FORBIDDEN),)),
            Outcome.UNKNOWN,
        ),
        Example("users that may not be read", replace(HEALTHY, owners=FORBIDDEN), Outcome.UNKNOWN),
        Example("no workflows", _WITHOUT, Outcome.NOT_APPLICABLE),
        _UNREAD,
    ),
)
WF04 = Check(
    code="WF04",
    severity=Severity.WARNING,
    title="The workflows are as the solution brought them",
    question="Are both workflows managed, and not changed since the solution was last updated?",
    why="A changed workflow is not replaced by an update, and runs as it was left. Layers themselves are not "
    "read: activating a workflow changes its date too, so that a later date alone is a note.",
    fix="Open the workflow's solution layers, and remove the unmanaged layer if there is one.",
    link="https://learn.microsoft.com/power-apps/maker/data-platform/solution-layers",
    needs=(Need.WORKFLOWS, Need.SOLUTIONS),
    judge=_unchanged,
    examples=(
        Example("managed, of the day of the update", HEALTHY, Outcome.PASS),
        Example("unmanaged", _with_process(is_managed=False), Outcome.FAIL),
        Example(
            "changed a week later",
            _with_process(modified_on=datetime(2020, 9, 8, tzinfo=UTC)),
            Outcome.FAIL,
        ),
        Example("nothing said about it", _with_process(is_managed=None), Outcome.UNKNOWN),
        Example("solutions that may not be read", replace(HEALTHY, solutions=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
WF05 = Check(
    code="WF05",
    severity=Severity.INFO,
    title="UpdateRoleUtilization does not run on the invoice job",
    question="Was the workflow of role utilization started on another record than the invoice job?",
    why="Run Workflow offers it in the same list; on this record it looks like the job and invoices nothing.",
    fix="End it (`projops rerun --cancel ID`) and start it on a batch job of its own.",
    link=SETTING_UP_THE_JOB,
    needs=(Need.UTILIZATION_JOBS,),
    judge=_no_utilization,
    examples=(
        Example("only the invoice workflows", HEALTHY, Outcome.PASS),
        Example("started by mistake", replace(HEALTHY, utilization_jobs=(_UTILIZATION,)), Outcome.FAIL),
        Example(
            "system jobs that may not be read", replace(HEALTHY, utilization_jobs=FORBIDDEN), Outcome.UNKNOWN
        ),
    ),
)
WF06 = Check(
    code="WF06",
    severity=Severity.WARNING,
    title="System jobs of the workflows stay on record",
    question="Do the workflows keep their system jobs when these have succeeded?",
    why="A workflow that deletes them leaves no evidence of its last run; the platform keeps 30 days anyway.",
    fix="Clear the option that deletes completed jobs automatically; it needs the workflow's owner.",
    link="https://learn.microsoft.com/power-automate/best-practices-workflow-processes",
    needs=(Need.WORKFLOWS,),
    judge=_evidence_is_kept,
    examples=(
        Example("jobs are kept", HEALTHY, Outcome.PASS),
        Example("jobs are deleted", _with(is_job_deleted_on_success=True), Outcome.FAIL),
        Example("nobody tells", _with(is_job_deleted_on_success=None), Outcome.UNKNOWN),
        Example("no workflow", replace(HEALTHY, workflows=()), Outcome.NOT_APPLICABLE),
    ),
)
CHECKS = (WF01, WF02, WF03, WF04, WF05, WF06)
