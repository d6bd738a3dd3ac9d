"""What all tests share."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.matrix import Matrix
from tests.postgresql import PostgresServer, postgresql, require_postgresql

WHOLE, SEED = "whole_matrices", "matrix_seed"

# A property says nothing of time, and a busy machine may take any.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("matrices")
    group.addoption("--all", dest=WHOLE, action="store_true", help="run large matrices whole")
    group.addoption("--matrix-seed", dest=SEED, type=int, help="draw their cases as that run did")
    clients = parser.getgroup("clients")
    clients.addoption("--require-clients", action="store_true", help="fail where a foreign client is missing")


def pytest_configure(config: pytest.Config) -> None:
    """One seed for a run: the workers of a distributed one get theirs from the run that started them."""
    if config.getoption(SEED) is None:
        given = getattr(config, "workerinput", {})
        setattr(config.option, SEED, given.get(SEED, random.randrange(10**6)))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput[SEED] = node.config.getoption(SEED)


def pytest_report_header(config: pytest.Config) -> str:
    if config.getoption(WHOLE):
        return "matrices: whole"
    seed = config.getoption(SEED)
    return f"matrices: a tenth, the same again with --matrix-seed {seed}; --all runs them whole"


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """Said again where it is needed, since -q leaves the header out."""
    if exitstatus and not config.getoption(WHOLE):
        terminalreporter.write_line(f"Matrices were drawn with --matrix-seed {config.getoption(SEED)}")


@pytest.fixture
def matrix(request: pytest.FixtureRequest) -> Matrix:
    """Which cases of a large matrix to run: `matrix.sample(cases)`."""
    options = request.config
    return Matrix(options.getoption(WHOLE), options.getoption(SEED), request.node.nodeid)


_SETTINGS = (
    "AZURE", "POWER_PLATFORM_", "DATAVERSE_", "PROJOPS_", "ACTIONS_ID_TOKEN_", "SYSTEM_OIDC", "SYSTEM_ACCESS",
    "IDENTITY_", "IMDS_", "MSI_",
)  # fmt: skip


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder of the checkout."""
    return Path(__file__).resolve().parent.parent


def without_settings(patch: pytest.MonkeyPatch) -> None:
    """Take away the settings and the proxies of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith(_SETTINGS):
            patch.delenv(name)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        patch.delenv(name, raising=False)
    patch.setenv("NO_COLOR", "1")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings or the proxies of whoever runs it."""
    without_settings(monkeypatch)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for all tests of this process; skipped where there is none and nobody insists."""
    require_postgresql()
    with postgresql() as server:
        server.start()
        yield server


@pytest.fixture
def postgresql_url(postgresql_server: PostgresServer) -> str:
    """The address of a database that nobody has used."""
    return postgresql_server.url(postgresql_server.new_database())
