"""From system jobs to chains (rule J7): joined by child-workflow log, by correlation id, or by one hand-over.

Names of system jobs decide nothing: they are translated, and nobody documents them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import TypeAlias

from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import Chain, ChainJob, JobCondition
from connector.model.job_snapshot import JobSnapshot
from connector.model.process import INVOICE_WORKFLOWS
from connector.model.system_job import JobState, JobStatus, SystemJob

CONDITIONS = {
    JobStatus.WAITING_FOR_RESOURCES: JobCondition.READY,
    JobStatus.WAITING: JobCondition.WAITING,
    JobStatus.IN_PROGRESS: JobCondition.IN_PROGRESS,
    JobStatus.PAUSING: JobCondition.PAUSING,
    JobStatus.CANCELING: JobCondition.CANCELING,
    JobStatus.SUCCEEDED: JobCondition.SUCCEEDED,
    JobStatus.FAILED: JobCondition.FAILED,
    JobStatus.CANCELED: JobCondition.CANCELED,
}
_NO_ID = "00000000-0000-0000-0000-000000000000"
_ROUNDING = timedelta(seconds=1)
"""createdon is kept to the second."""
_Window: TypeAlias = tuple[datetime, datetime]
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_FAR_AHEAD = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Grouping:
    """The chains, live ones first and then the newest first; and what stands in the way of counting.

    `unsure` are heads of live chains that more than one hand-over could explain, `strangers` open jobs
    whose workflow cannot be told, `forked` live chains in which one workflow waits twice.
    """

    chains: tuple[Chain, ...]
    unsure: tuple[ChainJob, ...] = ()
    strangers: tuple[ChainJob, ...] = ()
    forked: tuple[Chain, ...] = ()

    @property
    def live(self) -> tuple[Chain, ...]:
        return tuple(chain for chain in self.chains if chain.is_live)


def chains_of(snapshot: JobSnapshot, rules: InvoicingRules) -> Grouping:
    """All system jobs of the snapshot, joined to chains. The order of the jobs does not matter."""
    begins = {job.id: _begin(job) for job in snapshot.workflow_jobs}
    longest = timedelta(minutes=rules.handover_min)
    windows = {job.id: _window(job, snapshot.now, longest) for job in snapshot.workflow_jobs}
    jobs = {job.id: _chain_job(job, snapshot) for job in snapshot.workflow_jobs}
    joined = _Joined(jobs)
    links = _log_links(snapshot, jobs)
    for one, other in (*links, *_same_correlation(snapshot.workflow_jobs)):
        joined.join(one, other)
    groups = [_in_order(group, begins) for group in joined.groups()]
    ours = [group for group in groups if any(job.workflow in INVOICE_WORKFLOWS for job in group)]
    strangers = [job for group in groups if group not in ours for job in group if _is_stranger(job)]
    edges = _hand_overs(ours, begins, windows)
    certain, unsure = _unambiguous(edges)
    for one, other in certain:
        joined.join(one, other)
    own_ids = {job.id for group in ours for job in group}
    chains = [Chain(_in_order(group, begins)) for group in joined.groups() if group[0].id in own_ids]
    ordered = sorted(
        chains, key=lambda item: (item.is_live, begins[item.last.id], item.last.id), reverse=True
    )
    return Grouping(
        chains=tuple(ordered),
        unsure=tuple(job for chain in ordered if chain.is_live for job in chain.jobs if job.id in unsure),
        strangers=tuple(sorted(strangers, key=lambda job: job.id)),
        forked=tuple(chain for chain in ordered if _is_forked(chain, links)),
    )


class _Joined:
    """Disjoint sets of jobs."""

    def __init__(self, jobs: Mapping[str, ChainJob]) -> None:
        self._jobs = jobs
        self._parent = {id: id for id in jobs}

    def join(self, one: str, other: str) -> None:
        self._parent[self._top(one)] = self._top(other)

    def groups(self) -> list[list[ChainJob]]:
        found: dict[str, list[ChainJob]] = {}
        for id, job in self._jobs.items():
            found.setdefault(self._top(id), []).append(job)
        return list(found.values())

    def _top(self, id: str) -> str:
        while self._parent[id] != id:
            id = self._parent[id]
        return id


def _log_links(snapshot: JobSnapshot, jobs: Mapping[str, ChainJob]) -> list[tuple[str, str]]:
    return [
        (log.system_job, log.child_job)
        for log in snapshot.logs
        if log.system_job is not None
        and log.child_job is not None
        and log.system_job in jobs
        and log.child_job in jobs
    ]


def _same_correlation(jobs: Iterable[SystemJob]) -> list[tuple[str, str]]:
    first: dict[str, str] = {}
    return [
        (first.setdefault(job.correlation_id, job.id), job.id)
        for job in jobs
        if job.correlation_id and job.correlation_id != _NO_ID
    ]


def _hand_overs(
    groups: Iterable[tuple[ChainJob, ...]],
    begins: Mapping[str, datetime],
    windows: Mapping[str, _Window | None],
) -> list[tuple[str, str]]:
    """Pairs of jobs, the one the last of its group, the other the first, that one hand-over explains."""
    ends = [[job for job in group if job.workflow in INVOICE_WORKFLOWS] for group in groups]
    return [
        (tail[-1].id, head[0].id)
        for tail in ends
        for head in ends
        if tail is not head
        and tail[-1].workflow != head[0].workflow
        and begins[tail[-1].id] < begins[head[0].id]
        and (window := windows[tail[-1].id]) is not None
        and window[0] <= begins[head[0].id] <= window[1]
    ]


def _window(job: SystemJob, now: datetime, longest: timedelta) -> _Window | None:
    """When a successor of this job can have begun: never before its timer ended, and near its end."""
    condition = _condition(job)
    timer = job.postpone_until
    if condition is JobCondition.SUCCEEDED and job.completed_on is not None:
        earliest = job.completed_on - longest
        latest = job.completed_on + longest
    elif condition is JobCondition.IN_PROGRESS:
        earliest, latest = now - longest, now
    elif condition in {JobCondition.WAITING, JobCondition.READY} and timer is not None:
        earliest, latest = timer - _ROUNDING, timer + longest
    else:
        return None
    return (earliest if timer is None else max(earliest, timer - _ROUNDING)), latest


def _unambiguous(edges: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], frozenset[str]]:
    """The hand-overs that nothing competes with, and the jobs of all others."""
    giving = Counter(one for one, _ in edges)
    taking = Counter(other for _, other in edges)
    certain = [(one, other) for one, other in edges if giving[one] == 1 and taking[other] == 1]
    return certain, frozenset(id for edge in edges if edge not in certain for id in edge)


def _is_forked(chain: Chain, links: Iterable[tuple[str, str]]) -> bool:
    linked = {frozenset(link) for link in links}
    return any(
        one.workflow is not None
        and one.workflow == other.workflow
        and frozenset((one.id, other.id)) not in linked
        for one, other in combinations(chain.open_jobs, 2)
    )


def _is_stranger(job: ChainJob) -> bool:
    return job.is_open and job.workflow is None


def _in_order(group: Iterable[ChainJob], begins: Mapping[str, datetime]) -> tuple[ChainJob, ...]:
    """By their begin; of those that began at one instant the one that lasts longest is the last."""
    return tuple(
        sorted(group, key=lambda job: (begins[job.id], job.is_open, job.until or _FAR_AHEAD, job.id))
    )


def _begin(job: SystemJob) -> datetime:
    return job.created_on or job.started_on or _LONG_AGO


def _chain_job(job: SystemJob, snapshot: JobSnapshot) -> ChainJob:
    workflow = snapshot.workflow_of(job)
    is_completed = job.state == JobState.COMPLETED
    return ChainJob(
        id=job.id,
        batch_job=job.regarding,
        workflow=workflow,
        step=_step(job, snapshot, workflow),
        state=_condition(job),
        started=job.started_on or job.created_on,
        until=job.completed_on if is_completed else job.postpone_until,
        owner=job.owner,
        error=_error(job),
        etag=job.etag,
    )


def _condition(job: SystemJob) -> JobCondition:
    try:
        return CONDITIONS[JobStatus(job.status)] if job.status is not None else JobCondition.UNKNOWN
    except ValueError:
        return JobCondition.UNKNOWN


def _step(job: SystemJob, snapshot: JobSnapshot, workflow: str | None) -> str | None:
    """What the platform shows as the step: the latest row of the log, else the stage, else the job's name."""
    logs = [log for log in snapshot.logs if log.system_job == job.id]
    if logs:
        latest = max(logs, key=lambda log: (log.started_on or _LONG_AGO, log.id))
        if name := latest.step_name or latest.stage_name:
            return name
    return job.stage_name or (job.name if job.name != workflow else None)


def _error(job: SystemJob) -> str:
    """errorcode and message; 0 is the platform's word for no error."""
    code = f"0x{job.error_code & 0xFFFFFFFF:08x}" if job.error_code else ""
    text = job.message or (job.friendly_message if code else None) or ""
    return ": ".join(part for part in (code, " ".join(text.split())) if part)
