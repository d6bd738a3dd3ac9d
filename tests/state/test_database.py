"""The door to the state: SQLite as it has to be set up, and what cannot be used said in one sentence."""

from __future__ import annotations

import sqlite3
import stat
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.errors import SettingsError, StateUnusable
from connector.state.address import state_address
from connector.state.database import Database, unixepoch
from connector.state.runs import Runs
from connector.state.tables import about

SECRET = "pa55word"


def test_sqlite_writes_ahead_and_every_commit_reaches_the_disk(database: Database) -> None:
    """Write-ahead log, synchronous FULL, and a lock that is waited for."""

    def ask(name: str) -> object:
        return database.do(lambda connection: connection.scalar(sa.text(f"PRAGMA {name}")))

    assert (ask("journal_mode"), ask("synchronous"), ask("busy_timeout")) == ("wal", 2, 30_000)


def test_what_need_not_last_does_not_wait_for_the_disk(database: Database) -> None:
    """Its commit is left to the operating system; the next one waits for the disk as ever."""

    def synchronous(connection: sa.Connection) -> object:
        return connection.scalar(sa.text("PRAGMA synchronous"))

    assert (database.change(synchronous, is_lasting=False), database.change(synchronous)) == (1, 2)
    with pytest.raises(ZeroDivisionError):
        database.change(lambda _: 1 // 0, is_lasting=False)
    assert database.do(synchronous) == 2


def test_a_change_has_the_right_to_write_before_it_reads(database: Database) -> None:
    """Nobody else writes between what it reads and what it writes by that."""

    def read_first(connection: sa.Connection) -> bool:
        connection.execute(sa.select(about)).all()
        with closing(sqlite3.connect(str(database.address.path), timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")
        return True

    assert database.do(read_first)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        database.change(read_first)


def test_milliseconds_are_told_whatever_the_library(database: Database) -> None:
    """The engine asks unixepoch('subsec'), which SQLite has from 3.42 on: else the function is ours."""
    found = database.do(lambda connection: connection.scalar(sa.text("SELECT unixepoch('subsec')")))
    assert isinstance(found, float)
    assert abs(found - time.time()) < 60


def test_our_unixepoch_is_that_of_sqlite() -> None:
    """Whole seconds without 'subsec'; of any other instant it claims nothing."""
    assert isinstance(unixepoch("subsec"), float)
    assert isinstance(unixepoch("now", "subsecond"), float)
    assert isinstance(unixepoch(), int)
    assert unixepoch("2020-10-05") is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps the folder's rights")
def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    """What customers are invoiced is nobody else's business."""
    path = tmp_path / "new" / "runs.db"
    Database.open(state_address(str(path))).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_disk_that_is_full_is_said_and_loses_nothing(database: Database) -> None:
    """What was there before can be read, and what did not fit is not there in part."""
    runs = Runs(database)
    runs.begin("run-1", "here", "ProcessRunner", {})
    database.do(lambda connection: connection.execute(sa.text("PRAGMA max_page_count = 1")))
    with pytest.raises(StateUnusable, match="full"):
        runs.begin("run-2", "here", "ProcessRunner", {"text": "x" * 1_000_000})
    assert runs.find("run-2") is None
    assert runs.find("run-1") is not None


def test_what_is_no_state_is_said(tmp_path: Path) -> None:
    """A file that is no database is named, and left as it is."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear customer, " * 500, encoding="ascii")
    with pytest.raises(StateUnusable, match=r"letter\.txt"):
        Database.open(state_address(str(path)))
    assert path.read_text(encoding="ascii").startswith("Dear customer")


def test_a_newer_state_is_left_alone(tmp_path: Path, database: Database) -> None:
    """A program that does not know the tables does not touch them."""
    database.do(lambda connection: connection.execute(sa.update(about).values(version=99)))
    with pytest.raises(StateUnusable, match="newer projops"):
        Database.open(database.address)


def test_where_no_run_ever_was_no_file_is_made(tmp_path: Path) -> None:
    """Looking makes nothing."""
    path = tmp_path / "runs.db"
    with pytest.raises(StateUnusable, match="no runs yet"):
        Database.open(state_address(str(path)), is_new_allowed=False)
    assert not path.exists()


@pytest.mark.parametrize(
    "text",
    [f"postgresql://projops:{SECRET}@db.example/runs", f"postgres://projops:{SECRET}@db.example:5432/runs"],
)
def test_a_password_is_shown_nowhere(text: str) -> None:
    """Neither in the text nor in the repr of an address."""
    address = state_address(text)
    assert SECRET not in str(address) + repr(address)
    assert "db.example" in str(address)


@pytest.mark.parametrize("text", ["mysql://u:pa55word@h/d", "sqlite:///:memory:", "sqlite://", "::://"])
def test_what_cannot_be_a_state_is_refused_without_repeating_it(text: str) -> None:
    """One sentence with the way out, and no password in it."""
    with pytest.raises(SettingsError) as refused:
        state_address(text)
    assert SECRET not in str(refused.value)
    assert "postgresql://USER:PASSWORD@HOST/DATABASE" in refused.value.hint


def test_a_server_that_is_away_is_told_without_its_password() -> None:
    """Refused connections are waited for as long as patience lasts, then said."""
    address = state_address(f"postgresql://projops:{SECRET}@127.0.0.1:1/runs")
    with pytest.raises(StateUnusable) as away:
        Database.open(address, patience_s=0)
    assert SECRET not in str(away.value)
