"""The command line: `projops`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TextIO

import typer

from connector import __version__
from connector.console.commands import (
    console,
    destroy,
    doctor,
    emulator,
    explain,
    history,
    provision,
    report,
    rerun,
    run,
    snapshot,
    status,
    utilization,
    verify,
    watch,
)
from connector.console.failures import FaultLog, exit_code_of
from connector.console.output import is_closed_pipe, write_utf_8

EXIT_CODES = """
Exit codes: 0 done or nothing to do · 1 an expected error · 2 wrong usage · 3 findings · 4 refused by a
guard · 5 partly done · 70 a fault in the program, a log is written · 130 interrupted.
"""

app = typer.Typer(
    name="projops",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Looks after the recurring invoice job of Dynamics 365 Project Operations.\n\n"
    "Nothing is changed without --apply. Where: DATAVERSE_URL=https://ORG.crm.dynamics.com, or "
    "DATAVERSE_URL=emulator:sandbox.db to try it without an environment.\n" + EXIT_CODES,
)
app.command("provision")(provision.provision)
app.command("destroy")(destroy.destroy)
app.command("verify")(verify.verify)
app.command("status")(status.status)
app.command("watch", context_settings=watch.TAKES_ANYTHING)(watch.watch)
app.command("rerun")(rerun.rerun)
app.command("run")(run.run)
app.command("explain")(explain.explain)
app.command("utilization")(utilization.utilization)
app.command("doctor")(doctor.doctor)
app.command("history")(history.history)
app.command("console")(console.console)
app.add_typer(snapshot.app, name="snapshot")
app.command("report")(report.report)
app.add_typer(emulator.app, name="emulator")


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        sys.stdout.write(f"projops {__version__}\n")
        raise typer.Exit


@app.callback()
def projops(
    version: Annotated[  # its callback does the work
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """The entry point: runs the command line and exits."""
    sys.exit(run_command_line(sys.argv[1:]))


def run_command_line(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        write_utf_8(stream)
    log = FaultLog()
    code = exit_code_of(lambda: app(list(arguments), prog_name="projops", obj=log), log)
    _flush(sys.stdout)
    return code


def _open_closed_streams() -> None:
    """A program that is started with a stream closed (`>&-`, pythonw) has None in its place."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # it stays open


def _flush(stream: TextIO) -> None:
    """Write what is left; whoever closed the pipe early has read what he wanted."""
    try:
        stream.flush()
    except OSError as error:
        if not is_closed_pipe(error):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
