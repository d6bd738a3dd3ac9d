"""A run that sleeps while the program is replaced: with another version of it, built and installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

import pytest

from connector.emulator.ownership import OpenEmulator
from connector.state.address import state_address
from connector.state.database import Database
from connector.state.runs import RunRow, Runs, RunState
from tests.hosts import Running, until

NEWER = "0.99.0"
FIFTH = datetime(2020, 10, 5, 6, tzinfo=UTC)
INVOICES = 7
PROJECT = ("pyproject.toml", "README.md", "LICENSE")
PACKAGES = ("connector", "plugins/projops_plugins")
VERSION = re.compile(r'^(version|__version__) = ".*"$', re.MULTILINE)
ENGINE = "connector/runner/durable/dbos_engine"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without telling it")


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """This program under another version and with other source, from a wheel, in a folder of its own."""
    source, wheels = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheels")
    target = tmp_path_factory.mktemp("installed")
    for name in PROJECT:
        copy(repository / name, source)
    for name in PACKAGES:
        copytree(repository / name, source / name, ignore=ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "connector/__init__.py"):
        edit(source / name, lambda text: VERSION.sub(rf'\1 = "{NEWER}"', text))
    for name in (f"{ENGINE}/worker.py", "connector/runner/durable/run.py"):
        edit(source / name, lambda text: f"{text}\nCHANGED = True\n")
    offline = ("--no-index", "--no-deps", "--quiet", "--disable-pip-version-check")
    pip("wheel", "--no-build-isolation", *offline, "-w", str(wheels), str(source))
    [wheel] = wheels.glob("*.whl")
    pip("install", *offline, "--target", str(target), str(wheel))
    return target


def edit(file: Path, change: Callable[[str], str]) -> None:
    before = file.read_text("utf-8")
    after = change(before)
    assert after != before
    file.write_text(after, "utf-8")


def pip(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def environment(installed: Path | None) -> dict[str, str]:
    """Of a process that has the program from that folder, or from here."""
    places = [str(installed)] if installed else []
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*places, *sys.path])}


def projops(installed: Path | None, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "connector.console", *words]
    return subprocess.run(
        command, env=environment(installed), cwd=installed, capture_output=True, text=True, check=False
    )


def served(installed: Path | None, log: Path, is_so: Callable[[], bool]) -> str:
    """Serve until it is so; returns what was said."""
    command = [sys.executable, "-m", "connector.console", "serve", "--start-with", "ProcessRunner"]
    with (
        log.open("wb") as file,
        subprocess.Popen(command, env=environment(installed), cwd=installed, stderr=file) as process,
    ):
        serving = Running(process, log)
        try:
            until(is_so, serving)
            assert serving.end() == 0, serving.said
        finally:
            process.kill()
    return serving.said


@pytest.fixture
def runs(either_state: str) -> Iterator[Runs]:
    with Database.open(state_address(either_state)) as database:
        yield Runs(database)


def in_turn(runs: Runs) -> list[RunRow]:
    """The first run first."""
    return sorted(runs.rows(), key=lambda row: row.begun)


def test_a_run_that_sleeps_survives_a_new_version(
    newer: Path, emulator: OpenEmulator, runs: Runs, tmp_path: Path
) -> None:
    """Planned by one version, it is woken and done by another, whose end plans the next one. A version with
    another engine, which could not go on with it, names it, does not start and leaves it as it is."""
    emulator.move_clock(FIFTH)

    def seen() -> list[RunState]:
        return [row.state for row in in_turn(runs)]

    served(None, tmp_path / "one", lambda: seen() == [RunState.DONE, RunState.SLEEPING])
    before = in_turn(runs)
    sleeping = before[-1].id
    emulator.advance_clock(timedelta(hours=24))

    refused = projops(with_another_engine(newer, tmp_path / "other"), "serve")
    assert refused.returncode == 1, refused.stderr
    assert f"{sleeping}: begun by a projops with version 1 of the engine" in " ".join(refused.stderr.split())
    assert in_turn(runs) == before

    assert projops(newer, "--version").stdout == f"projops {NEWER}\n"
    served(newer, tmp_path / "two", lambda: seen() == [RunState.DONE, RunState.DONE, RunState.SLEEPING])
    assert in_turn(runs)[1].id == sleeping
    with emulator.store.snapshot() as tx:
        assert len(tx.find("invoice", {})) == INVOICES


def with_another_engine(installed: Path, folder: Path) -> Path:
    copytree(installed, folder)
    edit(
        folder / ENGINE / "names.py",
        lambda text: text.replace('VERSION: Final = "1"', 'VERSION: Final = "2"'),
    )
    return folder
