"""The health of a job that has no live chain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connector.model.job_chain import Chain, ChainJob, Health, JobCondition
from connector.model.job_verdict import Case, Verdict
from connector.model.time_text import span

PURGED_AFTER = timedelta(days=30)
_PURGE = "the platform deletes jobs that succeeded after 30 days"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def judge_rest(case: Case) -> Verdict:
    """How the last chain ended; a success that is younger than a hand-over is still going on (rule J7)."""
    ended = [(job, chain) for chain in case.grouping.chains for job in chain.jobs]
    if not ended:
        return _nothing_seen(case)
    job, chain = max(ended, key=lambda pair: _end_of(pair[0]))
    match job.state:
        case JobCondition.FAILED:
            return _ended(
                case, job, chain, Health.FAILED, f": {job.error or 'the platform gives no message'}"
            )
        case JobCondition.CANCELED:
            return _ended(case, job, chain, Health.CANCELED, f": {job.error}" if job.error else ".")
        case _:
            return _succeeded(case, job, chain)


def _end_of(job: ChainJob) -> tuple[datetime, bool, str]:
    """When it ended; of two that ended at one instant the one without success says why nothing follows."""
    return job.until or job.started or _LONG_AGO, job.state is not JobCondition.SUCCEEDED, job.id


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
        f"Stopped: {_who(job)} ended {_when(case, job)}, and nothing followed.",
        chain=chain,
    )


def _ended(case: Case, job: ChainJob, chain: Chain, health: Health, tail: str) -> Verdict:
    step = f", in step {job.step!r}" if job.step else ""
    word = "was canceled" if health is Health.CANCELED else "failed"
    end = f"{word} {_when(case, job)}{step}{tail}"
    return Verdict(health, f"{health.value.capitalize()}: {_who(job)} {end}", chain=chain)


def _nothing_seen(case: Case) -> Verdict:
    record = case.snapshot.batch_job
    last_run = record.last_run_date if record is not None else None
    if last_run is not None and case.now - last_run <= PURGED_AFTER:
        return Verdict(
            Health.STOPPED,
            f"Stopped: no system job regards the record, and its last run was {case.at(last_run)}.",
        )
    if last_run is not None:
        return Verdict(
            Health.EVIDENCE_PURGED,
            f"Evidence purged: the job stopped, its last run was {case.at(last_run)}, and no system job is "
            f"left to tell why; {_PURGE}.",
        )
    made = record.created_on if record is not None else None
    if made is not None and case.now - made > PURGED_AFTER:
        return Verdict(
            Health.EVIDENCE_PURGED,
            f"Evidence purged, if there was any: the record was made {case.at(made)}, "
            f"{span(case.now - made)} ago, and no system job regards it; {_PURGE}.",
        )
    return Verdict(
        Health.NEVER_STARTED, "Never started: no system job of the invoice workflows regards the record."
    )


def _when(case: Case, job: ChainJob) -> str:
    if job.until is None:
        return "at an unknown time"
    return f"{case.at(job.until)}, {span(case.now - job.until)} ago"


def _who(job: ChainJob) -> str:
    return job.workflow or f"the system job {job.id}"
