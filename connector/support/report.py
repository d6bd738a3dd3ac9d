"""Status and rerun, for programs and for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import groupby
from typing import Any

from connector.job.refusal import Refusal
from connector.model.job_chain import Chain, ChainJob, Diagnosis, Health
from connector.model.time_text import moment
from connector.support.apply import Applied
from connector.support.chain_story import ChainStory, stories_as_text, story_as_json
from connector.support.plan import ACTIVATE_FIRST, RerunPlan, Step, text_of_next_runs

_SIGNS = {Step.CANCEL: "x", Step.START: ">", Step.KEEP: "="}
_NEXT_STEPS = {
    Health.NEVER_PROVISIONED: "projops provision creates the record and starts the job.",
    Health.NEVER_STARTED: "projops rerun starts it.",
    Health.STALLED: "projops rerun cancels this chain and starts a new one.",
    Health.SUSPENDED: "Remove the cause, then projops rerun cancels this chain and starts a new one.",
    Health.FAILED: "Remove the cause, then projops rerun starts it again.",
    Health.CANCELED: "projops rerun starts it again.",
    Health.STOPPED: "projops rerun starts it again.",
    Health.EVIDENCE_PURGED: "projops history may remember more; projops rerun starts it again.",
    Health.SEVERAL_CHAINS: "projops rerun --cancel ID ends the chains that are too many.",
    Health.STARTER_DISABLED: "projops rerun cancels this chain and starts a new one as you.",
    Health.WORKFLOW_INACTIVE: "Its owner has to activate it, for example with projops provision --activate.",
    Health.UNKNOWN: "Nothing may be started before it is known: look again, or projops rerun --cancel ID.",
    Health.OVERDUE: "Nothing to do yet: look again within the hour.",
}


def status_as_json(diagnosis: Diagnosis, stories: Sequence[ChainStory] = ()) -> dict[str, Any]:
    """projops.status: `health`, `sentence`, `next_step`, `next_run`, `chain`, `chains`, `evidence`.

    `chain` holds the jobs of all live chains, where there is more than one; `chains` tells what each of
    them has done then.
    """
    return {
        "health": diagnosis.health.value,
        "sentence": diagnosis.sentence,
        "next_step": next_step_of(diagnosis),
        "next_run": _iso(diagnosis.next_run),
        "chains": [story_as_json(story) for story in stories],
        "chain": [_job(job) for chain in _shown(diagnosis) for job in chain.jobs],
        "evidence": [
            {"record": fact.record, "field": fact.field, "value": fact.value, "meaning": fact.meaning}
            for fact in diagnosis.evidence
        ],
    }


def next_step_of(diagnosis: Diagnosis) -> str:
    """What to do about it; empty where the job goes on by itself."""
    if diagnosis.way_out:
        return diagnosis.way_out
    return ACTIVATE_FIRST if diagnosis.is_out_of_use else _NEXT_STEPS.get(diagnosis.health, "")


def status_as_text(
    diagnosis: Diagnosis,
    zone: tzinfo = UTC,
    *,
    is_with_evidence: bool = True,
    stories: Sequence[ChainStory] = (),
) -> Iterator[str]:
    yield diagnosis.sentence
    if step := next_step_of(diagnosis):
        yield step
    titles = list(stories_as_text(stories, diagnosis.now, zone))
    shown = tuple(story.chain for story in stories) or _shown(diagnosis)
    for number, chain in enumerate(shown):
        yield ""
        yield titles[number] if titles else "Chain" if len(shown) == 1 else f"Chain {number + 1}"
        yield from (_line(job, zone) for job in chain.jobs)
    if diagnosis.evidence and is_with_evidence:
        yield ""
        yield "Evidence"
        for record, facts in groupby(diagnosis.evidence, key=lambda fact: fact.record):
            yield f"  {record}"
            yield from (f"    {fact.field} = {fact.value}  ({fact.meaning})" for fact in facts)


def rerun_as_json(
    plan: RerunPlan, applied: Applied | None = None, stories: Sequence[ChainStory] = ()
) -> dict[str, Any]:
    """projops.rerun: `plan`, `applied`, `refused`, and the digest and next runs of the plan."""
    refused = (*plan.refusals, *(applied.refused if applied is not None else ()))
    return {
        "plan": [
            {"action": step.action.value, "id": step.id, "workflow": step.workflow} for step in plan.steps
        ],
        "digest": plan.digest,
        "next_run": _iso(plan.next_run),
        "next_runs": [
            {"workflow": workflow, "at": _iso(at), "late": _late(plan, at)} for workflow, at in plan.next_runs
        ],
        "starts": plan.starts,
        "chains": [story_as_json(story) for story in stories],
        "applied": applied is not None and applied.error is None,
        "refused": [{"message": item.message, "hint": item.hint} for item in refused],
    }


def rerun_as_text(
    plan: RerunPlan,
    applied: Applied | None = None,
    zone: tzinfo = UTC,
    stories: Sequence[ChainStory] = (),
) -> Iterator[str]:
    yield plan.diagnosis.sentence
    yield from (f"  {line}" for line in stories_as_text(stories, plan.diagnosis.now, zone))
    if plan.steps:
        yield ""
    for step in plan.steps:
        yield f"  {_SIGNS[step.action]} {step.action.value:<6}  {step.workflow or 'a workflow'}  {step.id}"
    if plan.is_starting and applied is None:
        yield from (f"      {line}" for line in text_of_next_runs(plan, zone))
    yield ""
    if plan.refusals:
        yield from _refusals(plan.refusals, said=plan.diagnosis.sentence)
    elif applied is None:
        yield "Nothing to do." if plan.is_empty else f"Digest {plan.digest}"
    else:
        yield from _applied(applied)


def _late(plan: RerunPlan, at: datetime) -> list[dict[str, Any]] | None:
    """Null where it is not known."""
    if plan.run_dates is None or plan.run_dates.unknown:
        return None
    return [{"date": day.isoformat(), "rows": rows} for day, rows in plan.run_dates.late_for(at).items()]


def _refusals(refusals: tuple[Refusal, ...], *, said: str) -> Iterator[str]:
    """`said` stands above already, and is not said a second time."""
    yield "Refused, and nothing is changed:"
    for item in refusals:
        lines = [line for line in (item.message, item.hint) if line != said]
        yield from (f"  {sign} {line}" for sign, line in zip("- ", lines, strict=False))


def _applied(applied: Applied) -> Iterator[str]:
    if applied.canceled.gone:
        yield f"Ended: {', '.join(applied.canceled.gone)}."
    if applied.start is not None:
        yield applied.start.sentence
    for item in applied.refused:
        if applied.start is None or item.message != applied.start.sentence:
            yield item.message
        yield item.hint


def _shown(diagnosis: Diagnosis) -> tuple[Chain, ...]:
    """The chain that the sentence is about; otherwise all that live, or the last that did."""
    if diagnosis.chain is not None:
        return (diagnosis.chain,)
    return diagnosis.live_chains or diagnosis.chains[:1]


def _line(job: ChainJob, zone: tzinfo) -> str:
    times = "".join(
        f"  {word} {moment(at, zone)}"
        for word, at in (("from", job.started), ("until", job.until))
        if at is not None
    )
    return f"  {job.workflow or 'a workflow':<18} {job.step or '':<10} {job.state.value:<12}{times}  {job.id}"


def _job(job: ChainJob) -> dict[str, Any]:
    return {
        "id": job.id,
        "workflow": job.workflow,
        "step": job.step,
        "state": job.state.value,
        "started": _iso(job.started),
        "until": _iso(job.until),
    }


def _iso(instant: datetime | None) -> str | None:
    if instant is None:
        return None
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
