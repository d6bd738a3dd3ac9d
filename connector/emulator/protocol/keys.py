"""Which row an address names: by its primary key or by an alternate one.

Alternate keys come with the schema or are defined by clients, which the state file remembers. Each is
unique from then on, as far as all of its columns have values (section 5 of the Web API facts).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zlib import crc32

from connector.emulator.problems import (
    DUPLICATE_KEY,
    KEY_NOT_FOUND,
    ODataError,
    bad_request,
    not_implemented,
    unknown_property,
)
from connector.emulator.protocol.address import parse_key, split_list
from connector.emulator.protocol.convert import column_value
from connector.emulator.schema import AlternateKey, Column, Kind, Table
from connector.emulator.store import Transaction, Value

MOST_KEYS = 10
MOST_COLUMNS = 16
_DEFINED = "protocol:alternate_keys"
_KINDS = {
    Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.CHOICE, Kind.LOOKUP, Kind.INSTANT, Kind.DAY
}  # fmt: skip
_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?")
_NAME = re.compile(r"[A-Za-z]\w{0,99}", re.ASCII)


@dataclass(frozen=True)
class RowKey:
    """`id` is None when no row has the `values` of an alternate key; a primary key always has one."""

    table: Table
    text: str
    id: str | None
    values: Mapping[str, Value] = field(default_factory=dict)

    def require(self) -> str:
        if self.id is None:
            message = f"A record with the specified key values ({self.text}) does not exist in "
            raise ODataError(404, KEY_NOT_FOUND, f"{message}{self.table.logical_name} entity")
        return self.id


def read_key(tx: Transaction, table: Table, args: str) -> RowKey:
    """What stands in the parentheses of `accounts(…)`: an id, `accountid=id`, or alternate key values."""
    pairs = dict(_pair(item) for item in split_list(args)) if "=" in args else {}
    if not pairs or set(pairs) == {table.primary_id}:
        return RowKey(table, args, parse_key(args, table.primary_id))
    names = {name: _column(table, name) for name in pairs}
    _require_key(tx, table, {column.name for column in names.values()})
    values = {c.name: column_value(table.logical_name, c, _value(pairs[n])) for n, c in names.items()}
    return RowKey(table, args, _find(tx, table, values), values)


def keys_of(tx: Transaction, table: Table) -> tuple[AlternateKey, ...]:
    defined = tx.setting(_DEFINED, {}).get(table.logical_name, [])
    return (
        *table.alternate_keys,
        *(AlternateKey(name=k["name"], columns=tuple(k["columns"])) for k in defined),
    )


def metadata_version(tx: Transaction) -> str:
    """What globalmetadataversion says: another text after each change of the tables or their keys."""
    return f"{tx.schema.version}{crc32(json.dumps(tx.setting(_DEFINED, {}), sort_keys=True).encode()):010d}"


def define_key(tx: Transaction, table: Table, name: Any, columns: Any) -> AlternateKey:
    """Add a key; refused where Dataverse refuses it, or where rows already break it."""
    present = keys_of(tx, table)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise bad_request(f"'{str(name)[:100]}' is not a name for a key.")
    if not isinstance(columns, list) or not columns or not all(isinstance(c, str) for c in columns):
        raise bad_request("KeyAttributes wants a list of columns.")
    if len(columns) > MOST_COLUMNS or len(set(columns)) < len(columns):
        raise bad_request(f"A key has at most {MOST_COLUMNS} columns, each once.")
    if len(present) >= MOST_KEYS:
        raise bad_request(f"A table has at most {MOST_KEYS} keys.")
    if any(name.lower() == key.name.lower() or set(columns) == set(key.columns) for key in present):
        raise bad_request(f"A key named '{name}' or over these columns exists already.")
    for column in columns:
        definition = table.by_name.get(column)
        if definition is None:
            raise unknown_property(column, table.logical_name)
        if definition.kind not in _KINDS or definition.type == "Memo":
            raise bad_request(f"'{column}' of the type {definition.type} cannot be part of a key.")
    if not tx.is_unique(table.logical_name, tuple(columns)):
        raise ODataError(
            412, DUPLICATE_KEY, f"Rows of {table.logical_name} have the same values in '{name}'."
        )
    defined = dict(tx.setting(_DEFINED, {}))
    mine = [*defined.get(table.logical_name, []), {"name": name, "columns": columns}]
    tx.set_setting(_DEFINED, defined | {table.logical_name: mine})
    tx.add_index(table.logical_name, tuple(columns))
    return AlternateKey(name=name, columns=tuple(columns))


def remove_key(tx: Transaction, table: Table, key: AlternateKey) -> None:
    if key in table.alternate_keys:
        raise bad_request(f"The key '{key.name}' came with the table and cannot be deleted.")
    defined = dict(tx.setting(_DEFINED, {}))
    left = [each for each in defined[table.logical_name] if each["name"] != key.name]
    others = {name: keys for name, keys in defined.items() if name != table.logical_name}
    tx.set_setting(_DEFINED, others | ({table.logical_name: left} if left else {}))


def forget_lost_keys(tx: Transaction) -> None:
    """Those whose table or whose column is there no more."""
    defined = tx.setting(_DEFINED, {})
    left = {
        name: [key for key in keys if all(table.has(column) for column in key["columns"])]
        for name, keys in defined.items()
        if (table := tx.schema.get(name)) is not None
    }
    if left != defined:
        tx.set_setting(_DEFINED, {name: keys for name, keys in left.items() if keys})


def check_unique(
    tx: Transaction, table: Table, values: Mapping[str, Value], before: Mapping[str, Value] | None
) -> None:
    """412 when the row would have the key values of another one."""
    for key in keys_of(tx, table):
        if not any(column in values for column in key.columns):
            continue
        wanted = {c: values.get(c, before.get(c) if before else None) for c in key.columns}
        if any(value is None for value in wanted.values()):
            continue
        found = _find(tx, table, wanted)
        if found is not None and (before is None or found != before[table.primary_id]):
            raise ODataError(
                412,
                DUPLICATE_KEY,
                f"Entity Key {key.name} violated. A record with the same value for {', '.join(key.columns)} "
                f"already exists: {', '.join(str(v) for v in wanted.values())}.",
            )


def _find(tx: Transaction, table: Table, values: Mapping[str, Value]) -> str | None:
    rows = tx.find(table.logical_name, values, limit=1, columns=(table.primary_id,))
    return str(rows[0][table.primary_id]) if rows else None


def _require_key(tx: Transaction, table: Table, columns: set[str]) -> None:
    if not any(set(key.columns) == columns for key in keys_of(tx, table)):
        known = "; ".join(", ".join(key.columns) for key in keys_of(tx, table)) or "none"
        raise bad_request(
            f"{', '.join(sorted(columns))} is not a key of '{table.logical_name}'. Alternate keys: {known}."
        )


def _pair(item: str) -> tuple[str, str]:
    name, equals, value = item.partition("=")
    if not equals:
        raise bad_request(f"'{item[:100]}' is not a key value of the form name=value.")
    return name.strip(), value.strip()


def _column(table: Table, name: str) -> Column:
    column = table.by_property.get(name)
    if column is None:
        raise unknown_property(name, table.logical_name)
    return column


def _value(text: str) -> Any:
    """A literal of an address as JSON would have it."""
    if text.startswith("@"):
        raise not_implemented("parameter aliases in keys")
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return Decimal(text) if "." in text else int(text)
    return text
