"""What a watch has told, kept in a small file for each environment, readable by its owner alone."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Final

from connector.errors import SettingsError
from connector.support.watching import Memory, memory_as_json, memory_of

VERSION: Final = 1


def watch_file(folder: Path, environment: str) -> Path:
    """The file of one environment: named by a digest, since addresses hold signs that files do not."""
    return folder / f"{hashlib.sha256(environment.encode()).hexdigest()[:16]}.json"


def read_memory(path: Path, environment: str) -> Memory:
    """What was kept; a fresh memory where there is no file. Raises SettingsError for a broken one."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["version"] != VERSION or kept["environment"] != environment:
            raise ValueError
        return memory_of(kept)
    except FileNotFoundError:
        return Memory()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.", _HINT) from None
    except (ValueError, KeyError, TypeError):
        raise SettingsError(
            f"{path} is not what a watch of {environment} keeps.",
            "Delete it: the next look is told again then.",
        ) from None


def write_memory(path: Path, environment: str, memory: Memory) -> None:
    """In one piece or not at all, with mode 0600. Raises SettingsError."""
    text = json.dumps({"version": VERSION, "environment": environment, **memory_as_json(memory)}, indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}.", _HINT) from None


_HINT: Final = "Name another folder in PROJOPS_WATCH_FOLDER."
