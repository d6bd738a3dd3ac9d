"""From a diagnosis to a restart: what is canceled, what is started, and why nothing is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from connector.errors import UsageError
from connector.job.look import Sight
from connector.job.refusal import Refusal, too_many_starts
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import (
    HEALTHY,
    REPLACEABLE,
    RESTARTABLE,
    ChainJob,
    Diagnosis,
    Health,
    starts_within_a_day,
)
from connector.model.job_snapshot import is_activated
from connector.model.process import INVOICE_WORKFLOWS, PROCESS_RUN_CALLER
from connector.model.time_text import moment
from connector.support.run_dates import RunDates, late_as_text

ACTIVATE_FIRST = "projops provision puts the record back into use and starts the job."
_HINTS = {
    Health.NEVER_PROVISIONED: "Run projops provision: it creates the record and starts the job.",
    Health.WORKFLOW_INACTIVE: "Have its owner activate it, for example with projops provision --activate.",
    Health.SEVERAL_CHAINS: "Name the system jobs of the chains that are to end: --cancel ID.",
    Health.UNKNOWN: "Name what is to end: --cancel ID; or look again in a while.",
}


class Step(StrEnum):
    CANCEL = "cancel"
    START = "start"
    KEEP = "keep"


@dataclass(frozen=True)
class PlannedStep:
    """One step. `id` is the system job to cancel or to keep, and for a start the record of the job."""

    action: Step
    id: str
    workflow: str | None


@dataclass(frozen=True)
class RerunPlan:
    """What a rerun would do.

    `refusals` say why no chain is started; `canceled` holds the jobs to end. `next_run` is when
    ProcessRunner would run first if the plan were applied now, `next_runs` that instant for each workflow
    that a chain can be started with. `starts` counts the chains that began within the last 24 hours,
    `most_starts` is how many may. `run_dates` are those that may be late, where they were read.
    """

    steps: tuple[PlannedStep, ...]
    refusals: tuple[Refusal, ...]
    diagnosis: Diagnosis
    start_with: str
    canceled: tuple[ChainJob, ...]
    digest: str
    starts: int = 0
    most_starts: int = 0
    run_dates: RunDates | None = None
    next_runs: tuple[tuple[str, datetime], ...] = ()

    def with_run_dates(self, dates: RunDates) -> RerunPlan:
        return replace(self, run_dates=dates)

    @property
    def is_starting(self) -> bool:
        return any(step.action is Step.START for step in self.steps)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.is_starting or self.canceled)

    @property
    def next_run(self) -> datetime | None:
        return dict(self.next_runs).get(self.start_with) if self.is_starting else self.diagnosis.next_run


def plan_rerun(
    sight: Sight,
    rules: InvoicingRules,
    *,
    start_with: str = PROCESS_RUN_CALLER,
    cancel: Iterable[str] = (),
) -> RerunPlan:
    """The restart of a stopped job, once.

    Stopped, failed, canceled or never started: start. Stalled, suspended, or run by a disabled user:
    cancel that chain, start. Several chains or unknown ones: end what `cancel` names, start nothing.
    Anything else is refused. Raises UsageError for a workflow that starts no chain, and for ids in
    `cancel` that are no open system jobs of the job.
    """
    if start_with not in INVOICE_WORKFLOWS:
        raise UsageError(
            f"--start-with {start_with}: this does not start the invoice job.",
            f"Choose {' (sleep first) or '.join(INVOICE_WORKFLOWS)} (invoice at once).",
        )
    named = _named(sight, tuple(cancel))
    canceled = _to_cancel(sight.diagnosis, named)
    refusals = (
        *_refusals(sight, start_with, has_named=bool(named)),
        *_too_many_starts(sight.diagnosis, rules),
    )
    is_starting = not refusals and sight.diagnosis.health in RESTARTABLE | REPLACEABLE
    steps = tuple(_steps(sight, canceled, start_with, is_starting=is_starting))
    return RerunPlan(
        steps=steps,
        refusals=refusals,
        diagnosis=sight.diagnosis,
        start_with=start_with,
        canceled=canceled,
        digest=_digest(sight, steps),
        starts=starts_within_a_day(sight.diagnosis),
        most_starts=rules.most_starts_a_day,
        next_runs=_next_runs(sight.snapshot.now, rules),
    )


def text_of_next_runs(plan: RerunPlan, zone: tzinfo) -> Iterator[str]:
    for workflow, at in plan.next_runs:
        chosen = " (chosen)" if workflow == plan.start_with else ""
        late = "" if plan.run_dates is None else f"; {late_as_text(plan.run_dates, at)}"
        yield f"started with {workflow}{chosen}: first run {moment(at, zone)}{late}"
    if plan.run_dates is not None and any(plan.run_dates.late_for(at) for _, at in plan.next_runs):
        yield "whether a run of the platform takes up a date that has passed is not documented (rule L4)"
    if plan.run_dates is not None and (rows := plan.run_dates.passed_over):
        noun = "row" if rows == 1 else "rows"
        yield f"{rows} schedule {noun} of days that a run has seen have not run: projops explain tells why"
    noun = "chain was" if plan.starts == 1 else "chains were"
    yield f"{plan.starts} {noun} started within the last 24 hours, and {plan.most_starts} may be"


def _named(sight: Sight, ids: tuple[str, ...]) -> tuple[ChainJob, ...]:
    """The open jobs that the caller named. Only what is broken or uncounted may be ended by name."""
    open_jobs = {job.id: job for job in _open_jobs(sight)}
    wanted = [id.strip().lower() for id in ids]
    for id in wanted:
        if id not in open_jobs:
            known = ", ".join(open_jobs) or "none"
            raise UsageError(
                f"--cancel {id}: this is no open system job of the invoice job.", f"Open are: {known}."
            )
    return tuple(open_jobs[id] for id in dict.fromkeys(wanted))


def _open_jobs(sight: Sight) -> tuple[ChainJob, ...]:
    return (*(job for chain in sight.diagnosis.chains for job in chain.open_jobs), *sight.diagnosis.strangers)


def _to_cancel(diagnosis: Diagnosis, named: tuple[ChainJob, ...]) -> tuple[ChainJob, ...]:
    if diagnosis.health in {Health.SEVERAL_CHAINS, Health.UNKNOWN}:
        return named
    if diagnosis.health in REPLACEABLE and diagnosis.chain is not None:
        return diagnosis.chain.open_jobs
    return ()


def _refusals(sight: Sight, start_with: str, *, has_named: bool) -> Iterator[Refusal]:
    diagnosis = sight.diagnosis
    if diagnosis.health in HEALTHY:
        yield Refusal(diagnosis.sentence, "The job goes on by itself: a second start would invoice twice.")
    elif diagnosis.health in {Health.SEVERAL_CHAINS, Health.UNKNOWN}:
        if not has_named:
            yield Refusal(diagnosis.sentence, diagnosis.way_out or _HINTS[diagnosis.health])
    elif diagnosis.health not in RESTARTABLE | REPLACEABLE:
        yield Refusal(diagnosis.sentence, _HINTS[diagnosis.health])
    elif diagnosis.is_out_of_use:
        yield Refusal(diagnosis.sentence, ACTIVATE_FIRST)
    else:
        active = [item for item in sight.snapshot.definitions(start_with) if is_activated(item)]
        if len(active) != 1:
            found = ", ".join(item.id for item in active)
            yield Refusal(
                f"{len(active)} activated workflows are named {start_with}: {found}.",
                "Leave one of them activated.",
            )


def _too_many_starts(diagnosis: Diagnosis, rules: InvoicingRules) -> Iterator[Refusal]:
    if diagnosis.health in RESTARTABLE | REPLACEABLE and (refusal := too_many_starts(diagnosis, rules)):
        yield refusal


def _steps(
    sight: Sight, canceled: tuple[ChainJob, ...], start_with: str, *, is_starting: bool
) -> Iterator[PlannedStep]:
    ending = {job.id for job in canceled}
    for job in _open_jobs(sight):
        action = Step.CANCEL if job.id in ending else Step.KEEP
        yield PlannedStep(action, job.id, job.workflow)
    record = sight.snapshot.batch_job
    if is_starting and record is not None:
        yield PlannedStep(Step.START, record.id, start_with)


def _next_runs(now: datetime, rules: InvoicingRules) -> tuple[tuple[str, datetime], ...]:
    """J4, J6: sleep first, or invoice at once."""
    caller, runner = INVOICE_WORKFLOWS
    return ((caller, now + timedelta(hours=rules.first_sleep_h)), (runner, now))


def _digest(sight: Sight, steps: tuple[PlannedStep, ...]) -> str:
    """sha256 over the steps and the job they are about; without times."""
    canonical = {
        "batch_job": sight.diagnosis.batch_job,
        "steps": [[step.action.value, step.id, step.workflow] for step in steps],
    }
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
