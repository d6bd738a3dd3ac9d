"""`projops emulator snapshot`: a state in a file, and back."""

from __future__ import annotations

import stat
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from connector.emulator.ownership import OpenEmulator
from tests.console.outputs import Projops


def test_a_saved_state_comes_back(projops: Projops, emulator: OpenEmulator, tmp_path: Path) -> None:
    """save changes nothing; restore brings back clock and rows, and says where the clock stands."""
    assert projops("emulator", "snapshot", "save", "then.db").code == 0
    assert projops("provision", "--apply").code == 0
    emulator.advance_clock(timedelta(days=3))
    restored = projops("emulator", "snapshot", "restore", "then.db")
    assert (restored.code, restored.out) == (0, "2020-10-03T06:00:00Z\n")
    assert projops("status", "-o", "json").json["health"] == "never_provisioned"
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "then.db").stat().st_mode) == 0o600


@pytest.mark.usefixtures("emulator")
def test_an_existing_file_is_not_overwritten_by_chance(projops: Projops, tmp_path: Path) -> None:
    """save wants --replace for it; restore names a file that is not there, or is something else."""
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    refused = projops("emulator", "snapshot", "save", "mine.txt")
    assert (refused.code, "--replace" in refused.err) == (1, True)
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "mine"
    assert projops("emulator", "snapshot", "restore", "missing.db").code == 1
    assert "no snapshot" in projops("emulator", "snapshot", "restore", "mine.txt").err


def test_serve_does_not_play_over_an_existing_file(projops: Projops, tmp_path: Path) -> None:
    """--from begins a new state: a file that is there stays, and a missing snapshot is named."""
    (tmp_path / "there.db").write_bytes(b"")
    assert projops("emulator", "serve", "there.db", "--from", "x.jsonl").code == 1
    missing = projops("emulator", "seed", "new.db", "--from", "x.jsonl")
    assert (missing.code, "x.jsonl" in missing.err) == (1, True)
    assert not (tmp_path / "new.db").exists()


TICKETS = """
[[tables]]
logical_name = "new_ticket"

[[tables.columns]]
name = "new_title"
type = "String"
"""


@pytest.mark.usefixtures("emulator")
def test_tables_of_ones_own_are_added_and_listed(projops: Projops, tmp_path: Path) -> None:
    """From TOML and from JSON; what cannot be is one clear error, and adds nothing."""
    (tmp_path / "tickets.toml").write_text(TICKETS, encoding="utf-8")
    added = projops("emulator", "table", "add", "tickets.toml")
    assert (added.code, added.out) == (0, "new_ticket: new_title\n")
    (tmp_path / "more.json").write_text(
        '{"columns": [{"table": "new_ticket", "name": "new_note", "type": "Memo"}]}', encoding="utf-8"
    )
    assert (
        projops("emulator", "table", "add", "more.json", "-o", "json").json["columns"][0]["name"]
        == "new_note"
    )
    assert projops("emulator", "table", "list").out == "new_ticket: new_title\nnew_ticket: new_note\n"
    again = projops("emulator", "table", "add", "tickets.toml")
    assert (again.code, "already" in again.err) == (2, True)
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    assert projops("emulator", "table", "add", "broken.json").code == 2
    assert projops("emulator", "table", "add", "missing.json").code == 2
