"""`projops status`: how the job is."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.console.call import Call
from connector.console.options import connected_to_environment
from connector.console.output import Layout

LAYOUT = Layout(
    "projops.status/1",
    {"job": "chain", "evidence": "evidence"},
    ("id", "workflow", "step", "state", "started", "until", "record", "field", "value", "meaning"),
)
FINDINGS = 3


@connected_to_environment
def status(
    call: Call,
    check: Annotated[bool, typer.Option("--check", help="Exit 3 unless the job goes on by itself.")] = False,
) -> None:
    """Say how the invoice job is, when it runs next, and on which evidence.

    The evidence of a healthy job is shown with --verbose; -o json always has it.

    Exits 0 whenever that could be told, with --check only for a job that goes on by itself.

    Examples:

      projops status

      projops status --check --quiet

      projops status -o json
    """
    from connector.job.look import look
    from connector.support.report import status_as_json, status_as_text

    with call.connected() as (connection, settings):
        at = connection.environment(settings.rules)
        diagnosis = look(at).diagnosis
        is_with_evidence = call.voice.is_verbose or not diagnosis.is_healthy
        call.show(
            LAYOUT,
            connection.envelope(LAYOUT.schema),
            stream=lambda: LAYOUT.stream_of(status_as_json(diagnosis)),
            text=lambda: status_as_text(diagnosis, at.zone, is_with_evidence=is_with_evidence),
        )
    if check and not diagnosis.is_healthy:
        raise typer.Exit(FINDINGS)
