"""The health of a job that has one live chain."""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.model.job_chain import Chain, ChainJob, Health, JobCondition
from connector.model.job_verdict import Case, Verdict
from connector.model.process import PROCESS_RUNNER
from connector.model.time_text import span

_LONGEST_SLEEP_H = 24
"""J6: ProcessRunCaller sleeps until 24 hours after the end that it was handed."""
_LONGEST_QUEUE = timedelta(hours=24)
"""A queue of the asynchronous service is late but explainable; after a day it explains nothing."""
_MOST_TELLING = (
    Health.UNKNOWN,
    Health.SUSPENDED,
    Health.RUNNING,
    Health.SLEEPING,
    Health.OVERDUE,
    Health.STALLED,
)
"""At a hand-over two jobs of a chain are open: the one that carries the chain on speaks for it."""


def judge_live(case: Case) -> Verdict | None:
    """The verdict on the one live chain, None when there is none."""
    if not case.grouping.live:
        return None
    chain = case.grouping.live[0]
    if (disabled := _disabled_starter(case, chain)) is not None:
        return disabled
    verdicts = [_of_job(case, chain, job) for job in chain.open_jobs if not _waits_for_another(job, chain)]
    return min(verdicts, key=lambda item: _MOST_TELLING.index(item.health))


def _waits_for_another(job: ChainJob, chain: Chain) -> bool:
    """A waiting job without timer or error whose chain has another open job waits for that one."""
    return _is_bare(job) and not all(_is_bare(other) for other in chain.open_jobs)


def _is_bare(job: ChainJob) -> bool:
    return job.state is JobCondition.WAITING and job.until is None and not job.error


def _disabled_starter(case: Case, chain: Chain) -> Verdict | None:
    for job in chain.open_jobs:
        user = case.snapshot.user(job.owner)
        name = case.snapshot.owner_name(job.owner)
        if user is not None and user.is_disabled:
            return Verdict(
                Health.STARTER_DISABLED,
                f"Starter disabled: the chain runs as {name}, and that user is disabled, so it cannot go on.",
                chain=chain,
            )
        if job.owner in case.snapshot.powerless:
            return Verdict(
                Health.STARTER_DISABLED,
                f"Starter without roles: the chain runs as {name}, who holds no security role and no "
                "privilege, so its next run fails.",
                chain=chain,
            )
    return None


def _of_job(case: Case, chain: Chain, job: ChainJob) -> Verdict:
    match job.state:
        case JobCondition.IN_PROGRESS | JobCondition.PAUSING:
            return _running(case, chain, job)
        case JobCondition.READY:
            return _queued(case, chain, job)
        case JobCondition.WAITING if job.error:
            return Verdict(
                Health.SUSPENDED,
                f"Suspended with an error since {case.at(job.started)}: "
                f"{_who(job)}, as {case.snapshot.owner_name(job.owner)}: {job.error}",
                chain=chain,
            )
        case JobCondition.WAITING:
            return _waiting(case, chain, job)
        case JobCondition.CANCELING:
            return Verdict(
                Health.UNKNOWN, f"Unknown: {_who(job)} is being canceled; look again.", chain=chain
            )
        case _:
            return Verdict(
                Health.UNKNOWN, f"Unknown: {_who(job)} has a status that nobody documents.", chain=chain
            )


def _running(case: Case, chain: Chain, job: ChainJob) -> Verdict:
    length = "" if job.started is None else f", for {span(case.now - job.started)}"
    after = (
        f"the next run follows {_LONGEST_SLEEP_H} hours after it ends"
        if job.workflow == PROCESS_RUNNER
        else "it leads to ProcessRunner"
    )
    return Verdict(
        Health.RUNNING,
        f"Healthy: {_who(job)} is running since {case.at(job.started)}{length}; {after}.",
        chain=chain,
    )


def _queued(case: Case, chain: Chain, job: ChainJob) -> Verdict:
    """Ready: the asynchronous service has yet to pick it up."""
    if job.until is not None and job.until > case.now:
        return _sleeping(case, chain, job.until)
    since = job.until or job.started
    late = timedelta(0) if since is None else case.now - since
    if late <= case.tolerance:
        return Verdict(
            Health.RUNNING,
            f"Healthy: {_who(job)} is queued for the asynchronous service since {case.at(since)}.",
            next_run=since if job.workflow == PROCESS_RUNNER else None,
            chain=chain,
        )
    health = Health.OVERDUE if late <= _LONGEST_QUEUE else Health.STALLED
    return Verdict(
        health,
        f"{health.value.capitalize()}: {_who(job)} is queued for the asynchronous service for {span(late)}.",
        next_run=since if health is Health.OVERDUE else None,
        chain=chain,
    )


def _waiting(case: Case, chain: Chain, job: ChainJob) -> Verdict:
    if job.until is None:
        return _without_timer(case, chain, job)
    if job.until > case.now:
        return _sleeping(case, chain, job.until)
    late = case.now - job.until
    if late <= case.tolerance:
        return Verdict(
            Health.OVERDUE,
            f"Overdue: the timer of {_who(job)} ended {case.at(job.until)}, {span(late)} ago; "
            f"up to {span(case.tolerance)} is put down to a busy asynchronous service.{_others_wait(case)}",
            next_run=job.until,
            chain=chain,
        )
    return Verdict(
        Health.STALLED,
        f"Stalled: the timer of {_who(job)} ended {case.at(job.until)}, {span(late)} ago, "
        f"and nothing followed (known defect 6225696, corrected in April 2026).{_others_wait(case)}",
        chain=chain,
    )


def _others_wait(case: Case) -> str:
    """Whether the whole asynchronous service is behind: then a new chain would wait as well."""
    backlog = case.snapshot.backlog
    if backlog is None:
        return ""
    if not backlog.count:
        return " No other system job waits for a free worker."
    count = f"More than {backlog.count}" if backlog.is_more else str(backlog.count)
    noun = "system job waits" if count == "1" else "system jobs wait"
    return f" {count} {noun} for a free worker too: the asynchronous service is behind."


def _without_timer(case: Case, chain: Chain, job: ChainJob) -> Verdict:
    """Waiting, and nobody says until when: the environment may hide it, until a whole sleep has passed."""
    longest = timedelta(hours=max(_LONGEST_SLEEP_H, case.rules.first_sleep_h)) + case.tolerance
    if job.started is None or case.now - job.started <= longest:
        return Verdict(
            Health.UNKNOWN,
            f"Unknown: {_who(job)} waits since {case.at(job.started)}, and no timer says until when.",
            chain=chain,
        )
    return Verdict(
        Health.STALLED,
        f"Stalled: {_who(job)} waits without a timer since {case.at(job.started)}, "
        f"{span(case.now - job.started)}, longer than any sleep of the job.",
        chain=chain,
    )


def _sleeping(case: Case, chain: Chain, until: datetime) -> Verdict:
    return Verdict(
        Health.SLEEPING,
        f"Healthy: sleeping, next run {case.at(until)}, in {span(until - case.now)}.",
        next_run=until,
        chain=chain,
    )


def _who(job: ChainJob) -> str:
    return job.workflow or f"the system job {job.id}"
