"""`projops serve`: the recurring job from here, as durable runs."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from connector.console import words
from connector.console.call import Call
from connector.console.options import StartWith, connected_to_environment


@connected_to_environment
def serve(
    call: Call,
    all_contracts: Annotated[
        bool,
        typer.Option("--all-contracts", help="Every contract that is due; an emulator needs no telling."),
    ] = False,
    contract: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this contract; may be given several times.")
    ] = None,
    start_with: StartWith = None,
    create_with: Annotated[
        Literal["action", "records"] | None,
        typer.Option(help="By the platform's action, or record by record (emulator only)."),
    ] = None,
    take_over_after: Annotated[
        str | None,
        typer.Option(metavar="SPAN", help="Go on with what a worker left that has been dead so long: 10m …"),
    ] = None,
    keep: Annotated[
        str, typer.Option(metavar="SPAN", help="Forget runs that ended longer ago than this.")
    ] = "90d",
    health_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Tell the health on this loopback port; 0: any.")
    ] = None,
    max_requests_per_minute: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Send at most so many requests in a minute.")
    ] = None,
) -> None:
    """Run the recurring job from here: ProcessRunner, 24 hours of sleep, and again, until Ctrl-C.

    Refused (exit 4) while the environment has a chain of its own, which is looked at again before each run.
    A second serve for the same environment and state is a second worker of the same chain. What is cut off
    goes on with the next start (docs/durable.md).

    Examples:

      projops serve

      projops serve --all-contracts --start-with ProcessRunner --take-over-after 10m
    """
    from connector.console.durable.door import durable_extra

    with durable_extra():
        from connector.console.durable.one_run import serve_durably
    from connector.console.durable.health import HealthPort
    from connector.runner.durable.facts import DurableRequest
    from connector.settings import CreateWith

    settings = call.settings(
        {
            "run": {"create_with": create_with, "max_requests_per_minute": max_requests_per_minute},
            "job": {"start_with": start_with},
        }
    )
    request = DurableRequest(
        rules=settings.rules,
        contracts=tuple(contract or ()),
        is_by_records=settings.run.create_with is CreateWith.RECORDS,
        guard_min=settings.run.guard_min,
        is_chained=True,
    )
    serve_durably(
        call,
        settings,
        request,
        is_all_contracts=all_contracts,
        keep=words.span(keep),
        take_over_after=None if take_over_after is None else words.span(take_over_after),
        health=HealthPort(health_port),
    )
