"""`projops provision`: the job as it should be, set up once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.console.call import Call
from connector.console.options import Apply, Digest, Reason, StartWith, connected_to_environment
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
    all_profiles: Annotated[
        bool, typer.Option("--all-profiles", help="Every environment that projops.toml names, in turn.")
    ] = False,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the plan for a pull request there as well.")
    ] = None,
    reason: Reason = None,
) -> None:
    """Set up the recurring invoice job: its record, and one chain of its workflow.

    Shows the plan; with --apply does what it shows. A second call finds nothing to do. What the job
    should be is set in projops.toml, section [job].

    With --all-profiles one environment that fails stops no other: the exit is 0 when all came out well, 5
    when some did not, and the code of the failure when all failed alike.

    Examples:

      projops provision

      projops provision --apply --digest 3f5c…

      projops provision --detailed-exitcode -o json

      projops provision --profile test --expect-environment contoso-test --markdown plan.md

      projops provision --all-profiles
    """
    if all_profiles:
        _all(call, apply, digest, activate, detailed_exitcode, start_with, markdown, reason)
        return
    from connector.console.change_run import kept
    from connector.console.memory import Deed
    from connector.console.written_file import write_lines
    from connector.history.values import Kind
    from connector.job.refusal import check_digest
    from connector.provisioning.apply import apply_plan
    from connector.provisioning.plan import plan_job
    from connector.provisioning.plan_markdown import plan_as_markdown
    from connector.provisioning.read import read_current
    from connector.provisioning.report import as_json, as_text

    with call.connected({"job": {"start_with": start_with}}) as (connection, settings):
        at = connection.environment(settings.rules)
        current = read_current(at)
        plan = plan_job(current, settings.job, settings.rules, is_activating=activate, limits=settings.limits)
        if markdown is not None:
            title = settings.profile or "Invoice job"
            write_lines(markdown, plan_as_markdown(plan, title, settings.require_url()))
        check_digest(plan.digest, digest)
        applied = (
            kept(
                connection,
                settings,
                call.voice,
                plan,
                lambda: apply_plan(at, current, plan),
                Kind.PROVISION,
                Deed(current.identity.name, reason or ""),
            )
            if apply
            else None
        )
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


def _all(
    call: Call,
    apply: bool,
    digest: str | None,
    activate: bool,
    detailed_exitcode: bool,
    start_with: str | None,
    markdown: Path | None,
    reason: str | None,
) -> None:
    from connector.console.all_profiles import Wish, provision_all

    wish = Wish(is_applying=apply, is_activating=activate, start_with=start_with, reason=reason or "")
    code, is_pending = provision_all(call, wish, digest=digest, markdown=markdown)
    if is_pending:
        call.voice.say("Nothing was changed; --apply does it.")
    if code == 0 and is_pending and detailed_exitcode:
        code = CHANGES_PENDING
    raise typer.Exit(code)
