"""The entry point of the command line. Light, so that what needs little starts at once."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from connector import __version__

if TYPE_CHECKING:
    from connector.console.failures import FaultLog

# What is left to end with the process: a request of a durable run that is still on its way, which is as
# safe as after a crash, and what a page was reading, or building, when it was ended.
LEFT_ALONE = ("dbos-executor", "reads ", "builds the page", "AnyIO worker")

# A start makes thousands of classes and functions that all stay: looking for garbage among them again and
# again, as Python does after every 700 new objects, takes a seventh of the start of a large command.
NEW_OBJECTS_UNTIL_COLLECTED = 10_000


def main() -> None:
    """The entry point: runs the command line and exits."""
    gc.set_threshold(NEW_OBJECTS_UNTIL_COLLECTED, *gc.get_threshold()[1:])
    code = run_command_line(sys.argv[1:])
    if any(thread.name.startswith(LEFT_ALONE) for thread in threading.enumerate()):
        # Waiting for the network would take up to minutes.
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run_command_line(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    _open_closed_streams()
    if list(arguments) == ["--version"]:
        sys.stdout.write(f"projops {__version__}\n")
        _flush(sys.stdout)
        return 0
    from connector.console.failures import FaultLog, exit_code_of
    from connector.console.output import write_utf_8

    for stream in (sys.stdout, sys.stderr):
        write_utf_8(stream)
    log = FaultLog()
    code = exit_code_of(lambda: _run(list(arguments), log), log)
    _flush(sys.stdout)
    return code


def _run(arguments: list[str], log: FaultLog) -> None:
    from connector.console.command_line import command_line

    command_line(arguments)(arguments, prog_name="projops", obj=log)


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
        from connector.console.output import is_closed_pipe

        if not is_closed_pipe(error):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
