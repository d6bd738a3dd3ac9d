"""The plan and what came of it, for programs and for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.job.refusal import Refusal
from connector.model.batch_job import BATCH_JOB, Frequency, JobType
from connector.provisioning.apply import Applied
from connector.provisioning.change import Change, ChangeAction, FieldChange, Plan, Scalar
from connector.provisioning.destroy import Destroyed

SIGNS = {
    ChangeAction.CREATE: "+",
    ChangeAction.UPDATE: "~",
    ChangeAction.START: ">",
    ChangeAction.ACTIVATE: "^",
    ChangeAction.CANCEL: "x",
    ChangeAction.DELETE: "-",
}
_TO_DO = {action: f"to {action.value}" for action in ChangeAction}
_DONE = {
    ChangeAction.CREATE: "created",
    ChangeAction.UPDATE: "updated",
    ChangeAction.START: "started",
    ChangeAction.ACTIVATE: "activated",
    ChangeAction.CANCEL: "canceled",
    ChangeAction.DELETE: "deleted",
}
_CHOICES = {
    BATCH_JOB.column_of("job_type"): {int(item): item.name.capitalize() for item in JobType},
    BATCH_JOB.column_of("frequency"): {int(item): item.name.capitalize() for item in Frequency},
    "statecode": {0: "Active", 1: "Inactive"},
    "statuscode": {1: "Active", 2: "Inactive"},
}


def as_json(plan: Plan, applied: Applied | Destroyed | None = None) -> dict[str, Any]:
    """projops.provision: `changes`, `digest`, `applied`, `refused`; `applied` says that all was done."""
    refused = (*plan.refusals, *(applied.refused if applied is not None else ()))
    return {
        "changes": [_change(change) for change in plan.changes],
        "digest": plan.digest,
        "applied": applied is not None and applied.error is None,
        "refused": [{"message": item.message, "hint": item.hint} for item in refused],
    }


def as_text(plan: Plan, applied: Applied | Destroyed | None = None) -> Iterator[str]:
    yield from _plan(plan)
    if plan.notes:
        yield ""
        yield from (f"  {note}" for note in plan.notes)
    if plan.changes or plan.notes:
        yield ""
    if plan.refusals:
        yield from _refusals(plan.refusals)
    elif applied is None:
        yield summary(plan) if plan.is_empty else f"Plan: {summary(plan)} Digest {plan.digest}"
    else:
        yield from _applied(plan, applied)


def summary(plan: Plan, applied: Applied | Destroyed | None = None) -> str:
    """In a few words, with a full stop: what is to do, or what was done."""
    if plan.refusals:
        return "refused."
    if plan.is_empty:
        return "No changes."
    if applied is not None:
        return f"{_counted(applied.done, _DONE)}."
    return f"{_counted(plan.changes, _TO_DO)}."


def _plan(plan: Plan) -> Iterator[str]:
    for change in plan.changes:
        what = f"{SIGNS[change.action]} {change.action.value:<8}"
        yield f"  {what}  {change.table}  {change.name!r}  {change.id}"
        width = max((len(item.column) for item in change.fields), default=0)
        for item in change.fields:
            yield f"        {item.column:<{width}}  {difference(change, item)}"


def difference(change: Change, item: FieldChange) -> str:
    new = _shown(item.column, item.new)
    return f"= {new}" if change.action is ChangeAction.CREATE else f"{_shown(item.column, item.old)} -> {new}"


def _shown(column: str, value: Scalar) -> str:
    match value:
        case None:
            return "(none)"
        case bool():
            return "Yes" if value else "No"
        case int():
            label = _CHOICES.get(column, {}).get(value)
            return f"{label} ({value})" if label else str(value)
        case _:
            return repr(value)


def _refusals(refusals: tuple[Refusal, ...]) -> Iterator[str]:
    yield "Refused, and nothing is changed:"
    for item in refusals:
        yield f"  - {item.message}"
        if item.hint:
            yield f"    {item.hint}"


def _applied(plan: Plan, applied: Applied | Destroyed) -> Iterator[str]:
    if plan.is_empty:
        yield "No changes."
        return
    yield f"Applied: {_counted(applied.done, _DONE)}."
    start = applied.start if isinstance(applied, Applied) else None
    if start is not None:
        yield start.sentence
    for item in applied.refused:
        if start is None or item.message != start.sentence:
            yield item.message
        yield item.hint


def _counted(changes: tuple[Change, ...], words: Mapping[ChangeAction, str]) -> str:
    counts = [(sum(change.action is action for change in changes), words[action]) for action in ChangeAction]
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing"


def _change(change: Change) -> dict[str, Any]:
    return {
        "action": change.action.value,
        "table": change.table,
        "id": change.id,
        "name": change.name,
        "fields": {item.column: {"old": item.old, "new": item.new} for item in change.fields},
    }
