"""Timeline: a row for each day, with runs, sleeps, gaps and overlaps where they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from connector.console.page.panels.health import Rhythm, is_unread, rhythm_of
from connector.console.page.readings import JobSeen
from connector.model.job_chain import ChainJob
from connector.model.job_timeline import Span, Stretch
from connector.model.time_text import span

WORDS: Mapping[Stretch, str] = {
    Stretch.RUN: "ProcessRunner runs",
    Stretch.SLEEP: "Sleeps",
    Stretch.LATE: "Timer past due",
    Stretch.GAP: "No chain",
    Stretch.OVERLAP: "More than one chain",
}
LEAST_WIDTH = 0.3
"""Percent of a day, some four minutes: what is shorter could not be seen."""
_ON_TOP = (Stretch.SLEEP, Stretch.GAP, Stretch.LATE, Stretch.RUN, Stretch.OVERLAP)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch within one day: begin and width in percent of that day. `job` is the system job, if one."""

    kind: Stretch
    begin: float
    width: float
    title: str
    job: str | None


@dataclass(frozen=True, slots=True)
class Day:
    """`now` is where the present is, in percent of the day, None on other days."""

    day: date
    bars: tuple[Bar, ...]
    now: float | None


@dataclass(frozen=True, slots=True)
class Stop:
    """One stretch in the table; `job` is the system job that it is about, if it is one."""

    span: Span
    word: str
    length: str
    job: str | None
    is_under_way: bool


@dataclass(frozen=True, slots=True)
class Detail:
    """A system job that somebody asked for."""

    job: ChainJob
    owner: str


@dataclass(frozen=True, slots=True)
class TimelineView:
    """`troubles` are gaps, overlaps and what is late, `stops` everything, the newest first."""

    days: tuple[Day, ...]
    legend: tuple[Stretch, ...]
    troubles: tuple[Stop, ...]
    stops: tuple[Stop, ...]
    rhythm: Rhythm
    detail: Detail | None
    is_unknown_job: bool
    is_unread: bool


def timeline_view(seen: JobSeen, job: str | None = None) -> TimelineView:
    """`job` is the id of the system job whose details are asked for."""
    spans, now = seen.spans, seen.now
    stops = tuple(_stop(one, now) for one in sorted(spans, key=lambda one: one.begin, reverse=True))
    detail = None if job is None else _detail(seen, job)
    return TimelineView(
        days=tuple(_days(spans, now, seen.since, seen.zone)),
        legend=tuple(kind for kind in Stretch if any(one.kind is kind for one in spans)),
        troubles=tuple(one for one in stops if one.span.kind not in {Stretch.RUN, Stretch.SLEEP}),
        stops=stops,
        rhythm=rhythm_of(spans),
        detail=detail,
        is_unknown_job=job is not None and detail is None,
        is_unread=is_unread(seen),
    )


def _stop(one: Span, now: datetime) -> Stop:
    return Stop(one, WORDS[one.kind], span(one.end - one.begin), _job_of(one), one.begin <= now < one.end)


def _job_of(one: Span) -> str | None:
    return one.jobs[0] if len(one.jobs) == 1 else None


def _detail(seen: JobSeen, id: str) -> Detail | None:
    for chain in seen.diagnosis.chains:
        for job in chain.jobs:
            if job.id == id:
                return Detail(job, seen.owners.get(job.owner or "", job.owner or ""))
    return None


def _days(spans: Sequence[Span], now: datetime, since: datetime, zone: tzinfo) -> Iterator[Day]:
    """From the first stretch to the last, the newest day first."""
    if not spans:
        return
    first = max(min(one.begin for one in spans), since).astimezone(zone).date()
    day = max(now, *(one.end for one in spans)).astimezone(zone).date()
    while day >= first:
        begin, end = _edge(day, zone), _edge(day + timedelta(days=1), zone)
        at_now = _percent(now, begin, end) if begin <= now < end else None
        yield Day(day, tuple(_bars(spans, begin, end)), at_now)
        day -= timedelta(days=1)


def _edge(day: date, zone: tzinfo) -> datetime:
    """The instant at which a day begins; days of 23 and 25 hours are drawn as wide as others."""
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _bars(spans: Sequence[Span], begin: datetime, end: datetime) -> Iterator[Bar]:
    for kind in _ON_TOP:
        for one in spans:
            is_moment = one.begin == one.end and begin <= one.begin < end
            if one.kind is kind and (is_moment or (one.begin < end and one.end > begin)):
                left, right = (
                    _percent(max(one.begin, begin), begin, end),
                    _percent(min(one.end, end), begin, end),
                )
                yield Bar(kind, left, round(max(right - left, LEAST_WIDTH), 3), _title(one), _job_of(one))


def _title(one: Span) -> str:
    note = f": {one.note}" if one.note else ""
    return f"{WORDS[one.kind]}, {span(one.end - one.begin)}{note}"


def _percent(at: datetime, begin: datetime, end: datetime) -> float:
    """Of aware instants: subtraction within one zone would ignore a change of the clocks."""
    return round((at.timestamp() - begin.timestamp()) / (end.timestamp() - begin.timestamp()) * 100, 3)
