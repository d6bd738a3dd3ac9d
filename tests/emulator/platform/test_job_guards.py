"""What clients may do with system jobs, with the documented codes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.platform.world import World

LATER = "2020-10-09T00:00:00Z"
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("waiting", {"statecode": 3, "statuscode": 30}, "0x80044165"),
    ("waiting", {"statecode": 3, "statuscode": 31}, "0x80044165"),
    ("waiting", {"statecode": 2, "statuscode": 20}, "0x80044162"),
    ("waiting", {"statecode": 0, "statuscode": 32}, "0x80048408"),
    ("waiting", {"statecode": 1, "statuscode": 10}, "0x80044167"),
    ("waiting", {"postponeuntil": LATER}, "0x80044167"),
    ("waiting", {"recurrencepattern": "FREQ=DAILY"}, "0x80044168"),
    ("waiting", {"friendlymessage": "x"}, "0x80040315"),
    ("running", {"statecode": 0, "statuscode": 0}, "0x80044166"),
    ("running", {"postponeuntil": None}, "0x80044162"),
    ("running", {"statecode": 3, "statuscode": 30}, "0x80044165"),
    ("completed", {"statecode": 3, "statuscode": 32}, "0x80044165"),
    ("completed", {"statecode": 0, "statuscode": 0}, "0x80044166"),
    ("completed", {"statecode": 1, "statuscode": 10}, "0x80044167"),
    ("completed", {"statecode": 2, "statuscode": 20}, "0x80044162"),
]


def job_in(world: World, state: str) -> str:
    """A system job that is waiting, running or completed."""
    workflow = "ProcessRunner" if state == "running" else "ProcessRunCaller"
    started = world.start(workflow, world.create_batch_job())
    id = str(started["asyncoperationid"])
    if state == "completed":
        world.advance(days=1)
    return id


@pytest.mark.parametrize("state", ["waiting", "running", "completed"])
def test_transitions_that_are_not_allowed_have_their_codes(bare: World, state: str) -> None:
    """Every transition outside the documented ones is 400 with its code and changes nothing."""
    id = job_in(bare, state)
    before = bare.row("asyncoperations", id)
    for values, code in [(values, code) for where, values, code in REFUSED if where == state]:
        answer = bare.request("PATCH", f"asyncoperations({id})", values)
        seen = (answer.status_code, answer.json()["error"]["code"].lower())
        assert seen == (400, code), values
    assert bare.row("asyncoperations", id) == before


@pytest.mark.parametrize("state", ["waiting", "running"])
def test_an_open_job_can_be_canceled(bare: World, state: str) -> None:
    """Cancel leads from Suspended and Locked to 3/32, with the time."""
    id = job_in(bare, state)
    bare.patch("asyncoperations", id, {"statecode": 3, "statuscode": 32})
    job = bare.row("asyncoperations", id)
    assert (job["statecode"], job["statuscode"], job["postponeuntil"]) == (3, 32, None)
    assert job["completedon"] == "2020-10-03T06:00:00Z"


def test_a_running_job_can_be_postponed(bare: World) -> None:
    """Postponing suspends the job until then; it goes on by itself."""
    id = job_in(bare, "running")
    bare.patch("asyncoperations", id, {"postponeuntil": LATER})
    job = bare.row("asyncoperations", id)
    assert (job["statecode"], job["statuscode"], job["postponeuntil"]) == (1, 10, LATER)
    bare.advance(days=7)
    assert bare.row("asyncoperations", id)["completedon"] == LATER


def test_only_a_completed_job_can_be_deleted(bare: World) -> None:
    """Deleting an open job is refused with 0x8004416a; a completed one goes."""
    id = job_in(bare, "waiting")
    answer = bare.request("DELETE", f"asyncoperations({id})")
    assert (answer.status_code, answer.json()["error"]["code"].lower()) == (400, "0x8004416a")
    bare.patch("asyncoperations", id, {"statecode": 3, "statuscode": 32})
    assert bare.request("DELETE", f"asyncoperations({id})").status_code == 204


def test_clients_cannot_create_system_jobs(bare: World) -> None:
    """Creating a row of asyncoperation is not supported."""
    answer = bare.request("POST", "asyncoperations", {"name": "x", "operationtype": 10})
    assert not answer.ok
    assert bare.jobs() == []


@pytest.mark.parametrize("state", ["waiting", "running", "completed"])
def test_a_change_of_nothing_changes_nothing(bare: World, state: str) -> None:
    """An empty PATCH leaves state, status and timer as they are."""
    id = job_in(bare, state)
    before = bare.row("asyncoperations", id)
    assert bare.request("PATCH", f"asyncoperations({id})", {}).status_code == 204
    after = bare.row("asyncoperations", id)
    for column in ("statecode", "statuscode", "postponeuntil", "completedon"):
        assert after[column] == before[column]
