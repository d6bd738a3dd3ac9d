"""The door to the embedded emulator, which is an extra of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from connector.errors import SettingsError

if TYPE_CHECKING:
    from connector.emulator.ownership import OpenEmulator

PACKAGES_OF_THE_EXTRA = {"odata_query", "sqlalchemy", "starlette", "trustme", "uvicorn"}


def open_embedded(
    path: Path | None, *, https: bool = True, port: int = 0, seed: str = "sample"
) -> OpenEmulator:
    """Serve the state in `path` (None: in memory), or attach to the process that serves it.

    Raises SettingsError where the extra is not installed, StateFileError, UsageError for an unknown seed.
    """
    try:
        from connector.emulator.ownership import open_emulator
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in PACKAGES_OF_THE_EXTRA:
            raise
        raise SettingsError(
            f"The emulator needs {error.name}, which is not installed.",
            'Install the extra: pip install "projops-connector[emulator]".',
        ) from None
    return open_emulator(path, https=https, port=port, seed=seed)
