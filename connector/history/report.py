"""The history for programs and for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any

from connector.history.scores import scores_as_text, scores_of
from connector.history.values import Entry, SeenRun
from connector.model.money import with_digits
from connector.model.time_text import moment, span

_DAY = timedelta(days=1)


def run_as_json(run: SeenRun, drift: timedelta | None) -> dict[str, Any]:
    """An item of `runs`; `duration_s` and `drift_s` in seconds, amounts as texts by currency."""
    return {
        "environment": run.environment,
        "id": run.id,
        "started": _iso(run.started),
        "ended": None if run.ended is None else _iso(run.ended),
        "duration_s": None if run.length is None else int(run.length.total_seconds()),
        "drift_s": None if drift is None else int(drift.total_seconds()),
        "state": run.state,
        "invoices": None if run.drafts is None else run.drafts.count,
        "amounts": None if run.drafts is None else {k: str(v) for k, v in sorted(run.drafts.amounts.items())},
        "message": run.message,
    }


def entry_as_json(entry: Entry) -> dict[str, Any]:
    """An item of `entries`."""
    return {
        "environment": entry.environment,
        "command": entry.kind.value,
        "at": _iso(entry.at),
        "sentence": entry.sentence,
        "who": entry.who,
        "reason": entry.reason,
        "facts": dict(entry.facts),
    }


def with_drift(runs: Iterable[SeenRun]) -> Iterator[tuple[SeenRun, timedelta | None]]:
    """Each run with how much later it began than 24 hours after the one before (rule J7).

    None for the first one of an environment, after a pause of more than two days, and less than half a day
    after another: then they are runs of two chains.
    """
    before: SeenRun | None = None
    for run in runs:
        drift = None
        if before is not None and before.environment == run.environment:
            step = run.started - before.started
            drift = step - _DAY if _DAY / 2 < step < 2 * _DAY else None
        yield run, drift
        before = run


def history_as_text(
    runs: Sequence[SeenRun], entries: Sequence[Entry], zone: tzinfo = UTC, *, is_with_entries: bool = False
) -> Iterator[str]:
    """Runs, scores of previews, what was done, one sentence; environments are named if there are several."""
    places = {run.environment for run in runs} | {entry.environment for entry in entries}
    if runs:
        yield f"{'began':<29} {'took':<12} {'invoices':>8}  amount"
    named = ""
    for run, drift in with_drift(runs):
        if len(places) > 1 and run.environment != named:
            named = run.environment
            yield named
        length = "at work" if run.length is None else span(run.length)
        count = "?" if run.drafts is None else str(run.drafts.count)
        end = (
            ""
            if run.state in {"succeeded", "in_progress"}
            else f"  {run.state}: {run.message or 'no message'}"
        )
        later = "" if drift is None or abs(drift) < timedelta(minutes=1) else f"  ({_signed(drift)})"
        yield f"{moment(run.started, zone):<29} {length:<12} {count:>8}  {_amounts(run)}{later}{end}".rstrip()
    scores = scores_of(entries)
    if scores:
        if runs:
            yield ""
        yield from scores_as_text(scores)
    if entries and is_with_entries:
        if runs or scores:
            yield ""
        for entry in entries:
            who = f" by {entry.who}:" if entry.who else ""
            why = f" Reason: {entry.reason}" if entry.reason else ""
            where = f" ({entry.environment})" if len(places) > 1 else ""
            yield f"{moment(entry.at, zone):<29} {entry.kind.value:<9}{who} {entry.sentence}{why}{where}"
    if runs:
        yield ""
    yield _sentence(runs)


def _sentence(runs: Sequence[SeenRun]) -> str:
    if not runs:
        return "No run has been seen yet."
    failed = sum(run.state not in {"succeeded", "in_progress"} for run in runs)
    gaps = [
        later.started - earlier.started
        for earlier, later in pairwise(runs)
        if earlier.environment == later.environment
    ]
    longest = f" The longest pause between two runs was {span(max(gaps))}." if gaps else ""
    word = "run" if len(runs) == 1 else "runs"
    return f"{len(runs)} {word}, {failed} of them without success.{longest}"


def _amounts(run: SeenRun) -> str:
    if run.drafts is None:
        return ""
    return ", ".join(
        f"{with_digits(amount, 2)} {code}" for code, amount in sorted(run.drafts.amounts.items())
    )


def _signed(drift: timedelta) -> str:
    return f"{span(drift)} {'later' if drift > timedelta() else 'earlier'}"


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
