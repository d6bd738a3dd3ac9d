"""Reading and writing rows inside one transaction: the platform's side, without protocol checks."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from connector.emulator.schema import Own, Schema, Table
from connector.emulator.store.connections import Line
from connector.emulator.store.ddl import VERSION, create_key_index, target_column
from connector.emulator.store.filling import fill_changed, fill_new
from connector.emulator.store.layout import Layout, insert_statement, update_statement
from connector.emulator.store.values import Stored, Value

if TYPE_CHECKING:
    from sqlalchemy import Table as SqlTable
    from sqlalchemy.engine import CursorResult
    from sqlalchemy.sql import Executable

SYSTEM_USER = "system_user_id"
CLOCK = "clock"
VERSION_COUNTER = "version"
OWN = "schema:own"


@dataclass(frozen=True)
class Found:
    """Rows as stored, all with the same columns: `rows` are tuples in the order of `names`."""

    names: tuple[str, ...]
    rows: list[tuple[Stored, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


class Transaction:
    """One unit of work. Made by `Store.transaction` (writes) or `Store.snapshot` (reads only).

    Rows are dictionaries of logical name to value; a lookup stands under its column's name, and the
    target table of a polymorphic one under `target_column(name)` ("customerid__table").
    """

    def __init__(self, line: Line, schema: Schema, layout: Layout) -> None:
        self._line = line
        self.raw = line.raw
        """SQLite's own connection, inside this transaction."""
        self.schema = schema
        self._layout = layout
        self._version: int | None = None
        self._savepoints = 0
        self._settings: dict[str, Any] = {}
        self._known: dict[tuple[str, str], dict[str, Value]] = {}
        self.on_behalf_by: str | None = None
        """The user who really asks while the caller is another one, for the columns that keep him."""
        self.check_read: Callable[[str], None] = lambda _: None
        """Called with each table that a request reads by way of another one; it may refuse."""
        self.after_commit: list[Callable[[], None]] = []
        """Called once the transaction is committed and the writer's lock is free again."""
        self.now: datetime = datetime.fromisoformat(self.setting(CLOCK))

    @property
    def layout(self) -> Layout:
        return self._layout

    def use_own(self, own: Own) -> None:
        """Have these tables and columns of one's own from here on; what is not among them is lost.

        The store takes the schema over when the transaction is committed. Raises UsageError for names
        that cannot be.
        """
        schema = self.schema.with_own(own)
        layout = self._layout.following(schema)
        layout.change(self.raw, self.schema)
        for name in self.schema.tables.keys() - schema.tables.keys():
            self.raw.execute("DELETE FROM emu_deleted WHERE name = ?", (name,))
        self._known.clear()
        self.schema, self._layout = schema, layout
        self.set_setting(OWN, msgspec.to_builtins(own))

    def set_now(self, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError("the clock wants an aware datetime")
        self.now = now
        self.set_setting(CLOCK, now.isoformat())

    # --- raw access, for the protocol's queries ---

    def sql(self, table: str) -> SqlTable:
        return self._layout.table(table)

    def execute(self, statement: Executable) -> CursorResult[Any]:
        return self._line.core.execute(statement)

    def found(self, statement: Executable) -> Found:
        """All that a query finds, as stored.

        The cursor is read itself: SQLAlchemy's rows cost more than SQLite takes to find them.
        """
        result = self.execute(statement)
        names = tuple(result.keys())
        with contextlib.closing(result):
            assert result.cursor is not None
            return Found(names, list(result.cursor.fetchall()))

    # --- small values ---

    def setting(self, name: str, default: Any = None) -> Any:
        if name not in self._settings:
            found = self.raw.execute("SELECT value FROM emu_meta WHERE name = ?", (name,)).fetchone()
            self._settings[name] = found[0] if found else None
        text = self._settings[name]
        return default if text is None else json.loads(text)

    def set_setting(self, name: str, value: Any) -> None:
        text = self._settings[name] = json.dumps(value)
        self.raw.execute("INSERT OR REPLACE INTO emu_meta (name, value) VALUES (?, ?)", (name, text))

    def next_number(self, name: str) -> int:
        """The next of a counted series that lives in the file: 1, 2, 3 and so on."""
        number = int(self.setting(f"number:{name}", 0)) + 1
        self.set_setting(f"number:{name}", number)
        return number

    # --- rows ---

    def get(self, table: str, id: str, *, columns: tuple[str, ...] | None = None) -> dict[str, Value] | None:
        """A row, or of a row the given columns."""
        finder = self._layout.finder
        shape = finder.shape(table, columns)
        stored = self.raw.execute(finder.by_id(table, shape), (id.lower(),)).fetchone()
        return None if stored is None else shape.row(stored)

    def find(
        self,
        table: str,
        where: Mapping[str, Value | Sequence[Value]] | None = None,
        *,
        order_by: Iterable[str] = (),
        limit: int | None = None,
        columns: tuple[str, ...] | None = None,
    ) -> list[dict[str, Value]]:
        """Rows whose columns equal the given values (a tuple or list: any of them; None: is null).

        `order_by` takes column names, "-name" for descending; without it the order is by id. With
        `columns` the rows hold these only.
        """
        finder = self._layout.finder
        shape = finder.shape(table, columns)
        order = (*order_by, self.schema[table].primary_id)
        text, bound = finder.statement(table, shape, where or {}, order, limit)
        return [shape.row(stored) for stored in self.raw.execute(text, bound)]

    def insert(self, table: str, values: Mapping[str, Value], *, caller: str | None = None) -> str:
        """Write a row with all that the platform adds (ids, times, owner, states, base amounts)."""
        row = dict(values)
        definition = self.schema[table]
        id = str(row.get(definition.primary_id) or uuid.uuid4()).lower()
        if row.get(definition.primary_id):
            self.raw.execute("DELETE FROM emu_deleted WHERE name = ? AND id = ?", (table, id))
        row[definition.primary_id] = id
        fill_new(self, definition, row, caller or self.setting(SYSTEM_USER))
        stored = self._stored(definition, row)
        self.raw.execute(insert_statement(table, tuple(stored)), tuple(stored.values()))
        return id

    def update(self, table: str, id: str, values: Mapping[str, Value], *, caller: str | None = None) -> None:
        """Change columns of a row; a KeyError when there is none."""
        definition = self.schema[table]
        row = dict(values)
        fill_changed(self, definition, id, row, caller or self.setting(SYSTEM_USER))
        self._known.pop((table, id.lower()), None)
        stored = self._stored(definition, row)
        statement = update_statement(table, tuple(stored), definition.primary_id)
        if self.raw.execute(statement, (*stored.values(), id.lower())).rowcount == 0:
            raise KeyError(f"{table} {id}")

    def delete(self, table: str, id: str) -> bool:
        self._known.pop((table, id.lower()), None)
        statement = f'DELETE FROM "{table}" WHERE "{self.schema[table].primary_id}" = ?'  # noqa: S608
        is_gone = self.raw.execute(statement, (id.lower(),)).rowcount > 0
        if is_gone:
            statement = "INSERT OR REPLACE INTO emu_deleted (name, id, version) VALUES (?, ?, ?)"
            self.raw.execute(statement, (table, id.lower(), self._next_version()))
        return is_gone

    # --- what has changed ---

    @property
    def version(self) -> int:
        """The version of the latest write."""
        if self._version is not None:
            return self._version
        return int(self.setting(VERSION_COUNTER, 1000))

    def deleted_since(self, table: str, version: int) -> list[str]:
        """The ids of rows that were deleted after a version, in order."""
        statement = "SELECT id FROM emu_deleted WHERE name = ? AND version > ? ORDER BY version"
        return [str(row[0]) for row in self.raw.execute(statement, (table, version))]

    @contextlib.contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is written inside is taken back when an exception leaves it."""
        self._known.clear()
        self._savepoints += 1
        name = f"emu_{self._savepoints}"
        self.raw.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            # Some troubles, a full disk for one, have taken back the whole transaction already.
            if self.raw.in_transaction:
                self.raw.execute(f"ROLLBACK TO {name}")
                self.raw.execute(f"RELEASE {name}")
            raise
        self.raw.execute(f"RELEASE {name}")

    # --- alternate keys ---

    def is_unique(self, table: str, columns: tuple[str, ...]) -> bool:
        """Whether no two rows have the same values in all of these columns; rows without one do not count."""
        by_name = self.schema[table].by_name
        names = [f'"{by_name[name].name}"' for name in columns]
        there = " AND ".join(f"{name} IS NOT NULL" for name in names)
        statement = (
            f'SELECT 1 FROM "{table}" WHERE {there} '  # noqa: S608 - names of the schema
            f"GROUP BY {', '.join(names)} HAVING count(*) > 1 LIMIT 1"
        )
        return self.raw.execute(statement).fetchone() is None

    def add_index(self, table: str, columns: tuple[str, ...]) -> None:
        known = tuple(self.schema[table].by_name[name].name for name in columns)
        self.raw.execute(create_key_index(table, known))

    # --- how it is done ---

    def lookup(self, table: str, id: Value) -> Mapping[str, Value]:
        """A row that many inserts need (a user, a currency), read once for each transaction."""
        key = (table, str(id or "").lower())
        if key not in self._known:
            found = self.get(*key)
            if found is None:
                return {}
            self._known[key] = found
        return self._known[key]

    def _stored(self, definition: Table, row: Mapping[str, Value]) -> dict[str, Stored]:
        stored: dict[str, Stored] = {VERSION: self._next_version()}
        table = definition.logical_name
        keepers = self._layout.finder.keepers(table)
        for name, value in row.items():
            if name not in keepers:
                if not self._layout.finder.is_target(table, name):
                    raise KeyError(f"{table} has no column {name}")
                stored[name] = str(value)
                continue
            column, keep = keepers[name]
            stored[name] = None if value is None else keep(column, value)
            if column.is_polymorphic:
                target = row.get(target_column(name)) if value is not None else None
                stored[target_column(name)] = self._target(definition, name, value, target)
        return stored

    def _target(self, definition: Table, name: str, value: Value, given: Value) -> str | None:
        if value is None or given:
            return str(given) if given else None
        for target in definition.by_name[name].targets or tuple(self.schema.tables):
            if target in self.schema and self._is_there(target, str(value)):
                return target
        return None

    def _is_there(self, table: str, id: str) -> bool:
        statement = f'SELECT 1 FROM "{table}" WHERE "{self.schema[table].primary_id}" = ?'  # noqa: S608
        return self.raw.execute(statement, (id.lower(),)).fetchone() is not None

    def _next_version(self) -> int:
        self._version = self.version + 1
        return self._version

    def flush(self) -> None:
        """Write what is counted in memory; the store calls it before it commits."""
        if self._version is not None:
            self.set_setting(VERSION_COUNTER, self._version)
