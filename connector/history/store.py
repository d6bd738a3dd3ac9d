"""The history file: SQLite, readable by its owner alone, written by several commands at once."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from connector.errors import SettingsError
from connector.history.values import Drafts, Entry, Kind, SeenRun

APPLICATION_ID: Final = 0x70726F68
"""Marks a file as a history of ours, in SQLite's own header."""
VERSION: Final = 1
_WAIT_S = 10.0
_SCHEMA = """
CREATE TABLE run (
    environment TEXT NOT NULL, id TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, state TEXT NOT NULL,
    message TEXT NOT NULL, drafts INTEGER, amounts TEXT, PRIMARY KEY (environment, id)
) WITHOUT ROWID;
CREATE TABLE entry (
    number INTEGER PRIMARY KEY, environment TEXT NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL,
    sentence TEXT NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL, facts TEXT NOT NULL
);
CREATE INDEX run_by_start ON run (environment, started);
CREATE INDEX entry_by_time ON entry (environment, at);
"""
_SEE = """
INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET started = excluded.started, ended = excluded.ended, state = excluded.state,
    message = excluded.message, drafts = coalesce(excluded.drafts, drafts),
    amounts = coalesce(excluded.amounts, amounts)
"""


class History:
    """Runs and entries of any number of environments, told apart by their addresses."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, path: Path, *, is_new_allowed: bool = True) -> Self:
        """Raises SettingsError for a file that is none of ours, cannot be used, or is not there."""
        if not is_new_allowed and not path.exists():
            raise SettingsError(
                f"There is no history {path} yet.", "It is begun by the next status, verify, run or rerun."
            )
        try:
            _make_private(path)
            connection = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise SettingsError(f"The history {path} cannot be used: {error}.", "Check the path.") from None
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
        return cls(connection, path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def see(self, runs: Iterable[SeenRun]) -> None:
        """Keep runs; one that is known is brought up to date, and keeps the drafts that were counted."""
        rows = [_row(run) for run in runs]
        with self._transaction():
            self._connection.executemany(_SEE, rows)

    def note(self, entry: Entry) -> None:
        with self._transaction():
            self._connection.execute(
                "INSERT INTO entry (environment, kind, at, sentence, who, reason, facts)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    entry.environment,
                    entry.kind.value,
                    _text(entry.at),
                    entry.sentence,
                    entry.who,
                    entry.reason,
                    json.dumps(dict(entry.facts), ensure_ascii=False, default=str),
                ),
            )

    def runs(self, environment: str | None = None, since: datetime | None = None) -> Iterator[SeenRun]:
        """The oldest first."""
        found = self._connection.execute(
            "SELECT environment, id, started, ended, state, message, drafts, amounts FROM run"
            " WHERE (?1 IS NULL OR environment = ?1) AND (?2 IS NULL OR started >= ?2)"
            " ORDER BY environment, started, id",
            (environment, None if since is None else _text(since)),
        )
        return map(_run, found)

    def entries(self, environment: str | None = None, since: datetime | None = None) -> Iterator[Entry]:
        """The oldest first."""
        found = self._connection.execute(
            "SELECT environment, kind, at, sentence, who, reason, facts FROM entry"
            " WHERE (?1 IS NULL OR environment = ?1) AND (?2 IS NULL OR at >= ?2)"
            " ORDER BY at, number",
            (environment, None if since is None else _text(since)),
        )
        return map(_entry, found)

    def last_entry(self, environment: str, kind: Kind) -> Entry | None:
        found = self._connection.execute(
            "SELECT environment, kind, at, sentence, who, reason, facts FROM entry"
            " WHERE environment = ? AND kind = ? ORDER BY number DESC LIMIT 1",
            (environment, kind.value),
        ).fetchone()
        return None if found is None else _entry(found)

    def uncounted(self, runs: Iterable[SeenRun]) -> list[SeenRun]:
        """Those of the runs that have ended and whose drafts nobody has counted yet."""
        wanted = [run for run in runs if run.ended is not None]
        return [run for run in wanted if not self._is_counted(run)]

    def _is_counted(self, run: SeenRun) -> bool:
        found = self._connection.execute(
            "SELECT 1 FROM run WHERE environment = ? AND id = ? AND drafts IS NOT NULL AND ended IS NOT NULL",
            (run.environment, run.id),
        )
        return found.fetchone() is not None

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise SettingsError(
                f"The history {self._path} cannot be written: {error}.", "Check disk and rights."
            ) from None


def _make_private(path: Path) -> None:
    """A new file is made with mode 0600 before SQLite opens it, one that was copied gets it again.

    Windows keeps the folder's rights.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if os.name != "nt" and path.stat().st_mode & 0o077:
            with contextlib.suppress(OSError):
                path.chmod(0o600)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    foreign = SettingsError(f"{path} is no history of projops.", "Name another file for the history.")
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application == 0 and tables == 0:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        elif application != APPLICATION_ID:
            raise foreign
        elif version > VERSION:
            raise SettingsError(
                f"The history {path} was written by a newer projops (version {version}).", "Update projops."
            )
        connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise SettingsError(f"The history {path} cannot be used: {error}.", "Check it.") from None
        raise foreign from None


def _row(run: SeenRun) -> tuple[Any, ...]:
    drafts = run.drafts
    amounts = None if drafts is None else json.dumps({code: str(sum) for code, sum in drafts.amounts.items()})
    return (
        run.environment,
        run.id,
        _text(run.started),
        None if run.ended is None else _text(run.ended),
        run.state,
        run.message,
        None if drafts is None else drafts.count,
        amounts,
    )


def _run(row: tuple[Any, ...]) -> SeenRun:
    environment, id, started, ended, state, message, count, amounts = row
    drafts = None
    if count is not None:
        drafts = Drafts(count, {code: Decimal(text) for code, text in json.loads(amounts or "{}").items()})
    return SeenRun(
        environment, id, _instant(started), None if ended is None else _instant(ended), state, message, drafts
    )


def _entry(row: tuple[Any, ...]) -> Entry:
    environment, kind, at, sentence, who, reason, facts = row
    return Entry(environment, Kind(kind), _instant(at), sentence, who, reason, json.loads(facts))


def _text(instant: datetime) -> str:
    """UTC to the microsecond: texts of one length sort as instants do."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
