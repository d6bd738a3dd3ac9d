"""History: runs, durations, invoices, amounts and failures, beyond the platform's thirty days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connector.console.page.panels.paging import Paged, number_of, paged, rows_of
from connector.console.page.readings import HistorySeen
from connector.history.report import with_drift
from connector.history.scores import SeenScore, percent, scores_of
from connector.history.values import Kind, SeenRun
from connector.model.job_chain import JobCondition
from connector.model.time_text import span
from connector.runner.report import USUAL_DIGITS

if TYPE_CHECKING:
    from connector.console.page.charts import Chart

DRAWN = 30
"""Runs in a chart: the latest."""
MOST_ENTRIES = 100
KIND_WORDS: Mapping[Kind, str] = {
    **{kind: kind.value.capitalize() for kind in Kind},
    Kind.STATUS: "Health",
    Kind.VERIFY: "Checks",
    Kind.COMPARE: "Comparison",
}
WELL = frozenset({JobCondition.SUCCEEDED.value, JobCondition.IN_PROGRESS.value})
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class RunRow:
    """`drift` says how much later it began than a day after the one before, empty where that says nothing."""

    run: SeenRun
    length: str
    drift: str
    is_well: bool


def history_view(kept: HistorySeen, query: Mapping[str, str], zone: tzinfo) -> Mapping[str, Any]:
    rows = list(_rows(kept.runs))
    rows.reverse()
    page: Paged[RunRow] = paged(rows, number_of(query.get("page", "")), rows_of(query))
    scores = scores_of(kept.entries)
    finished = [row.run for row in rows if row.run.length is not None]
    return {
        "kept": kept,
        "page": page,
        "failed": sum(not row.is_well for row in rows),
        "longest": span(max((run.length for run in finished if run.length), default=timedelta())),
        "charts": [*_charts(kept.runs[-DRAWN:], zone), *_drawn_scores(scores)],
        "entries": kept.entries[: -MOST_ENTRIES - 1 : -1],
        "entry_count": len(kept.entries),
        "scores": scores[::-1],
        "digits": USUAL_DIGITS,
        "kind_words": KIND_WORDS,
    }


def _rows(runs: Iterable[SeenRun]) -> Iterator[RunRow]:
    for run, drift in with_drift(runs):
        later = "" if drift is None or abs(drift) < _MINUTE else _signed(drift)
        length = "at work" if run.length is None else span(run.length)
        yield RunRow(run, length, later, run.state in WELL)


def _signed(drift: timedelta) -> str:
    return f"{span(drift)} {'later' if drift > timedelta() else 'earlier'}"


def _charts(runs: Sequence[SeenRun], zone: tzinfo) -> Iterator[Chart]:
    """Amounts for each currency, invoices and durations; nothing where there is nothing to compare."""
    from connector.console.page.charts import Bar, Chart

    labels = {run.id: _label(run, zone) for run in runs}
    for code in sorted({code for run in runs if run.drafts for code in run.drafts.amounts}):
        amounts = [
            (run, run.drafts.amounts[code]) for run in runs if run.drafts and code in run.drafts.amounts
        ]
        bars = tuple(Bar(labels[run.id], amount) for run, amount in amounts if amount)
        if bars:
            plain = "".join(sign for sign in code if sign.isalnum())
            yield Chart(
                f"amounts-{plain}", f"Amount of the drafts of each run in {code}", code, USUAL_DIGITS, bars
            )
    counted = [(run, run.drafts.count) for run in runs if run.drafts]
    if any(count for _, count in counted):
        bars = tuple(Bar(labels[run.id], Decimal(count)) for run, count in counted)
        yield Chart("invoices", "Draft invoices of each run", "", 0, bars)
    lengths = [(run, _minutes(run.length)) for run in runs if run.length is not None]
    if any(minutes for _, minutes in lengths):
        bars = tuple(Bar(labels[run.id], minutes) for run, minutes in lengths)
        yield Chart("durations", "Duration of each run in minutes", "min", 1, bars)


def _label(run: SeenRun, zone: tzinfo) -> str:
    """The day; with a cross where the run did not succeed."""
    mark = "" if run.state in WELL else "✕ "
    return f"{mark}{run.started.astimezone(zone):%Y-%m-%d}"


def _drawn_scores(scores: Sequence[SeenScore]) -> Iterator[Chart]:
    """Of what was compared, the oldest first; one alone is no chart."""
    from connector.console.page.charts import Bar, Chart

    shares = [(one.on, percent(one.equal, one.compared)) for one in scores[-DRAWN:]]
    bars = tuple(Bar(on, Decimal(share)) for on, share in shares if share is not None)
    if len(bars) > 1:
        yield Chart("scores", "Contracts that were as previewed, in percent", "%", 0, bars)


def _minutes(length: timedelta) -> Decimal:
    return (Decimal(int(length.total_seconds())) / 60).quantize(Decimal("0.1"))
