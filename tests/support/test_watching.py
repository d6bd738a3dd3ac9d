"""When a change of health is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connector.model.job_chain import HEALTHY, Health
from connector.support.watching import (
    UNREACHABLE,
    Memory,
    Seen,
    after_look,
    after_telling,
    event_as_json,
    memory_as_json,
    memory_of,
)

NOW = datetime(2020, 10, 4, 6, tzinfo=UTC)
HEALTHS = (*(health.value for health in Health), UNREACHABLE)


def seen(health: str, minutes: int = 0) -> Seen:
    return Seen(health, f"It is {health}.", NOW + timedelta(minutes=minutes), "Do it.", NOW)


def told_by(healths: list[str]) -> list[str]:
    """What is told when every post arrives."""
    memory, told = Memory(), []
    for minutes, health in enumerate(healths):
        memory = after_look(memory, seen(health, minutes), "e")
        if memory.pending is not None:
            told.append(memory.pending.seen.health)
            memory = after_telling(memory)
    return told


def test_the_first_look_is_told_and_then_changes_alone() -> None:
    """A job that stays as it is, is told once; a stop and a return are each told once."""
    assert told_by(["sleeping", "sleeping", "stalled", "stalled", "sleeping"]) == [
        "sleeping",
        "stalled",
        "sleeping",
    ]


def test_a_job_that_goes_on_by_itself_is_no_news() -> None:
    """Running, sleeping and overdue are one health."""
    assert told_by(["sleeping", "running", "overdue", "sleeping"]) == ["sleeping"]


def test_one_lost_connection_is_no_news_and_two_are() -> None:
    """Unreachable is told at the second failure in a row, once, and so is the return."""
    assert told_by(["sleeping", UNREACHABLE, "sleeping", UNREACHABLE]) == ["sleeping"]
    assert told_by(["sleeping", UNREACHABLE, UNREACHABLE, UNREACHABLE, "sleeping"]) == [
        "sleeping",
        UNREACHABLE,
        "sleeping",
    ]


def test_what_did_not_arrive_goes_out_again_under_the_same_id() -> None:
    """A lost post is repeated with its id while the health lasts, and is overtaken when that changes."""
    memory = after_look(Memory(told="sleeping"), seen("stalled", 1), "e", "prod")
    again = after_look(memory, seen("stalled", 16), "e", "prod")
    assert memory.pending is not None
    assert again.pending == memory.pending
    other = after_look(again, seen("canceled", 31), "e", "prod")
    assert other.pending is not None
    assert other.pending.id != memory.pending.id
    assert other.pending.previous == "sleeping"
    back = after_look(other, seen("sleeping", 46), "e", "prod")
    assert back.pending is None


def test_what_is_posted() -> None:
    """The event names environment, profile, health before and now, what to do, and has one line of text."""
    memory = after_look(Memory(told="sleeping"), seen("stalled"), "https://x", "prod")
    assert memory.pending is not None
    body = event_as_json(memory.pending)
    assert body == {
        "id": memory.pending.id,
        "environment": "https://x",
        "profile": "prod",
        "at": "2020-10-04T06:00:00Z",
        "health": "stalled",
        "previous": "sleeping",
        "is_healthy": False,
        "sentence": "It is stalled.",
        "next_step": "Do it.",
        "next_run": "2020-10-04T06:00:00Z",
        "text": "prod: It is stalled. Do it.",
    }


@given(st.lists(st.tuples(st.sampled_from(HEALTHS), st.booleans(), st.booleans())))
def test_each_change_is_told_once_whatever_is_lost_and_restarted(
    looks: list[tuple[str, bool, bool]],
) -> None:
    """No two events that arrive in a row say the same, restarts forget nothing, ids are repeated only for
    what is sent again, and once a post gets through the last health that counted is known."""
    memory = Memory()
    arrived: list[str] = []
    ids: dict[str, str] = {}
    blind = 0
    for minutes, (health, gets_through, is_restarted) in enumerate(looks):
        memory = after_look(memory, seen(health, minutes), "e")
        blind = blind + 1 if health == UNREACHABLE else 0
        if is_restarted:
            memory = memory_of(memory_as_json(memory))
        if memory.pending is not None:
            assert ids.setdefault(memory.pending.id, memory.pending.seen.health) == memory.pending.seen.health
            if gets_through:
                arrived.append(memory.pending.seen.health)
                memory = after_telling(memory)
        if gets_through and blind != 1:
            assert arrived
            assert _folded(arrived[-1]) == _folded(health)
    folded = [_folded(health) for health in arrived]
    assert all(one != other for one, other in pairwise(folded))


def _folded(health: str) -> str:
    return "healthy" if health in HEALTHY else health


def test_a_memory_survives_its_file() -> None:
    """What is written is what is read, to the second."""
    memory = after_look(Memory(told="sleeping", blind=0), seen("stalled"), "e", "prod")
    assert memory_of(memory_as_json(memory)) == memory
    assert memory_of(memory_as_json(replace(memory, pending=None))) == replace(memory, pending=None)
