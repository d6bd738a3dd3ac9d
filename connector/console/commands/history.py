"""`projops history`: what was seen and done, beyond the platform's thirty days."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Annotated

import typer

from connector.console import words
from connector.console.call import Call
from connector.console.options import Profile, local
from connector.console.output import Envelope, Layout
from connector.errors import SettingsError

LAYOUT = Layout(
    "projops.history/1",
    {"run": "runs", "score": "scores", "entry": "entries"},
    (
        "environment",
        "id",
        "started",
        "ended",
        "duration_s",
        "drift_s",
        "state",
        "invoices",
        "amounts",
        "message",
        "command",
        "at",
        "sentence",
        "who",
        "reason",
        "facts",
        "on",
        "equal",
        "compared",
        "unknown",
        "share",
        "proves_wiring_only",
    ),
)


@local
def history(
    call: Call,
    profile: Profile = None,
    environment: Annotated[
        str | None, typer.Option(metavar="URL", help="Only this environment; else all that were seen.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Nothing before that day, UTC.")] = None,
    entries: Annotated[
        bool, typer.Option("--entries", help="Also what commands found and did, with who and why.")
    ] = False,
) -> None:
    """List the runs that were seen: when, how long, how many invoices and how much, and what failed.

    And how far previews agreed with what the platform created, where `run --compare` has looked.

    The file is named by PROJOPS_HISTORY_FILE, or history_file in projops.toml; status, verify, run and
    rerun add to it once it is named. Nothing is asked of the environment.

    Examples:

      projops history

      projops history --since 2026-10-01 -o csv > runs.csv

      projops history --entries
    """
    from connector.console.memory import environment_of
    from connector.history.report import entry_as_json, history_as_text, run_as_json, with_drift
    from connector.history.scores import score_as_json, scores_of
    from connector.history.store import History
    from connector.settings import load

    settings = load({"profile": profile})
    if environment is None and settings.profile:
        environment = settings.require_url()
    place = None if environment is None else environment_of(environment)
    begin = None if since is None else datetime.combine(words.day(since), time(), UTC)
    path = settings.history_file
    if path is None:
        raise SettingsError(
            "No history is kept: PROJOPS_HISTORY_FILE is not set.",
            "Name a file there, or as history_file in projops.toml; commands add to it from then on.",
        )
    with History.open(path, is_new_allowed=False) as kept:
        runs = list(kept.runs(place, begin))
        told = list(kept.entries(place, begin))
    call.show(
        LAYOUT,
        Envelope(LAYOUT.schema, place or "", datetime.now(UTC)),
        stream=lambda: LAYOUT.stream_of(
            {
                "runs": [run_as_json(run, drift) for run, drift in with_drift(runs)],
                "scores": [score_as_json(score) for score in scores_of(told)],
                "entries": [entry_as_json(entry) for entry in told],
            }
        ),
        text=lambda: history_as_text(runs, told, is_with_entries=entries),
    )
