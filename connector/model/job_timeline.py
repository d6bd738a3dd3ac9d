"""What the job did when: runs, sleeps, gaps and overlaps of its chains, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from connector.model.job_chain import Chain, ChainJob, JobCondition
from connector.model.process import PROCESS_RUNNER

HANDOVER = timedelta(minutes=10)
"""A pause between two jobs that is no gap: the platform's own hand-over (rule J7)."""
_DAY = timedelta(days=1)


class Stretch(StrEnum):
    RUN = "run"
    SLEEP = "sleep"
    LATE = "late"
    GAP = "gap"
    OVERLAP = "overlap"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time. `jobs` are the system jobs that it is about; `note` says what came of it.

    RUN and SLEEP are one job each: a run may have taken no time at all, a sleep may end in the future.
    LATE is what a timer is overdue by. In a GAP no chain lived; in an OVERLAP more than one did, and
    `jobs` names their first jobs (rule J8).
    """

    kind: Stretch
    begin: datetime
    end: datetime
    jobs: tuple[str, ...]
    note: str = ""


def timeline(
    chains: Iterable[Chain], now: datetime, since: datetime, handover: timedelta = HANDOVER
) -> tuple[Span, ...]:
    """The spans that reach into the time after `since`, by their begin; of equal ones the longest first.

    Jobs whose start is not on record have no span. After the last job there is a gap until `now`.
    """
    lived = tuple(chains)
    spans = [
        *(span for chain in lived for job in chain.jobs for span in _spans_of(job, now)),
        *_gaps(lived, now, handover),
        *_overlaps(lived, now),
    ]
    return tuple(
        sorted((span for span in spans if span.end > since), key=lambda one: (one.begin, -_length(one)))
    )


def drift(spans: Iterable[Span]) -> timedelta | None:
    """How much later each run began than 24 hours after the one before, on average (rule J7).

    None with fewer than two runs. Runs more than two days or less than half a day apart are another chain's
    and do not count.
    """
    begins = sorted(span.begin for span in spans if span.kind is Stretch.RUN)
    steps = [later - earlier for earlier, later in pairwise(begins)]
    usual = [step - _DAY for step in steps if _DAY / 2 < step < 2 * _DAY]
    return sum(usual, timedelta()) / len(usual) if usual else None


def _spans_of(job: ChainJob, now: datetime) -> Iterator[Span]:
    if job.started is None:
        return
    is_run = job.workflow == PROCESS_RUNNER and job.state is not JobCondition.WAITING
    end = job.until if job.until is not None and (not job.is_open or not is_run) else now
    note = job.error or ("" if job.is_open or job.state is JobCondition.SUCCEEDED else job.state.value)
    if end > job.started or is_run:
        yield Span(
            Stretch.RUN if is_run else Stretch.SLEEP, job.started, max(end, job.started), (job.id,), note
        )
    if job.is_open and not is_run and end < now:
        yield Span(Stretch.LATE, end, now, (job.id,), note)


def _life(chain: Chain, now: datetime) -> tuple[datetime, datetime] | None:
    """From the first start on record to the last end, or to now for a chain that lives."""
    begins = [job.started for job in chain.jobs if job.started is not None]
    if not begins:
        return None
    ends = [now if job.is_open else job.until for job in chain.jobs]
    return min(begins), max((end for end in ends if end is not None), default=now)


def _gaps(chains: tuple[Chain, ...], now: datetime, handover: timedelta) -> Iterator[Span]:
    lives = sorted(life for chain in chains if (life := _life(chain, now)) is not None)
    reached: datetime | None = None
    for begin, end in [*lives, (now, now)]:
        if reached is not None and begin - reached > handover:
            yield Span(Stretch.GAP, reached, begin, ())
        reached = end if reached is None else max(reached, end)


def _overlaps(chains: tuple[Chain, ...], now: datetime) -> Iterator[Span]:
    """Where at least two chains lived, each stretch with those that did."""
    lives = [(life, chain.root.id) for chain in chains if (life := _life(chain, now)) is not None]
    marks = sorted({mark for (begin, end), _ in lives for mark in (begin, end)})
    for begin, end in pairwise(marks):
        alive = tuple(root for (first, last), root in lives if first <= begin and last >= end)
        if len(alive) > 1:
            yield Span(Stretch.OVERLAP, begin, end, alive)


def _length(span: Span) -> timedelta:
    return span.end - span.begin
