"""SQLAlchemy's view of a state: tables to make queries of, and a connection that carries them out.

Nothing else of the store knows SQLAlchemy. It takes longer to import than the rest of the emulator, so
that this module is loaded with the first query.
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Float, MetaData, Table, Text, create_engine
from sqlalchemy import Column as SqlColumn
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool
from sqlalchemy.sql.expression import FromClause
from sqlalchemy.types import TypeEngine

from connector.emulator.schema import Table as Definition
from connector.emulator.store.ddl import columns_of
from connector.emulator.store.text import DECIMAL_COLLATION, TEXT_COLLATION

_TYPES: dict[str, TypeEngine[Any]] = {
    "TEXT": Text(),
    f'TEXT COLLATE "{TEXT_COLLATION}"': Text(collation=TEXT_COLLATION),
    f'TEXT COLLATE "{DECIMAL_COLLATION}"': Text(collation=DECIMAL_COLLATION),
    "BIGINT": BigInteger(),
    "FLOAT": Float(),
}


class _Borrowed:
    """A connection whose transactions and whose end are the store's: SQLAlchemy only asks through it."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


def core_connection(raw: sqlite3.Connection) -> Connection:
    """For as long as `raw` lives; it takes part in whatever transaction is open there."""
    engine = create_engine("sqlite://", creator=lambda: _Borrowed(raw), poolclass=StaticPool)
    return engine.connect()


def core_table(definition: Definition) -> Table:
    columns = [
        SqlColumn(name, _TYPES[kind], primary_key=name == definition.primary_id)
        for name, kind in columns_of(definition).items()
    ]
    return Table(definition.logical_name, MetaData(), *columns)


@lru_cache(maxsize=128)
def core_alias(table: Table, number: int) -> FromClause:
    """The table once more within a query, under a name of its own. It is kept, since SQLAlchemy makes a
    column anew for each of the table's when the first one is asked for.
    """
    return table.alias(f"t{number}")
