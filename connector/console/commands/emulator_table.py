"""`projops emulator table`: tables and columns of one's own in an emulator."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any

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
    help="Customizations: tables and columns beside those of Project Operations.",
)


@app.command()
@local
def add(
    call: Call,
    file: Annotated[Path, typer.Argument(help="What to add, in JSON or TOML.")],
    at: At = None,
) -> None:
    """Add tables and columns for good, and show all that were added.

    Example: projops emulator table add tickets.toml --at sandbox.db
    """
    content = _read(file)
    with control_url_of(call, at, is_served=False) as control_url:
        found = ask(control_url, "tables", "POST", content, member="tables")
    _show(call, found)


@app.command("list")
@local
def list_tables(call: Call, at: At = None) -> None:
    """Show the tables and columns that were added.

    Example: projops emulator table list --at sandbox.db
    """
    with control_url_of(call, at, is_served=False) as control_url:
        found = ask(control_url, "tables", member="tables")
    _show(call, found)


def _show(call: Call, found: dict[str, Any]) -> None:
    if call.form in (Format.JSON, Format.JSONL):
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for table in found["tables"]:
        names = ", ".join(column["name"] for column in table["columns"])
        sys.stdout.write(harmless(f"{table['logical_name']}: {names}") + "\n")
    for column in found["columns"]:
        sys.stdout.write(harmless(f"{column['table']}: {column['name']}") + "\n")
    if not found["tables"] and not found["columns"]:
        sys.stdout.write("Nothing was added.\n")


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text("utf-8")
        content = tomllib.loads(text) if file.suffix.lower() == ".toml" else json.loads(text)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", "Check the path.") from None
    except ValueError as error:
        raise UsageError(f"{file} is neither JSON nor TOML: {error}.", "Correct the file.") from None
    if not isinstance(content, dict):
        raise UsageError(
            f"{file} holds no object with tables or columns.", "docs/emulator.md has an example."
        )
    return content
