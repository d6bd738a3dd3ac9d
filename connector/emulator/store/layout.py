"""One SQL table for each Dataverse table, made from the schema."""

from __future__ import annotations

from functools import cache, cached_property, lru_cache
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
    """The SQL tables of a schema: `layout.tables["invoice"]`."""

    def __init__(self, schema: Schema) -> None:
        self.metadata = MetaData()
        self.tables = {t.logical_name: self._table(t) for t in schema}
        self.finder = Finder(schema, self.tables)

    def _table(self, definition: Definition) -> Table:
        columns: list[SqlColumn[Any]] = []
        for column in definition.columns:
            columns.append(_sql_column(column, is_key=column.name == definition.primary_id))
            if column.is_polymorphic:
                columns.append(SqlColumn(target_column(column.name), Text))
        if not definition.has(VERSION):
            columns.append(SqlColumn(VERSION, BigInteger))
        # Rows lie in the order of their ids, in which pages are read when no other order is asked for.
        table = Table(definition.logical_name, self.metadata, *columns, sqlite_with_rowid=False)
        for column in definition.columns:
            if column.kind is Kind.LOOKUP and column.name not in _UNINDEXED:
                Index(f"ix_{definition.logical_name}__{column.name}", table.c[column.name])
        for key in definition.alternate_keys:
            Index(key_index(definition.logical_name, key.columns), *(table.c[name] for name in key.columns))
        return table

    def create(self, connection: Connection) -> None:
        """Make what is missing: whole tables, and columns that a newer schema has."""
        is_new = not connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1").first()
        meta.create_all(connection)
        for statement in self._statements:
            connection.exec_driver_sql(statement)
        if not is_new:
            for table in self.metadata.tables.values():
                self._add_columns(connection, table)

    @cached_property
    def _statements(self) -> tuple[str, ...]:
        found: list[str] = []
        for table in self.metadata.tables.values():
            found.append(str(CreateTable(table, if_not_exists=True).compile(dialect=_DIALECT)))
            # Indexes are a set: their order is not that of the schema.
            found += sorted(
                str(CreateIndex(index, if_not_exists=True).compile(dialect=_DIALECT))
                for index in table.indexes
            )
        return tuple(found)

    def _add_columns(self, connection: Connection, table: Table) -> None:
        present = {row[1] for row in connection.exec_driver_sql(f'PRAGMA table_info("{table.name}")')}
        for column in table.columns:
            if column.name not in present:
                text = CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f'ALTER TABLE "{table.name}" ADD COLUMN {text}')


@cache
def layout_of(schema: Schema) -> Layout:
    """The layout of a schema, made once: describing 40 wide tables to SQLAlchemy takes its time."""
    return Layout(schema)


def _sql_column(column: Column, *, is_key: bool) -> SqlColumn[Any]:
    return SqlColumn(column.name, _SQL_TYPES.get(column.kind, Text()), primary_key=is_key)
