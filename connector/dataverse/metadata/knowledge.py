"""What is known of the tables: asked for, remembered, and kept on disk where there is a cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from connector.dataverse.exchange.decoding import decode_object, decode_record
from connector.dataverse.metadata.cache import NOTHING, CachedTables, MetadataCache, SchemaVersion
from connector.dataverse.metadata.definitions import (
    EntityDefinition,
    TableDefinition,
    definition_options,
    definitions_of,
)
from connector.dataverse.metadata.descriptions import (
    Description,
    Detail,
    casts_of,
    described,
    description_options,
    description_path,
)
from connector.dataverse.reading.asker import Asker

_VERSION: Final = "Microsoft.Dynamics.CRM.globalmetadataversion"


class _Rows(msgspec.Struct):
    value: list[EntityDefinition]


class _Details(msgspec.Struct):
    value: list[Detail]


class TableKnowledge:
    """One for a client and its views. `who` gives origin, organization id and user id for the cache."""

    def __init__(
        self, asker: Asker, cache: MetadataCache | None, who: Callable[[], tuple[str, str, str]]
    ) -> None:
        self._asker = asker
        self._cache = cache
        self._who = who
        self._identity: tuple[str, str, str] | None = None
        self._known: dict[str, TableDefinition] = {}

    def of(self, logical_name: str) -> TableDefinition | None:
        """What was learned before, without asking."""
        return self._known.get(logical_name)

    def definitions(self, logical_names: Sequence[str]) -> dict[str, TableDefinition]:
        schema = self._schema()
        kept = self._load(schema)
        wanted = [name for name in dict.fromkeys(logical_names) if name not in kept.tables]
        tables: dict[str, TableDefinition | None] = dict(kept.tables)
        if wanted:
            answer = self._asker.ask("EntityDefinitions", definition_options(wanted))
            rows = decode_record(answer.content, _Rows, "EntityDefinitions").value
            asked = definitions_of(rows)
            tables |= {name: asked.get(name) for name in wanted}
            self._store(schema, CachedTables(tables, kept.described))
        found = {name: table for name in logical_names if (table := tables.get(name)) is not None}
        for name, table in found.items():
            self._learn(name, table)
        return found

    def description(self, logical_name: str) -> TableDefinition:
        """Raises NotFound."""
        schema = self._schema()
        kept = self._load(schema)
        table = kept.described.get(logical_name) or self._described(logical_name)
        if logical_name not in kept.described:
            described_now: Mapping[str, TableDefinition] = {**kept.described, logical_name: table}
            self._store(schema, CachedTables(kept.tables, described_now))
        self._known[logical_name] = table
        return table

    def _described(self, logical_name: str) -> TableDefinition:
        path = description_path(logical_name)
        row = decode_record(self._asker.ask(path, description_options()).content, Description, path)
        details: list[Detail] = []
        for cast in casts_of(row):
            answer = self._asker.ask(cast.path, cast.options)
            details += decode_record(answer.content, _Details, cast.path).value
        return described(row, details)

    def _learn(self, name: str, table: TableDefinition) -> None:
        """A full description is not forgotten for a shorter one."""
        before = self._known.get(name)
        if before is None or before.relationships is None:
            self._known[name] = table

    def _schema(self) -> SchemaVersion | None:
        """None where there is no cache, or no version to go by: nothing is kept then."""
        if self._cache is None:
            return None
        headers = {"Prefer": f'odata.include-annotations="{_VERSION}"'}
        options = {"$select": "organizationid", "$top": "1"}
        answer = self._asker.ask("organizations", options, headers)
        version = decode_object(answer.content, "organizations").get(f"@{_VERSION}")
        if not version:
            return None
        self._identity = self._identity or self._who()
        return SchemaVersion(*self._identity, str(version))

    def _load(self, schema: SchemaVersion | None) -> CachedTables:
        return NOTHING if schema is None or self._cache is None else self._cache.load(schema)

    def _store(self, schema: SchemaVersion | None, tables: CachedTables) -> None:
        if schema is not None and self._cache is not None:
            self._cache.store(schema, tables)
