"""The door to the embedded emulator, which is an extra of its own."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from connector.errors import SettingsError, StateFileError

if TYPE_CHECKING:
    from connector.emulator.ownership import OpenEmulator

PACKAGES_OF_THE_EXTRA = {"odata_query", "sqlalchemy", "starlette", "trustme", "uvicorn"}


def open_embedded(
    path: Path | None,
    *,
    https: bool = True,
    port: int = 0,
    host: str = "127.0.0.1",
    seed: str = "sample",
    snapshot: Path | None = None,
) -> OpenEmulator:
    """Serve the state in `path` (None: in memory), or attach to the process that serves it.

    A new state begins as the pulled `snapshot`, where one is given. Raises SettingsError where the extra
    is not installed, StateFileError, UsageError for an unknown seed.
    """
    _check_extra()
    from connector.emulator.ownership import open_emulator
    from connector.emulator.seed.snapshot_file import parse_snapshot
    from connector.emulator.serving import Address

    played = None
    if snapshot is not None:
        try:
            with snapshot.open("rb") as lines:
                played = parse_snapshot(str(snapshot), lines)
        except OSError as error:
            raise StateFileError(f"{snapshot} cannot be read: {error.strerror}.", "Check the path.") from None
    return open_emulator(path, https=https, address=Address(host, port), seed=seed, played=played)


def _check_extra() -> None:
    """Asked beforehand: some of it is imported with the first request only."""
    for name in sorted(PACKAGES_OF_THE_EXTRA):
        if find_spec(name) is None:
            raise SettingsError(
                f"The emulator needs {name}, which is not installed.",
                'Install the extra: pip install "projops-connector[emulator]".',
            )
