"""Rows of the caller as targets of a bulk message; what cannot be one is refused before it is sent."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote as percent

import msgspec

from connector.dataverse.bulk.results import RowStatus
from connector.dataverse.query.arguments import check_table, refuse_text
from connector.dataverse.query.literals import guid, name, quote
from connector.dataverse.writing.body import check_values, encode
from connector.dataverse.writing.operations import Member
from connector.errors import UsageError

# Values of alternate keys with one of these cannot be addressed (Microsoft: define alternate keys).
_UNADDRESSABLE: Final = frozenset('/<>*%&:\\?+"')
# An update of the same record must not overtake another one: farther apart, the first is answered already.
_REMEMBERED: Final = 200_000


class BulkTable(Protocol):
    """What bulk work needs to know of a table; `key` is its primary id column."""

    @property
    def logical_name(self) -> str: ...
    @property
    def entity_set(self) -> str: ...
    @property
    def key(self) -> str: ...


@dataclass(frozen=True)
class Message:
    """A bulk message: its action, the condition that one row alone has to carry, and what is then done."""

    action: str
    condition: Mapping[str, str]
    done: RowStatus


CREATE: Final = Message("CreateMultiple", {"If-None-Match": "*"}, RowStatus.CREATED)
UPDATE: Final = Message("UpdateMultiple", {"If-Match": "*"}, RowStatus.UPDATED)
UPSERT: Final = Message("UpsertMultiple", {}, RowStatus.UPSERTED)


class Row(msgspec.Struct, frozen=True, gc=False):
    """A row that may be sent: `key` addresses its record inside the parentheses of a path, `target` is JSON.

    `given` is a copy of the input: who gives rows may use one mapping for all of them. `is_given` says
    that the input tells which record it is, and not a new id of ours.
    """

    index: int
    id: str | None
    key: str
    given: dict[str, object]
    target: bytes
    is_given: bool

    @property
    def weight(self) -> int:
        """Bytes that it takes in a request."""
        return len(self.target)


class Preparer:
    """Makes rows of mappings. Raises UsageError that names the row's index and the way out."""

    def __init__(self, table: BulkTable, message: Message, by: Sequence[str] = ()) -> None:
        """`by` names the columns of an alternate key."""
        check_table(table, "logical_name", "entity_set", "key")
        refuse_text(by, "The alternate key", '("accountnumber",)')
        self.message = message
        self.entity_set = name(table.entity_set)
        self._key = name(table.key)
        self._start = f'{{"@odata.type":"Microsoft.Dynamics.CRM.{name(table.logical_name)}",'.encode()
        self._by = tuple(map(name, by))
        self._naming = (frozenset({self._key}), frozenset({self._key, *self._by}))
        self._known: set[tuple[str, ...]] = set()
        self._ids = _new_ids()

    def check(self, index: int, given: Mapping[str, object]) -> str | None:
        """Raises what `prepare` would. The key that the input tells, if it tells one."""
        self._check_names(index, given)
        check_values(given, f"row {index}")
        if given.get(self._key) is None:
            if self._by:
                return self._alternate_key(index, given)[0]
            if self.message is CREATE:
                return None
        return self._id_of(index, given)

    def prepare(self, index: int, given: Mapping[str, object]) -> Row:
        self._check_names(index, given)
        is_given = given.get(self._key) is not None
        if self.message is UPSERT:
            return self._prepare_upsert(index, given, is_given=is_given)
        id = self._id_of(index, given) if is_given or self.message is not CREATE else next(self._ids)
        target = self._target(index, given, id, f'"{self._key}":"{id}"'.encode())
        return Row(index, id, id, dict(given), target, is_given)

    def _prepare_upsert(self, index: int, given: Mapping[str, object], *, is_given: bool) -> Row:
        if self._by and not is_given:
            id = None
            key, named = self._alternate_key(index, given)
        else:
            id = key = named = self._id_of(index, given)
        address = encode({"@odata.id": f"{self.entity_set}({named})"}, f"row {index}")
        target = self._target(index, given, id, address[1:-1])
        return Row(index, id, key, dict(given), target, is_given=True)

    def _target(self, index: int, given: Mapping[str, object], id: str | None, named: bytes) -> bytes:
        """The columns behind the members that say of which table the record is, and which one it is."""
        columns = encode(self.content(given, id), f"row {index}")
        return self._start + named + (b"}" if columns == b"{}" else b"," + columns[1:])

    def content(self, given: Mapping[str, object], id: str | None) -> Mapping[str, object]:
        """A row's columns without those that address it."""
        keys = self._naming[id is None]
        if type(given) is dict and keys.isdisjoint(given):
            return given
        return {column: value for column, value in given.items() if column not in keys}

    def path(self, row: Row) -> str:
        return f"{self.entity_set}({row.key})"

    def member(self, row: Row) -> Member:
        """The row as a request of its own."""
        body = encode(self.content(row.given, row.id), f"row {row.index}")
        return Member("PATCH", self.path(row), self.message.condition, body)

    def _id_of(self, index: int, given: Mapping[str, object]) -> str:
        value = given.get(self._key)
        if value is None:
            is_upsert = self.message is UPSERT
            raise UsageError(
                f"Row {index} has no {self._key}: nothing says which record it is.",
                f"Give it{', or the columns of an alternate key (`by`)' if is_upsert else ''} in every row.",
            )
        try:
            return str(guid(value))
        except UsageError as error:
            raise UsageError(f"Row {index}, {self._key}: {error.message}", error.hint) from error

    def _alternate_key(self, index: int, given: Mapping[str, object]) -> tuple[str, str]:
        """The key's columns and values as an address has them, and as a body does."""
        keys = ",".join(f"{column}={self._key_text(index, column, given)}" for column in self._by)
        return percent(keys, safe=_SAFE), keys

    def _key_text(self, index: int, column: str, given: Mapping[str, object]) -> str:
        value = given.get(column)
        if value is None or (isinstance(value, str) and (not value or _UNADDRESSABLE & set(value))):
            raise UsageError(
                f"Row {index}, {column}: {value!r} cannot stand in an alternate key.",
                "Dataverse does not address keys that are empty or hold one of / < > * % & : \\ ? +.",
            )
        try:
            is_lookup = column.startswith("_") and column.endswith("_value")
            return str(guid(value)) if is_lookup else quote(value)
        except UsageError as error:
            raise UsageError(f"Row {index}, {column}: {error.message}", error.hint) from error

    def _check_names(self, index: int, given: Mapping[Any, object]) -> None:
        """Rows mostly have the same columns; each set of them is looked at once."""
        names = tuple(given)
        if names in self._known:
            return
        for each in names:
            if not isinstance(each, str) or each.startswith("@") or not each:
                raise UsageError(
                    f"Row {index}: {each!r} is not a column.",
                    "A record is changed as it was read with client.batch([Update(…, etag)])."
                    if each == "@odata.etag"
                    else "Give column names; the type and the id of a row are written by the client.",
                )
            if each != self._key and each.lower() == self._key:
                raise UsageError(f"Row {index}: the id column is {self._key}, not {each}.", "Rename it.")
        encode(dict.fromkeys(names), f"row {index}")
        self._known.add(names)


_SAFE: Final = "=,'$-._~()!@"


class Rows:
    """The input as prepared rows, in its order. Raises UsageError for a row that cannot be sent.

    A list is looked at as a whole before the first row is handed out, and its rows are prepared as they are
    needed, like those of any other iterable: while others are on their way. Of an iterable, two rows for one
    record are found where less than 200,000 rows lie between them.
    """

    def __init__(self, preparer: Preparer, given: Iterable[Mapping[str, object]]) -> None:
        self._preparer = preparer
        self._given = given
        self._seen: _Seen | None = _Seen(_REMEMBERED)
        if isinstance(given, Sequence):
            self._check()
            self._seen = None

    def __iter__(self) -> Iterator[Row]:
        for index, given in enumerate(self._given):
            row = self._preparer.prepare(index, _mapping(index, given))
            if self._seen is not None and row.is_given:
                self._seen.add(row.key, index)
            yield row

    def _check(self) -> None:
        seen = _Seen(math.inf)
        for index, given in enumerate(self._given):
            key = self._preparer.check(index, _mapping(index, given))
            if key is not None:
                seen.add(key, index)


class _Seen:
    """The records that were named lately."""

    def __init__(self, memory: float) -> None:
        self._memory = memory
        self._older: dict[str, int] = {}
        self._newer: dict[str, int] = {}

    def add(self, key: str, index: int) -> None:
        first = self._older.get(key, self._newer.setdefault(key, index))
        if first != index:
            raise UsageError(
                f"Rows {first} and {index} are for the same record ({key}).",
                "Rows are sent at the same time: give one row for each record.",
            )
        if len(self._newer) >= self._memory:
            self._older, self._newer = self._newer, {}


def _mapping(index: int, given: Mapping[str, object]) -> Mapping[str, object]:
    if type(given) is dict or isinstance(given, Mapping):
        return given
    raise UsageError(f"Row {index} is a {type(given).__name__}.", "A row is a mapping, column name to value.")


def _new_ids() -> Iterator[str]:
    """Random ids (RFC 9562, version 4), more of them with each call of the system."""
    count = 16
    while True:
        yield from _some_ids(count)
        count = min(2 * count, 1024)


def _some_ids(count: int) -> list[str]:
    text = os.urandom(16 * count).hex()
    return [
        f"{text[at : at + 8]}-{text[at + 8 : at + 12]}-4{text[at + 13 : at + 16]}"
        f"-{_VARIANT[text[at + 16]]}{text[at + 17 : at + 20]}-{text[at + 20 : at + 32]}"
        for at in range(0, len(text), 32)
    ]


_VARIANT: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
