"""Reading the file that `projops snapshot pull` writes, as docs/snapshot.md describes it.

By design a reader of its own: nothing of it is shared with what writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from connector.emulator.schema import Column, Kind
from connector.emulator.store import Value
from connector.errors import StateFileError

T = TypeVar("T")
FORMAT = 1
_HOW = "Make it with `projops snapshot pull`."


class SnapshotError(StateFileError):
    """A file that is no snapshot, or one that cannot be played."""


@dataclass(frozen=True)
class SnapshotRow:
    """`line` is the number of its line in the file; `values` are JSON's."""

    line: int
    table: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class SnapshotFile:
    name: str
    now: datetime
    caller: str
    rules: Mapping[str, int]
    rows: tuple[SnapshotRow, ...]


def parse_snapshot(name: str, lines: Iterable[bytes]) -> SnapshotFile:
    """Raises SnapshotError, with the number of the line, for what is no whole snapshot."""
    header: dict[str, Any] | None = None
    rows: list[SnapshotRow] = []
    for number, line in enumerate(lines, start=1):
        content = _object(name, number, line)
        if header is None:
            header = _checked_header(name, content)
        elif content.get("end") is True:
            if content.get("rows") != len(rows):
                raise _wrong(
                    name, number, f"{content.get('rows')!r} rows were written, {len(rows)} are there"
                )
            return SnapshotFile(
                name, _instant(header["now"]), str(header["caller"]), dict(header["rules"]), tuple(rows)
            )
        else:
            rows.append(_row(name, number, content))
    raise SnapshotError(f"{name} is no whole snapshot: its last line is missing.", _HOW)


def value_of(column: Column, given: Any, zone: ZoneInfo) -> Value:
    """A value of the file as the store keeps it; a plain day of a column that keeps instants begins at
    midnight in `zone`. Raises ValueError for one that cannot be."""
    match column.kind:
        case Kind.MONEY | Kind.DECIMAL:
            return _decimal(given)
        case Kind.INSTANT:
            return _instant(given, zone)
        case Kind.DAY:
            return date.fromisoformat(str(given)[:10])
        case Kind.BOOLEAN | Kind.MANAGED:
            return _of_type(given, bool)
        case Kind.INTEGER | Kind.CHOICE:
            return _of_type(given, int)
        case _:
            return _of_type(given, str)


def _of_type(given: Any, wanted: type[T]) -> T:
    if type(given) is not wanted:
        raise ValueError(f"{given!r} is no {wanted.__name__}")
    return given


def _decimal(given: Any) -> Decimal:
    try:
        number = Decimal(_of_type(given, str))
    except InvalidOperation:
        raise ValueError(f"{given!r} is no number") from None
    if not number.is_finite():
        raise ValueError(f"{given!r} is no number")
    return number


def _instant(given: Any, zone: tzinfo = UTC) -> datetime:
    moment = datetime.fromisoformat(_of_type(given, str))
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _object(name: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        raise _wrong(name, number, "it is not JSON") from None
    if not isinstance(content, dict):
        raise _wrong(name, number, "it is no object")
    return content


def _checked_header(name: str, content: dict[str, Any]) -> dict[str, Any]:
    version = content.get("projops_snapshot")
    if version is None:
        raise SnapshotError(f"{name} is no snapshot of an environment.", _HOW)
    if version != FORMAT:
        raise SnapshotError(
            f"{name} has the format {version!r}, this version reads format {FORMAT}.",
            "Use the version of projops that wrote it.",
        )
    rules = content.get("rules")
    try:
        _instant(content["now"])
        _of_type(content["caller"], str)
        is_whole = isinstance(rules, dict) and all(type(value) is int for value in rules.values())
    except (KeyError, ValueError):
        is_whole = False
    if not is_whole:
        raise _wrong(name, 1, "a header needs now, caller and rules")
    return content


def _row(name: str, number: int, content: dict[str, Any]) -> SnapshotRow:
    table, values = content.get("table"), content.get("row")
    if not isinstance(table, str) or not isinstance(values, dict):
        raise _wrong(name, number, "a row needs table and row")
    return SnapshotRow(number, table, values)


def _wrong(name: str, number: int, what: str) -> SnapshotError:
    return SnapshotError(f"{name}, line {number}: {what}.", _HOW)
