"""Emulators over real HTTP(S) for other people's clients, which run in processes of their own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.emulator.ownership import OpenEmulator, open_emulator
from tests.clients.driving import Driver, Place

_INSTALL = "python scripts/test.py --clients installs them"


@pytest.fixture(scope="session")
def clients(request: pytest.FixtureRequest) -> Path:
    """The folder of the installed clients."""
    folder = Path(__file__).resolve().parents[2] / ".clients"
    missing = [name for name in ("python", "node") if not (folder / name / "installed.txt").exists()]
    if shutil.which("node") is None:
        missing.append("the program node")
    if missing:
        reason = f"other people's clients are missing ({', '.join(missing)}): {_INSTALL}"
        if request.config.getoption("require_clients"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def secure() -> Iterator[OpenEmulator]:
    """One emulator over HTTPS for all scenarios: each uses rows of its own."""
    with open_emulator(None) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def plain() -> Iterator[OpenEmulator]:
    """One over HTTP, for clients that take any address."""
    with open_emulator(None, https=False) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def drive(clients: Path, request: pytest.FixtureRequest) -> Driver:
    """Runs the scenarios of a client, all of them once, and says how one of them ended."""

    def emulator(is_secure: bool) -> OpenEmulator:
        found: OpenEmulator = request.getfixturevalue("secure" if is_secure else "plain")
        return found

    return Driver(Place(clients), emulator)
