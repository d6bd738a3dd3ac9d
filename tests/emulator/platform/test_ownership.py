"""One process owns a state file, others attach; foreign files are left alone."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from connector.emulator.access import access_file, read_access, write_access
from connector.emulator.ownership import OpenEmulator, open_emulator
from connector.errors import StateFileError, UsageError
from tests.emulator.platform.world import World

OWNER = """
import sys
from pathlib import Path
from connector.emulator.ownership import open_emulator
emulator = open_emulator(Path(sys.argv[1]), seed="none")
print(emulator.url, emulator.is_attached, flush=True)
sys.stdin.readline()
emulator.stop()
"""


def test_a_missing_file_is_made_with_the_sample_and_says_so(tmp_path: Path) -> None:
    """is_new is true for the call that made the file, and false ever after."""
    path = tmp_path / "state.db"
    with open_emulator(path) as emulator:
        assert emulator.is_new
        world = World(emulator)
        assert len(world.rows("salesorders")) == 10
        world.session.close()
    with open_emulator(path, seed="none") as emulator:
        assert not emulator.is_new
        world = World(emulator)
        assert len(world.rows("salesorders")) == 10
        world.session.close()


def test_a_second_process_attaches_to_the_one_that_serves(tmp_path: Path, repository: Path) -> None:
    """It gets the owner's address and secret, moves its clock, and leaves it running."""
    path = tmp_path / "state.db"
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=repository,
    ) as owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().split()[0]
        with open_emulator(path) as emulator:
            assert (emulator.url, emulator.is_attached, emulator.is_new) == (url, True, False)
            world = World(emulator)
            moved = world.session.post(f"{emulator.control_url}/clock", json={"advance_s": 60}).json()
            assert moved == {"now": "2020-10-03T06:01:00Z"}
            assert world.request("GET", "WhoAmI").headers["Date"].endswith("06:01:00 GMT")
            with pytest.raises(StateFileError):
                emulator.service  # noqa: B018 - the property refuses
            world.session.close()
        assert owner.poll() is None
        owner.communicate("\n")
    with open_emulator(path) as emulator:
        assert not emulator.is_attached
        assert emulator.store.now.minute == 1


def test_commands_that_begin_at_one_moment_share_one_emulator(tmp_path: Path) -> None:
    """Of several that open a file at once exactly one serves it, the others attach to that one."""
    path = tmp_path / "state.db"
    opened: list[OpenEmulator] = []
    threads = [
        threading.Thread(target=lambda: opened.append(open_emulator(path, seed="none"))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(emulator.is_attached for emulator in opened) == [False, True, True]
    assert len({emulator.url for emulator in opened}) == 1
    for emulator in opened:
        emulator.stop()


def test_a_killed_owner_leaves_nothing_that_stands_in_the_way(tmp_path: Path, repository: Path) -> None:
    """What a killed process wrote beside the file is stale: the next one owns the file."""
    path = tmp_path / "state.db"
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=repository,
    ) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        owner.kill()
        owner.wait()
    stale = read_access(path)
    assert stale is not None
    with open_emulator(path) as emulator:
        assert not emulator.is_attached
        assert read_access(path) != stale


@pytest.mark.skipif(os.name != "posix", reason="other systems have no file modes")
def test_the_access_file_is_for_its_user_only_and_goes_with_the_owner(tmp_path: Path) -> None:
    """The file with the secret has mode 0600 from the start, and is gone after a clean stop."""
    path = tmp_path / "state.db"
    with open_emulator(path, seed="none") as emulator:
        assert stat.S_IMODE(access_file(path).stat().st_mode) == 0o600
        assert emulator.client_secret in access_file(path).read_text()
        for other in tmp_path.iterdir():
            if stat.S_IMODE(other.stat().st_mode) & 0o077 and other != path:
                assert emulator.control_url.encode() not in other.read_bytes(), other
    assert not access_file(path).exists()


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    """Neither the emulator nor its facts print the secret or the control token."""
    with open_emulator(None, seed="none") as emulator:
        for shown in (repr(emulator), repr(emulator.facts), str(emulator.facts), f"{emulator}"):
            assert emulator.client_secret not in shown
            assert emulator.control_url not in shown


def test_a_broken_access_file_is_no_access(tmp_path: Path) -> None:
    """Half a file is none; what was written comes back."""
    path = tmp_path / "state.db"
    with open_emulator(None, seed="none") as emulator:
        write_access(path, emulator.facts)
        assert read_access(path) == emulator.facts
    access_file(path).write_text("{")
    assert read_access(path) is None


@pytest.mark.parametrize("content", [b"notes", None])
def test_a_file_that_is_none_of_ours_is_left_untouched(tmp_path: Path, content: bytes | None) -> None:
    """Text, or somebody's SQLite file, is refused with StateFileError and stays byte for byte."""
    path = tmp_path / "notes.db"
    if content is None:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE mine (x)")
        connection.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(StateFileError, match=r"notes\.db"):
        open_emulator(path)
    assert path.read_bytes() == before
    assert not access_file(path).exists()


def test_a_damaged_file_is_refused_at_its_first_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of ours that was cut short is named at once: only a file in use is looked at again."""
    path = tmp_path / "state.db"
    with open_emulator(path, seed="none"):
        pass
    path.write_bytes(path.read_bytes()[:5000])
    monkeypatch.setattr("connector.emulator.ownership.ATTACH_WITHIN_S", float("inf"))
    with pytest.raises(StateFileError, match=r"state\.db cannot be used"):
        open_emulator(path)


def test_an_unknown_seed_makes_no_file(tmp_path: Path) -> None:
    """A seed that does not exist is a usage error that lists the names."""
    with pytest.raises(UsageError, match="sample, none"):
        open_emulator(tmp_path / "state.db", seed="everything")
    assert list(tmp_path.iterdir()) == []
