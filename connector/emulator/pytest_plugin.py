"""pytest fixtures for whoever tests against Dataverse: an emulator that is fresh in every test.

Installed with the package (entry point `pytest11`); nothing is imported or started before a test asks.

    def test_a_contract_is_created(projops_emulator):
        projops_emulator.url, projops_emulator.client_id, projops_emulator.client_secret
        projops_emulator.advance_clock(timedelta(days=1))

One emulator serves the whole session (each worker of pytest-xdist has its own). Before each test it
goes back to its first state, clock and switches included, without faults and limits: that takes about
a millisecond. Options of pytest.ini, pyproject.toml or the command line (`-o name=value`):

    projops_emulator_seed       sample (the default) or none
    projops_emulator_snapshot   a file of `projops emulator snapshot save`, relative to the root folder
    projops_emulator_http       true: the Web API in plain http
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from connector.emulator.ownership import OpenEmulator
    from connector.emulator.store import Image

_NEEDS = "The fixtures of projops need the extra: pip install 'projops-connector[emulator]' (%s is missing)."


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("projops_emulator_seed", "What the emulator holds: sample or none.", default="sample")
    parser.addini("projops_emulator_snapshot", "A snapshot that the emulator begins with.", default="")
    parser.addini("projops_emulator_http", "The Web API in plain http.", type="bool", default=False)


@pytest.fixture(scope="session")
def projops_emulator_session(pytestconfig: pytest.Config) -> Iterator[OpenEmulator]:
    """The emulator of the session, in memory. What one test changes the next one finds."""
    try:
        from connector.emulator.ownership import open_emulator  # noqa: PLC0415 - heavy, and an extra
    except ModuleNotFoundError as error:
        pytest.fail(_NEEDS % error.name, pytrace=False)
    with open_emulator(
        None,
        https=not pytestconfig.getini("projops_emulator_http"),
        seed=str(pytestconfig.getini("projops_emulator_seed")),
        image=_image(pytestconfig),
    ) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def _projops_first_state(projops_emulator_session: OpenEmulator) -> Image:
    return projops_emulator_session.take_snapshot()


@pytest.fixture
def projops_emulator(
    projops_emulator_session: OpenEmulator, _projops_first_state: Image
) -> Iterator[OpenEmulator]:
    """The emulator in its first state, for one test."""
    projops_emulator_session.restore_snapshot(_projops_first_state)
    projops_emulator_session.trouble.reset()
    yield projops_emulator_session
    projops_emulator_session.trouble.reset()  # nobody after this test is struck by its faults


@pytest.fixture
def projops_environment(projops_emulator: OpenEmulator, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """The emulator of the test in the environment variables that clients read; returns them.

    DATAVERSE_URL, AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_AUTHORITY_HOST,
    PROJOPS_CA_FILE and REQUESTS_CA_BUNDLE.
    """
    variables = projops_emulator.environment()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


def _image(config: pytest.Config) -> Image | None:
    name = str(config.getini("projops_emulator_snapshot"))
    if not name:
        return None
    from connector.emulator.store import Image  # noqa: PLC0415 - heavy, and an extra

    path = Path(config.rootpath, name)
    try:
        return Image.read(path.read_bytes())
    except OSError as error:
        raise pytest.UsageError(f"projops_emulator_snapshot = {name}: {error}") from error
