"""`projops emulator switches`, `duplicate-chain` and `privileges`: troubles of the job, to practise on."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Literal

import typer

from connector.console.call import Call
from connector.console.control_endpoint import At, ask, control_url_of
from connector.console.options import local
from connector.console.output import Format
from connector.errors import UsageError
from connector.model.shown_text import harmless

_UNKNOWN = "Readings of what nobody documents"
_TROUBLE = "Trouble"
Names = Annotated[list[str] | None, typer.Option(metavar="PRIVILEGE", help="As prvReadInvoice; repeatable.")]


@local
def switches(
    call: Call,
    stalls_timers: Annotated[
        bool | None,
        typer.Option(
            "--stalls-timers/--no-stalls-timers",
            help="Timers that end do not fire, as with defect 6225696.",
            rich_help_panel=_TROUBLE,
        ),
    ] = None,
    doubles_same_run_date: Annotated[
        bool | None,
        typer.Option(
            "--doubles-same-run-date/--no-doubles-same-run-date",
            help="Rows of a line with one run date each bring its transactions, as with 4769472.",
            rich_help_panel=_TROUBLE,
        ),
    ] = None,
    failing_contract: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID|none", help="Invoicing this contract fails; repeatable.", rich_help_panel=_TROUBLE
        ),
    ] = None,
    run_duration_s: Annotated[
        int | None, typer.Option(help="How long a run is at work.", rich_help_panel=_TROUBLE)
    ] = None,
    purges_after_days: Annotated[
        int | None, typer.Option(help="When succeeded jobs are deleted; 0: never.", rich_help_panel=_TROUBLE)
    ] = None,
    job_shape: Annotated[
        Literal["jobs", "steps"] | None,
        typer.Option(help="How Sleep and Process show.", rich_help_panel=_UNKNOWN),
    ] = None,
    is_action_serialising: Annotated[
        bool | None,
        typer.Option(
            "--serialising-action/--no-serialising-action",
            help="Whether calls of the invoice action at one instant see each other's invoices.",
            rich_help_panel=_UNKNOWN,
        ),
    ] = None,
    catches_up: Annotated[
        bool | None,
        typer.Option(
            "--catches-up/--no-catches-up",
            help="Whether the job takes a run date that was missed.",
            rich_help_panel=_UNKNOWN,
        ),
    ] = None,
    is_update_release_55: Annotated[
        bool | None,
        typer.Option(
            "--update-release-55/--no-update-release-55",
            help="Clients may not change actuals by plain writes.",
            rich_help_panel=_UNKNOWN,
        ),
    ] = None,
    at: At = None,
) -> None:
    """Show how the emulator's platform behaves, or change it. It is kept in the state file.

    Examples:

      projops emulator switches --at sandbox.db

      projops emulator switches --stalls-timers --at sandbox.db
    """
    given = {
        "job_shape": job_shape,
        "run_duration_s": run_duration_s,
        "is_action_serialising": is_action_serialising,
        "catches_up": catches_up,
        "stalls_timers": stalls_timers,
        "doubles_same_run_date": doubles_same_run_date,
        "is_update_release_55": is_update_release_55,
        "purges_after_days": purges_after_days,
        "failing_contracts": _contracts(failing_contract),
    }
    changes = {name: value for name, value in given.items() if value is not None}
    with control_url_of(call, at, is_served=False) as control_url:
        found = ask(
            control_url, "switches", "POST" if changes else "GET", changes or None, member="job_shape"
        )
    rules = found.pop("rules", {})
    _show(call, {**found, "rules": rules}, [_line(name, value) for name, value in found.items()])


@local
def duplicate_chain(
    call: Call,
    workflow: Annotated[
        str | None, typer.Option(metavar="NAME", help="ProcessRunCaller or ProcessRunner.")
    ] = None,
    at: At = None,
) -> None:
    """Start a second chain beside the one that lives, as a second click on Run Workflow does.

    Example: projops emulator duplicate-chain --at sandbox.db
    """
    body = {} if workflow is None else {"workflow": workflow}
    with control_url_of(call, at, is_served=False) as control_url:
        found = ask(control_url, "chains/duplicate", "POST", body, member="asyncoperationid")
    _show(call, found, [f"A second chain began with the system job {found['asyncoperationid']}."])


@local
def privileges(
    call: Call,
    take: Names = None,
    give: Names = None,
    user: Annotated[
        str | None, typer.Option(metavar="ID", help="Whose; else the application user's.")
    ] = None,
    at: At = None,
) -> None:
    """Take privileges from a user, or give them back; without options the names of what there is.

    Example: projops emulator privileges --take prvReadInvoice --at sandbox.db
    """
    if user is not None and not (take or give):
        raise UsageError("--user says whose privileges change, and none was named.", "Add --take or --give.")
    body: dict[str, Any] = {"take": take or [], "give": give or [], **({"user": user} if user else {})}
    with control_url_of(call, at, is_served=False) as control_url:
        is_changing = bool(take or give)
        found = ask(
            control_url,
            "privileges",
            "POST" if is_changing else "GET",
            body if is_changing else None,
            member="privileges",
        )
    told = [f"taken: {name}" for name in take or ()] + [f"given: {name}" for name in give or ()]
    _show(call, found, told or found["privileges"])


def _contracts(given: list[str] | None) -> list[str] | None:
    if given is None:
        return None
    return [] if given == ["none"] else given


def _line(name: str, value: object) -> str:
    return f"{name}={value if isinstance(value, str) else json.dumps(value)}"


def _show(call: Call, found: dict[str, Any], lines: list[str]) -> None:
    if call.form in (Format.JSON, Format.JSONL):
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.writelines(f"{harmless(line)}\n" for line in lines)
