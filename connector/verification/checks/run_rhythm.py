"""RUN06 to RUN10: how the job runs when it runs, and as whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from statistics import median

from msgspec import structs

from connector.model.job_chain import ChainJob, Diagnosis, Health, JobCondition, starts_within_a_day
from connector.model.job_timeline import drift, timeline
from connector.model.process import PROCESS_RUN_CALLER, PROCESS_RUNNER
from connector.model.system_job import JobStatus
from connector.model.time_text import moment, span
from connector.verification.check import SETTING_UP_THE_JOB, SYSTEM_JOBS, Check, Example
from connector.verification.evidence import Backlog, Evidence, Need, known
from connector.verification.examples import (
    ADMIN,
    FORBIDDEN,
    HEALTHY,
    NEVER_PROVISIONED,
    NOW,
    STARTER,
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

TIMES_AS_LONG = 3
"""A run that takes more than so many times the usual counts as hanging: our choice."""
SHORTEST_HANG = timedelta(hours=1)
_NO_JOB = "There is no invoice job yet: see JOB01."
_MONITORING = "https://learn.microsoft.com/power-automate/monitor-manage-processes"
_BEST_PRACTICES = "https://learn.microsoft.com/power-automate/best-practices-workflow-processes"


def _runs(chain: Diagnosis) -> list[ChainJob]:
    jobs = [job for item in chain.chains for job in item.jobs]
    return [job for job in jobs if job.workflow == PROCESS_RUNNER and job.started is not None]


def _not_hanging(evidence: Evidence) -> Iterator[Finding]:
    chain = known(evidence.chain)
    if chain.health is Health.NEVER_PROVISIONED:
        yield not_applicable(_NO_JOB)
        return
    if chain.health is Health.UNKNOWN:
        yield unknown(chain.sentence, fix=chain.way_out or None)
        return
    lengths = [
        job.until - job.started
        for job in _runs(chain)
        if job.state is JobCondition.SUCCEEDED and job.until and job.started
    ]
    usual = timedelta(seconds=median(length.total_seconds() for length in lengths)) if lengths else None
    limit = max(SHORTEST_HANG, TIMES_AS_LONG * usual) if usual is not None else SHORTEST_HANG
    working = [job for job in _runs(chain) if job.state is JobCondition.IN_PROGRESS and job.started]
    long = [job for job in working if job.started and evidence.now - job.started > limit]
    for job in long:
        assert job.started is not None
        record = Record("asyncoperation", job.id, PROCESS_RUNNER)
        seen = {"startedon": job.started.isoformat(), "usual": "" if usual is None else span(usual)}
        text = f"ProcessRunner has been in progress for {span(evidence.now - job.started)}"
        if usual is None:
            yield unknown(f"{text}, and no finished run tells what is usual.", record, seen)
        else:
            yield failed(f"{text}; usual are {span(usual)}.", record, seen)
    if not long:
        yield passed("No run takes longer than usual.")


def _no_backlog(evidence: Evidence) -> Iterator[Finding]:
    backlog = known(evidence.backlog)
    if backlog.count == 0 or backlog.oldest is None:
        yield passed("The asynchronous service has no backlog.")
        return
    count = f"{backlog.count} or more" if backlog.is_more else str(backlog.count)
    age = span(evidence.now - backlog.oldest)
    yield failed(
        f"{count} system jobs are ready and wait for a free worker, the oldest for {age}.",
        evidence={"statecode": "0", "count": count, "createdon": backlog.oldest.isoformat()},
    )


def _starter_can_work(evidence: Evidence) -> Iterator[Finding]:
    starter = known(evidence.starter)
    owner = starter.owner
    if not starter.is_live:
        yield not_applicable("No chain is live: see RUN02.")
        return
    if owner.user is None:
        yield unknown(f"The user {owner.id}, as whom the job runs, could not be read.")
        return
    record = Record("systemuser", owner.id, owner.user.full_name or "")
    name = owner.user.full_name or owner.id
    if owner.user.is_disabled is None:
        yield unknown(f"The environment does not tell whether {name} is enabled.", record)
    elif owner.user.is_disabled:
        yield failed(f"The job runs as {name}, who is disabled.", record, {"isdisabled": "true"})
    elif not known(owner.roles):
        yield failed(f"The job runs as {name}, who holds no security role.", record, {"roles": "0"})
    else:
        yield passed(f"The job runs as {name}, who is enabled and holds roles.", record)


def _few_starts(evidence: Evidence) -> Iterator[Finding]:
    chain = known(evidence.chain)
    if chain.health is Health.NEVER_PROVISIONED:
        yield not_applicable(_NO_JOB)
        return
    starts, most = starts_within_a_day(chain), evidence.rules.most_starts_a_day
    seen = {"starts": str(starts), "most_starts_a_day": str(most)}
    if starts >= most:
        yield failed(f"{starts} chains were started within 24 hours; {most} are the limit.", evidence=seen)
    else:
        yield passed(f"Chains started within 24 hours: {starts}.", evidence=seen)


def _next_run(evidence: Evidence) -> Iterator[Finding]:
    chain = known(evidence.chain)
    if chain.health is Health.NEVER_PROVISIONED:
        yield not_applicable(_NO_JOB)
    elif chain.next_run is None:
        is_live = bool(chain.live_chains)
        yield (
            unknown(f"Nobody can tell when the next run is: {chain.sentence}")
            if is_live
            else (not_applicable("No chain is live: see RUN02."))
        )
    else:
        later = drift(timeline(chain.chains, evidence.now, evidence.now - timedelta(days=30)))
        text = f"The next run is expected {moment(chain.next_run)}."
        if later is not None:
            text += f" It begins about {span(later)} later each day."
        yield passed(text, evidence={"next_run": chain.next_run.isoformat()})


_COMMON = (
    Example("a sleeping chain", HEALTHY, Outcome.PASS),
    Example("system jobs that may not be read", replace(HEALTHY, chain=FORBIDDEN), Outcome.UNKNOWN),
    Example("before there is a job", NEVER_PROVISIONED, Outcome.NOT_APPLICABLE),
)
_STRANGER = system_job(3, PROCESS_RUNNER, JobStatus.IN_PROGRESS, workflow_activation=None, created_on=NOW)
_WORKING = system_job(
    4, PROCESS_RUNNER, JobStatus.IN_PROGRESS, created_on=NOW - timedelta(hours=4), correlation_id="c"
)


def _runner_at_work(hours: float, *, after: bool = True) -> Evidence:
    """ProcessRunner at work for so long, `after` a run that took an hour."""
    begun = NOW - timedelta(hours=hours)
    working = structs.replace(_WORKING, created_on=begun, started_on=begun)
    earlier = run(
        created_on=begun - timedelta(hours=25), completed_on=begun - timedelta(hours=24), correlation_id="c"
    )
    return replace(HEALTHY, chain=diagnosis(*((earlier,) if after else ()), working))


def _starts(count: int) -> Evidence:
    canceled = [
        system_job(
            number % 10,
            PROCESS_RUN_CALLER,
            JobStatus.CANCELED,
            id=f"00000000-0000-0000-0000-0000000000{number:02}",
            created_on=NOW - timedelta(hours=number),
            completed_on=NOW - timedelta(hours=number - 0.5),
        )
        for number in range(2, count + 2)
    ]
    return replace(HEALTHY, chain=diagnosis(*canceled))


RUN06 = Check(
    code="RUN06",
    severity=Severity.WARNING,
    title="No run takes much longer than usual",
    question="Is a run of ProcessRunner that is in progress still within its usual time?",
    why="A run that hangs delays every later one, since the next begins 24 hours after its end.",
    fix="Look at the system job in the environment; if it hangs, have `projops rerun --cancel ID` end it.",
    link=_MONITORING,
    needs=(Need.CHAIN,),
    judge=_not_hanging,
    examples=(
        *_COMMON,
        Example("at work for two hours, where one is usual", _runner_at_work(2), Outcome.PASS),
        Example("at work for four hours, where one is usual", _runner_at_work(4), Outcome.FAIL),
        Example("at work, with nothing to compare", _runner_at_work(4, after=False), Outcome.UNKNOWN),
        Example("jobs that cannot be joined", replace(HEALTHY, chain=diagnosis(_STRANGER)), Outcome.UNKNOWN),
    ),
)
RUN07 = Check(
    code="RUN07",
    severity=Severity.WARNING,
    title="The asynchronous service has no backlog",
    question="Do system jobs begin soon after they are ready?",
    why="One runaway workflow fills the queue and delays every system job, this one too.",
    fix="Find what fills the queue in Settings > System Jobs, and end it.",
    link=_MONITORING,
    needs=(Need.BACKLOG,),
    judge=_no_backlog,
    examples=(
        Example("an empty queue", HEALTHY, Outcome.PASS),
        Example(
            "a queue two hours long",
            replace(HEALTHY, backlog=Backlog(100, is_more=True, oldest=NOW - timedelta(hours=2))),
            Outcome.FAIL,
        ),
        Example("system jobs that may not be read", replace(HEALTHY, backlog=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
RUN08 = Check(
    code="RUN08",
    severity=Severity.ERROR,
    title="The user as whom the job runs can work",
    question="Is whoever started the live chain enabled, and does that user hold security roles?",
    why="A workflow on demand runs as the one who started it; when that user leaves, the job cannot go on.",
    fix="Enable the user or give the roles back; or end this chain and start a new one as an application "
    "user: `projops rerun` shows the plan.",
    link=SYSTEM_JOBS,
    needs=(Need.STARTER,),
    judge=_starter_can_work,
    examples=(
        Example("an enabled user with roles", HEALTHY, Outcome.PASS),
        Example(
            "a disabled user",
            replace(
                HEALTHY,
                starter=replace(
                    STARTER, owner=replace(STARTER.owner, user=structs.replace(ADMIN, is_disabled=True))
                ),
            ),
            Outcome.FAIL,
        ),
        Example(
            "a user without roles",
            replace(HEALTHY, starter=replace(STARTER, owner=replace(STARTER.owner, roles=()))),
            Outcome.FAIL,
        ),
        Example(
            "a user who may not be read",
            replace(HEALTHY, starter=replace(STARTER, owner=replace(STARTER.owner, user=None))),
            Outcome.UNKNOWN,
        ),
        Example(
            "roles that may not be read",
            replace(HEALTHY, starter=replace(STARTER, owner=replace(STARTER.owner, roles=FORBIDDEN))),
            Outcome.UNKNOWN,
        ),
        Example(
            "nothing lives", replace(HEALTHY, starter=replace(STARTER, is_live=False)), Outcome.NOT_APPLICABLE
        ),
    ),
)
RUN09 = Check(
    code="RUN09",
    severity=Severity.WARNING,
    title="The job is not started again and again",
    question="Were fewer chains started within the last 24 hours than most_starts_a_day allows?",
    why="The platform cancels a workflow that runs 16 times on one row in a short time, as an endless loop.",
    fix="Find out why it stops each time before it is started again: `projops status` shows the evidence.",
    link=_BEST_PRACTICES,
    needs=(Need.CHAIN,),
    judge=_few_starts,
    examples=(
        *_COMMON,
        Example("four starts", _starts(4), Outcome.PASS),
        Example("five starts", _starts(5), Outcome.FAIL),
    ),
)
RUN10 = Check(
    code="RUN10",
    severity=Severity.INFO,
    title="When the next run is expected",
    question="When does ProcessRunner run next, and how much later than the day before?",
    why="A run begins 24 hours after the end of the last one, so its hour drifts; no page shows it.",
    fix="See RUN01 to RUN05 for what keeps it from being known.",
    link=SETTING_UP_THE_JOB,
    needs=(Need.CHAIN,),
    judge=_next_run,
    examples=(
        *_COMMON,
        Example(
            "suspended with an error",
            replace(HEALTHY, chain=diagnosis(run(), sleep(error_code=5, message="x", postpone_until=None))),
            Outcome.UNKNOWN,
        ),
        Example("stopped", replace(HEALTHY, chain=diagnosis(run())), Outcome.NOT_APPLICABLE),
    ),
)
CHECKS = (RUN06, RUN07, RUN08, RUN09, RUN10)
