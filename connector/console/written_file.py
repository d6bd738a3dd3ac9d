"""A file that a command writes beside its result."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from connector.errors import SettingsError


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """UTF-8, a line feed after each line. Raises SettingsError for a file that cannot be written."""
    try:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be written: {error.strerror}.", "Name a file in a folder that exists."
        ) from None
