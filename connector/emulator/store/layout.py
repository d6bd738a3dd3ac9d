"""One SQL table for each Dataverse table, made from the schema."""

from __future__ import annotations

import sqlite3
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from connector.emulator.schema import Schema
from connector.emulator.schema import Table as Definition
from connector.emulator.store.ddl import OF_THE_STATE, add_column, columns_of, create_indexes, create_table
from connector.emulator.store.finding import Finder

if TYPE_CHECKING:
    from sqlalchemy import Table


@lru_cache(maxsize=1024)
def insert_statement(table: str, columns: tuple[str, ...]) -> str:
    """The text of an insert; the names must be those of the schema, the values are bound."""
    names = ", ".join(f'"{name}"' for name in columns)
    return f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(columns))})'  # noqa: S608


@lru_cache(maxsize=1024)
def update_statement(table: str, columns: tuple[str, ...], key: str) -> str:
    """The text of an update of one row; names and values as of an insert, the last value is the id."""
    names = ", ".join(f'"{name}" = ?' for name in columns)
    return f'UPDATE "{table}" SET {names} WHERE "{key}" = ?'  # noqa: S608


class Layout:
    """The SQL tables of a schema, each described to SQLAlchemy when it is first asked for."""

    def __init__(self, schema: Schema, before: Layout | None = None) -> None:
        """A layout that follows another one takes over what is the same in both."""
        self.schema = schema
        self._described: dict[str, Table] = {}
        if before is not None:
            kept = (name for name in before._described if before.schema.get(name) == schema.get(name))  # noqa: SLF001 - of its own kind
            self._described = {name: before._described[name] for name in kept}  # noqa: SLF001
        self.finder = Finder(schema)

    def table(self, name: str) -> Table:
        """layout.table("invoice"); a KeyError for a table that the schema does not have."""
        found = self._described.get(name)
        if found is None:
            from connector.emulator.store.core import core_table  # noqa: PLC0415 - heavy: not for the start

            found = self._described[name] = core_table(self.schema[name])
        return found

    def following(self, schema: Schema) -> Layout:
        return Layout(schema, self)

    def create(self, connection: sqlite3.Connection) -> None:
        """Make what is missing: whole tables, and columns that a newer schema has."""
        is_new = not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        for statement in OF_THE_STATE:
            connection.execute(statement)
        for definition in self.schema:
            _create(connection, definition, is_new=is_new)

    def change(self, connection: sqlite3.Connection, before: Schema) -> None:
        """From the tables of another schema to these: what only that one has is dropped, its rows with it."""
        for old in before:
            definition = self.schema.get(old.logical_name)
            if definition is None:
                connection.execute(f'DROP TABLE "{old.logical_name}"')
            elif definition is not old:
                _drop_columns(connection, old, definition)
        for definition in self.schema:
            if before.get(definition.logical_name) is not definition:
                _create(connection, definition, is_new=False)


def _create(connection: sqlite3.Connection, definition: Definition, *, is_new: bool) -> None:
    """The table, its columns, then its indexes: each where it is missing."""
    table = definition.logical_name
    connection.execute(create_table(definition))
    if not is_new:
        present = {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}
        for name in columns_of(definition):
            if name not in present:
                connection.execute(add_column(definition, name))
    for index in create_indexes(definition):
        connection.execute(index)


def _drop_columns(connection: sqlite3.Connection, before: Definition, after: Definition) -> None:
    table = before.logical_name
    for column in columns_of(before).keys() - columns_of(after).keys():
        for index in _indexes_of(connection, table, column):
            connection.execute(f'DROP INDEX "{index}"')
        connection.execute(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')


def _indexes_of(connection: sqlite3.Connection, table: str, column: str) -> list[str]:
    """Those made for lookups and for alternate keys, of which some may be gone already."""
    made = [row[1] for row in connection.execute(f'PRAGMA index_list("{table}")') if row[3] == "c"]
    return [
        name
        for name in made
        if any(row[2] == column for row in connection.execute(f'PRAGMA index_info("{name}")'))
    ]


@cache
def layout_of(schema: Schema) -> Layout:
    """The layout of the packaged schema, made once."""
    return Layout(schema)
