"""How far a durable run is, as figures: pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connector.model.time_text import moment, span
from connector.runner.durable.facts import USUAL_DIGITS, DurableRequest, Figures, request_of
from connector.runner.wording import grouped, several
from connector.state.runs import RunRow, RunState


@dataclass(frozen=True)
class Progress:
    """`now` is the instant of the figures, by the clock of the state. `done` are the contracts that are
    through, those of batches under way too where anything came of them."""

    run: RunRow
    figures: Figures
    now: datetime

    @property
    def lasted(self) -> timedelta:
        """Wall-clock time, pauses included."""
        return (self.run.ended or self.now) - self.run.begun

    @property
    def per_second(self) -> float | None:
        """Contracts a second; None before there is anything to reckon with."""
        seconds = self.lasted.total_seconds()
        return self.figures.contracts / seconds if seconds > 0 and self.figures.contracts else None

    @property
    def left(self) -> timedelta | None:
        """How long it still takes at the pace so far; None where that cannot be told."""
        if self.run.state is not RunState.RUNNING or self.run.contracts is None or self.per_second is None:
            return None
        return timedelta(seconds=(self.run.contracts - self.figures.contracts) / self.per_second)


def progress_json(progress: Progress) -> dict[str, Any]:
    run, figures, left = progress.run, progress.figures, progress.left
    return {
        "id": run.id,
        "environment": run.environment,
        "workflow": run.workflow,
        "state": str(run.state),
        "message": run.message or None,
        "on": (run.frozen or {}).get("on"),
        "begun": _instant(run.begun),
        "ended": _instant(run.ended),
        "contracts": run.contracts,
        "contracts_done": figures.contracts,
        "lines_done": figures.lines,
        "invoice_count": figures.invoices,
        "unknown_count": figures.unknown,
        "failed_contracts": figures.failed,
        "amounts": figures.as_facts()["amounts"],
        "contracts_per_second": None if progress.per_second is None else round(progress.per_second, 2),
        "seconds_left": None if left is None else round(left.total_seconds()),
    }


def progress_line(progress: Progress) -> str:
    """`run-…: running, 1,200 of 10,000 contracts, 1,100 invoices, 5,333.63 USD, 42.0 a second, …`; a run
    that is to come tells when."""
    run, figures = progress.run, progress.figures
    if run.state is RunState.SLEEPING:
        return f"{run.id}: {sleeping_text(request_of(run.request)) or run.state}"
    known = "?" if run.contracts is None else f"{run.contracts:,}"
    parts = [
        f"{figures.contracts:,} of {known} contracts",
        several(figures.lines, "line"),
        several(figures.invoices, "invoice"),
        *(f"{grouped(amount, USUAL_DIGITS)} {code}" for code, amount in figures.amounts.items()),
    ]
    if figures.failed:
        parts.append(f"{figures.failed:,} failed")
    if figures.unknown:
        parts.append(f"{figures.unknown:,} unknown")
    if progress.per_second is not None:
        parts.append(f"{progress.per_second:.1f} contracts a second")
    if progress.left is not None:
        parts.append(f"about {span(progress.left)} left")
    return f"{run.id}: {run.state}, {', '.join(parts)}"


def sleeping_text(request: DurableRequest) -> str:
    return "" if request.due is None else f"sleeps until {moment(request.due)} of the environment"


def run_text(progress: Progress) -> Iterator[str]:
    """One run for people: what was asked for, how far it came."""
    run = progress.run
    frozen = run.frozen or {}
    yield progress_line(progress)
    on = f" for {frozen['on']}" if "on" in frozen else ""
    yield f"  {run.workflow}{on} at {run.environment}, begun {run.begun:%Y-%m-%d %H:%M:%S} UTC" + (
        f", ended {run.ended:%Y-%m-%d %H:%M:%S} UTC after {span(progress.lasted)}" if run.ended else ""
    )
    if run.message:
        yield f"  {run.message}"


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")
