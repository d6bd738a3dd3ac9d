"""What clients may do with system jobs: change their state, status and postponeuntil, and no more.

Allowed are cancel (from Ready, Suspended, Locked), resume (from Suspended), pause (from Locked) and
postpone (from Ready, Locked). A job is deleted only when it is completed. Source of rules and codes:
Microsoft's page on the asynchronous service and its list of error codes.
"""

from __future__ import annotations

from datetime import datetime

from connector.emulator.platform.service import AsynchronousService
from connector.emulator.platform.system_jobs import cancel_steps
from connector.emulator.platform.words import JobState, JobStatus
from connector.emulator.problems import NOT_SUPPORTED, ODataError
from connector.emulator.registry import Change
from connector.emulator.store import Transaction, Value

INVALID_CHANGE = "0x80044162"
TO_COMPLETE = "0x80044165"
TO_READY = "0x80044166"
TO_SUSPENDED = "0x80044167"
NOT_RECURRING = "0x80044168"
DELETE_ONLY_COMPLETED = "0x8004416a"
_ALLOWED = frozenset({"statecode", "statuscode", "postponeuntil"})
_RECURRENCE = frozenset({"recurrencepattern", "recurrencestarttime"})
_STATE_OF = {0: 0, 10: 1, 20: 2, 21: 2, 22: 2, 30: 3, 31: 3, 32: 3}
_STATUS_OF = {JobState.READY: 0, JobState.SUSPENDED: 10, JobState.LOCKED: 20, JobState.COMPLETED: 32}


class JobGuard:
    def __init__(self, service: AsynchronousService) -> None:
        self._service = service

    def __call__(self, tx: Transaction, change: Change) -> None:
        if change.kind == "create":
            raise ODataError(405, NOT_SUPPORTED, "System jobs cannot be created by clients.")
        assert change.before is not None
        state = JobState(int(str(change.before["statecode"])))
        if change.kind == "delete":
            if state is not JobState.COMPLETED:
                raise _refusal(
                    DELETE_ONLY_COMPLETED, "A system job can be deleted only when it is completed."
                )
            return
        _check_columns(change)
        if not change.values:
            return
        change.values |= _transition(state, change.values, tx.now)
        if change.values.get("statecode") == JobState.COMPLETED:
            cancel_steps(tx, change.id)
        self._service.wake(tx)


def _check_columns(change: Change) -> None:
    extra = set(change.values) - _ALLOWED
    if extra & _RECURRENCE:
        raise _refusal(NOT_RECURRING, "A recurrence can be changed only on a recurring job.")
    if extra:
        message = f"Of a system job only statecode, statuscode and postponeuntil change, not {min(extra)}."
        raise ODataError(400, NOT_SUPPORTED, message)


def _transition(state: JobState, values: dict[str, Value], now: datetime) -> dict[str, Value]:
    """The columns that follow from the wanted change, or a refusal."""
    if state is JobState.COMPLETED:
        code = _code_of(_wanted_state(state, values))
        raise _refusal(code, "The system job is completed: nothing changes it any more.")
    if "statecode" not in values and "statuscode" not in values:
        return _postpone(state, values)
    wanted = _wanted_state(state, values)
    status = values.get("statuscode", _STATUS_OF[wanted])
    match wanted:
        case JobState.COMPLETED:
            return _cancel(status, now)
        case JobState.READY:
            return _resume(state, status, values)
        case JobState.SUSPENDED:
            return _pause(state, status, values)
        case _:
            raise _refusal(INVALID_CHANGE, "Only the platform locks a system job.")


def _wanted_state(state: JobState, values: dict[str, Value]) -> JobState:
    if values.get("statecode") is None:
        status = values.get("statuscode")
        return state if status is None else JobState(_STATE_OF[int(str(status))])
    wanted = JobState(int(str(values["statecode"])))
    status = values.get("statuscode")
    if status is not None and _STATE_OF.get(int(str(status))) != wanted:
        raise _refusal(INVALID_CHANGE, f"The status {status} does not belong to the state {wanted.value}.")
    return wanted


def _cancel(status: Value, now: datetime) -> dict[str, Value]:
    if status != JobStatus.CANCELED:
        raise _refusal(TO_COMPLETE, "A client can complete a system job only by canceling it: status 32.")
    return {
        "statecode": JobState.COMPLETED.value,
        "statuscode": JobStatus.CANCELED.value,
        "completedon": now,
        "postponeuntil": None,
    }


def _resume(state: JobState, status: Value, values: dict[str, Value]) -> dict[str, Value]:
    if state is JobState.LOCKED:
        raise _refusal(TO_READY, "Only a suspended system job can be resumed.")
    if values.get("postponeuntil") is not None:
        return _postpone(state, values)
    return {
        "statecode": JobState.READY.value,
        "statuscode": status,
        "postponeuntil": None,
        "errorcode": None,
        "message": None,
        "friendlymessage": None,
    }


def _pause(state: JobState, status: Value, values: dict[str, Value]) -> dict[str, Value]:
    if values.get("postponeuntil") is not None:
        return _postpone(state, values)
    if state is not JobState.LOCKED:
        raise _refusal(TO_SUSPENDED, "Only a system job that is in progress can be paused.")
    return {"statecode": JobState.SUSPENDED.value, "statuscode": status}


def _postpone(state: JobState, values: dict[str, Value]) -> dict[str, Value]:
    """The job stays Suspended until then (documented from Ready and Locked only)."""
    if state is JobState.SUSPENDED:
        raise _refusal(TO_SUSPENDED, "Only a system job that is ready or in progress can be postponed.")
    if values.get("postponeuntil") is None:
        raise _refusal(INVALID_CHANGE, "A system job is postponed until a time: postponeuntil is empty.")
    return {
        "statecode": JobState.SUSPENDED.value,
        "statuscode": JobStatus.WAITING.value,
        "postponeuntil": values.get("postponeuntil"),
    }


def _code_of(wanted: JobState) -> str:
    codes = {
        JobState.COMPLETED: TO_COMPLETE,
        JobState.READY: TO_READY,
        JobState.SUSPENDED: TO_SUSPENDED,
        JobState.LOCKED: INVALID_CHANGE,
    }
    return codes[wanted]


def _refusal(code: str, message: str) -> ODataError:
    return ODataError(400, code, message)
