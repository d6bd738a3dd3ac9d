"""The SQLAlchemy engine over SQLite: pragmas, collations, and who says BEGIN."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.pool import QueuePool, StaticPool

from connector.emulator.store.aggregates import DECIMAL_SUM, DecimalSum
from connector.emulator.store.statefile import APPLICATION_ID, LAYOUT_VERSION
from connector.emulator.store.text import (
    MATCHES,
    add_collations,
    matches,
)

WRITES = "emu_writes"
_BUSY_TIMEOUT_S = 30.0


def make_engine(path: Path | None) -> Engine:
    """An engine over a file (WAL, several connections) or over memory (one connection)."""

    def connect() -> sqlite3.Connection:
        where = ":memory:" if path is None else str(path)
        connection = sqlite3.connect(
            where, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        _prepare(connection)
        return connection

    if path is None:
        engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    else:
        engine = create_engine(
            "sqlite://", creator=connect, poolclass=QueuePool, pool_size=8, max_overflow=56
        )
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection) -> None:
    add_collations(connection)
    connection.create_function(MATCHES, 2, matches, deterministic=True)
    connection.create_aggregate(DECIMAL_SUM, 1, DecimalSum)  # type: ignore[arg-type]  # typed for integers
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        # The mark comes before WAL: the file itself must carry it, not only its log.
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {LAYOUT_VERSION}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
