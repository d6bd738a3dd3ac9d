"""`projops runs`: durable runs, seen and steered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector.console import words
from connector.console.call import Call
from connector.console.options import connected_to_environment, local
from connector.console.output import Envelope, Layout
from connector.errors import Refused, UsageError

if TYPE_CHECKING:
    from connector.console.durable.here import State

LAYOUT = Layout(
    "projops.runs/1",
    {"run": "runs"},
    (
        "id",
        "environment",
        "workflow",
        "state",
        "on",
        "begun",
        "ended",
        "contracts",
        "contracts_done",
        "lines_done",
        "invoice_count",
        "unknown_count",
        "failed_contracts",
        "amounts",
        "contracts_per_second",
        "seconds_left",
        "message",
    ),
)
Id = Annotated[str, typer.Argument(metavar="RUN", help="Its id, as projops runs list shows it.")]

app = typer.Typer(help="Durable runs: list, show, resume, cancel, try failed contracts again, prune.")


@local
def list_runs(call: Call) -> None:
    """List the runs that are kept, the newest first, with how far they came.

    Nothing is asked of the environment.
    """
    from connector.console.durable.door import durable_extra

    with durable_extra():
        from connector.console.durable.here import opened
        from connector.runner.durable.progress import progress_json, progress_line
    with opened(call.settings()) as state:
        progresses = [state.progress(row) for row in state.runs.rows()]
        if not progresses:
            call.voice.say(f"There are no runs yet in {state.database.address}.")
        call.show(
            LAYOUT,
            Envelope(LAYOUT.schema, "", state.runs.now()),
            stream=lambda: LAYOUT.stream_of({"runs": [progress_json(one) for one in progresses]}),
            text=lambda: map(progress_line, progresses),
        )


@local
def show(
    call: Call,
    run: Id,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until it has ended.")] = False,
) -> None:
    """Show one run: how far it is, its invoices and what failed.

    With --follow in another terminal: the same figures again and again, until it has ended.
    """
    from connector.console.durable.door import durable_extra

    with durable_extra():
        from connector.console.durable.here import opened
        from connector.console.durable.one_run import LAYOUT as RUN
        from connector.console.durable.one_run import show_run
    with opened(call.settings()) as state:
        row = state.require(run)
        if follow:
            _follow(call, state, run)
            row = state.require(run)
        show_run(call, state, row, Envelope(RUN.schema, row.environment, state.runs.now()))


def _follow(call: Call, state: State, run: str) -> None:
    from connector.console.durable.stopping import asked_to_end
    from connector.runner.durable.progress import progress_line
    from connector.state.runs import ENDED, RunState

    with asked_to_end() as stopping:
        while (row := state.require(run)).state not in {*ENDED, RunState.FAILED}:
            call.voice.say(progress_line(state.progress(row)))
            if stopping.wait(FOLLOW_S):
                return


FOLLOW_S = 2.0


@connected_to_environment
def resume(
    call: Call,
    run: Annotated[str | None, typer.Argument(metavar="RUN", help="Its id; none with --stale.")] = None,
    stale: Annotated[
        bool, typer.Option("--stale", help="Hand what dead workers left to those that are at work.")
    ] = False,
) -> None:
    """Go on with a run that was cut off, canceled or failed; contracts that are through stay so.

    With --stale nothing is done here: what workers left whose lease has ended goes back into the queue, and
    a worker of another terminal or host (projops serve, projops runs resume) takes it up.
    """
    from connector.console.durable.door import durable_extra

    if (run is None) is not stale:
        raise UsageError("Either a run or --stale is wanted.", "For example projops runs resume --stale.")
    with durable_extra():
        from connector.console.durable import one_run
    settings = call.settings()
    if run is not None:
        one_run.resume(call, settings, run)
        return
    from connector.console.durable.take_over import take_over

    for line in take_over(settings):
        call.voice.say(line)


@local
def cancel(call: Call, run: Id) -> None:
    """End a run: no contract is begun any more, whoever is at work on it.

    A write that is on its way is not called back. What was created stays.
    """
    from connector.console.durable.door import durable_extra

    with durable_extra():
        from connector.console.durable.here import opened
        from connector.runner.durable.dbos_engine.steering import steering
    from connector.state.runs import ENDED, RunState

    with opened(call.settings()) as state:
        row = state.require(run)
        if row.state in ENDED:
            raise Refused(f"The run {run} has ended already ({row.state}).")
        state.runs.tell(run, RunState.CANCELED)
        state.leases.revoke(f"chunk/{run}/")
        with steering(state.database.address, row.environment) as steer:
            steer.cancel(run)
        call.voice.say(f"{run} was canceled; projops runs resume {run} goes on with it.")


@connected_to_environment
def retry_failed(call: Call, run: Id) -> None:
    """Try the contracts of a run again that failed, as a run of its own for the same day."""
    from connector.console.durable.door import durable_extra

    with durable_extra():
        from connector.console.durable import one_run
    one_run.retry_failed(call, call.settings(), run)


@local
def prune(
    call: Call,
    older_than: Annotated[
        str, typer.Option(metavar="SPAN", help="Ended longer ago than this: 90d, 24h …")
    ] = "90d",
) -> None:
    """Forget runs that ended long ago, with all that was kept of them. What they created stays."""
    from connector.console.durable.door import durable_extra

    with durable_extra():
        from connector.console.durable.here import opened
        from connector.console.durable.retention import prune_runs
    span = words.span(older_than)
    with opened(call.settings()) as state:
        count = prune_runs(state, span)
        call.voice.say("1 run was forgotten." if count == 1 else f"{count} runs were forgotten.")


app.command("list")(list_runs)
app.command("show")(show)
app.command("resume")(resume)
app.command("cancel")(cancel)
app.command("retry-failed")(retry_failed)
app.command("prune")(prune)
