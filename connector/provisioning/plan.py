"""From the job as it is to the job as it should be: a plan, without any request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from connector.errors import UsageError
from connector.job.refusal import Refusal, too_many_starts
from connector.model.batch_job import BATCH_JOB, BatchJob
from connector.model.desired_job import DesiredJob, is_invoice_job_name
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import RESTARTABLE, Health
from connector.model.job_snapshot import STATE_INACTIVE, JobSnapshot, is_activated
from connector.model.plan_limits import UNLIMITED, PlanLimits
from connector.model.process import (
    INVOICE_WORKFLOWS,
    PROCESS,
    WORKFLOWS_OF_THE_JOB,
    Process,
    ProcessState,
)
from connector.provisioning.change import Change, ChangeAction, FieldChange, Plan, digest_of, job_id
from connector.provisioning.current import Current
from connector.provisioning.notes import notes_of

_STARTABLE = RESTARTABLE | {Health.NEVER_PROVISIONED, Health.WORKFLOW_INACTIVE}


def plan_job(
    current: Current,
    desired: DesiredJob,
    rules: InvoicingRules,
    *,
    is_activating: bool = False,
    limits: PlanLimits = UNLIMITED,
) -> Plan:
    """What provisioning would do, and why it would not.

    `is_activating` allows to activate a workflow that is in Draft and belongs to the caller. Raises
    UsageError for a desired job that the platform would not take for the invoice job.
    """
    _check(desired, rules)
    changes = tuple(_changes(current, desired, is_activating=is_activating))
    refusals = (
        *_refusals(current, changes, is_activating=is_activating),
        *_too_many_starts(current, changes, rules),
        *beyond(limits, changes),
    )
    plan = Plan(
        changes=() if refusals else changes,
        refusals=refusals,
        start_with=desired.start_with,
        digest=digest_of(current, changes, refusals),
    )
    return replace(plan, notes=tuple(notes_of(current, plan, rules)))


def _check(desired: DesiredJob, rules: InvoicingRules) -> None:
    if not is_invoice_job_name(desired.name, is_case_sensitive=rules.is_job_name_case_sensitive):
        raise UsageError(
            f'[job] name = {desired.name!r}: the platform knows the job by the words "create invoices".',
            "Choose a name that contains them.",
        )
    if desired.start_with not in INVOICE_WORKFLOWS:
        raise UsageError(
            f"start_with = {desired.start_with!r} does not start the invoice job.",
            f"Choose {' (sleep first) or '.join(INVOICE_WORKFLOWS)} (invoice at once).",
        )


# What would change


def _changes(current: Current, desired: DesiredJob, *, is_activating: bool) -> Iterator[Change]:
    snapshot = current.sight.snapshot
    if is_activating:
        yield from (_activation(item) for item in _drafts(snapshot) if item.owner == current.identity.user_id)
    record = snapshot.batch_job
    if record is None:
        yield _creation(current, desired)
    elif fields := tuple(_differences(current, record, desired)):
        yield Change(ChangeAction.UPDATE, BATCH_JOB.logical_name, record.id, record.name or "", fields)
    if _wants_start(current):
        definitions = [item for item in snapshot.definitions(desired.start_with) if is_activated(item)]
        others = snapshot.definitions(desired.start_with)
        for item in (definitions or others)[:1]:
            yield Change(ChangeAction.START, PROCESS.logical_name, item.id, desired.start_with)


def _wants_start(current: Current) -> bool:
    """Only where no chain lives. A chain that lives and ails is for `rerun`, not for a second start."""
    diagnosis = current.sight.diagnosis
    return not diagnosis.live_chains and diagnosis.health in _STARTABLE


def _activation(process: Process) -> Change:
    fields = (
        FieldChange(PROCESS.column_of("state"), process.state, ProcessState.ACTIVATED.value),
        FieldChange(PROCESS.column_of("status"), process.status, 2),
    )
    return Change(ChangeAction.ACTIVATE, PROCESS.logical_name, process.id, process.name or "", fields)


def _creation(current: Current, desired: DesiredJob) -> Change:
    fields = tuple(
        FieldChange(BATCH_JOB.column_of(name), None, value)
        for name, value in _wanted(desired).items()
        if current.tables.batch_job.has(name)
    )
    id = job_id(current.organization_id, desired.name)
    return Change(ChangeAction.CREATE, BATCH_JOB.logical_name, id, desired.name, fields)


def _differences(current: Current, record: BatchJob, desired: DesiredJob) -> Iterator[FieldChange]:
    for name, value in _wanted(desired).items():
        old = getattr(record, name)
        is_same = old == value or (name == "name" and _normal(old) == _normal(value))
        if current.tables.batch_job.has(name) and not is_same:
            yield FieldChange(BATCH_JOB.column_of(name), old, value)
    if record.state == STATE_INACTIVE:
        yield FieldChange("statecode", STATE_INACTIVE, 0)
        yield FieldChange("statuscode", 2, 1)


def _wanted(desired: DesiredJob) -> dict[str, str | int | bool]:
    return {
        "name": desired.name,
        "job_type": int(desired.job_type),
        "frequency": int(desired.frequency),
        "is_active": desired.is_active,
    }


def _normal(name: object) -> str:
    """Names that differ only in case and spaces are one name: Microsoft's own pages vary them."""
    return " ".join(str(name).casefold().split())


# What stands against it


def beyond(limits: PlanLimits, changes: Iterable[Change]) -> Iterator[Refusal]:
    """Changes of a kind that are more than the limits allow."""
    counts = Counter(change.action for change in changes)
    for action, count in counts.items():
        most: int | None = getattr(limits, action.value)
        if most is not None and count > most:
            yield Refusal(
                f"The plan has {count} of the kind {action.value}, and at most {most} may be: "
                f"[limits] {action.value}.",
                "Raise the limit for this environment if that is meant.",
            )


def _too_many_starts(
    current: Current, changes: tuple[Change, ...], rules: InvoicingRules
) -> Iterator[Refusal]:
    is_starting = any(change.action is ChangeAction.START for change in changes)
    if is_starting and (refusal := too_many_starts(current.sight.diagnosis, rules)):
        yield refusal


def _refusals(current: Current, changes: tuple[Change, ...], *, is_activating: bool) -> Iterator[Refusal]:
    snapshot = current.sight.snapshot
    yield from what_cannot_be_told(snapshot)
    yield from _chains(current)
    if "workflow" not in snapshot.unread:
        yield from _workflows(current, is_activating=is_activating)
    if any(change.action is ChangeAction.START for change in changes):
        yield from _privileges(current)


def what_cannot_be_told(snapshot: JobSnapshot) -> Iterator[Refusal]:
    """Tables that may not be read, and more than one record: whatever is planned, the job is not known."""
    yield from _unread(snapshot)
    yield from _records(snapshot)


def _unread(snapshot: JobSnapshot) -> Iterator[Refusal]:
    for table in ("msdyn_batchjob", "asyncoperation", "workflow"):
        if reason := snapshot.unread.get(table):
            yield Refusal(
                f"The table {table} could not be read: {reason}", "Give the caller the right to read it."
            )


def _records(snapshot: JobSnapshot) -> Iterator[Refusal]:
    if len(snapshot.candidates) > 1:
        named = ", ".join(f"{item.name!r} ({item.id})" for item in snapshot.candidates)
        yield Refusal(
            f"{len(snapshot.candidates)} records match the invoice job: {named}.",
            "Deactivate all but the one that is to run.",
        )


def _chains(current: Current) -> Iterator[Refusal]:
    diagnosis = current.sight.diagnosis
    is_told_by_record = current.sight.snapshot.batch_job is None or current.sight.snapshot.unread
    if diagnosis.health in {Health.UNKNOWN, Health.SEVERAL_CHAINS} and not is_told_by_record:
        yield Refusal(
            diagnosis.sentence, "Run projops rerun, which lists the chains and cancels what --cancel names."
        )


def _workflows(current: Current, *, is_activating: bool) -> Iterator[Refusal]:
    snapshot = current.sight.snapshot
    for name in WORKFLOWS_OF_THE_JOB:
        definitions = snapshot.definitions(name)
        active = [item for item in definitions if is_activated(item)]
        if not definitions:
            yield Refusal(
                f"The workflow {name} does not exist in this environment.",
                "It comes with Project Operations: repair or update the solution.",
            )
        elif len(active) > 1:
            named = ", ".join(item.id for item in active)
            yield Refusal(
                f"{len(active)} activated workflows are named {name}: {named}.",
                "Leave one of them activated.",
            )
    for item in _drafts(snapshot):
        if refusal := _draft(item, current, is_activating=is_activating):
            yield refusal


def _drafts(snapshot: JobSnapshot) -> tuple[Process, ...]:
    """Workflows of the job that are not activated, and of which no activated twin exists."""
    return tuple(
        item
        for name in WORKFLOWS_OF_THE_JOB
        for item in snapshot.definitions(name)[:1]
        if not any(is_activated(twin) for twin in snapshot.definitions(name))
    )


def _draft(process: Process, current: Current, *, is_activating: bool) -> Refusal | None:
    is_owner = process.owner == current.identity.user_id
    if is_activating and is_owner and process.state == ProcessState.DRAFT:
        return None
    owner = current.sight.snapshot.owner_name(process.owner)
    state = "in Draft" if process.state == ProcessState.DRAFT else "suspended"
    hint = (
        "Repeat with --activate: you own it."
        if is_owner and process.state == ProcessState.DRAFT
        else f"Only its owner, {owner}, may activate it."
    )
    return Refusal(f"The workflow {process.name} ({process.id}) is {state}.", hint)


def _privileges(current: Current) -> Iterator[Refusal]:
    missing = [item for item in current.identity.missing or () if item.is_billing]
    if missing:
        named = ", ".join(f"{item.name} ({item.reason})" for item in missing)
        yield Refusal(
            f"{current.identity.name} would run the job and lacks {named}.",
            "Give that user a role with these privileges, for example Project billing administrator.",
        )
