"""`projops emulator`: the embedded Dataverse, for its own sake and for other clients."""

from __future__ import annotations

import signal
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.console import words
from connector.console.call import Call
from connector.console.commands import emulator_practice, emulator_snapshot, emulator_table, emulator_trouble
from connector.console.control_endpoint import At, ask, control_url_of
from connector.console.embedded import open_embedded
from connector.console.environment_lines import Shell, line_for, usual_shell
from connector.console.options import local
from connector.console.output import Format
from connector.errors import StateFileError, UsageError
from connector.model.shown_text import harmless

if TYPE_CHECKING:
    from connector.emulator.ownership import OpenEmulator

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="A small Dataverse with Project Operations' tables and its invoice job, over a SQLite file.",
)

SEED = Annotated[str, typer.Option("--seed", metavar="NAME", help="What a new state holds: sample or none.")]
FROM = Annotated[
    Path | None,
    typer.Option(
        "--from", metavar="SNAPSHOT", help="A new state begins as `projops snapshot pull` found it."
    ),
]
# Windows lets a Ctrl-C through only between waits.
BREATH_S = 0.5
LOOPBACK = "127.0.0.1"


@app.command()
@local
def serve(
    call: Call,
    file: Annotated[Path | None, typer.Argument(help="The state; in memory without it.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; beyond loopback others can reach it.")
    ] = LOOPBACK,
    http: Annotated[bool, typer.Option("--http", help="Serve the Web API in plain http.")] = False,
    seed: SEED = "sample",
    snapshot: FROM = None,
    shell: Annotated[
        Shell | None, typer.Option(help="For which shell the lines are; else the platform's usual one.")
    ] = None,
) -> None:
    """Serve the emulator until it is ended.

    Prints the lines to paste into another terminal, with which projops and other clients there use it;
    with -o json one object on one line.

    Examples:

      projops emulator serve sandbox.db --port 8443

      projops emulator serve --from stalled.jsonl
    """
    if snapshot is not None and file is not None:
        _refuse_existing(file)
    with open_embedded(file, https=not http, port=port, host=host, seed=seed, snapshot=snapshot) as emulator:
        if emulator.is_attached:
            raise StateFileError(
                f"{file} is served by another process, at {emulator.url}.",
                f"Use it there by DATAVERSE_URL=emulator:{file}, or end that process.",
            )
        if not host.startswith("127."):
            call.voice.warn(
                f"Others can reach it at {emulator.url}, and whoever knows the secret may do everything. "
                "Its certificate authority is made anew with each start."
            )
        ended = threading.Event()
        signal.signal(signal.SIGTERM, lambda _number, _frame: ended.set())
        _announce(call, emulator, shell or usual_shell())
        _wait(ended)
    call.voice.say("The emulator has ended.")


@app.command("seed")
@local
def seed_file(
    call: Call,
    file: Annotated[Path, typer.Argument(help="The state file to make; it must not exist.")],
    seed: SEED = "sample",
    snapshot: FROM = None,
) -> None:
    """Make a state file and fill it.

    Example: projops emulator seed sandbox.db
    """
    _refuse_existing(file)
    with open_embedded(file, seed=seed, snapshot=snapshot) as emulator:
        _print_clock(call, emulator.control_url)
    call.voice.say(f"{file} was made. Use it by DATAVERSE_URL=emulator:{file}")


@app.command()
@local
def clock(
    call: Call,
    to: Annotated[
        datetime | None,
        typer.Option("--set", parser=words.instant, metavar="INSTANT", help="2020-10-05T06:00Z"),
    ] = None,
    by: Annotated[
        timedelta | None,
        typer.Option("--advance", parser=words.span, metavar="SPAN", help="90s, 30m, 24h, 7d"),
    ] = None,
    at: At = None,
) -> None:
    """Show the emulator's clock, or move it: returns when the jobs that became due have run.

    Example: projops emulator clock --advance 24h --at sandbox.db
    """
    if to is not None and by is not None:
        raise UsageError("--set and --advance exclude each other.", "Give one of them.")
    move: dict[str, Any] = {}
    if to is not None:
        move = {"set": to.isoformat()}
    elif by is not None:
        move = {"advance_s": int(by.total_seconds())}
    with control_url_of(call, at, is_served=False) as control_url:
        _print_clock(call, control_url, move)


app.add_typer(emulator_snapshot.app, name="snapshot")
app.add_typer(emulator_table.app, name="table")
app.add_typer(emulator_trouble.app, name="fault")
app.command("limits")(emulator_trouble.limits)
app.command("requests")(emulator_trouble.requests)
app.command("switches")(emulator_practice.switches)
app.command("duplicate-chain")(emulator_practice.duplicate_chain)
app.command("privileges")(emulator_practice.privileges)


def _refuse_existing(file: Path) -> None:
    if file.exists():
        raise StateFileError(
            f"{file} exists already, and was left as it is.", "Give another name, or delete it."
        )


def _announce(call: Call, emulator: OpenEmulator, shell: Shell) -> None:
    import json

    if call.form in (Format.JSON, Format.JSONL):
        fields = ("url", "token_url", "client_id", "client_secret", "ca_file", "control_url")
        line = json.dumps({name: str(getattr(emulator, name)) for name in fields})
        sys.stdout.write(line + "\n")
    else:
        call.voice.say(f"Listening. In another terminal ({shell}):")
        sys.stdout.writelines(
            f"{line_for(shell, name, value)}\n" for name, value in emulator.environment().items()
        )
        call.voice.say("REQUESTS_CA_BUNDLE is for other clients: with it they trust this emulator alone.")
        call.voice.say(f"Its clock: projops emulator clock --advance 24h --at {emulator.control_url}")
        call.voice.say("Trouble: projops emulator fault add --help, at the same address.")
        call.voice.say("Ctrl-C ends it.")
    sys.stdout.flush()


def _wait(ended: threading.Event) -> None:
    """Return at Ctrl-C or when the process is told to end: a server has no other end."""
    try:
        while not ended.wait(BREATH_S):
            pass
    except KeyboardInterrupt:
        return


def _print_clock(call: Call, control_url: str, move: dict[str, Any] | None = None) -> None:
    now = str(ask(control_url, "clock", "POST" if move else "GET", move or None, member="now")["now"])
    if call.form in (Format.JSON, Format.JSONL):
        import json

        sys.stdout.write(json.dumps({"now": now}) + "\n")
    else:
        sys.stdout.write(harmless(now) + "\n")
