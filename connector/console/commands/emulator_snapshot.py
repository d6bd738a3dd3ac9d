"""`projops emulator snapshot`: the state of an emulator in a file, and back."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from connector.console.call import Call
from connector.console.control_endpoint import At, control_url_of, download, upload
from connector.console.options import local
from connector.console.output import Format
from connector.console.private_file import write_private
from connector.errors import StateFileError
from connector.model.shown_text import harmless

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The whole state of an emulator in a file: rows, clock, switches, applications.",
)


@app.command()
@local
def save(
    call: Call,
    file: Annotated[Path, typer.Argument(help="Where to; readable by its owner alone.")],
    at: At = None,
    replace: Annotated[bool, typer.Option("--replace", help="Even if the file exists.")] = False,
) -> None:
    """Save the state; the emulator goes on meanwhile.

    The file is a state file itself: it can be served, and it holds the client secret.

    Example: projops emulator snapshot save before.db --at sandbox.db
    """
    if file.exists() and not replace:
        raise StateFileError(f"{file} exists already, and was left as it is.", "Give --replace to write it.")
    with control_url_of(call, at, is_served=False) as control_url:
        content = download(control_url, "snapshot")
    write_private(file, [content])
    call.voice.say(f"{file} was written ({len(content):,} bytes).")


@app.command()
@local
def restore(
    call: Call,
    file: Annotated[Path, typer.Argument(help="A file of `snapshot save`, of the same emulator.")],
    at: At = None,
) -> None:
    """Have a saved state again, and show where its clock stands.

    Example: projops emulator snapshot restore before.db --at sandbox.db
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise StateFileError(f"{file} cannot be read: {error.strerror}.", "Name a snapshot.") from None
    with control_url_of(call, at, is_served=False) as control_url:
        now = harmless(str(upload(control_url, "snapshot", content, member="now")["now"]))
    is_json = call.form in (Format.JSON, Format.JSONL)
    sys.stdout.write((json.dumps({"now": now}) if is_json else now) + "\n")
