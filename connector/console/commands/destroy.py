"""`projops destroy`: the job taken out of use."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.console.call import Call
from connector.console.options import Apply, Digest, Reason, connected_to_environment
from connector.console.output import Layout
from connector.errors import Refused

LAYOUT = Layout("projops.destroy/1", {"change": "changes"}, ("action", "table", "id", "name", "fields"))


@connected_to_environment
def destroy(
    call: Call,
    apply: Apply = False,
    digest: Digest = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete the record; without it, it is deactivated.")
    ] = False,
    reason: Reason = None,
) -> None:
    """End the chains of the invoice job and deactivate its record. Invoices and schedules stay.

    Shows the plan; with --apply does what it shows. `projops provision --apply` brings the job back,
    unless its record was deleted: then it makes a new one.

    Examples:

      projops destroy

      projops destroy --apply --digest 3f5c… --reason "The environment is retired"

      projops destroy --apply --delete
    """
    from connector.console.change_run import kept
    from connector.console.memory import Deed
    from connector.history.values import Kind
    from connector.job.refusal import check_digest
    from connector.provisioning.destroy import destroy as destroy_job
    from connector.provisioning.destroy import plan_destruction
    from connector.provisioning.read import read_current
    from connector.provisioning.report import as_json, as_text

    with call.connected() as (connection, settings):
        at = connection.environment(settings.rules)
        current = read_current(at)
        plan = plan_destruction(current, is_deleting=delete, limits=settings.limits)
        check_digest(plan.digest, digest)
        done = (
            kept(
                connection,
                settings,
                call.voice,
                plan,
                lambda: destroy_job(at, current, plan),
                Kind.DESTROY,
                Deed(current.identity.name, reason or ""),
            )
            if apply
            else None
        )
        call.show(
            LAYOUT,
            connection.envelope(LAYOUT.schema),
            stream=lambda: LAYOUT.stream_of(as_json(plan, done)),
            text=lambda: as_text(plan, done),
        )
    if plan.refusals:
        raise typer.Exit(Refused.exit_code)
    if done is not None and done.error is not None:
        raise typer.Exit(done.error.exit_code)
    if done is None and plan.changes:
        call.voice.say("Nothing was changed; --apply does it.")
