"""The state in a real PostgreSQL: what a file cannot show."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from connector.errors import StateUnusable, Superseded
from connector.state.address import state_address
from connector.state.database import Database
from connector.state.leases import Holder, Lease, Leases
from connector.state.runs import Runs
from connector.state.tables import run
from tests.postgresql import PostgresServer, set_clock

SHORTLY_S = 0.2


@pytest.fixture
def server(postgresql_url: str) -> Iterator[Database]:
    with Database.open(state_address(postgresql_url)) as opened:
        yield opened


def test_a_run_that_two_begin_at_once_is_there_once(server: Database) -> None:
    """The second one waits for the first one's transaction, and leaves the run as it is."""
    second = threading.Thread(target=lambda: Runs(server).begin("run-1", "here", "ProcessRunner", {"by": 2}))
    with server.engine.begin() as connection:
        values = {"id": "run-1", "environment": "here", "workflow": "ProcessRunner", "request": '{"by":1}'}
        connection.execute(sa.insert(run).values(**values, state="planned", message="", begun=0.0))
        second.start()
        second.join(SHORTLY_S)
    second.join()
    (row,) = Runs(server).rows()
    assert row.request == {"by": 1}


def test_of_many_who_want_a_lease_at_once_one_gets_it(server: Database) -> None:
    """Eight threads with a connection each: one holder, and the others are told who it is."""
    leases, found = Leases(server), dict[str, Lease | Holder]()
    gate = threading.Barrier(8)

    def take(owner: str) -> None:
        gate.wait()
        found[owner] = leases.take("job/here", owner)

    threads = [threading.Thread(target=take, args=(f"worker-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (holder,) = [owner for owner, one in found.items() if isinstance(one, Lease)]
    assert {one.owner for one in found.values()} == {holder}


def test_a_lease_that_is_checked_is_nobodys_until_the_note_is_there(server: Database) -> None:
    """Whoever takes one away waits for the note of the write, and so sees it; workers of one run do not wait
    for each other."""
    leases = Leases(server)
    run = leases.take("job/here", "run-1", is_shared=True)
    assert isinstance(run, Lease)
    other = threading.Thread(target=lambda: leases.revoke("job/"))
    with server.engine.begin() as connection:
        leases.check(connection, [run])
        server.change(lambda beside: leases.check(beside, [run]))
        other.start()
        other.join(SHORTLY_S)
        assert other.is_alive()
    other.join()
    assert leases.holders("job/") == []


def test_what_need_not_last_does_not_wait_for_the_disk(server: Database) -> None:
    """The server is told so for that transaction alone."""

    def shown(connection: sa.Connection) -> object:
        return connection.scalar(sa.text("SHOW synchronous_commit"))

    assert (server.change(shown, is_lasting=False), server.change(shown)) == ("off", "on")


def test_the_servers_clock_counts(server: Database) -> None:
    """Hosts need not agree: a worker whose own clock is wrong sees the same end of a lease as all others."""
    wrong = Database(server.engine, server.address, wall=lambda: 0.0)
    assert isinstance(Leases(wrong).take("job/here", "one"), Lease)
    assert isinstance(Leases(server).take("job/here", "other"), Holder)
    (holder,) = Leases(wrong).holders("job/")
    assert (holder.owner, holder.is_stale) == ("one", False)


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
def test_a_servers_clock_that_jumps_gives_a_lease_to_one_at_a_time(
    postgresql_url: str, jump_s: float
) -> None:
    """An hour forth it may be taken away, an hour back it may last longer: two never hold it, and whoever
    lost it is refused his next write."""

    def is_held(one: Lease | Holder) -> bool:
        try:
            server.change(
                lambda connection: leases.check(connection, [one] if isinstance(one, Lease) else [])
            )
        except Superseded:
            return False
        return isinstance(one, Lease)

    with set_clock(postgresql_url) as clock, Database.open(state_address(clock.url)) as server:
        leases = Leases(server)
        before, first = server.do(server.now), leases.take("job/here", "one")
        for by_s in (jump_s, -jump_s):
            clock.jump(by_s)
            other = leases.take("job/here", "other")
            assert [is_held(first), is_held(other)].count(True) == 1
        clock.jump(jump_s)
        assert abs(server.do(server.now) - before - jump_s) < 600


def test_a_session_that_was_cut_off_does_not_hold_its_locks(server: Database) -> None:
    """The server ends a transaction in which nothing comes any more, and a wait for a lock has an end: both
    are asked for when the line is opened, and an address may add to them."""

    def ask(name: str) -> object:
        return server.do(lambda connection: connection.scalar(sa.text(f"SHOW {name}")))

    assert (ask("idle_in_transaction_session_timeout"), ask("lock_timeout")) == ("5s", "20s")
    text = server.address.url.set(drivername="postgresql", query={"options": "-c work_mem=8MB"})
    with Database.open(state_address(text.render_as_string(hide_password=False))) as other:
        shown = other.do(lambda connection: connection.scalar(sa.text("SHOW work_mem")))
    assert (shown, ask("application_name")) == ("8MB", "projops")


def test_a_server_that_restarts_is_waited_for(postgresql_server: PostgresServer, server: Database) -> None:
    """What was asked while it was down is done when it is back; sessions that broke are made anew."""
    runs = Runs(server)
    runs.begin("run-1", "here", "ProcessRunner", {})
    postgresql_server.stop("immediate")
    asked = threading.Thread(target=lambda: runs.begin("run-2", "here", "ProcessRunner", {}))
    asked.start()
    asked.join(SHORTLY_S)
    assert asked.is_alive()
    postgresql_server.start()
    asked.join()
    assert {row.id for row in runs.rows()} == {"run-1", "run-2"}


def test_a_server_that_stays_away_is_told(postgresql_server: PostgresServer, server: Database) -> None:
    """After its time, or at once when this process is to end."""
    postgresql_server.stop()
    try:
        server.stopping.set()
        with pytest.raises(StateUnusable, match="cannot be used"):
            Runs(server).rows()
    finally:
        postgresql_server.start()


@pytest.mark.parametrize("change", [{"database": "nothing"}, {"username": "nobody-known"}])
def test_a_wrong_address_is_told_at_once(server: Database, change: dict[str, str]) -> None:
    """What the server says stands in the message; nobody waits for what will not come."""
    wrong = server.address.url.set(drivername="postgresql", **change)  # type: ignore[arg-type]
    with pytest.raises(StateUnusable, match="does not exist"):
        Database.open(state_address(wrong.render_as_string(hide_password=False)))
