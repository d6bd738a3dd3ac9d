"""The facts behind a diagnosis, with what each of them means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from connector.model.batch_job import BatchJob, Frequency, JobType
from connector.model.job_chain import Chain, ChainJob, Evidence, JobCondition
from connector.model.job_grouping import CONDITIONS, Grouping
from connector.model.job_snapshot import STATE_INACTIVE, JobSnapshot, is_activated
from connector.model.job_timeline import drift, timeline
from connector.model.process import INVOICE_WORKFLOWS
from connector.model.time_text import span

_STATUS_CODES = {condition: str(status.value) for status, condition in CONDITIONS.items()}


def evidence_of(snapshot: JobSnapshot, grouping: Grouping) -> tuple[Evidence, ...]:
    return (
        *_of_reading(snapshot),
        *(fact for record in snapshot.batch_jobs for fact in _of_record(record)),
        *_of_workflows(snapshot),
        *_of_backlog(snapshot),
        *(fact for chain in _worth_showing(grouping) for fact in _of_chain(chain, snapshot)),
        *_of_drift(snapshot, grouping),
    )


def _worth_showing(grouping: Grouping) -> tuple[Chain, ...]:
    """The live chains; without one, the last that there was."""
    return grouping.live or grouping.chains[:1]


def _of_reading(snapshot: JobSnapshot) -> Iterator[Evidence]:
    for table, reason in sorted(snapshot.unread.items()):
        yield Evidence(table, "", "not readable", reason)


def _of_record(record: BatchJob) -> Iterator[Evidence]:
    where = f"msdyn_batchjob {record.id}"
    yield Evidence(where, "msdyn_name", record.name or "", "the name makes it the invoice job")
    if record.state == STATE_INACTIVE:
        yield Evidence(where, "statecode", "1", "the record is deactivated")
    if record.is_active is False:
        yield Evidence(where, "msdyn_isactive", "false", "the record says that the job is not to run")
    if record.frequency not in {None, Frequency.DAILY}:
        yield Evidence(where, "msdyn_frequency", str(record.frequency), "the job wants Daily (0)")
    if record.job_type not in {None, JobType.NONE}:
        yield Evidence(
            where, "msdyn_jobtype", str(record.job_type), f"the job wants None ({JobType.NONE.value})"
        )
    if record.last_run_date is not None:
        yield Evidence(
            where, "msdyn_lastrundate", _iso(record.last_run_date), "a hint: its meaning is not documented"
        )


def _of_workflows(snapshot: JobSnapshot) -> Iterator[Evidence]:
    for name in INVOICE_WORKFLOWS:
        for item in snapshot.definitions(name):
            meaning = "activated" if is_activated(item) else "not activated: it cannot be started"
            yield Evidence(f"workflow {item.id}", "statecode", str(item.state), f"{name} is {meaning}")


def _of_backlog(snapshot: JobSnapshot) -> Iterator[Evidence]:
    if snapshot.backlog is not None:
        count = f"{snapshot.backlog.count}{' or more' if snapshot.backlog.is_more else ''}"
        yield Evidence("asyncoperation", "ready", count, "system jobs that wait for a free worker")


def _of_drift(snapshot: JobSnapshot, grouping: Grouping) -> Iterator[Evidence]:
    """J7: each run begins later in the day than the last, by its own length and the queue's."""
    later = drift(timeline(grouping.chains, snapshot.now, datetime.min.replace(tzinfo=UTC)))
    if later is not None and later >= timedelta(minutes=1):
        yield Evidence("asyncoperation", "startedon", span(later), "each run began so much later in the day")


def _of_chain(chain: Chain, snapshot: JobSnapshot) -> Iterator[Evidence]:
    for job in chain.open_jobs or chain.jobs[-1:]:
        where = f"asyncoperation {job.id}"
        step = f", step {job.step}" if job.step else ""
        meaning = f"{job.state.value}: {job.workflow or 'a workflow'}{step}"
        yield Evidence(where, "statuscode", _STATUS_CODES.get(job.state, "?"), meaning)
        if job.is_open and job.until is not None:
            yield Evidence(where, "postponeuntil", _iso(job.until), _meaning_of_timer(job, snapshot.now))
        if job.error:
            yield Evidence(where, "message", job.error, "what the platform wrote")
        yield _of_owner(job, snapshot)


def _meaning_of_timer(job: ChainJob, now: datetime) -> str:
    assert job.until is not None
    if job.until > now:
        return f"the timer ends in {span(job.until - now)}"
    late = f"the timer ended {span(now - job.until)} ago"
    return late if job.state is JobCondition.WAITING else f"{late} and has fired"


def _of_owner(job: ChainJob, snapshot: JobSnapshot) -> Evidence:
    user = snapshot.user(job.owner)
    where = f"asyncoperation {job.id}"
    if user is None:
        return Evidence(where, "ownerid", job.owner or "", "unknown whether this user is enabled")
    state = {True: "disabled", False: "enabled", None: "unknown whether enabled"}[user.is_disabled]
    return Evidence(where, "ownerid", user.id, f"started by {snapshot.owner_name(job.owner)}, {state}")


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
