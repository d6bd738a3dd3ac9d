"""The one place where exceptions become exit codes."""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from connector import __version__
from connector.console.voice import Voice
from connector.errors import ProjopsError

FAULT = 70
INTERRUPTED = 130
SHORTEST_SECRET = 4

_TOKEN = re.compile(r"(?i)(bearer\s+|(?:secret|password|token)[\"']?\s*[=:]\s*[\"']?)[^\s\"',;]+")


_QUOTED = re.compile(r"[\"'`].*[\"'`]|%27.*%27")
_LONGEST_MESSAGE = 300
_WORD = re.compile(r"[a-z][a-z-]*", re.ASCII)


@dataclass
class FaultLog:
    """Where a fault is written, and what must not be read there: secrets, and what belongs to a customer.

    Written are the places in the program, the kinds of the errors, and of their messages what does not
    stand in quotation marks, where names, texts and values do. Of the arguments the values of options and
    whatever is no word of the command line are left out.
    """

    folder: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))
    secrets: set[str] = field(default_factory=set)

    def write(self, fault: BaseException) -> Path:
        """Write a new file, readable by its owner alone, and return its path. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="projops-", suffix=".log", dir=self.folder, text=True)
        text = "\n".join(
            [
                f"projops {__version__}, Python {platform.python_version()}, {platform.platform()}",
                f"arguments: {' '.join(map(_without_value, sys.argv[1:]))}",
                *_told(traceback.TracebackException.from_exception(fault)),
            ]
        )
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(self.without_secrets(text))
        return Path(name)

    def without_secrets(self, text: str) -> str:
        """The text with known secrets, and what looks like one, taken out."""
        for secret in self.secrets:
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return _TOKEN.sub(r"\1***", text)


def _told(error: traceback.TracebackException) -> Iterator[str]:
    """An error and what led to it, the first cause first."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        yield from _told(earlier)
        yield "Then:\n"
    yield "Traceback (most recent call last):"
    yield "".join(error.stack.format()).rstrip()
    yield _kind_and_message(error)
    for one in error.exceptions or ():
        yield "One of the group:\n"
        yield from _told(one)


def _kind_and_message(error: traceback.TracebackException) -> str:
    lines = "".join(error.format_exception_only()).strip().splitlines()
    message = _QUOTED.sub("'…'", lines[0]) if lines else ""
    return message[:_LONGEST_MESSAGE]


def _without_value(argument: str) -> str:
    if argument.startswith("-"):
        name, sign, _ = argument.partition("=")
        return f"{name}=…" if sign else name
    return argument if _WORD.fullmatch(argument) else "…"


def exit_code_of(work: Callable[[], object], log: FaultLog) -> int:
    """Do the work and return its exit code.

    An expected error is told as its message and hint, without a traceback; anything else is written to
    the log, whose path is shown.
    """
    voice = Voice()
    try:
        work()
    except ProjopsError as error:
        voice.warn(f"Error: {error.message}")
        if error.hint:
            voice.warn(error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        return _interrupted(voice)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            return _interrupted(voice)
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception as fault:  # noqa: BLE001  # the last resort of the whole program
        voice.warn(f"A fault in the program: {type(fault).__name__}.")
        voice.warn(_written(fault, log))
        return FAULT
    return 0


def _interrupted(voice: Voice) -> int:
    voice.warn("Interrupted: what was done so far is done, and nothing more was started.")
    return INTERRUPTED


def _written(fault: BaseException, log: FaultLog) -> str:
    try:
        return f"What happened is in {log.write(fault)}: please send that file with a report."
    except OSError as error:
        return f"No log could be written to {log.folder}: {error.strerror}."
