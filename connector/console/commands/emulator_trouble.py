"""`projops emulator fault`, `limits` and `requests`: trouble for an emulator that is being served."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

import typer

from connector.console.call import Call
from connector.console.control_endpoint import At, ask, control_url_of
from connector.console.options import local
from connector.console.output import Format
from connector.errors import UsageError
from connector.model.shown_text import harmless

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Faults on request: throttling, gateways that fail, connections that are cut, and more.\n\n"
    "They live in the emulator that is being served, until they are cleared or it ends.",
)
Kind = Literal["throttle", "status", "cut", "slow", "expired-token", "sql"]
Place = Literal["web-api", "batch-item", "token"]
# Said to be nothing, as opposed to not said.
_NOTHING = object()
_WHAT, _WHICH = "What happens", "To which requests"


@app.command()
@local
def add(
    call: Call,
    kind: Annotated[Kind, typer.Argument(help="What goes wrong.")],
    limit: Annotated[
        Literal["requests", "time", "concurrency"] | None,
        typer.Option(help="throttle: which of the three limits.", rich_help_panel=_WHAT),
    ] = None,
    decimal: Annotated[
        bool, typer.Option("--decimal", help="throttle: the code as a decimal.", rich_help_panel=_WHAT)
    ] = False,
    retry_after: Annotated[
        str | None,
        typer.Option(
            metavar="SECONDS|date:SECONDS|none",
            help="throttle, status: the pause asked for; as a date, also in the past.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    status: Annotated[
        int | None, typer.Option(help="status, sql: the HTTP status, 400 to 599.", rich_help_panel=_WHAT)
    ] = None,
    body: Annotated[
        Literal["html", "empty", "json"] | None,
        typer.Option(help="status: what the answer holds.", rich_help_panel=_WHAT),
    ] = None,
    code: Annotated[
        str | None, typer.Option(help="status: the service code of a JSON body.", rich_help_panel=_WHAT)
    ] = None,
    after_effect: Annotated[
        bool, typer.Option("--after-effect", help="status: once it took effect.", rich_help_panel=_WHAT)
    ] = False,
    moment: Annotated[
        Literal["before", "after", "body"] | None,
        typer.Option(
            help="cut: before it takes effect, after it, or inside the answer's body.", rich_help_panel=_WHAT
        ),
    ] = None,
    gzip: Annotated[
        bool, typer.Option("--gzip", help="cut: a compressed body.", rich_help_panel=_WHAT)
    ] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="cut: with a reset, not an end.", rich_help_panel=_WHAT)
    ] = False,
    first_byte_s: Annotated[
        float | None, typer.Option(help="slow: seconds before the answer.", rich_help_panel=_WHAT)
    ] = None,
    body_s: Annotated[
        float | None, typer.Option(help="slow: seconds inside its body.", rich_help_panel=_WHAT)
    ] = None,
    problem: Annotated[
        Literal["deadlock", "timeout", "lock"] | None,
        typer.Option(help="sql: what the database says.", rich_help_panel=_WHAT),
    ] = None,
    place: Annotated[
        Place,
        typer.Option(help="Requests, operations inside of a batch, or sign-ins.", rich_help_panel=_WHICH),
    ] = "web-api",
    method: Annotated[str | None, typer.Option(help="Only this method.", rich_help_panel=_WHICH)] = None,
    path: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN", help="accounts*, $batch, *skiptoken*: behind the root.", rich_help_panel=_WHICH
        ),
    ] = None,
    nth: Annotated[
        int | None, typer.Option(help="Only the n-th that matches, from 1.", rich_help_panel=_WHICH)
    ] = None,
    start: Annotated[
        int | None, typer.Option(help="From the n-th on that matches.", rich_help_panel=_WHICH)
    ] = None,
    every: Annotated[int | None, typer.Option(help="Each n-th of them.", rich_help_panel=_WHICH)] = None,
    times: Annotated[int | None, typer.Option(help="So often at most.", rich_help_panel=_WHICH)] = None,
    probability: Annotated[
        float | None, typer.Option(help="With this chance, 0 to 1.", rich_help_panel=_WHICH)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="The same seed, the same chances.", rich_help_panel=_WHICH)
    ] = None,
    at: At = None,
) -> None:
    """Have requests go wrong, and show the rules that are in force then.

    Examples:

    projops emulator fault add cut --moment after --method PATCH --nth 3

    projops emulator fault add throttle --limit time --retry-after 10 --probability 0.1 --seed 7

    projops emulator fault add status --status 503 --path '$batch' --times 2
    """
    if nth is not None and (start is not None or times is not None):
        raise UsageError("--nth excludes --start and --times.", "It is short for --start N --times 1.")
    fault = {
        "limit": limit,
        "is_decimal": decimal or None,
        **_retry_after(retry_after),
        "status": status,
        "body": body,
        "code": code,
        "is_after": after_effect or None,
        "moment": moment,
        "is_gzip": gzip or None,
        "is_reset": reset or None,
        "first_byte_s": first_byte_s,
        "body_s": body_s,
        "problem": problem,
    }
    which = {
        "place": place.replace("-", "_"),
        "method": method,
        "path": path,
        "start": start if nth is None else nth,
        "every": every,
        "times": times if nth is None else 1,
        "probability": probability,
        "seed": seed,
    }
    rule = {"fault": {"kind": kind.replace("-", "_"), **_given(fault)}, **_given(which)}
    _carry_out(call, at, "faults", _rules, "faults", "POST", rule)


@app.command("list")
@local
def list_rules(call: Call, at: At = None) -> None:
    """Show the rules in force, how many requests each has matched and how many struck.

    Example: projops emulator fault list --at sandbox.db
    """
    _carry_out(call, at, "faults", _rules, "faults")


@app.command()
@local
def clear(
    call: Call,
    id: Annotated[int | None, typer.Argument(help="Only this rule; else all of them.")] = None,
    at: At = None,
) -> None:
    """End the faults: of one rule, or all.

    Example: projops emulator fault clear
    """
    _carry_out(call, at, "faults" if id is None else f"faults/{id}", _rules, "faults", "DELETE")


@local
def limits(
    call: Call,
    is_on: Annotated[bool | None, typer.Option("--on/--off", help="Whether they are counted.")] = None,
    requests: Annotated[int | None, typer.Option(help="Requests of a user within the window.")] = None,
    execution_s: Annotated[float | None, typer.Option(help="Seconds of execution within the window.")] = None,
    simultaneous: Annotated[int | None, typer.Option(help="Requests of a user at a time.")] = None,
    window_s: Annotated[float | None, typer.Option(help="The sliding window, in seconds.")] = None,
    dop_hint: Annotated[
        str | None, typer.Option(metavar="N|none", help="x-ms-dop-hint of every answer, or no such header.")
    ] = None,
    longest_pause_s: Annotated[int | None, typer.Option(help="The longest Retry-After.")] = None,
    at: At = None,
) -> None:
    """Show the service protection limits, or change them; what was counted begins anew then.

    Example: projops emulator limits --on --requests 100 --window-s 10
    """
    changes = _given(
        {
            "is_on": is_on,
            "requests": requests,
            "execution_s": execution_s,
            "simultaneous": simultaneous,
            "window_s": window_s,
            "dop_hint": None if dop_hint is None else _whole(dop_hint, "--dop-hint"),
            "longest_pause_s": longest_pause_s,
        }
    )
    method = "POST" if changes else "GET"
    _carry_out(call, at, "limits", _limits, "simultaneous", method, changes or None)


@local
def requests(
    call: Call,
    is_forgetting: Annotated[bool, typer.Option("--forget", help="Begin anew.")] = False,
    at: At = None,
) -> None:
    """Show what the emulator received, in order: status, whether it took effect, and what struck it.

    Example: projops emulator requests --at sandbox.db
    """
    _carry_out(call, at, "requests", _received, "requests", "DELETE" if is_forgetting else "GET")


def _carry_out(
    call: Call,
    at: str | None,
    path: str,
    lines_of: Callable[[dict[str, Any]], Iterable[str]],
    member: str,
    method: str = "GET",
    body: dict[str, Any] | None = None,
) -> None:
    with control_url_of(call, at, is_served=True) as control_url:
        found = ask(control_url, path, method, body, member=member)
    if call.form in (Format.JSON, Format.JSONL):
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.writelines(f"{harmless(line)}\n" for line in lines_of(found))


def _rules(found: dict[str, Any]) -> Iterable[str]:
    if not found["faults"]:
        yield "No faults."
    for one in found["faults"]:
        rule = dict(one["rule"])
        fault = rule.pop("fault")
        what = " ".join([fault.pop("kind"), *_members(fault)])
        which = " ".join(_members(rule))
        yield f"{one['id']}: {what}; {which}; matched {one['matched']}, struck {one['struck']}"


def _limits(found: dict[str, Any]) -> Iterable[str]:
    return _members(found)


def _received(found: dict[str, Any]) -> Iterable[str]:
    if not found["requests"]:
        yield "Nothing was received."
    for one in found["requests"]:
        status = one["status"] or "no answer"
        effect = "took effect" if one["took_effect"] else "no effect"
        struck = f", {one['fault']}" if one["fault"] else ""
        yield f"{one['number']}: {one['method']} {one['path']} ({one['place']}): {status}, {effect}{struck}"


def _members(found: dict[str, Any]) -> Iterable[str]:
    return [
        f"{name}={json.dumps(value) if not isinstance(value, str) else value}"
        for name, value in found.items()
    ]


def _given(options: dict[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in options.items() if value is not None}
    return {name: None if value is _NOTHING else value for name, value in found.items()}


def _retry_after(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    form, _, number = text.rpartition(":")
    if form not in {"", "date"}:
        raise UsageError(f"--retry-after {text!r} cannot be.", "Write 5, date:5, date:-60 or none.")
    said = {"retry_after_form": "date"} if form else {}
    return {"retry_after_s": _whole(number, "--retry-after"), **said}


def _whole(text: str, option: str) -> object:
    """A whole number, or nothing where that is what was said."""
    if text.lower() == "none":
        return _NOTHING
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"{option} {text!r} is no whole number.") from None
