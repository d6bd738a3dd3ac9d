"""`projops watch`: each change of the job's health told once, to a person or an address."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.console import words
from connector.console.call import Call
from connector.console.options import connected_to_environment
from connector.console.output import Envelope, Format, Layout
from connector.errors import UsageError

LAYOUT = Layout(
    "projops.watch/1",
    {"event": "events"},
    (
        "id",
        "environment",
        "profile",
        "at",
        "health",
        "previous",
        "is_healthy",
        "sentence",
        "next_step",
        "next_run",
        "text",
    ),
)


CONTEXT_SETTINGS = {"allow_extra_args": True}
"""So that an address on the command line is refused here, and not shown in click's own words."""


@connected_to_environment
def watch(
    call: Call,
    every: Annotated[str, typer.Option(metavar="SPAN", help="How often to look, as 15m or 1h.")] = "15m",
    once: Annotated[bool, typer.Option("--once", help="Look once and end: for cron.")] = False,
    notify: Annotated[
        bool | None,
        typer.Option(
            "--notify/--no-notify",
            help="Post to the address in PROJOPS_NOTIFY_URL; by default, when that is set.",
        ),
    ] = None,
) -> None:
    """Look at the job again and again, and tell each change of its health once.

    What was told is remembered in a file, so that a restart tells nothing again. Running, sleeping and
    overdue count as one health; an environment that cannot be reached is told at the second failure.
    Ends with 0 when it is told to terminate.

    The address is a secret: it is taken from PROJOPS_NOTIFY_URL (environment, .env) alone, has to be
    https, and no redirect is followed.

    Examples:

      projops watch --every 15m

      projops watch --once --profile prod

      projops watch --no-notify -o jsonl
    """
    if call.surplus:
        raise UsageError(
            "watch takes no address: on a command line others could read it.",
            "Set PROJOPS_NOTIFY_URL in the environment or in .env.",
        )
    if not once and call.form not in {Format.TABLE, Format.JSONL}:
        raise UsageError(f"-o {call.form.value} needs an end.", "Say --once, or -o jsonl.")
    from connector.console.watch import Watch, until_terminated

    pause_s = max(words.span(every).total_seconds(), 1)
    watching = Watch.of(call, is_notifying=notify)
    with until_terminated() as stop:
        call.show(
            LAYOUT,
            Envelope(LAYOUT.schema, watching.environment, watching.began),
            stream=lambda: ({"kind": "event", **one} for one in watching.events(stop, pause_s, is_once=once)),
            text=lambda: (
                f"{one['at']}  {one['text']}" for one in watching.events(stop, pause_s, is_once=once)
            ),
            is_acting=True,
        )
    if once and watching.trouble:
        raise typer.Exit(1)
