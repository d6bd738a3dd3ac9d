"""Leases: who may write, and who has lost that."""

from __future__ import annotations

import pytest

from connector.errors import Superseded
from connector.state.database import Database
from connector.state.leases import LEASE_S, Holder, Holding, Lease, Leases
from tests.state.conftest import Wall

JOB = "job/here"


@pytest.fixture
def leases(database: Database) -> Leases:
    return Leases(database)


def take(leases: Leases, owner: str, *, is_shared: bool = False) -> Lease:
    found = leases.take(JOB, owner, is_shared=is_shared)
    assert isinstance(found, Lease), found
    return found


def is_held(leases: Leases, lease: Lease) -> bool:
    """What a writer asks in the transaction of its note."""
    try:
        leases.database.do(lambda connection: leases.check(connection, [lease]))
    except Superseded:
        return False
    return True


def test_one_has_it_and_the_other_is_told_who(leases: Leases) -> None:
    """A lease that is held is not given to another."""
    take(leases, "one")
    found = leases.take(JOB, "other")
    assert isinstance(found, Holder)
    assert (found.owner, found.is_stale) == ("one", False)


def test_an_owner_who_sleeps_longer_than_his_lease_has_lost_it(leases: Leases, wall: Wall) -> None:
    """Another takes it after its end, and the sleeper's next write is refused."""
    first = take(leases, "one")
    wall.now += LEASE_S + 1
    second = take(leases, "other")
    assert (is_held(leases, first), is_held(leases, second)) == (False, True)


def test_a_lease_that_ended_and_nobody_took_is_still_held(leases: Leases, wall: Wall) -> None:
    """The end says only that others may take it."""
    lease = take(leases, "one")
    wall.now += LEASE_S + 1
    assert is_held(leases, lease)
    assert isinstance(leases.take(JOB, "other"), Holder)


def test_checking_renews(leases: Leases, wall: Wall) -> None:
    """Whoever writes does not lose it by writing long."""
    lease = take(leases, "one")
    for _ in range(5):
        wall.now += LEASE_S - 1
        assert is_held(leases, lease)
        assert isinstance(leases.take(JOB, "other"), Holder)


@pytest.mark.parametrize("passed_s", [0, LEASE_S / 2 - 1, LEASE_S / 2 + 1, 2 * LEASE_S])
def test_after_a_check_half_of_a_lease_is_left(leases: Leases, wall: Wall, passed_s: float) -> None:
    """Nobody takes over within that time, whenever it was renewed before."""
    lease = take(leases, "one")
    wall.now += passed_s
    assert is_held(leases, lease)
    (holder,) = leases.holders(JOB)
    assert holder.until - wall.now >= LEASE_S / 2


def test_who_comes_back_shuts_his_former_self_out(leases: Leases) -> None:
    """A worker that is started again gets a new token; what still runs of the old one writes no more."""
    before, after = take(leases, "one"), take(leases, "one")
    assert (is_held(leases, before), is_held(leases, after)) == (False, True)


def test_those_who_work_on_one_run_hold_its_lease_together(leases: Leases) -> None:
    """Shared, the token stays as it is."""
    first, second = take(leases, "run", is_shared=True), take(leases, "run", is_shared=True)
    assert is_held(leases, first)
    assert is_held(leases, second)


def test_a_lease_that_is_revoked_is_lost(leases: Leases) -> None:
    """Canceling takes it away; what was let go of is free at once."""
    lease = take(leases, "one")
    leases.revoke("job/")
    assert not is_held(leases, lease)
    leases.release([take(leases, "other")])
    take(leases, "third")


def test_what_came_of_a_write_is_noted_while_nobody_else_has_the_lease(leases: Leases, wall: Wall) -> None:
    """Revoked, as by a cancel, or at its end: yes. Taken by another: he finds out, and his notes stay."""
    mine = take(leases, "one")
    leases.revoke("job/")

    def note() -> None:
        leases.database.do(Holding(leases, (mine,)).check_not_taken)

    note()
    take(leases, "other")
    with pytest.raises(Superseded, match="taken over"):
        note()


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
def test_a_clock_that_jumps_gives_a_lease_to_one_at_a_time(leases: Leases, wall: Wall, jump_s: float) -> None:
    """An hour forth it may be taken away, an hour back it may last longer: two never hold it."""
    first = take(leases, "one")
    wall.now += jump_s
    found = leases.take(JOB, "other")
    held = [is_held(leases, one) for one in (first, found) if isinstance(one, Lease)]
    assert held.count(True) == 1
    wall.now -= jump_s
    held = [is_held(leases, one) for one in (first, found) if isinstance(one, Lease)]
    assert held.count(True) == 1


def test_holders_are_listed_with_the_stale_ones(leases: Leases, wall: Wall) -> None:
    """Whose lease has ended is shown as stale."""
    take(leases, "one")
    wall.now += LEASE_S + 1
    leases.take("job/there", "other")
    assert [(one.name, one.owner, one.is_stale) for one in leases.holders("job/")] == [
        ("job/here", "one", True),
        ("job/there", "other", False),
    ]
