"""The door to the state: transactions that wait out a lock or a server that is starting again."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from threading import Event
from typing import Any, Final, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from connector.errors import StateUnusable
from connector.state.address import POSTGRESQL, SQLITE, StateAddress
from connector.state.tables import VERSION, about, metadata

T = TypeVar("T")
BUSY_MS = 30_000
PATIENCE_S = 60.0
"""How long a server that cannot be reached is waited for: the time of a restart."""
PAUSE_S = 0.5
SERVER_CLOCK: Final = sa.extract("epoch", sa.func.clock_timestamp())
"""PostgreSQL's clock at this moment, within a transaction too: seconds since 1970."""


@dataclass(frozen=True)
class Database:
    """`wall` gives seconds since 1970 for a SQLite file; with PostgreSQL the server's clock counts, since
    hosts need not agree. A server that was there and is away is waited for, until `stopping` is set."""

    engine: sa.Engine
    address: StateAddress
    wall: Callable[[], float] = time.time
    patience_s: float = PATIENCE_S
    stopping: Event = field(default_factory=Event)

    @classmethod
    def open(
        cls,
        address: StateAddress,
        *,
        is_new_allowed: bool = True,
        wall: Callable[[], float] = time.time,
        patience_s: float = PATIENCE_S,
        stopping: Event | None = None,
    ) -> Self:
        """Opens it, and makes the tables where they are missing. A server that cannot be reached now is not
        waited for: its address may be wrong. Raises StateUnusable."""
        if address.path is not None and not is_new_allowed and not address.path.exists():
            raise StateUnusable(f"There are no runs yet: no file {address}.", "A durable run makes it.")
        opened = cls(engine_for(address), address, wall, patience_s, stopping or Event())
        try:
            opened.do(_prepare, patience_s=0)
        except BaseException:
            opened.close()
            raise
        return opened

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.engine.dispose()

    def do(self, work: Callable[[sa.Connection], T], *, patience_s: float | None = None) -> T:
        """The work in one transaction. It may be done again after a lost connection, so it has to be such
        that this does no harm. Raises StateUnusable."""

        def once() -> T:
            with self.engine.begin() as connection:
                return work(connection)

        return self._patiently(once, self.patience_s if patience_s is None else patience_s)

    def change(self, work: Callable[[sa.Connection], T], *, is_lasting: bool = True) -> T:
        """As `do`, for work that writes by what it reads: in a file nobody writes between the two.

        Not `is_lasting`: it outlasts the process at once, and a loss of power only with the next change
        that lasts; the disk is not waited for.
        """

        def once() -> T:
            with (
                self.engine.connect() as connection,
                self._on_disk(connection, is_lasting),
                connection.begin(),
            ):
                if self.address.path is not None:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                elif not is_lasting:
                    connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
                return work(connection)

        return self._patiently(once, self.patience_s)

    @contextmanager
    def _on_disk(self, connection: sa.Connection, is_lasting: bool) -> Iterator[None]:
        """Whether the commit of a file waits for the disk: set outside of the transaction, and set back."""
        if is_lasting or self.address.path is None:
            yield
            return
        raw: Any = connection.connection.dbapi_connection
        raw.execute("PRAGMA synchronous=NORMAL")
        try:
            yield
        finally:
            raw.execute("PRAGMA synchronous=FULL")

    def _patiently(self, once: Callable[[], T], patience_s: float) -> T:
        waited_until = time.monotonic() + patience_s
        while True:
            try:
                return once()
            except DBAPIError as error:
                is_patient = _is_away(error) and not self.stopping.is_set()
                if not is_patient or time.monotonic() >= waited_until:
                    raise unusable(self.address, error) from None
                self.stopping.wait(PAUSE_S)
            except SQLAlchemyError as error:
                raise unusable(self.address, error) from None

    def now(self, connection: sa.Connection) -> float:
        """Seconds since 1970 by the clock that all who share this state go by."""
        if self.address.path is not None:
            return self.wall()
        return float(connection.scalar(sa.select(SERVER_CLOCK)) or 0.0)


def unusable(address: StateAddress, error: SQLAlchemyError) -> StateUnusable:
    """What the driver says, in one line and without the password."""
    reason = str(getattr(error, "orig", None) or error).splitlines()[0].rstrip(".")
    if address.secret:
        reason = reason.replace(address.secret, "***")
    return StateUnusable(
        f"The state {address} cannot be used: {reason}.",
        "Check disk, rights and server; what was done is kept, and the run can be resumed.",
    )


def upsert(
    connection: sa.Connection, table: sa.Table, values: Mapping[str, object], keys: Sequence[str]
) -> None:
    """Insert a row, or give the one with its key these values."""
    connection.execute(_upsert(table, connection.dialect.name, tuple(values), tuple(keys)), values)


@cache
def _upsert(table: sa.Table, dialect: str, columns: tuple[str, ...], keys: tuple[str, ...]) -> sa.Insert:
    insert = (insert_postgresql if dialect == POSTGRESQL else insert_sqlite)(table)
    given = {name: insert.excluded[name] for name in columns if name not in keys}
    return insert.values({name: sa.bindparam(name) for name in columns}).on_conflict_do_update(
        index_elements=keys, set_=given
    )


def insert_once(connection: sa.Connection, table: sa.Table, values: Mapping[str, object]) -> None:
    """Insert a row unless one with its key is there, also where another does the same at this moment."""
    insert = insert_postgresql if connection.dialect.name == POSTGRESQL else insert_sqlite
    connection.execute(insert(table).values(**values).on_conflict_do_nothing())


def instant_of(seconds: float) -> datetime:
    """Seconds of `Database.now` as an instant."""
    return datetime.fromtimestamp(seconds, UTC)


def engine_for(address: StateAddress) -> sa.Engine:
    """An engine of our own. For SQLite: a write-ahead log, every commit on the disk, writers one after
    the other, and the function `unixepoch` where the library is older than it (3.38)."""
    if address.path is None:
        return sa.create_engine(address.url, pool_pre_ping=True)
    _make_private(address)
    engine = sa.create_engine(address.url, pool_size=20, max_overflow=20)
    sa.event.listen(engine, "connect", _set_up)
    return engine


def _set_up(connection: Any, _record: object) -> None:
    connection.isolation_level = "IMMEDIATE"
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    if not _has_subsecond(connection):
        connection.create_function("unixepoch", -1, unixepoch)


def _has_subsecond(connection: Any) -> bool:
    """Whether SQLite's own unixepoch knows 'subsec', which it learned with 3.42."""
    try:
        found = connection.execute("SELECT unixepoch('subsec')").fetchone()[0]
    except sqlite3.OperationalError:
        return False
    return isinstance(found, float)


def unixepoch(*arguments: str) -> float | int | None:
    """The instant now as SQLite 3.42 gives it, whole or with 'subsec'; of another instant nothing (None)."""
    modifiers = [word for word in arguments if word != "now"]
    if set(modifiers) - {"subsec", "subsecond"}:
        return None
    now = time.time()
    return round(now, 3) if modifiers else int(now)


def _make_private(address: StateAddress) -> None:
    """A new file is its owner's alone before SQLite opens it; Windows keeps the folder's rights."""
    assert address.path is not None
    try:
        address.path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(address.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise StateUnusable(
            f"The state {address} cannot be made: {error.strerror}.", "Name another."
        ) from None


def _prepare(connection: sa.Connection) -> None:
    if connection.dialect.name == POSTGRESQL:
        # Two workers that start at once: one makes the tables, the other waits for it.
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(7036978)"))
    elif connection.dialect.name == SQLITE:
        connection.execute(sa.text("BEGIN IMMEDIATE"))
    metadata.create_all(connection)
    version = connection.scalar(sa.select(about.c.version))
    if version is None:
        connection.execute(sa.insert(about).values(version=VERSION))
    elif version > VERSION:
        raise StateUnusable(
            f"The state was written by a newer projops (version {version}).", "Update projops."
        )


def _is_away(error: DBAPIError) -> bool:
    """Whether the server cannot be reached just now; a full disk or a wrong file stays what it is."""
    if isinstance(error.orig, sqlite3.Error):
        return "locked" in str(error.orig)
    return error.connection_invalidated or isinstance(error, sa.exc.OperationalError)
