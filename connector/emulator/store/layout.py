"""One SQL table for each Dataverse table, made from the schema."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from sqlalchemy import BigInteger, Float, Index, MetaData, Table, Text
from sqlalchemy import Column as SqlColumn
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable
from sqlalchemy.types import TypeEngine

from connector.emulator.schema import Column, Kind, Schema
from connector.emulator.schema import Table as Definition
from connector.emulator.store.finding import Finder
from connector.emulator.store.text import DECIMAL_COLLATION, TEXT_COLLATION

VERSION = "versionnumber"
_TARGET_SUFFIX = "__table"
_DIALECT = sqlite.dialect()
_UNINDEXED = frozenset(
    {
        "createdby",
        "createdonbehalfby",
        "modifiedby",
        "modifiedonbehalfby",
        "organizationid",
        "ownerid",
        "owningbusinessunit",
        "owningteam",
        "owninguser",
        "transactioncurrencyid",
    }
)
_SQL_TYPES: dict[Kind, TypeEngine[Any]] = {
    Kind.TEXT: Text(collation=TEXT_COLLATION),
    Kind.DECIMAL: Text(collation=DECIMAL_COLLATION),
    Kind.INTEGER: BigInteger(),
    Kind.CHOICE: BigInteger(),
    Kind.BOOLEAN: BigInteger(),
    Kind.MANAGED: BigInteger(),
    Kind.MONEY: BigInteger(),
    Kind.DOUBLE: Float(),
}

meta = MetaData()
settings_table = Table("emu_meta", meta, SqlColumn("name", Text, primary_key=True), SqlColumn("value", Text))

deleted_table = Table(
    "emu_deleted",
    meta,
    SqlColumn("name", Text, primary_key=True),
    SqlColumn("id", Text, primary_key=True),
    SqlColumn("version", BigInteger),
)
"""What was deleted, of which table and when: for clients that track changes."""


def target_column(column: str) -> str:
    """The name under which the target table of a polymorphic lookup is kept and handed out."""
    return column + _TARGET_SUFFIX


def key_index(table: str, columns: tuple[str, ...]) -> str:
    return f"ak_{table}__{'__'.join(columns)}"


@lru_cache(maxsize=1024)
def insert_statement(table: str, columns: tuple[str, ...]) -> str:
    """The text of an insert; the names must be those of the schema, the values are bound."""
    names = ", ".join(f'"{name}"' for name in columns)
    return f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(columns))})'  # noqa: S608


class Layout:
    """The SQL tables of a schema: `layout.tables["invoice"]`.

    A layout that follows another one takes over the tables that are the same in both: describing forty
    wide tables to SQLAlchemy takes its time.
    """

    def __init__(self, schema: Schema, before: Layout | None = None) -> None:
        self.schema = schema
        known: dict[str, Table] = before.tables if before else {}
        self.tables: dict[str, Table] = {
            t.logical_name: known[t.logical_name]
            if before and before.schema.get(t.logical_name) == t
            else _table(t)
            for t in schema
        }
        self.finder = Finder(schema, self.tables)

    def following(self, schema: Schema) -> Layout:
        return Layout(schema, self)

    def create(self, connection: Connection) -> None:
        """Make what is missing: whole tables, and columns that a newer schema has."""
        is_new = not connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1").first()
        meta.create_all(connection)
        for table in self.tables.values():
            _create(connection, table, is_new=is_new)

    def change(self, connection: Connection, before: Layout) -> None:
        """From the tables of another layout to these: what only that one has is dropped, its rows with it."""
        for name, table in before.tables.items():
            if name not in self.tables:
                connection.exec_driver_sql(f'DROP TABLE "{name}"')
            elif self.tables[name] is not table:
                _drop_columns(connection, table, self.tables[name])
        for name, table in self.tables.items():
            if before.tables.get(name) is not table:
                _create(connection, table, is_new=False)


def _table(definition: Definition) -> Table:
    columns: list[SqlColumn[Any]] = []
    for column in definition.columns:
        columns.append(_sql_column(column, is_key=column.name == definition.primary_id))
        if column.is_polymorphic:
            columns.append(SqlColumn(target_column(column.name), Text))
    if not definition.has(VERSION):
        columns.append(SqlColumn(VERSION, BigInteger))
    # Rows lie in the order of their ids, in which pages are read when no other order is asked for.
    table = Table(definition.logical_name, MetaData(), *columns, sqlite_with_rowid=False)
    for column in definition.columns:
        if column.kind is Kind.LOOKUP and column.name not in _UNINDEXED:
            Index(_lookup_index(definition.logical_name, column.name), table.c[column.name])
    for key in definition.alternate_keys:
        Index(key_index(definition.logical_name, key.columns), *(table.c[name] for name in key.columns))
    return table


def _create(connection: Connection, table: Table, *, is_new: bool) -> None:
    """The table, its columns, then its indexes: each where it is missing."""
    created, indexes = _statements(table)
    connection.exec_driver_sql(created)
    if not is_new:
        present = {row[1] for row in connection.exec_driver_sql(f'PRAGMA table_info("{table.name}")')}
        for column in table.columns:
            if column.name not in present:
                text = CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f'ALTER TABLE "{table.name}" ADD COLUMN {text}')
    for index in indexes:
        connection.exec_driver_sql(index)


@lru_cache(maxsize=1024)
def _statements(table: Table) -> tuple[str, tuple[str, ...]]:
    # Indexes are a set: their order is not that of the schema.
    indexes = sorted(
        str(CreateIndex(index, if_not_exists=True).compile(dialect=_DIALECT)) for index in table.indexes
    )
    return str(CreateTable(table, if_not_exists=True).compile(dialect=_DIALECT)), tuple(indexes)


def _drop_columns(connection: Connection, before: Table, after: Table) -> None:
    for column in before.columns:
        if column.name in after.columns:
            continue
        for index in _indexes_of(connection, before.name, column.name):
            connection.exec_driver_sql(f'DROP INDEX "{index}"')
        connection.exec_driver_sql(f'ALTER TABLE "{before.name}" DROP COLUMN "{column.name}"')


def _indexes_of(connection: Connection, table: str, column: str) -> list[str]:
    """Those made for lookups and for alternate keys, of which some may be gone already."""
    made = [row[1] for row in connection.exec_driver_sql(f'PRAGMA index_list("{table}")') if row[3] == "c"]
    return [
        name
        for name in made
        if any(row[2] == column for row in connection.exec_driver_sql(f'PRAGMA index_info("{name}")'))
    ]


def _lookup_index(table: str, column: str) -> str:
    return f"ix_{table}__{column}"


@cache
def layout_of(schema: Schema) -> Layout:
    """The layout of the packaged schema, made once."""
    return Layout(schema)


def _sql_column(column: Column, *, is_key: bool) -> SqlColumn[Any]:
    return SqlColumn(column.name, _SQL_TYPES.get(column.kind, Text()), primary_key=is_key)
