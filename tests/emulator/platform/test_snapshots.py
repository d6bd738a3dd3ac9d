"""States that are kept and come back, in memory and in files, also while clients are at work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from connector.emulator.ownership import open_emulator
from connector.emulator.store import Image
from connector.errors import StateFileError
from tests.emulator.platform.world import World


@pytest.fixture(params=["memory", "file"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """An environment in memory, and one over a file."""
    path = tmp_path / "state.db" if request.param == "file" else None
    with open_emulator(path, seed="none") as emulator:
        world = World(emulator)
        yield world
        world.session.close()


def names(world: World) -> list[str]:
    return [row["name"] for row in world.rows("accounts", order_by="name")]


def control(world: World, method: str, path: str, content: bytes | None = None) -> requests.Response:
    return requests.request(method, f"{world.emulator.control_url}/{path}", data=content, timeout=60)


def test_a_restored_state_is_the_one_that_was_saved(kept: World) -> None:
    """Rows, clock, switches and the jobs that wait are those of then; nothing of later is left."""
    job = kept.start("ProcessRunCaller", kept.create_batch_job())["asyncoperationid"]
    kept.create("accounts", {"name": "Then"})
    image, then = kept.emulator.take_snapshot(), kept.now
    kept.emulator.change_switches(stalls_timers=True)
    kept.create("accounts", {"name": "Later"})
    kept.advance(days=3)
    kept.emulator.restore_snapshot(image)
    assert (names(kept), kept.now) == (["Then"], then)
    assert kept.row("asyncoperations", job)["statecode"] == 1
    kept.advance(days=1, hours=1)
    assert kept.row("asyncoperations", job)["statuscode"] == 30  # the timers do not stall


def test_a_state_comes_back_any_number_of_times(kept: World) -> None:
    """Each time it is the first one; new rows are counted on from there."""
    image = kept.emulator.take_snapshot()
    for number in range(3):
        kept.create("accounts", {"name": f"Number {number}"})
        assert names(kept) == [f"Number {number}"]
        kept.emulator.restore_snapshot(image)
        assert names(kept) == []


def test_readers_see_one_state_or_the_other(kept: World) -> None:
    """While states are exchanged a client reads all rows of one of them, and is refused nothing."""
    empty = kept.emulator.take_snapshot()
    for number in range(20):
        kept.create("accounts", {"name": f"{number}"})
    full, seen, ended = kept.emulator.take_snapshot(), set(), threading.Event()

    def read() -> None:
        while not ended.is_set():
            seen.add(len(names(kept)))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(10):
        kept.emulator.restore_snapshot(empty)
        kept.emulator.restore_snapshot(full)
    ended.set()
    reader.join()
    assert seen <= {0, 20}


def test_a_snapshot_is_a_state_file_of_its_own(kept: World, tmp_path: Path) -> None:
    """Written to a file it can be served: same rows, same clock, same application."""
    kept.create("accounts", {"name": "Then"})
    copy = tmp_path / "copy.db"
    copy.write_bytes(control(kept, "GET", "snapshot").content)
    with open_emulator(copy) as served:
        other = World(served)
        assert names(other) == ["Then"]
        assert served.client_secret == kept.emulator.client_secret
        other.session.close()


def test_what_is_no_snapshot_changes_nothing(kept: World, tmp_path: Path) -> None:
    """Other bytes, a cut-off file, and another emulator's state are 400 with a sentence."""
    kept.create("accounts", {"name": "Here"})
    whole = control(kept, "GET", "snapshot").content
    with open_emulator(tmp_path / "other.db", seed="none") as other:
        foreign = other.take_snapshot().content
    broken = whole[: len(whole) // 2]
    for content in (
        b"",
        b"SQLite format 3\x00",
        b"{}",
        broken,
        whole[:100] + bytes(len(whole) - 100),
        foreign,
    ):
        answer = control(kept, "POST", "snapshot", content)
        assert answer.status_code == 400
        assert "snapshot" in answer.json()["error"]
    assert names(kept) == ["Here"]
    assert control(kept, "POST", "snapshot", whole).json() == control(kept, "GET", "clock").json()


def test_tests_in_other_languages_go_back_to_a_mark(kept: World) -> None:
    """POST reset is refused without a mark, and brings back its state afterwards."""
    assert control(kept, "POST", "reset").status_code == 400
    assert control(kept, "POST", "mark").status_code == 200
    for _ in range(2):
        kept.create("accounts", {"name": "Later"})
        assert control(kept, "POST", "reset").status_code == 200
        assert names(kept) == []


def test_bytes_are_checked_where_they_come_in() -> None:
    """A file of another application is none of ours."""
    with pytest.raises(StateFileError, match="no snapshot"):
        Image.read(b"SQLite format 3\x00" + bytes(200))
