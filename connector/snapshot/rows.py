"""One row of a snapshot: where it belongs and what it holds, by the names of the file format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from msgspec.structs import fields

from connector.model.table import UNRESOLVED, Record, Table, logical_name_of
from connector.model.tables import DECLARED

Value: TypeAlias = str | int | bool | Decimal | date | datetime


@dataclass(frozen=True)
class Header:
    """`now` is the environment's; `caller` the systemuser who read, whose time zone counts; `rules` are
    the numbers of choices that no document gives."""

    now: datetime
    caller: str
    has_values: bool
    rules: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Pulled:
    """`unread` names the tables that could not be read, and why: complete once `rows` has ended."""

    header: Header
    rows: Iterable[Row]
    unread: Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """`table` and the keys of `values` are logical names; a role is `?` and the word of `connector.model`:
    an environment calls it otherwise than an emulator does."""

    table: str
    values: Mapping[str, Value]


def row_of(name: str, record: Record) -> Row:
    """The row of a record of `Tables.<name>`; what has no value is left out."""
    declared: Table[Any] = getattr(DECLARED, name)
    values: dict[str, Value] = {}
    for item in fields(declared.record):
        value = getattr(record, item.name)
        if value is not None and not item.encode_name.startswith("@"):
            values[_column(item.name, item.encode_name)] = value
    return Row(declared.logical_name or f"{UNRESOLVED}{name}", values)


def _column(name: str, encoded: str) -> str:
    return f"{UNRESOLVED}{name}" if encoded.startswith(UNRESOLVED) else logical_name_of(encoded)
