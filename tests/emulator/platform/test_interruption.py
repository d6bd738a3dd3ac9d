"""Ending an emulator while its clock moves: gently, and with kill -9."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import requests

from connector.emulator.access import AccessFacts, read_access
from connector.emulator.ownership import open_emulator
from tests.emulator.platform.world import RUN_S, World

OWNER = """
import sys
from pathlib import Path
from connector.emulator.ownership import open_emulator
open_emulator(Path(sys.argv[1]))
print("serving", flush=True)
sys.stdin.readline()
"""
FAR = "2024-10-04T06:00:00Z"
"""So far that nobody gets there before the kill; the sample's last run date is in November 2020."""


def move(control_url: str, body: dict[str, object]) -> requests.Response | None:
    """The answer of the clock; None when the emulator went away instead of answering."""
    with suppress(requests.ConnectionError):
        return requests.post(f"{control_url}/clock", json=body, timeout=120)
    return None


def wait_until_it_moves(control_url: str) -> None:
    first = requests.get(f"{control_url}/clock", timeout=30).json()
    while requests.get(f"{control_url}/clock", timeout=30).json() == first:
        pass


@contextmanager
def serving(path: Path) -> Iterator[tuple[subprocess.Popen[str], AccessFacts]]:
    command = [sys.executable, "-c", OWNER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "serving\n"
        facts = read_access(path)
        assert facts is not None
        yield owner, facts


def invoices(world: World) -> list[tuple[str, str, str]]:
    rows = world.rows("invoices")
    return sorted((row["name"], str(row["totalamount"]), row["createdon"]) for row in rows)


def test_an_end_stops_a_move_of_the_clock_where_it_stands(bare: World) -> None:
    """A long move does not hold up the end: it is told where the clock stands."""
    bare.start("ProcessRunCaller", bare.create_batch_job())
    url = bare.emulator.control_url
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(move, url, {"advance_s": 3000 * 86400})
        wait_until_it_moves(url)
        bare.emulator.stop()
        told = answer.result()
    assert told is not None
    assert told.status_code == 400
    assert "its clock stands at 20" in told.json()["error"]


def test_a_killed_move_goes_on_when_the_file_is_opened_again(tmp_path: Path, sample: World) -> None:
    """Killed in the middle of a month and opened again, the job writes the same invoices, each once."""
    sample.start("ProcessRunner", sample.create_batch_job())
    sample.advance(days=60)
    path = tmp_path / "state.db"
    with open_emulator(path) as emulator:
        emulator.change_switches(run_duration_s=RUN_S)
        world = World(emulator)
        world.start("ProcessRunner", world.create_batch_job())
        world.session.close()
    with serving(path) as (owner, facts), ThreadPoolExecutor(1) as pool:
        moving = pool.submit(move, facts.control_url, {"set": FAR})
        wait_until_it_moves(facts.control_url)
        owner.kill()
        owner.wait()
        assert moving.result() is None
    with open_emulator(path) as emulator:
        world = World(emulator)
        emulator.advance_clock(timedelta(days=60))
        found = invoices(world)
        world.session.close()
    assert found == invoices(sample)
