"""A table to select from, growing left joins as paths through lookups are used."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlalchemy.sql.expression import FromClause

from connector.emulator.problems import bad_request, not_implemented, unknown_property
from connector.emulator.schema import Column, Single, Table
from connector.emulator.store import Transaction, target_column
from connector.emulator.store.core import core_alias


class Source:
    """`caller` is the user who asks: some conditions mean him. `outer` is the source of the query around
    this one, whose tables must be told apart from those here.
    """

    def __init__(self, tx: Transaction, table: Table, caller: str, outer: Source | None = None) -> None:
        self.tx = tx
        self.caller = caller
        self.table = table
        self._numbers: Iterator[int] = outer._numbers if outer else itertools.count(1)  # noqa: SLF001 - of its own kind
        self.alias: FromClause = self.again(table) if outer else tx.sql(table.logical_name)
        self.from_clause: FromClause = self.alias
        self._joined: dict[tuple[str, ...], tuple[Table, FromClause]] = {(): (table, self.alias)}

    def again(self, table: Table) -> FromClause:
        """A table that takes part in the query beside what is there."""
        return core_alias(self.tx.sql(table.logical_name), next(self._numbers))

    @property
    def own(self) -> tuple[FromClause, ...]:
        """The table and those that were joined to it."""
        return tuple(alias for _, alias in self._joined.values())

    @property
    def key(self) -> ColumnElement[Any]:
        return self.alias.c[self.table.primary_id]

    def column(self, path: tuple[str, ...], name: str) -> tuple[ColumnElement[Any], Column]:
        """The SQL of a property, `path` being the navigation properties that lead to it."""
        table, alias = self._read(path)
        column = table.by_property.get(name)
        if column is None:
            raise unknown_property(name, table.logical_name)
        return alias.c[column.name], column

    def attribute(self, path: tuple[str, ...], name: str) -> tuple[ColumnElement[Any], Column]:
        """The SQL of a column by its logical name, as query functions have it: a lookup is bare there."""
        table, alias = self._read(path)
        column = table.by_name.get(name)
        if column is None:
            message = f"'{table.schema_name}' entity doesn't contain attribute with Name = '{name}'."
            raise bad_request(message, "0x80041103")
        return alias.c[column.name], column

    def primary_name(self, path: tuple[str, ...]) -> ColumnElement[Any]:
        table, alias = self._through(path)
        return alias.c[table.primary_name or table.primary_id]

    def table_behind(self, path: tuple[str, ...]) -> Table:
        return self._read(path)[0]

    def _read(self, path: tuple[str, ...]) -> tuple[Table, FromClause]:
        """What a client asks for by a path it has to be allowed to read; sorting by names is free."""
        found = self._through(path)
        for length in range(1, len(path) + 1):
            self.tx.check_read(self._through(path[:length])[0].logical_name)
        return found

    def _through(self, path: tuple[str, ...]) -> tuple[Table, FromClause]:
        if path in self._joined:
            return self._joined[path]
        table, alias = self._through(path[:-1])
        single = table.singles.get(path[-1])
        if single is None:
            raise unknown_property(path[-1], table.logical_name)
        target = require_table(self.tx, single)
        joined = self.again(target)
        condition = alias.c[single.column.name] == joined.c[target.primary_id]
        if single.column.is_polymorphic:
            kind = alias.c[target_column(single.column.name)]
            condition = and_(condition, kind == target.logical_name)
        self.from_clause = self.from_clause.outerjoin(joined, condition)
        self._joined[path] = (target, joined)
        return target, joined


def require_table(tx: Transaction, single: Single) -> Table:
    target = tx.schema.get(single.target)
    if target is None:
        raise not_implemented(f"the table {single.target}, to which {single.navigation} leads")
    return target
