"""`projops provision`: the job as it should be, set up once."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.console.call import Call
from connector.console.options import Apply, Digest, StartWith, connected_to_environment
from connector.console.output import Layout

LAYOUT = Layout("projops.provision/1", {"change": "changes"}, ("action", "table", "id", "name", "fields"))
CHANGES_PENDING = 3
REFUSED = 4


@connected_to_environment
def provision(
    call: Call,
    apply: Apply = False,
    digest: Digest = None,
    activate: Annotated[
        bool, typer.Option("--activate", help="Activate a workflow that is in Draft, if you own it.")
    ] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 3 when changes are pending.")
    ] = False,
    start_with: StartWith = None,
) -> None:
    """Set up the recurring invoice job: its record, and one chain of its workflow.

    Shows the plan; with --apply does what it shows. A second call finds nothing to do. What the job
    should be is set in projops.toml, section [job].

    Examples:

      projops provision

      projops provision --apply --digest 3f5c…

      projops provision --detailed-exitcode -o json
    """
    from connector.job.refusal import check_digest
    from connector.provisioning.apply import apply_plan
    from connector.provisioning.plan import plan_job
    from connector.provisioning.read import read_current
    from connector.provisioning.report import as_json, as_text

    with call.connected({"job": {"start_with": start_with}}) as (connection, settings):
        at = connection.environment(settings.rules)
        current = read_current(at)
        plan = plan_job(current, settings.job, settings.rules, is_activating=activate)
        check_digest(plan.digest, digest)
        applied = apply_plan(at, current, plan) if apply and not plan.refusals else None
        call.show(
            LAYOUT,
            connection.envelope(LAYOUT.schema),
            stream=lambda: LAYOUT.stream_of(as_json(plan, applied)),
            text=lambda: as_text(plan, applied),
        )
    if plan.refusals:
        raise typer.Exit(REFUSED)
    if applied is not None and applied.error is not None:
        raise typer.Exit(applied.error.exit_code)
    if applied is None and plan.changes:
        call.voice.say("Nothing was changed; --apply does it.")
        if detailed_exitcode:
            raise typer.Exit(CHANGES_PENDING)
