"""The health of a job that has no live chain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connector.model.job_chain import Chain, ChainJob, Health, JobCondition
from connector.model.job_verdict import Case, Verdict
from connector.model.time_text import span

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def judge_rest(case: Case) -> Verdict:
    """How the last chain ended; a success that is younger than a hand-over is still going on (rule J7)."""
    ended = [(job, chain) for chain in case.grouping.chains for job in chain.jobs]
    if not ended:
        return _nothing_seen(case)
    job, chain = max(ended, key=lambda pair: (pair[0].until or pair[0].started or _LONG_AGO, pair[0].id))
    match job.state:
        case JobCondition.FAILED:
            return _ended(
                case, job, chain, Health.FAILED, f": {job.error or 'the platform gives no message'}"
            )
        case JobCondition.CANCELED:
            return _ended(case, job, chain, Health.CANCELED, f": {job.error}" if job.error else ".")
        case _:
            return _succeeded(case, job, chain)


def _succeeded(case: Case, job: ChainJob, chain: Chain) -> Verdict:
    if job.until is not None and case.now - job.until <= timedelta(minutes=case.rules.handover_min):
        return Verdict(
            Health.RUNNING,
            f"Healthy: {_who(job)} ended {case.at(job.until)}, {span(case.now - job.until)} ago; "
            f"its successor is given {case.rules.handover_min} min to appear.",
            chain=chain,
        )
    return Verdict(
        Health.STOPPED,
        f"Stopped: {_who(job)} ended {case.at(job.until)}{_ago(case, job)}, and nothing followed.",
        chain=chain,
    )


def _ended(case: Case, job: ChainJob, chain: Chain, health: Health, tail: str) -> Verdict:
    step = f" in step {job.step!r}" if job.step else ""
    when = f"{case.at(job.until)}{_ago(case, job)}"
    word = "was canceled" if health is Health.CANCELED else "failed"
    return Verdict(health, f"{health.value.capitalize()}: {_who(job)} {word} {when}{step}{tail}", chain=chain)


def _nothing_seen(case: Case) -> Verdict:
    record = case.snapshot.batch_job
    last_run = record.last_run_date if record is not None else None
    if last_run is not None:
        return Verdict(
            Health.STOPPED,
            f"Stopped: no system job regards the record, and its last run was {case.at(last_run)}; "
            "the platform usually deletes finished jobs after 30 days.",
        )
    return Verdict(
        Health.NEVER_STARTED, "Never started: no system job of the invoice workflows regards the record."
    )


def _ago(case: Case, job: ChainJob) -> str:
    return "" if job.until is None else f", {span(case.now - job.until)} ago"


def _who(job: ChainJob) -> str:
    return job.workflow or f"the system job {job.id}"
