"""projops serve on two hosts with one PostgreSQL: one chain, work that is shared, and nothing lost."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
import sqlalchemy as sa

from connector.emulator.ownership import open_emulator
from connector.state import tables
from connector.state.address import state_address
from connector.state.database import Database
from connector.state.runs import RunRow, Runs, RunState
from tests.hosts import NAMES, Hosts, Running, can_have_namespaces, hosts, until
from tests.matrix import Matrix
from tests.postgresql import require_postgresql
from tests.runner.many import Copies, end_state

CONTRACTS, OF_CHUNK = 28, 2
LEASE_S = 3
SETTINGS = {
    "PROJOPS_RUN__CONTRACTS_OF_CHUNK": str(OF_CHUNK),
    "PROJOPS_RUN__AT_ONCE": "1",
    "PROJOPS_RUN__LEASE_S": str(LEASE_S),
    "PROJOPS_RUN__STILL_AT_WORK_S": "1",
    # So that there is a middle of the run.
    "PROJOPS_RUN__MAX_REQUESTS_PER_MINUTE": "900",
}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without telling it")


_UNDER_WAY = (
    sa.select(sa.func.count())
    .select_from(tables.chunk)
    .where(tables.chunk.c.worker == sa.bindparam("of"), tables.chunk.c.ended.is_(None))
)


class Scene:
    """Two hosts that serve, and what the state and the environment show of it."""

    def __init__(self, both: Hosts, state_file: Path) -> None:
        self.both = both
        self.database = Database.open(state_address(both.state_url))
        self.runs = Runs(self.database)
        self._state_file = state_file

    def serve(self, host: str) -> Running:
        how = ("--start-with", "ProcessRunner", "--take-over-after", "0s")
        return self.both.start(host, "serve", *how, **SETTINGS)

    def rows(self) -> list[RunRow]:
        """The runs, the first one first."""
        return sorted(self.runs.rows(), key=lambda row: row.begun)

    def chunks_of(self) -> dict[str, int]:
        """How many chunks of the first run are through, by worker."""

        def work(connection: sa.Connection) -> dict[str, int]:
            query = (
                sa.select(tables.chunk.c.worker, sa.func.count())
                .where(tables.chunk.c.ended.is_not(None))
                .group_by(tables.chunk.c.worker)
            )
            return {row[0]: row[1] for row in connection.execute(query)}

        return self.database.do(work)

    def is_shared(self) -> bool:
        """In the middle of the run, with chunks behind each of both; the last of each may be done again."""
        counts = list(self.chunks_of().values())
        return len(counts) == len(NAMES) and min(counts) > 1 and not self.is_over()

    def is_stopped_at_work(self, running: Running) -> bool:
        """Stops it in the middle of a chunk; between two chunks it is let go on."""
        [worker] = re.findall(r" as (worker-\w+)\.", running.said)
        running.process.send_signal(signal.SIGSTOP)
        if self.database.do(lambda connection: connection.scalar(_UNDER_WAY, {"of": worker})):
            return True
        running.process.send_signal(signal.SIGCONT)
        return False

    def is_over(self) -> bool:
        rows = self.rows()
        return bool(rows) and rows[0].state is RunState.DONE

    def check_chain(self) -> None:
        """One run that is done and one that is to come, whoever did it."""
        assert [row.state for row in self.rows()] == [RunState.DONE, RunState.SLEEPING]
        assert len({row.id.rpartition("-")[0] for row in self.rows()}) == 1

    def end_state(self) -> Any:
        """As the emulator's file has it; its server has to have ended."""
        with open_emulator(self._state_file) as emulator:
            return end_state(emulator)


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Copies:
    return Copies(tmp_path_factory.mktemp("many"), CONTRACTS)


@pytest.fixture(scope="module")
def expected(copies: Copies) -> Any:
    """What the same run leaves when nobody disturbs it."""
    with copies.one() as world:
        world.apply()
        return end_state(world.emulator)


@contextmanager
def scene(folder: Path, copies: Copies, expected: Any, *, is_apart: bool) -> Iterator[Scene]:
    """At its end the environment has to be as if one undisturbed process had done it."""
    folder.mkdir()
    copyfile(copies.original, state_file := folder / "environment.db")
    with hosts(folder, state_file, is_apart=is_apart) as both:
        found = Scene(both, state_file)
        try:
            yield found
        finally:
            found.database.close()
    assert found.end_state() == expected


def one_is_killed(scene: Scene) -> None:
    """What the killed one had is taken over by the other."""
    one, two = scene.serve("one"), scene.serve("two")
    until(scene.is_shared, one, two)
    until(lambda: scene.is_stopped_at_work(one), one, two)
    one.kill()
    until(scene.is_over, two)
    assert "is taken over" in two.said
    assert two.end() == 0, two.said
    assert len(scene.chunks_of()) == 2


def one_is_cut_off(scene: Scene) -> None:
    """Its cable to the database is pulled in the middle of the run for longer than its lease: the other host
    goes on with its chunk, it writes nothing meanwhile, and it ends well when the line is there again."""
    one, two = scene.serve("one"), scene.serve("two")
    until(scene.is_shared, one, two)
    scene.both.network.cut("one")
    until(scene.is_over, two)
    scene.both.network.mend("one")
    assert (one.end(), two.end()) == (0, 0), one.said + two.said


def one_is_stopped(scene: Scene) -> None:
    """It sleeps longer than its lease and goes on when the other has done its work: it finds that out by its
    next note, and writes nothing."""
    one, two = scene.serve("one"), scene.serve("two")
    until(scene.is_shared, one, two)
    one.process.send_signal(signal.SIGSTOP)
    until(scene.is_over, two)
    one.process.send_signal(signal.SIGCONT)
    assert (one.end(), two.end()) == (0, 0), one.said + two.said


CASES = (one_is_killed, one_is_cut_off, one_is_stopped)


def test_two_hosts_share_the_work_and_lose_nothing(
    tmp_path: Path, copies: Copies, expected: Any, matrix: Matrix
) -> None:
    """Started at the same moment they have one chain; each does chunks of it; whatever happens to one of
    them in the middle, the end is that of an undisturbed run. In network namespaces where they can be had,
    and without: two processes that share no folder, each with a line of its own to the database."""
    require_postgresql()
    networks = [True, False] if can_have_namespaces() else [False]
    for is_apart, happens in matrix.sample(list(product(networks, CASES))):
        with scene(tmp_path / f"{happens.__name__}-{is_apart}", copies, expected, is_apart=is_apart) as found:
            happens(found)
            found.check_chain()
