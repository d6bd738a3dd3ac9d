"""What is noted of each write, and what of it the disk is waited for."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from connector.errors import Superseded
from connector.state.database import Database
from connector.state.leases import LEASE_S, Holding, Lease, Leases
from connector.state.runs import Runs
from connector.state.writes import Writes
from tests.state.conftest import Wall

RUN, CONTRACT = "run-1", "c1"
FULL, NORMAL = 2, 1


@pytest.fixture
def writes(database: Database) -> Writes:
    return Runs(database).writes


@pytest.fixture
def holding(database: Database) -> Holding:
    leases = Leases(database)
    found = leases.take("job/here", RUN, is_shared=True), leases.take("chunk/run-1/1", "worker-1")
    return Holding(leases, tuple(one for one in found if isinstance(one, Lease)))


def intend(writes: Writes, holding: Holding, drafts: list[str]) -> None:
    writes.intend(holding, RUN, CONTRACT, "2020-10-05", {"drafts": drafts})


def record(writes: Writes, holding: Holding, lines: int) -> None:
    writes.record(holding, RUN, (1, 1), CONTRACT, {"lines": lines}, is_failed=False)


def test_a_note_is_on_the_disk_before_its_write_is_sent(
    database: Database, writes: Writes, holding: Holding
) -> None:
    """What came of it need not be: without that the write is open, and looked for."""
    seen = []

    @sa.event.listens_for(database.engine, "commit")
    def _(connection: sa.Connection) -> None:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        seen.append(raw.execute("PRAGMA synchronous").fetchone()[0])

    intend(writes, holding, [])
    record(writes, holding, 1)
    intend(writes, holding, [])
    assert seen == [FULL, NORMAL, FULL]


def test_a_note_that_is_made_again_takes_the_place_of_the_first(
    writes: Writes, holding: Holding, wall: Wall
) -> None:
    """With its own instant: it is looked for from then on."""
    intend(writes, holding, ["d1"])
    wall.now += 10
    intend(writes, holding, ["d1", "d2"])
    ((effect,),) = writes.effects(RUN, [CONTRACT]).values()
    assert (effect.intent, effect.at) == ({"drafts": ["d1", "d2"]}, wall.now)


def test_what_came_of_a_contract_closes_its_writes(writes: Writes, holding: Holding) -> None:
    """Noted again it is there once, as it was noted last."""
    intend(writes, holding, [])
    record(writes, holding, 1)
    record(writes, holding, 2)
    assert writes.effects(RUN, [CONTRACT]) == {}
    assert writes.known(RUN, [CONTRACT]) == {CONTRACT: {"lines": 2}}


def test_nothing_is_noted_under_a_lease_that_another_has(
    database: Database, writes: Writes, holding: Holding, wall: Wall
) -> None:
    """Neither a write nor what came of one."""
    wall.now += LEASE_S + 1
    assert isinstance(Leases(database).take("chunk/run-1/1", "worker-2"), Lease)
    with pytest.raises(Superseded, match="chunk/run-1/1"):
        intend(writes, holding, [])
    with pytest.raises(Superseded, match="chunk/run-1/1"):
        record(writes, holding, 1)
    assert (writes.effects(RUN, [CONTRACT]), writes.known(RUN, [CONTRACT])) == ({}, {})
