"""RUN: the chain of system jobs that carries the job from day to day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from msgspec import structs

from connector.model.job_chain import ENDED, ChainJob, Diagnosis, Health, JobCondition
from connector.model.process import PROCESS_RUN_CALLER, PROCESS_RUNNER
from connector.model.system_job import JobStatus
from connector.model.time_text import moment, span
from connector.verification.check import SETTING_UP_THE_JOB, SYSTEM_JOBS, Check, Example
from connector.verification.evidence import Evidence, Need, known
from connector.verification.examples import (
    ADMIN,
    FORBIDDEN,
    HEALTHY,
    NEVER_PROVISIONED,
    NOW,
    diagnosis,
    run,
    sleep,
    system_job,
)
from connector.verification.finding import (
    Finding,
    Outcome,
    Record,
    Severity,
    failed,
    not_applicable,
    passed,
    unknown,
)

_RERUN = "Read the plan of `projops rerun`, then `projops rerun --apply`."
_PROVISION = "The record is out of use: read the plan of `projops provision`, then add --apply."
_NO_JOB = "There is no invoice job yet: see JOB01."
_NO_CHAIN = "No chain is live: see RUN02."
_FIXED_IN = "https://learn.microsoft.com/dynamics365/project-operations/pro/whats-new/whats-new-apr-2026-lite"


def _record(job: ChainJob) -> Record:
    return Record("asyncoperation", job.id, job.workflow or "")


def _open_jobs(diagnosis: Diagnosis) -> list[ChainJob]:
    return [job for chain in diagnosis.live_chains for job in chain.open_jobs]


def _one_chain(evidence: Evidence) -> Iterator[Finding]:
    chain = known(evidence.chain)
    if chain.health is Health.NEVER_PROVISIONED:
        yield not_applicable(_NO_JOB)
    elif chain.health is Health.SEVERAL_CHAINS:
        for live in chain.live_chains:
            count = len(chain.live_chains)
            text = f"One of {count} live chains: begun {_at(live.root.started)}, now {_what(live.last)}."
            yield failed(text, _record(live.root), {"chains": str(count)})
    elif chain.health is Health.UNKNOWN:
        yield unknown(
            chain.sentence, fix=chain.way_out or None, evidence={"roots": ", ".join(chain.several_roots)}
        )
    elif chain.live_chains:
        last = chain.live_chains[0].last
        yield passed(
            chain.sentence if chain.is_healthy else f"One chain is live, now {_what(last)}.", _record(last)
        )
    else:
        yield not_applicable(_NO_CHAIN)


def _not_stopped(evidence: Evidence) -> Iterator[Finding]:
    chain = known(evidence.chain)
    if chain.health is Health.NEVER_PROVISIONED:
        yield not_applicable(_NO_JOB)
    elif chain.health is Health.STARTER_DISABLED:
        yield failed(chain.sentence, evidence={"health": chain.health.value})
    elif chain.live_chains or chain.health is Health.RUNNING:
        yield passed("A chain is live.")
    elif chain.health is Health.UNKNOWN:
        yield unknown(chain.sentence, fix=chain.way_out or None)
    else:
        fix = _PROVISION if chain.is_out_of_use else None
        yield failed(chain.sentence, evidence={"health": chain.health.value}, fix=fix)


def _not_stalled(evidence: Evidence) -> Iterator[Finding]:
    chain = known(evidence.chain)
    tolerance = timedelta(minutes=evidence.rules.overdue_min)
    late = [job for job in _open_jobs(chain) if _is_late(job, evidence.now, tolerance)]
    for job in late:
        assert job.until is not None
        yield failed(
            f"{_what(job)} should have woken {_at(job.until)}, {span(evidence.now - job.until)} ago.",
            _record(job),
            {"statuscode": job.state.value, "postponeuntil": job.until.isoformat()},
        )
    if not late:
        if chain.health is Health.STALLED:
            yield failed(chain.sentence, evidence={"health": chain.health.value})
        else:
            yield _when_nothing_is_seen(chain, "No timer is past due.")


def _is_late(job: ChainJob, now: datetime, tolerance: timedelta) -> bool:
    is_timer = job.state is JobCondition.WAITING and not job.error and job.until is not None
    return is_timer and job.until is not None and now - job.until > tolerance


def _not_suspended(evidence: Evidence) -> Iterator[Finding]:
    chain = known(evidence.chain)
    broken = [job for job in _open_jobs(chain) if job.state is JobCondition.WAITING and job.error]
    for job in broken:
        yield failed(f"{_what(job)} with an error: {job.error}", _record(job), {"message": job.error})
    if not broken:
        yield _when_nothing_is_seen(chain, "No job waits for a person.")


def _when_nothing_is_seen(chain: Diagnosis, text: str) -> Finding:
    """A clean look counts only when all of the chain was in sight."""
    if chain.health is Health.NEVER_PROVISIONED:
        return not_applicable(_NO_JOB)
    if chain.health is Health.UNKNOWN:
        return unknown(chain.sentence, fix=chain.way_out or None)
    if not chain.live_chains:
        return not_applicable(_NO_CHAIN)
    return passed(text)


def _last_run(evidence: Evidence) -> Iterator[Finding]:
    chain = known(evidence.chain)
    jobs = [job for item in chain.chains for job in item.jobs]
    ended = [job for job in jobs if job.workflow == PROCESS_RUNNER and job.state in ENDED and job.until]
    if not ended:
        if chain.health is Health.UNKNOWN:
            yield unknown(chain.sentence, fix=chain.way_out or None)
        else:
            yield not_applicable(
                "No finished run of ProcessRunner is among the system jobs of the last days."
            )
        return
    last = max(ended, key=lambda job: job.until or NOW)
    if last.state is JobCondition.SUCCEEDED:
        yield passed(f"The last run of ProcessRunner succeeded {_at(last.until)}.", _record(last))
        return
    error = last.error or "the platform gives no message"
    is_restarted = _is_restarted(chain, last)
    after = " A new chain has been started since; its next run will tell." if is_restarted else ""
    yield failed(
        f"The last run of ProcessRunner {last.state.value} {_at(last.until)}: {error}.{after}",
        _record(last),
        {"statuscode": last.state.value, "message": last.error},
        severity=Severity.WARNING if is_restarted else None,
    )


def _is_restarted(chain: Diagnosis, last: ChainJob) -> bool:
    roots = [item.root.started for item in chain.live_chains]
    return any(started is not None and last.until is not None and started >= last.until for started in roots)


def _what(job: ChainJob) -> str:
    return f"{job.workflow or 'A workflow'} ({job.state.value.replace('_', ' ')})"


def _at(instant: datetime | None) -> str:
    return "at an unknown time" if instant is None else moment(instant)


_STRANGER = system_job(3, PROCESS_RUNNER, JobStatus.IN_PROGRESS, workflow_activation=None, created_on=NOW)
_TWO = diagnosis(
    sleep(), system_job(3, PROCESS_RUN_CALLER, JobStatus.WAITING, created_on=NOW - timedelta(hours=9))
)
_COMMON = (
    Example("a sleeping chain", HEALTHY, Outcome.PASS),
    Example("jobs that cannot be joined", replace(HEALTHY, chain=diagnosis(_STRANGER)), Outcome.UNKNOWN),
    Example("system jobs that may not be read", replace(HEALTHY, chain=FORBIDDEN), Outcome.UNKNOWN),
    Example("before there is a job", NEVER_PROVISIONED, Outcome.NOT_APPLICABLE),
)
_ORPHANED = replace(
    HEALTHY, chain=diagnosis(run(), sleep(), users=(structs.replace(ADMIN, is_disabled=True),))
)
_STOPPED = replace(HEALTHY, chain=diagnosis(run()))

RUN01 = Check(
    code="RUN01",
    severity=Severity.ERROR,
    title="One chain is live, and only one",
    question="Has the job been started once and only once?",
    why="Several instances of the job disturb each other and create invoices twice.",
    fix="Read `projops status` for what each chain did, and cancel the superfluous ones by their ids: "
    "`projops rerun --cancel ID`. Never delete a draft invoice before you know what else it stands on.",
    link=SETTING_UP_THE_JOB,
    needs=(Need.CHAIN,),
    judge=_one_chain,
    examples=(
        *_COMMON,
        Example("two chains, seen once", replace(HEALTHY, chain=_TWO), Outcome.UNKNOWN),
        Example(
            "two chains, seen twice",
            replace(HEALTHY, chain=replace(_TWO, health=Health.SEVERAL_CHAINS)),
            Outcome.FAIL,
        ),
        Example("no chain", _STOPPED, Outcome.NOT_APPLICABLE),
    ),
)
RUN02 = Check(
    code="RUN02",
    severity=Severity.ERROR,
    title="The job has not stopped",
    question="Is there a chain that will invoice by itself?",
    why="Without one nothing is invoiced, and no page of the product says so.",
    fix=_RERUN,
    link=SETTING_UP_THE_JOB,
    needs=(Need.CHAIN,),
    judge=_not_stopped,
    examples=(
        *_COMMON,
        Example("never started", replace(HEALTHY, chain=diagnosis()), Outcome.FAIL),
        Example("stopped after its run", _STOPPED, Outcome.FAIL),
        Example("a chain whose starter is disabled", _ORPHANED, Outcome.FAIL),
    ),
)
RUN03 = Check(
    code="RUN03",
    severity=Severity.ERROR,
    title="No timer is past due",
    question="Does the chain sleep no longer than it should?",
    why="A job that does not wake waits forever (defect 6225696, corrected in April 2026).",
    fix=_RERUN + " Update Project Operations to 4.166.3403.4 or later.",
    link=_FIXED_IN,
    needs=(Need.CHAIN,),
    judge=_not_stalled,
    examples=(
        *_COMMON,
        Example(
            "a timer that ended yesterday",
            replace(
                HEALTHY,
                chain=diagnosis(
                    sleep(created_on=NOW - timedelta(days=2), postpone_until=NOW - timedelta(days=1))
                ),
            ),
            Outcome.FAIL,
        ),
        Example(
            "a timer that ended a minute ago",
            replace(HEALTHY, chain=diagnosis(sleep(postpone_until=NOW - timedelta(minutes=1)))),
            Outcome.PASS,
        ),
    ),
)
RUN04 = Check(
    code="RUN04",
    severity=Severity.ERROR,
    title="No job of the chain is suspended by an error",
    question="Does the chain wait for its timer, and not for a person?",
    why="A failing call suspends a workflow until somebody resumes it; it looks like an ordinary sleep.",
    fix="Put right what the message names, then: " + _RERUN[0].lower() + _RERUN[1:],
    link=SYSTEM_JOBS,
    needs=(Need.CHAIN,),
    judge=_not_suspended,
    examples=(
        *_COMMON,
        Example(
            "waiting with a message",
            replace(HEALTHY, chain=diagnosis(sleep(message="Account is inactive", error_code=-2147220891))),
            Outcome.FAIL,
        ),
    ),
)
RUN05 = Check(
    code="RUN05",
    severity=Severity.ERROR,
    title="The last run ended well",
    question="Did the last ProcessRunner succeed?",
    why="Its message is the cause of what is missing today.",
    fix="Put right what the message names; where no chain is live: " + _RERUN[0].lower() + _RERUN[1:],
    link=SYSTEM_JOBS,
    needs=(Need.CHAIN,),
    judge=_last_run,
    examples=(
        *_COMMON,
        Example(
            "the run failed",
            replace(HEALTHY, chain=diagnosis(run(JobStatus.FAILED, message="No price list"))),
            Outcome.FAIL,
        ),
        Example("no run yet", replace(HEALTHY, chain=diagnosis(sleep())), Outcome.NOT_APPLICABLE),
    ),
)
CHECKS = (RUN01, RUN02, RUN03, RUN04, RUN05)
