"""All panels in their order: the address of each, what it needs, and what its template is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from connector.console.page.panels import calendar, health, history, next_run, problems, timeline

View: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, str]], Mapping[str, Any]]
"""From the values of the topics by their names (with `zones` and `is_report`), and what the address asks
for, to what a template needs."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A page of its own: `topics` are what it shows, in the order in which it needs them."""

    path: str
    title: str
    template: str
    topics: tuple[str, ...]
    view: View


def _health(values: Mapping[str, Any], _query: Mapping[str, str]) -> Mapping[str, Any]:
    work, findings = values["work"], values["findings"]
    return {
        "view": health.health_view(values["job"]),
        "rhythm": health.rhythm_of(values["job"].spans),
        "work": None if work is None else health.work_glance(work),
        "findings": None if findings is None else health.findings_glance(findings),
    }


def _timeline(values: Mapping[str, Any], query: Mapping[str, str]) -> Mapping[str, Any]:
    return {"view": timeline.timeline_view(values["job"], query.get("job")), "words": timeline.WORDS}


def _next_run(values: Mapping[str, Any], query: Mapping[str, str]) -> Mapping[str, Any]:
    seen = values["work"]
    return {
        "view": next_run.next_run_view(seen, next_run.Asked.of(query)),
        "seen": seen,
        # On the page the states are links with their counts; a file has a table for them.
        "totals": seen.summary.totals if values["is_report"] else [],
    }


def _problems(values: Mapping[str, Any], query: Mapping[str, str]) -> Mapping[str, Any]:
    asked = problems.Asked.of(query)
    return {
        "view": problems.problems_view(values["findings"], values["work"], asked),
        "level_words": problems.LEVEL_WORDS,
        "by_words": problems.BY_WORDS,
    }


def _history(values: Mapping[str, Any], query: Mapping[str, str]) -> Mapping[str, Any]:
    return history.history_view(values["history"], query, values["zones"].here)


def _calendar(values: Mapping[str, Any], query: Mapping[str, str]) -> Mapping[str, Any]:
    return calendar.calendar_view(values["work"], query, is_report=values["is_report"])


PANELS = (
    Panel("/", "Health", "health.html", ("job", "work", "findings"), _health),
    Panel("/timeline", "Timeline", "timeline.html", ("job",), _timeline),
    Panel("/next-run", "Next run", "next_run.html", ("work",), _next_run),
    Panel("/calendar", "Calendar", "calendar.html", ("work",), _calendar),
    Panel("/problems", "Problems", "problems.html", ("findings", "work"), _problems),
    Panel("/history", "History", "history.html", ("history",), _history),
)
