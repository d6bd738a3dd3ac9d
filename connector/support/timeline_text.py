"""The timeline for people: a line for each day, a cell for each half hour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from connector.model.job_timeline import Span, Stretch, drift
from connector.model.time_text import moment, span

CELL = timedelta(minutes=30)
CELLS = 48
_SIGNS = {
    Stretch.RUN: "█",
    Stretch.SLEEP: "─",
    Stretch.LATE: "?",
    Stretch.GAP: "·",
    Stretch.OVERLAP: "×",
}
# What hides what, where a cell has more than one: trouble before all else, a run before a sleep.
_ORDER = (Stretch.OVERLAP, Stretch.LATE, Stretch.RUN, Stretch.SLEEP, Stretch.GAP)
_WORDS = {
    Stretch.RUN: "ProcessRunner runs",
    Stretch.SLEEP: "sleeps",
    Stretch.LATE: "timer past due",
    Stretch.GAP: "no chain",
    Stretch.OVERLAP: "more than one chain",
}


def timeline_as_json(spans: Iterable[Span]) -> list[dict[str, Any]]:
    """`timeline` of projops.status: what, from, until, jobs, note."""
    return [
        {
            "what": one.kind.value,
            "from": _iso(one.begin),
            "until": _iso(one.end),
            "jobs": list(one.jobs),
            "note": one.note,
        }
        for one in spans
    ]


def timeline_as_text(spans: Sequence[Span], now: datetime, zone: tzinfo = UTC) -> Iterator[str]:
    """Days in `zone`, the oldest first, then what the signs mean, then gaps and overlaps in words."""
    if not spans:
        yield "Nothing is on record for these days."
        return
    yield f"{'':<12}{''.join(f'{hour:<8}' for hour in range(0, 24, 4)).rstrip()}   {zone}"
    day = min(one.begin for one in spans).astimezone(zone).date()
    last = max(now, *(one.end for one in spans)).astimezone(zone).date()
    while day <= last:
        start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        following = day + timedelta(days=1)
        end = datetime(following.year, following.month, following.day, tzinfo=zone).astimezone(UTC)
        yield f"{day.isoformat()}  {''.join(_cells(spans, start, end, now))}"
        day = following
    yield ""
    seen = [kind for kind in _ORDER if any(one.kind is kind for one in spans)]
    yield "  ".join(f"{_SIGNS[kind]} {_WORDS[kind]}" for kind in seen) + "  ▏ now"
    yield from _troubles(spans, zone)
    yield from _sums(spans)


def _cells(spans: Sequence[Span], start: datetime, end: datetime, now: datetime) -> Iterator[str]:
    """48 cells, also for the days with 23 or 25 hours: each is a 48th of its day."""
    step = (end - start) / CELLS
    for number in range(CELLS):
        begin, until = start + number * step, start + (number + 1) * step
        if begin <= now < until:
            yield "▏"
            continue
        kinds = {one.kind for one in spans if one.begin < until and (one.end > begin or one.begin >= begin)}
        yield next((_SIGNS[kind] for kind in _ORDER if kind in kinds), " ")


def _troubles(spans: Iterable[Span], zone: tzinfo) -> Iterator[str]:
    for one in spans:
        length = span(one.end - one.begin)
        when = f"from {moment(one.begin, zone)}, {length}"
        if one.kind is Stretch.GAP:
            yield f"Gap {when}: no chain lived."
        elif one.kind is Stretch.OVERLAP:
            yield f"Overlap {when}: {len(one.jobs)} chains, begun by {', '.join(one.jobs)}."
        elif one.kind is Stretch.LATE:
            yield f"Late {when}: the timer of {one.jobs[0]} has not ended."
        elif one.note:
            yield f"{moment(one.begin, zone)}: {one.note}"


def _sums(spans: Sequence[Span]) -> Iterator[str]:
    runs = [one for one in spans if one.kind is Stretch.RUN]
    if not runs:
        return
    later = drift(spans)
    longest = span(max(one.end - one.begin for one in runs))
    word = "run" if len(runs) == 1 else "runs"
    yield f"{len(runs)} {word}, the longest {longest}{'' if later is None else f'; {_drift(later)}'}."


def _drift(later: timedelta) -> str:
    if abs(later) < timedelta(seconds=30):
        return "each began at the same time of day"
    return (
        f"each began {span(later)} {'later' if later > timedelta() else 'earlier'} in the day than the last"
    )


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
