"""`projops rerun`: a stopped job started again, once."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.console.call import Call
from connector.console.options import Apply, Digest, Reason, StartWith, connected_to_environment
from connector.console.output import Layout
from connector.errors import Refused

LAYOUT = Layout("projops.rerun/1", {"step": "plan"}, ("action", "id", "workflow"))
REFUSED = Refused.exit_code


@connected_to_environment
def rerun(
    call: Call,
    apply: Apply = False,
    digest: Digest = None,
    cancel: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="End this system job; may be given several times.")
    ] = None,
    start_with: StartWith = None,
    reason: Reason = None,
) -> None:
    """Start the invoice job again where it has stopped, never beside a chain that lives.

    Shows the plan; with --apply does what it shows. A stalled or suspended chain is ended first. With
    several or unknown chains only what --cancel names is ended, and nothing is started.

    Examples:

      projops rerun

      projops rerun --apply --reason "Stalled since Friday, ticket 4711"

      projops rerun --apply --cancel 0b1c… --digest 3f5c…
    """
    from connector.console.rerun_run import carried_out
    from connector.job.look import look
    from connector.job.read import check_project_operations
    from connector.job.refusal import check_digest
    from connector.support.plan import plan_rerun
    from connector.support.read import read_run_dates, read_stories
    from connector.support.report import rerun_as_json, rerun_as_text

    with call.connected({"job": {"start_with": start_with}}) as (connection, settings):
        check_project_operations(connection.client, connection.tables)
        at = connection.environment(settings.rules)
        seen = look(at)
        plan = plan_rerun(seen, settings.rules, start_with=settings.job.start_with, cancel=cancel or ())
        if plan.is_starting:
            latest = max(at_time for _, at_time in plan.next_runs)
            plan = plan.with_run_dates(read_run_dates(at, latest, seen.diagnosis))
        stories = read_stories(at, seen)
        check_digest(plan.digest, digest)
        applied = (
            carried_out(connection, settings, call.voice, at, seen, plan, reason or "") if apply else None
        )
        call.show(
            LAYOUT,
            connection.envelope(LAYOUT.schema),
            stream=lambda: LAYOUT.stream_of(rerun_as_json(plan, applied, stories)),
            text=lambda: rerun_as_text(plan, applied, at.zone, stories),
        )
    if plan.refusals:
        raise typer.Exit(REFUSED)
    if applied is not None and applied.error is not None:
        raise typer.Exit(applied.error.exit_code)
    if applied is None and not plan.is_empty:
        call.voice.say("Nothing was changed; --apply does it.")
