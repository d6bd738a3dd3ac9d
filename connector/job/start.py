"""The one way in which a workflow of the job is started: once, or not at all, or known to be unknown.

A start is one change set: a PATCH of the batch job under the etag that was read before its system jobs,
then ExecuteWorkflow. Two starters that saw the same record exclude each other: the second gets a 412.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

from connector.dataverse import Action, OperationResult, Update
from connector.errors import (
    Conflict,
    DataverseError,
    ForeignOrigin,
    HttpError,
    MalformedAnswer,
    OutcomeUnknown,
    Refused,
    ServerFault,
)
from connector.job.cancel import ANY_VERSION, NO_OPTIMISTIC_CONCURRENCY
from connector.job.look import Environment, Sight, glance, look, settled
from connector.model.batch_job import BatchJob
from connector.model.job_chain import RESTARTABLE, Chain
from connector.model.job_snapshot import JobSnapshot, is_activated
from connector.model.process import Process

T = TypeVar("T")

EXECUTE_WORKFLOW = "ExecuteWorkflow"
_NO_ACTION_IN_A_CHANGE_SET = frozenset({400, 404, 405, 501})
"""What an environment may answer to a change set that holds an action: nobody documents it. Nothing was
done then, so that trying the two requests one after the other starts nothing twice."""
_SENT_AND_NOT_TOLD = (OutcomeUnknown, MalformedAnswer, ForeignOrigin)
"""An answer that is lost, and one that says nothing: the start may have happened."""
_ROUNDING = timedelta(minutes=1)
"""How much earlier than the environment's now a chain that is new may seem to have begun."""
_ABOUT_THE_WORKFLOW = frozenset({"0x80045055", "0x80045059", "0x80045046"})
"""Not active, not on demand: no other way of asking helps."""


class StartState(StrEnum):
    STARTED = "started"
    ALREADY_STARTED = "already_started_by_someone"
    RECORD_CHANGED = "record_changed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class StartResult:
    """What came of a start. `job` is the first system job of the new chain, None where none is known.

    `is_guarded` is False where the etag did not protect the start: the environment takes no action
    in a change set, or gives no etag. `sight` is what was seen afterwards, where it was looked at.
    """

    state: StartState
    sentence: str
    job: str | None = None
    is_guarded: bool = True
    sight: Sight | None = None


def start_workflow(
    at: Environment, seen: JobSnapshot, workflow: str, values: Mapping[str, object] | None = None
) -> StartResult:
    """Start `workflow` on the record that `seen` holds, if the record is still what it was.

    `values` are columns of the record to be changed with the start. Raises Refused when `seen` has no
    single record or no activated definition, and the HttpError of an environment that will not start it.
    """
    record, definition = _target(seen, workflow)
    action = Action(EXECUTE_WORKFLOW, {"EntityId": record.id}, (at.tables.process.entity_set, definition.id))
    columns = {**_harmless(at, record), **(values or {})}
    if record.etag is None:
        return _without_guard(at, seen, workflow, action, columns)
    update = Update(at.tables.batch_job.entity_set, record.id, columns, record.etag)
    try:
        results = at.client.change_set([update, action])
    except Conflict:
        return _look_again(at, seen, workflow)
    except _SENT_AND_NOT_TOLD as error:
        return _look_for_it(at, seen, workflow, error.message)
    except HttpError as error:
        if error.code == NO_OPTIMISTIC_CONCURRENCY:
            return _without_guard(at, seen, workflow, action, columns)
        if error.status not in _NO_ACTION_IN_A_CHANGE_SET or error.code in _ABOUT_THE_WORKFLOW:
            if isinstance(error, ServerFault):
                return _look_for_it(at, seen, workflow, error.message)
            raise
        return _one_after_the_other(at, seen, workflow, update, action)
    return _started(at, seen, workflow, _job_id(results))


def _target(seen: JobSnapshot, workflow: str) -> tuple[BatchJob, Process]:
    record = seen.batch_job
    definitions = [item for item in seen.definitions(workflow) if is_activated(item)]
    if record is None or len(definitions) != 1:
        raise Refused(
            f"{workflow} cannot be started: one record of the job and one activated definition are needed, "
            f"and there are {len(seen.candidates)} and {len(definitions)}.",
            "Run projops status to see them.",
        )
    return record, definitions[0]


def _harmless(at: Environment, record: BatchJob) -> dict[str, object]:
    """What makes the record change without changing it: its own name."""
    return {at.tables.batch_job.column_of("name"): record.name}


def _one_after_the_other(
    at: Environment, seen: JobSnapshot, workflow: str, update: Update, action: Action
) -> StartResult:
    try:
        at.client.update(update.entity_set, update.id, update.values, etag=update.etag, is_claim=True)
    except Conflict:
        return _look_again(at, seen, workflow)
    return _call(at, seen, workflow, action)


def _without_guard(
    at: Environment, seen: JobSnapshot, workflow: str, action: Action, columns: Mapping[str, object]
) -> StartResult:
    """No etag, or a table that takes none: look right before, and look right after."""
    before = glance(at)
    if _new_chains(seen, before):
        return _somebody_else(before, workflow)
    if before.diagnosis.health not in RESTARTABLE:
        return _changed(before, workflow)
    assert seen.batch_job is not None
    at.client.update(at.tables.batch_job.entity_set, seen.batch_job.id, columns, etag=ANY_VERSION)
    return _call(at, seen, workflow, action)


def _call(at: Environment, seen: JobSnapshot, workflow: str, action: Action) -> StartResult:
    try:
        body = at.client.action(action.name, action.body, bound_to=action.bound_to)
    except (*_SENT_AND_NOT_TOLD, ServerFault) as error:
        if isinstance(error, ServerFault) and error.status in _NO_ACTION_IN_A_CHANGE_SET:
            raise
        return _look_for_it(at, seen, workflow, error.message)
    job = str(body["asyncoperationid"]) if body and body.get("asyncoperationid") else None
    result = _started(at, seen, workflow, job)
    after, why = _seen_by(lambda: look(at))
    there = after.diagnosis.sentence if after is not None else f"unknown: {why}"
    return StartResult(
        state=result.state,
        sentence=f"{result.sentence} The environment could not guard the start; what is there now: {there}",
        job=result.job,
        is_guarded=False,
        sight=after,
    )


def _started(at: Environment, seen: JobSnapshot, workflow: str, job: str | None) -> StartResult:
    """The environment said yes. Some answers do not say which system job it is."""
    if job is None:
        found, _ = _seen_by(lambda: _settled_on_ours(at, seen))
        job = found[0].root.id if found is not None else None
    named = f" as system job {job}" if job else ""
    return StartResult(StartState.STARTED, f"{workflow} was started{named}.", job=job)


def _look_again(at: Environment, seen: JobSnapshot, workflow: str) -> StartResult:
    """The record is not what it was: somebody changed it, or started the job."""
    sight = look(at)
    if _new_chains(seen, sight):
        return _somebody_else(sight, workflow)
    return _changed(sight, workflow)


def _changed(sight: Sight, workflow: str) -> StartResult:
    return StartResult(
        StartState.RECORD_CHANGED,
        f"{workflow} was not started: the record of the job changed after it was read. "
        f"What is there now: {sight.diagnosis.sentence}",
        sight=sight,
    )


def _look_for_it(at: Environment, seen: JobSnapshot, workflow: str, why: str) -> StartResult:
    """The answer was lost: look until `settle_s` for a chain that was not there before, and start nothing.

    Looking may fail like the start did. Then it is not known either, and that is said.
    """
    found, blind = _seen_by(lambda: _settled_on_ours(at, seen))
    if found is not None:
        chain, sight = found
        return StartResult(
            StartState.STARTED,
            f"{workflow} was started as system job {chain.root.id}: the answer was lost, and a new job of "
            "the same user is there.",
            job=chain.root.id,
            sight=sight,
        )
    last, more = (None, blind) if blind else _seen_by(lambda: glance(at))
    others = _new_chains(seen, last) if last is not None else ()
    if more:
        tail = f"Looking for it failed too: {more}"
    elif others:
        roots = ", ".join(chain.root.id for chain in others)
        tail = f"A chain that is not known to be ours began meanwhile ({roots})."
    else:
        tail = f"No new chain was seen within {at.rules.settle_s} s."
    return StartResult(
        StartState.UNKNOWN,
        f"Whether {workflow} was started is unknown: {why} {tail} Nothing was sent a second time.",
        sight=last,
    )


def _seen_by(look_at_it: Callable[[], T]) -> tuple[T, str] | tuple[None, str]:
    """What looking gave, or why it could not be looked. After a start no error may hide that start."""
    try:
        return look_at_it(), ""
    except DataverseError as error:
        return None, error.message


def _settled_on_ours(at: Environment, seen: JobSnapshot) -> tuple[Chain, Sight] | None:
    me = at.client.who_am_i().user_id

    def ours() -> tuple[Chain, Sight] | None:
        sight = glance(at)
        return next(((one, sight) for one in _new_chains(seen, sight) if one.root.owner == me), None)

    return settled(ours, settle_s=at.rules.settle_s, sleep=at.sleep)


def _new_chains(seen: JobSnapshot, sight: Sight) -> tuple[Chain, ...]:
    """The chains that began since and of which no system job was seen before; live ones first.

    A chain that ended long ago is none of them: it may have been beyond what was read then.
    """
    before = {job.id for job in seen.jobs}
    return tuple(
        chain
        for chain in sight.diagnosis.chains
        if not chain.ids & before
        and (chain.is_live or chain.root.started is None or chain.root.started >= seen.now - _ROUNDING)
    )


def _somebody_else(sight: Sight, workflow: str) -> StartResult:
    return StartResult(
        StartState.ALREADY_STARTED,
        f"{workflow} was not started: somebody else started the job. {sight.diagnosis.sentence}",
        sight=sight,
    )


def _job_id(results: Sequence[OperationResult]) -> str | None:
    body = results[-1].body if results else None
    found = (body or {}).get("asyncoperationid")
    return str(found) if found else None
