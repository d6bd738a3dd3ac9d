"""`projops status`: how the job is."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from connector.console import words
from connector.console.call import Call
from connector.console.options import connected_to_environment
from connector.console.output import Format, Layout
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.console.connection import Connection
    from connector.job.look import Environment
    from connector.model.job_chain import Diagnosis

LAYOUT = Layout(
    "projops.status/1",
    {"job": "chain", "evidence": "evidence", "span": "timeline"},
    (
        "id",
        "workflow",
        "step",
        "state",
        "started",
        "until",
        "record",
        "field",
        "value",
        "meaning",
        "what",
        "from",
        "jobs",
        "note",
    ),
)
FINDINGS = 3
CLEAR = "\x1b[2J\x1b[H"


@connected_to_environment
def status(
    call: Call,
    check: Annotated[bool, typer.Option("--check", help="Exit 3 unless the job goes on by itself.")] = False,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Draw runs, sleeps, gaps and overlaps, day by day.")
    ] = False,
    days: Annotated[int, typer.Option(min=1, max=30, help="How many days --timeline goes back.")] = 7,
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")] = False,
    every: Annotated[str, typer.Option(metavar="SPAN", help="The pause of --watch, as 30s or 5m.")] = "30s",
) -> None:
    """Say how the invoice job is, when it runs next, and on which evidence.

    The evidence of a healthy job is shown with --verbose; -o json always has it, and the timeline too.

    Exits 0 whenever that could be told, with --check only for a job that goes on by itself.

    Examples:

      projops status

      projops status --timeline --days 14

      projops status --watch --every 1m

      projops status --check --quiet

      projops status -o json
    """
    if watch and (check or call.form is not Format.TABLE):
        raise UsageError(
            "--watch is for people: it goes with neither --check nor -o.",
            "A program calls projops status -o json as often as it likes.",
        )
    from connector.console.memory import history_of
    from connector.job.read import check_project_operations

    pause_s = max(words.span(every).total_seconds(), 1)
    with call.connected() as (connection, settings):
        check_project_operations(connection.client, connection.tables)
        at = connection.environment(settings.rules)
        if timeline:
            at = replace(at, history=max(at.history, timedelta(days=days)))
        while True:
            if watch and sys.stdout.isatty():
                sys.stdout.write(CLEAR)
            diagnosis = _shown(call, connection, at, is_with_timeline=timeline)
            with history_of(settings, call.voice) as history:
                history.status(connection, diagnosis)
            if not watch:
                break
            time.sleep(pause_s)
    if check and not diagnosis.is_healthy:
        raise typer.Exit(FINDINGS)


def _shown(call: Call, connection: Connection, at: Environment, *, is_with_timeline: bool) -> Diagnosis:
    from connector.job.look import look
    from connector.model.job_timeline import timeline
    from connector.support.read import read_stories
    from connector.support.report import status_as_json, status_as_text
    from connector.support.timeline_text import timeline_as_json, timeline_as_text

    sight = look(at)
    diagnosis = sight.diagnosis
    stories = read_stories(at, sight)
    spans = timeline(diagnosis.chains, diagnosis.now, diagnosis.now - at.history)
    is_with_evidence = call.voice.is_verbose or not diagnosis.is_healthy

    def text() -> Iterator[str]:
        yield from status_as_text(diagnosis, at.zone, is_with_evidence=is_with_evidence, stories=stories)
        if is_with_timeline:
            yield ""
            yield from timeline_as_text(spans, diagnosis.now, at.zone)

    call.show(
        LAYOUT,
        connection.envelope(LAYOUT.schema),
        stream=lambda: LAYOUT.stream_of(
            {**status_as_json(diagnosis, stories), "timeline": timeline_as_json(spans)},
        ),
        text=text,
    )
    return diagnosis
