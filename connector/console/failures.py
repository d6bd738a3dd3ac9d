"""The one place where exceptions become exit codes."""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from connector import __version__
from connector.console.voice import Voice
from connector.errors import ProjopsError

FAULT = 70
INTERRUPTED = 130
SHORTEST_SECRET = 4

_TOKEN = re.compile(r"(?i)(bearer\s+|(?:secret|password|token)[\"']?\s*[=:]\s*[\"']?)[^\s\"',;]+")


@dataclass
class FaultLog:
    """Where a fault is written, and what must not be read there."""

    folder: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))
    secrets: set[str] = field(default_factory=set)

    def write(self, fault: BaseException) -> Path:
        """Write a new file, readable by its owner alone, and return its path. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="projops-", suffix=".log", dir=self.folder, text=True)
        text = "\n".join(
            [
                f"projops {__version__}, Python {platform.python_version()}, {platform.platform()}",
                f"arguments: {sys.argv[1:]}",
                "".join(traceback.format_exception(fault)),
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
