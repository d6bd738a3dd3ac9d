"""`projops snapshot`: what the job touches in an environment, pulled into a file for a laptop."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from connector.console.call import Call
from connector.console.options import connected_to_environment
from connector.console.output import Format
from connector.console.private_file import write_private
from connector.errors import StateFileError
from connector.model.shown_text import harmless

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="A customer's job on your laptop: pull what it touches, play it in an emulator.",
)


@app.callback()
def group() -> None:
    """Keeps `pull` a command of its own."""


@app.command()
@connected_to_environment
def pull(
    call: Call,
    file: Annotated[Path, typer.Argument(help="Where to; readable by its owner alone.")],
    with_values: Annotated[
        bool, typer.Option("--with-values", help="Names, texts and amounts as they are.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Even if the file exists.")] = False,
) -> None:
    """Read the job, its system jobs, contracts, schedules, transactions and invoices into a file.

    Names and amounts are blanked unless --with-values is given; ids, dates and states stay. Nothing is
    changed in the environment.

    Examples:

      projops snapshot pull stalled.jsonl

      projops emulator serve --from stalled.jsonl
    """
    if file.exists() and not replace:
        raise StateFileError(f"{file} exists already, and was left as it is.", "Give --replace to write it.")
    with call.connected() as (connection, settings):
        from connector.snapshot import pull as pull_rows
        from connector.snapshot import snapshot_lines

        rules = connection.rules_here(settings.rules)
        pulled = pull_rows(connection.client, connection.tables, rules, has_values=with_values)
        counted = _Counted(snapshot_lines(pulled))
        write_private(file, counted)
        unread = pulled.unread
    _report(call, file, counted.lines - 2, with_values, [f"{name}: {why}" for name, why in unread.items()])


class _Counted:
    """Lines on their way, counted."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = lines
        self.lines = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self.lines += 1
            yield line


def _report(call: Call, file: Path, rows: int, with_values: bool, unread: list[str]) -> None:
    for one in sorted(unread):
        call.voice.say(f"Left out: {harmless(one)}")
    if call.form in (Format.JSON, Format.JSONL):
        sys.stdout.write(json.dumps({"file": str(file), "rows": rows, "with_values": with_values}) + "\n")
        return
    what = "with names and amounts" if with_values else "names and amounts blanked"
    sys.stdout.write(f"{file}: {rows} rows, {what}.\n")
    call.voice.say(f"Play it: projops emulator serve --from {file}")
