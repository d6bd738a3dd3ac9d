"""Doing what the plan says, no more, and only while the environment is still what the plan was made from."""

from __future__ import annotations

from dataclasses import dataclass

from connector.errors import Conflict, ProjopsError
from connector.job.cancel import ANY_VERSION
from connector.job.look import Environment, Sight, look
from connector.job.refusal import Refusal, check_digest, check_refusals, error_of
from connector.job.start import StartResult, StartState, start_workflow
from connector.model.job_chain import RESTARTABLE
from connector.provisioning.change import Change, ChangeAction, Plan
from connector.provisioning.current import Current

_PLAN_AGAIN = "Run projops provision again to see what there is now."


@dataclass(frozen=True)
class Applied:
    """`done` are the changes that were made; `refused` says why the rest was not."""

    done: tuple[Change, ...] = ()
    start: StartResult | None = None
    refused: tuple[Refusal, ...] = ()

    @property
    def error(self) -> ProjopsError | None:
        """What the caller should end with once the result is shown; None when all is as planned."""
        return error_of(self.refused, self.start)


def apply_plan(at: Environment, current: Current, plan: Plan, *, digest: str | None = None) -> Applied:
    """Apply the plan that was made from `current`; of `digest`, the plan must still be the reviewed one.

    Raises Refused for a plan with refusals or another digest, and what the client raises. Whatever
    changed in the meantime ends in `refused`.
    """
    check_digest(plan.digest, digest)
    check_refusals(plan.refusals)
    done: list[Change] = []
    try:
        for change in plan.of(ChangeAction.ACTIVATE):
            _activate(at, current, change)
            done.append(change)
        for change in plan.of(ChangeAction.CREATE):
            at.client.create(at.tables.batch_job.entity_set, change.id, change.values)
            done.append(change)
        if not plan.of(ChangeAction.START):
            for change in plan.of(ChangeAction.UPDATE):
                _update(at, current, change)
                done.append(change)
            return Applied(tuple(done))
    except Conflict as error:
        return Applied(tuple(done), refused=(_conflict(error),))
    return _start(at, current, plan, done)


def _start(at: Environment, current: Current, plan: Plan, done: list[Change]) -> Applied:
    sight = look(at) if done else current.sight
    if refusal := _stands_against(sight):
        return Applied(tuple(done), refused=(refusal,))
    updates = plan.of(ChangeAction.UPDATE)
    values = {column: value for change in updates for column, value in change.values.items()}
    result = start_workflow(at, sight.snapshot, plan.start_with, values)
    match result.state:
        case StartState.STARTED:
            return Applied((*done, *updates, *plan.of(ChangeAction.START)), result)
        case StartState.UNKNOWN:
            return Applied(tuple(done), result)
        case _:
            return Applied(tuple(done), result, (Refusal(result.sentence, _PLAN_AGAIN),))


def _stands_against(sight: Sight) -> Refusal | None:
    """After our own first steps: whether the way to a start is still free."""
    diagnosis = sight.diagnosis
    if sight.snapshot.batch_job is None or diagnosis.live_chains or diagnosis.health not in RESTARTABLE:
        return Refusal(f"Nothing was started: {diagnosis.sentence}", _PLAN_AGAIN)
    return None


def _activate(at: Environment, current: Current, change: Change) -> None:
    etag = next(item.etag for item in current.sight.snapshot.processes if item.id == change.id)
    at.client.update(at.tables.process.entity_set, change.id, change.values, etag=etag or ANY_VERSION)


def _update(at: Environment, current: Current, change: Change) -> None:
    record = current.sight.snapshot.batch_job
    assert record is not None
    at.client.update(
        at.tables.batch_job.entity_set, record.id, change.values, etag=record.etag or ANY_VERSION
    )


def _conflict(error: Conflict) -> Refusal:
    return Refusal(f"Somebody else changed the job at the same time: {error.message}", _PLAN_AGAIN)
