"""The history file: what is kept comes back, several commands at once, and nobody else reads it."""

from __future__ import annotations

import os
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import SettingsError
from connector.history.store import VERSION, History
from connector.history.values import Drafts, Entry, Kind, SeenRun

NOON = datetime(2020, 10, 4, 12, tzinfo=UTC)
HERE = "https://contoso.crm4.dynamics.com"
RUN = SeenRun(HERE, "r-1", NOON, NOON + timedelta(minutes=2), "succeeded")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


AMOUNTS = st.dictionaries(
    st.sampled_from(["USD", "EUR"]),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**14), max_value=10**14),
)


@given(st.integers(0, 1000), AMOUNTS, st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_run_comes_back_as_it_was_seen(
    tmp_path_factory: pytest.TempPathFactory, count: int, amounts: dict[str, Decimal], message: str
) -> None:
    """Amounts to the last digit, messages to the last sign."""
    seen = replace(RUN, message=message, drafts=Drafts(count, amounts))
    with History.open(tmp_path_factory.mktemp("h") / "history.db") as history:
        history.see([seen])
        assert list(history.runs()) == [seen]


def test_a_run_that_is_seen_again_is_one_run_and_keeps_what_was_counted(path: Path) -> None:
    """A later look brings a run up to date; drafts that were counted once are not forgotten."""
    at_work = replace(RUN, ended=None, state="in_progress")
    counted = replace(RUN, drafts=Drafts(3, {"USD": Decimal("10.50")}))
    with History.open(path) as history:
        for seen in (at_work, counted, RUN):
            history.see([seen])
        assert list(history.runs()) == [counted]


def test_only_a_run_that_has_ended_is_counted(path: Path) -> None:
    """Drafts are counted once a run has ended, and once only."""
    at_work = replace(RUN, id="r-2", ended=None, state="in_progress")
    with History.open(path) as history:
        assert history.uncounted([RUN, at_work]) == [RUN]
        history.see([replace(RUN, drafts=Drafts(0))])
        assert history.uncounted([RUN, at_work]) == []


def test_runs_are_listed_by_environment_and_from_a_day_on(path: Path) -> None:
    """Two environments in one file do not mix, and instants of other zones sort rightly."""
    east = timezone(timedelta(hours=9))
    later = replace(RUN, id="r-2", started=(NOON + timedelta(days=1)).astimezone(east))
    elsewhere = replace(RUN, environment="https://fabrikam.crm.dynamics.com")
    with History.open(path) as history:
        history.see([later, elsewhere, RUN])
        assert [run.id for run in history.runs(HERE)] == ["r-1", "r-2"]
        assert [run.id for run in history.runs(HERE, NOON + timedelta(hours=1))] == ["r-2"]


def test_entries_say_who_when_and_why(path: Path) -> None:
    """An entry comes back whole; the last one of a kind is found."""
    first = Entry(HERE, Kind.STATUS, NOON, "Healthy.", facts={"health": "sleeping"})
    second = Entry(HERE, Kind.RERUN, NOON, "Started.", "Ada", "Ticket 4711", {"plan": ["start x"]})
    with History.open(path) as history:
        history.note(first)
        history.note(second)
        assert list(history.entries()) == [first, second]
        assert history.last_entry(HERE, Kind.STATUS) == first
        assert history.last_entry(HERE, Kind.VERIFY) is None


def test_several_commands_write_at_once_and_lose_nothing(path: Path) -> None:
    """Eight writers of twenty entries each leave a hundred and sixty entries."""

    def write(writer: int) -> None:
        for number in range(20):
            with History.open(path) as history:
                history.note(Entry(HERE, Kind.STATUS, NOON, f"{writer}/{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    with History.open(path) as history:
        assert len({entry.sentence for entry in history.entries()}) == 160


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_its_owner_reads_the_history(path: Path) -> None:
    """The file is made with mode 0600, and one that was copied has it again once it is opened."""
    History.open(path).__exit__(None, None, None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    History.open(path).__exit__(None, None, None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"not a database, but a text that is long enough to be looked at" * 20])
def test_a_file_of_another_kind_is_left_alone(path: Path, content: bytes) -> None:
    """What is no history is named and not changed by a byte."""
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="is no history of projops"):
        History.open(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_left_alone(path: Path) -> None:
    """A SQLite file with tables of its own is none of ours."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(SettingsError, match="is no history of projops"):
        History.open(path)
    assert path.read_bytes() == before


def test_a_newer_history_is_not_written_to(path: Path) -> None:
    """A file of a later version is refused with that word."""
    History.open(path).__exit__(None, None, None)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.commit()
    connection.close()
    with pytest.raises(SettingsError, match="newer projops"):
        History.open(path)


def test_to_look_makes_no_file(path: Path) -> None:
    """Whoever only lists is told that there is nothing yet."""
    with pytest.raises(SettingsError, match="no history"):
        History.open(path, is_new_allowed=False)
    assert not path.exists()
