"""The job taken out of use: its chains ended, its record deactivated, and deleted only when told to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from connector.errors import Conflict, ProjopsError
from connector.job.cancel import ANY_VERSION, CancelResult, cancel_jobs
from connector.job.look import Environment, look
from connector.job.refusal import Refusal, check_digest, check_refusals, error_of
from connector.model.batch_job import BATCH_JOB
from connector.model.job_chain import ChainJob, Health
from connector.model.job_snapshot import STATE_INACTIVE
from connector.model.plan_limits import UNLIMITED, PlanLimits
from connector.model.system_job import SYSTEM_JOB
from connector.provisioning.change import Change, ChangeAction, FieldChange, Plan, digest_of
from connector.provisioning.current import Current
from connector.provisioning.plan import beyond, what_cannot_be_told

_AGAIN = "Run projops destroy again to see what there is now."
_INACTIVE_STATUS = 2


@dataclass(frozen=True)
class Destroyed:
    """What was done; `refused` says why the rest was not."""

    done: tuple[Change, ...] = ()
    canceled: CancelResult = field(default_factory=CancelResult)
    refused: tuple[Refusal, ...] = ()

    @property
    def error(self) -> ProjopsError | None:
        return error_of(self.refused, None)


def plan_destruction(current: Current, *, is_deleting: bool = False, limits: PlanLimits = UNLIMITED) -> Plan:
    """End every chain, deactivate the record; with `is_deleting` delete it in place of deactivating.

    Refused are: tables that may not be read, several records, system jobs that cannot be told, and a
    ProcessRunner at work, which would be cut off in the middle of its invoices.
    """
    changes = tuple(_changes(current, is_deleting=is_deleting))
    refusals = (*_refusals(current), *beyond(limits, changes))
    digest = digest_of(current, changes, refusals)
    return Plan(() if refusals else changes, refusals, "", digest)


def destroy(at: Environment, current: Current, plan: Plan, *, digest: str | None = None) -> Destroyed:
    """Apply the plan that was made from `current`; of `digest`, it must still be the reviewed one.

    The record is touched only once no chain lives, and only as it was read. Raises Refused for a plan with
    refusals or another digest, and what the client raises.
    """
    check_digest(plan.digest, digest)
    check_refusals(plan.refusals)
    ending = plan.of(ChangeAction.CANCEL)
    canceled = cancel_jobs(at, _open_jobs(current)) if ending else CancelResult()
    if not canceled.is_complete:
        return Destroyed((), canceled, (Refusal("System jobs of a chain are still open.", _AGAIN),))
    if ending and look(at).diagnosis.live_chains:
        return Destroyed(ending, canceled, (Refusal("A new chain has begun in the meantime.", _AGAIN),))
    rest = tuple(change for change in plan.changes if change.action is not ChangeAction.CANCEL)
    try:
        for change in rest:
            _apply(at, current, change)
    except Conflict as error:
        refusal = Refusal(f"Somebody else changed the record at the same time: {error.message}", _AGAIN)
        return Destroyed(ending, canceled, (refusal,))
    return Destroyed((*ending, *rest), canceled)


def _changes(current: Current, *, is_deleting: bool) -> Iterator[Change]:
    for job in _open_jobs(current):
        yield Change(ChangeAction.CANCEL, SYSTEM_JOB.logical_name, job.id, job.workflow or "a workflow")
    record = current.sight.snapshot.batch_job
    if record is None:
        return
    if is_deleting:
        yield Change(ChangeAction.DELETE, BATCH_JOB.logical_name, record.id, record.name or "")
    elif record.state != STATE_INACTIVE:
        fields = (
            FieldChange("statecode", record.state, STATE_INACTIVE),
            FieldChange("statuscode", 1, _INACTIVE_STATUS),
        )
        yield Change(ChangeAction.UPDATE, BATCH_JOB.logical_name, record.id, record.name or "", fields)


def _open_jobs(current: Current) -> tuple[ChainJob, ...]:
    return tuple(job for chain in current.sight.diagnosis.live_chains for job in chain.open_jobs)


def _refusals(current: Current) -> Iterator[Refusal]:
    diagnosis = current.sight.diagnosis
    untold = tuple(what_cannot_be_told(current.sight.snapshot))
    yield from untold
    if diagnosis.is_invoicing:
        yield Refusal(
            "ProcessRunner is at work: ending it now would leave contracts half done.",
            "Wait until projops status says that it sleeps.",
        )
    elif diagnosis.health is Health.UNKNOWN and not untold:
        yield Refusal(diagnosis.sentence, "Run projops rerun --cancel ID for what is to end, then destroy.")


def _apply(at: Environment, current: Current, change: Change) -> None:
    record = current.sight.snapshot.batch_job
    assert record is not None
    etag = record.etag or ANY_VERSION
    if change.action is ChangeAction.DELETE:
        at.client.delete(at.tables.batch_job.entity_set, record.id, etag=etag)
    else:
        at.client.update(at.tables.batch_job.entity_set, record.id, change.values, etag=etag)
