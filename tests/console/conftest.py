from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copyfile

import pytest

from connector.console.main import run_command_line
from connector.emulator.ownership import OpenEmulator, open_emulator
from tests.console.outputs import Done, Projops
from tests.matrix import Matrix


@pytest.fixture
def projops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Projops]:
    """Runs a command in this process, in an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Done:
        capsys.readouterr()
        code = run_command_line([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    yield run
    # What --verbose attached would write to a stderr that is no more.
    logger = logging.getLogger("connector")
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state file with the sample data, which tests copy: planting it takes longer than most of them."""
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    open_emulator(path).stop()
    return path


@pytest.fixture
def file_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A state in a file that nobody has used, in the settings."""
    monkeypatch.setenv("PROJOPS_STATE_FOLDER", str(tmp_path / "state"))
    monkeypatch.setenv("PROJOPS_STATE_URL", address := str(tmp_path / "state" / "runs.db"))
    return address


@pytest.fixture(params=["sqlite", "postgresql"])
def either_state(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, matrix: Matrix) -> str:
    """The address of a state that nobody has used, in the settings: a file, then a PostgreSQL.

    An ordinary run draws one of the two for each test.
    """
    test = request.node.originalname
    if request.param not in replace(matrix, test=test).sample(["sqlite", "postgresql"]):
        pytest.skip("drawn for the other state; --all takes both")
    address = str(request.getfixturevalue("file_state"))
    if request.param == "postgresql":
        address = str(request.getfixturevalue("postgresql_url"))
        monkeypatch.setenv("PROJOPS_STATE_URL", address)
    return address


@pytest.fixture
def emulator(tmp_path: Path, sample_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenEmulator]:
    """An emulator with the sample data over a file; DATAVERSE_URL leads commands to it."""
    path = tmp_path / "sandbox.db"
    copyfile(sample_file, path)
    with open_emulator(path) as served:
        monkeypatch.setenv("DATAVERSE_URL", f"emulator:{path}")
        yield served
