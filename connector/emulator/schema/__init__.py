"""The emulator's tables, as data: published facts (`*.json` here) and `invented.json` beside it.

The data is the emulator's own on purpose: a mistake shared with the client's tables would cancel
itself out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from importlib.resources import files
from zlib import crc32

import msgspec

from connector.emulator.schema.definition import (
    AlternateKey,
    Column,
    Kind,
    ManyToMany,
    ManyToOne,
    OneToMany,
    Single,
    Table,
)
from connector.emulator.schema.extending import extended
from connector.emulator.schema.own import Own, own_of_state, read_own

__all__ = [
    "AlternateKey",
    "Column",
    "Kind",
    "ManyToMany",
    "ManyToOne",
    "OneToMany",
    "Own",
    "Schema",
    "Single",
    "Table",
    "load_schema",
    "own_of_state",
    "read_own",
]


class Schema:
    """All tables, by logical name (`schema["invoice"]`) and by entity set (`schema.by_set`).

    `own` is what was added to the `packaged` schema, None for that one itself.
    """

    def __init__(self, tables: Mapping[str, Table], own: Own | None = None, packaged: Schema | None = None):
        self.tables = dict(tables)
        self.own = own or Own()
        self.packaged = packaged or self
        self.by_set = {table.entity_set: table for table in self.tables.values()}

    @cached_property
    def version(self) -> str:
        """Another one for every other schema, as globalmetadataversion is."""
        content = [list(self.tables.values()), self.own.option_sets]
        return str(crc32(msgspec.json.encode(content)))

    def with_own(self, own: Own) -> Schema:
        """The packaged schema with these and no other tables and columns of one's own.

        Raises UsageError for names that cannot be.
        """
        if own == Own():
            return self.packaged
        tables = extended(self.packaged.tables, own)
        return Schema({name: tables[name] for name in sorted(tables)}, own, self.packaged)

    def __getitem__(self, logical_name: str) -> Table:
        return self.tables[logical_name]

    def __contains__(self, logical_name: object) -> bool:
        return logical_name in self.tables

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables.values())

    def get(self, logical_name: str) -> Table | None:
        return self.tables.get(logical_name)


class _TableColumn(Column, frozen=True, kw_only=True, dict=True):
    table: str


class _OwnManyToOne(ManyToOne, frozen=True, kw_only=True):
    on: str


class _OwnOneToMany(OneToMany, frozen=True, kw_only=True):
    on: str


class _OwnManyToMany(ManyToMany, frozen=True, kw_only=True):
    on: str


class _OwnAlternateKey(AlternateKey, frozen=True, kw_only=True):
    on: str


class _Additions(msgspec.Struct, frozen=True):
    tables: tuple[Table, ...]
    columns: tuple[_TableColumn, ...]
    many_to_one: tuple[_OwnManyToOne, ...]
    one_to_many: tuple[_OwnOneToMany, ...]
    many_to_many: tuple[_OwnManyToMany, ...]
    alternate_keys: tuple[_OwnAlternateKey, ...]


@cache
def load_schema() -> Schema:
    """The packaged schema: about forty tables, read once in some milliseconds."""
    decoder = msgspec.json.Decoder(Table)
    folder = files("connector.emulator") / "schema"
    tables = [decoder.decode(f.read_bytes()) for f in folder.iterdir() if f.name.endswith(".json")]
    raw = (files("connector.emulator") / "invented.json").read_bytes()
    added = msgspec.json.decode(raw, type=_Additions)
    complete = [_with_additions(table, added) for table in (*tables, *added.tables)]
    return Schema({t.logical_name: t for t in sorted(complete, key=lambda t: t.logical_name)})


def _with_additions(table: Table, added: _Additions) -> Table:
    name = table.logical_name
    columns = [c for c in added.columns if c.table == name]
    return msgspec.structs.replace(
        table,
        columns=tuple(sorted((*table.columns, *columns), key=lambda c: c.name)),
        many_to_one=(*table.many_to_one, *(link for link in added.many_to_one if link.on == name)),
        one_to_many=(*table.one_to_many, *(link for link in added.one_to_many if link.on == name)),
        many_to_many=tuple(link for link in added.many_to_many if link.on == name),
        alternate_keys=tuple(key for key in added.alternate_keys if key.on == name),
    )
