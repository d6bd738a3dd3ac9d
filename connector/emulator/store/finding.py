"""Finding rows in plain SQL: the platform's side reads so many that describing each read costs too much.

The names come from the schema, which is checked, and the values are bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from connector.emulator.schema import Column, Kind, Schema
from connector.emulator.store.ddl import columns_of, target_column
from connector.emulator.store.values import READERS, Stored, Value, keeper_of, to_stored

Keeper: TypeAlias = tuple[Column, Callable[[Column, Value], Stored]]


@dataclass(frozen=True)
class Shape:
    """Which columns of a table are read: the head of the statement, and what becomes of each value."""

    names: tuple[str, ...]
    select: str
    readers: tuple[tuple[str, Callable[[Any], Value]], ...]

    def row(self, stored: Sequence[Stored]) -> dict[str, Value]:
        row: dict[str, Value] = dict(zip(self.names, stored, strict=True))
        for name, read in self.readers:
            if row[name] is not None:
                row[name] = read(row[name])
        return row


class Finder:
    """The shapes and conditions for the tables of one schema; it keeps what it has worked out."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._names: dict[str, tuple[str, ...]] = {}
        self._keepers: dict[str, Mapping[str, Keeper]] = {}
        self._shapes: dict[tuple[str, tuple[str, ...] | None], Shape] = {}

    def names(self, table: str) -> tuple[str, ...]:
        """All columns that are kept for a table."""
        found = self._names.get(table)
        if found is None:
            found = self._names[table] = tuple(columns_of(self._schema[table]))
        return found

    def keepers(self, table: str) -> Mapping[str, Keeper]:
        """What becomes of each value that is written, by its column's name. Targets of lookups are kept as
        they are.
        """
        found = self._keepers.get(table)
        if found is None:
            columns = self._schema[table].columns
            found = {column.name: (column, keeper_of(column)) for column in columns}
            self._keepers[table] = found
        return found

    def is_target(self, table: str, name: str) -> bool:
        """Whether a column keeps the target table of a polymorphic lookup."""
        return name.endswith(target_column("")) and name in self.names(table)

    def shape(self, table: str, columns: tuple[str, ...] | None = None) -> Shape:
        """All columns, or the given ones; a KeyError for one that the table does not have."""
        key = (table, columns)
        if key not in self._shapes:
            self._shapes[key] = self._describe(table, columns or self.names(table))
        return self._shapes[key]

    def by_id(self, table: str, shape: Shape) -> str:
        return f'{shape.select} WHERE "{self._schema[table].primary_id}" = ?'

    def statement(
        self,
        table: str,
        shape: Shape,
        where: Mapping[str, Value | Sequence[Value]],
        order_by: Iterable[str],
        limit: int | None,
    ) -> tuple[str, list[Stored]]:
        """The text and its bound values."""
        conditions, bound = [], []
        for name, value in where.items():
            condition, values = self._condition(table, name, value)
            conditions.append(condition)
            bound += values
        text = shape.select + (f" WHERE {' AND '.join(conditions)}" if conditions else "")
        text += " ORDER BY " + ", ".join(self._order(table, name) for name in order_by)
        return (text, bound) if limit is None else (f"{text} LIMIT ?", [*bound, limit])

    def _describe(self, table: str, names: tuple[str, ...]) -> Shape:
        by_name = self._schema[table].by_name
        quoted = ", ".join(self._quoted(table, name) for name in names)
        readers = [(name, READERS.get(by_name[name].kind)) for name in names if name in by_name]
        return Shape(
            names,
            f'SELECT {quoted} FROM "{table}"',  # noqa: S608
            tuple((name, read) for name, read in readers if read is not None),
        )

    def _quoted(self, table: str, name: str) -> str:
        if name not in self.names(table):
            raise KeyError(f"{table} has no column {name}")
        return f'"{name}"'

    def _order(self, table: str, name: str) -> str:
        quoted = self._quoted(table, name.removeprefix("-"))
        return f"{quoted} DESC" if name.startswith("-") else quoted

    def _condition(self, table: str, name: str, value: Value | Sequence[Value]) -> tuple[str, list[Stored]]:
        column, quoted = self._schema[table].by_name.get(name), self._quoted(table, name)
        stored = [_stored(column, one) for one in _wanted(column, value)]
        known: list[Stored] = [one for one in stored if one is not None]
        some = f"{quoted} IN ({', '.join('?' * len(known))})" if known else "0"
        return (f"({quoted} IS NULL OR {some})" if None in stored else some), known


def _wanted(column: Column | None, value: Value | Sequence[Value]) -> Sequence[Value]:
    """A tuple or list means any of its members, but for a column whose values are tuples themselves."""
    is_many = isinstance(value, tuple | list) and (column is None or column.kind is not Kind.CHOICES)
    return cast("Sequence[Value]", value) if is_many else [cast("Value", value)]


def _stored(column: Column | None, value: Value) -> Stored:
    return to_stored(column, value) if column else cast("Stored", value)
