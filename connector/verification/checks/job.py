"""JOB: the record in Recurring Invoice Setup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from connector.model.batch_job import BatchJob, Frequency, JobType
from connector.model.desired_job import NAME_MUST_CONTAIN, USUAL_NAMES
from connector.model.time_text import moment, span
from connector.verification.check import SETTING_UP_THE_JOB, Check, Example
from connector.verification.evidence import Evidence, Need, known
from connector.verification.examples import (
    FORBIDDEN,
    HEALTHY,
    JOB,
    NEVER_PROVISIONED,
    NOW,
    another_job,
    with_job,
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

PROVISION = "Run `projops provision` and read its plan, then `projops provision --apply`."
LONGEST_WITHOUT_RUN = timedelta(hours=26)
"""A day, and what the start drifts by: the run's own duration and a busy asynchronous service."""
_STATE_ACTIVE = 0


def record_of(job: BatchJob) -> Record:
    return Record("msdyn_batchjob", job.id, job.name or "")


def jobs_in_use(jobs: tuple[BatchJob, ...]) -> tuple[BatchJob, ...]:
    """The active records among those that match; all of them when none is active."""
    return tuple(job for job in jobs if is_in_use(job)) or jobs


def is_in_use(job: BatchJob) -> bool:
    return job.is_active is not False and job.state in {None, _STATE_ACTIVE}


def _for_each_job(judge: Callable[[BatchJob, Evidence], Finding]) -> Callable[[Evidence], Iterator[Finding]]:
    """The same question to each record in use; not applicable before there is one."""

    def judge_all(evidence: Evidence) -> Iterator[Finding]:
        jobs = known(evidence.batch_jobs)
        if not jobs:
            yield not_applicable("There is no invoice job yet: see JOB01.")
        for job in jobs_in_use(jobs):
            yield judge(job, evidence)

    return judge_all


def _exactly_one(evidence: Evidence) -> Iterator[Finding]:
    jobs = known(evidence.batch_jobs)
    active = [job for job in jobs if is_in_use(job)]
    if not jobs:
        yield failed(
            f'No record of Recurring Invoice Setup has a name that contains "{NAME_MUST_CONTAIN}".',
            fix=PROVISION,
        )
    elif len(active) == 1:
        others = f" {len(jobs) - 1} more match but are not active." if len(jobs) > 1 else ""
        yield passed(f"The invoice job is {active[0].name!r}.{others}", record_of(active[0]))
    elif not active:
        for job in jobs:
            yield failed(f"The invoice job {job.name!r} is not active.", record_of(job), fix=PROVISION)
    else:
        for job in active:
            yield failed(
                f"{job.name!r} is one of {len(active)} active records that match the invoice job.",
                record_of(job),
                fix="Deactivate all but one of them in Recurring Invoice Setup, and stop the others' chains.",
            )


def _name(job: BatchJob, evidence: Evidence) -> Finding:
    usual = (evidence.desired.name, *USUAL_NAMES)
    if (job.name or "").strip().casefold() in {name.casefold() for name in usual}:
        return passed(f"The job carries the usual name {job.name!r}.", record_of(job))
    return failed(
        f"The job is called {job.name!r}, which people will not look for; usual is {usual[0]!r}.",
        record_of(job),
        {"msdyn_name": job.name or ""},
    )


def _job_type(job: BatchJob, evidence: Evidence) -> Finding:
    wanted = evidence.desired.job_type
    return _same(
        job, evidence, "job_type", "Job Type", _label(JobType, job.job_type), _label(JobType, wanted)
    )


def _frequency(job: BatchJob, evidence: Evidence) -> Finding:
    wanted = evidence.desired.frequency
    return _same(
        job, evidence, "frequency", "Frequency", _label(Frequency, job.frequency), _label(Frequency, wanted)
    )


def _label(choice: type[JobType | Frequency], value: int | None) -> str:
    if value is None:
        return "empty"
    names = {int(item): item.name.capitalize() for item in choice}
    return names.get(value, str(value))


def _same(job: BatchJob, evidence: Evidence, field: str, label: str, seen: str, wanted: str) -> Finding:
    table = evidence.tables.batch_job
    column = table.column_of(field)
    if not table.has(field):
        return unknown(f"The environment has no column {column}, so {label} cannot be told.", record_of(job))
    if seen == wanted:
        return passed(f"{label} of {job.name!r} is {seen}.", record_of(job))
    return failed(
        f"{label} of {job.name!r} is {seen} and should be {wanted}.", record_of(job), {column: seen}
    )


def _active(job: BatchJob, evidence: Evidence) -> Finding:
    table = evidence.tables.batch_job
    if not (table.has("is_active") and table.has("state")):
        return unknown("The environment does not tell whether the record is active.", record_of(job))
    seen = {"msdyn_isactive": _yes_or_no(job.is_active), "statecode": str(job.state)}
    if job.is_active and job.state == _STATE_ACTIVE:
        return passed(f"{job.name!r} is active.", record_of(job))
    what = "is deactivated" if job.state not in {None, _STATE_ACTIVE} else "has Is Active = No"
    return failed(f"{job.name!r} {what}.", record_of(job), seen)


def _yes_or_no(value: bool | None) -> str:
    return {True: "Yes", False: "No", None: "empty"}[value]


def _last_run(job: BatchJob, evidence: Evidence) -> Finding:
    if job.last_run_date is None:
        return _without_last_run(job, evidence)
    age = evidence.now - job.last_run_date
    seen = {"msdyn_lastrundate": job.last_run_date.isoformat()}
    if age <= LONGEST_WITHOUT_RUN:
        return passed(f"The last run was {span(age)} ago.", record_of(job), seen)
    return failed(
        f"Last Run Date of {job.name!r} is {moment(job.last_run_date)}, {span(age)} ago.",
        record_of(job),
        seen,
    )


def _without_last_run(job: BatchJob, evidence: Evidence) -> Finding:
    if job.created_on is not None and evidence.now - job.created_on <= LONGEST_WITHOUT_RUN:
        return not_applicable("The job is younger than its first day: there may have been no run yet.")
    return unknown(
        f"Last Run Date of {job.name!r} is empty; no public page says when it is written.",
        record_of(job),
        {"msdyn_lastrundate": "empty"},
    )


def _audit(job: BatchJob, evidence: Evidence) -> Finding:
    created = _who_and_when(job.created_on, job.created_by, evidence)
    modified = _who_and_when(job.modified_on, job.modified_by, evidence)
    seen = {"createdon": created, "modifiedon": modified}
    return passed(f"{job.name!r}: created {created}; last changed {modified}.", record_of(job), seen)


def _who_and_when(instant: datetime | None, user: str | None, evidence: Evidence) -> str:
    if instant is None:
        return "at an unknown time"
    return f"{moment(instant)} ({span(evidence.now - instant)} ago) by user {user or 'unknown'}"


def _without_column(field: str) -> Evidence:
    table = replace(HEALTHY.tables.batch_job, missing=frozenset({field}))
    return replace(HEALTHY, tables=replace(HEALTHY.tables, batch_job=table))


_COMMON = (
    Example("a healthy job", HEALTHY, Outcome.PASS),
    Example("batch jobs that may not be read", replace(HEALTHY, batch_jobs=FORBIDDEN), Outcome.UNKNOWN),
)
_OF_A_JOB = (*_COMMON, Example("before there is a job", NEVER_PROVISIONED, Outcome.NOT_APPLICABLE))
_TWIN = replace(HEALTHY, batch_jobs=(JOB, another_job()))

JOB01 = Check(
    code="JOB01",
    severity=Severity.ERROR,
    title="There is exactly one active invoice job",
    question=f'Does exactly one active record have a name that contains "{NAME_MUST_CONTAIN}"?',
    why="The platform recognises the job by its name; with none nothing is invoiced, with two it is twice.",
    fix=PROVISION,
    link=SETTING_UP_THE_JOB,
    needs=(Need.BATCH_JOBS,),
    judge=_exactly_one,
    examples=(
        *_COMMON,
        Example("before there is a job", NEVER_PROVISIONED, Outcome.FAIL),
        Example("two active records that match", _TWIN, Outcome.FAIL),
        Example("the only record is not active", with_job(is_active=False), Outcome.FAIL),
        Example("the name in other letters", with_job(name="PROJECT CREATE INVOICES"), Outcome.PASS),
    ),
)
JOB02 = Check(
    code="JOB02",
    severity=Severity.WARNING,
    title="The job carries its usual name",
    question="Is the job called what people and documents call it?",
    why="Whoever looks for the job looks for this name.",
    fix="Rename the record in Recurring Invoice Setup, or set the name that you want in projops.toml.",
    link=SETTING_UP_THE_JOB,
    needs=(Need.BATCH_JOBS,),
    judge=_for_each_job(_name),
    examples=(
        *_OF_A_JOB,
        Example("a name of its own", with_job(name="Nightly create invoices EMEA"), Outcome.FAIL),
        Example("the name of the forerunner", with_job(name="PSA Create Invoices"), Outcome.PASS),
    ),
)
JOB03 = Check(
    code="JOB03",
    severity=Severity.ERROR,
    title="Job Type is None",
    question="Is the record's Job Type the one that the set-up requires?",
    why="The set-up of the invoice job requires Job Type None.",
    fix=PROVISION,
    link=SETTING_UP_THE_JOB,
    needs=(Need.BATCH_JOBS,),
    judge=_for_each_job(_job_type),
    examples=(
        *_OF_A_JOB,
        Example("another job type", with_job(job_type=JobType.TRAINING), Outcome.FAIL),
        Example("no job type", with_job(job_type=None), Outcome.FAIL),
        Example("the column is not there", _without_column("job_type"), Outcome.UNKNOWN),
    ),
)
JOB04 = Check(
    code="JOB04",
    severity=Severity.ERROR,
    title="Frequency is Daily",
    question="Does the job run daily?",
    why="Everything that is documented of the job is documented for a daily one.",
    fix=PROVISION,
    link=SETTING_UP_THE_JOB,
    needs=(Need.BATCH_JOBS,),
    judge=_for_each_job(_frequency),
    examples=(
        *_OF_A_JOB,
        Example("monthly", with_job(frequency=Frequency.MONTHLY), Outcome.FAIL),
        Example("the column is not there", _without_column("frequency"), Outcome.UNKNOWN),
    ),
)
JOB05 = Check(
    code="JOB05",
    severity=Severity.ERROR,
    title="The job is active",
    question="Is Is Active set, and is the record itself active?",
    why="A job that is switched off invoices nothing.",
    fix=PROVISION,
    link=SETTING_UP_THE_JOB,
    needs=(Need.BATCH_JOBS,),
    judge=_for_each_job(_active),
    examples=(
        *_OF_A_JOB,
        Example("Is Active says no", with_job(is_active=False), Outcome.FAIL),
        Example("a deactivated record", with_job(state=1), Outcome.FAIL),
        Example("the column is not there", _without_column("is_active"), Outcome.UNKNOWN),
    ),
)
JOB06 = Check(
    code="JOB06",
    severity=Severity.WARNING,
    title="The job ran within the last 26 hours",
    question="Is Last Run Date as young as a daily job's should be?",
    why="An old date hints that the job stands still. No public page defines it: the RUN checks decide.",
    fix="Run `projops status`: it looks at the system jobs themselves.",
    link=SETTING_UP_THE_JOB,
    needs=(Need.BATCH_JOBS,),
    judge=_for_each_job(_last_run),
    examples=(
        *_OF_A_JOB,
        Example("no run for three days", with_job(last_run_date=NOW - timedelta(days=3)), Outcome.FAIL),
        Example("never written", with_job(last_run_date=None), Outcome.UNKNOWN),
        Example("made just now", with_job(last_run_date=None, created_on=NOW), Outcome.NOT_APPLICABLE),
    ),
)
JOB07 = Check(
    code="JOB07",
    severity=Severity.INFO,
    title="Who made the job and who changed it last",
    question="Since when is the job there, and who touched it?",
    why="An auditor asks this first.",
    fix="Nothing is to be done.",
    link=SETTING_UP_THE_JOB,
    needs=(Need.BATCH_JOBS,),
    judge=_for_each_job(_audit),
    examples=_OF_A_JOB,
)
CHECKS = (JOB01, JOB02, JOB03, JOB04, JOB05, JOB06, JOB07)
