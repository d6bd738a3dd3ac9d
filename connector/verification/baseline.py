"""Known findings, kept in a TOML file so that a pipeline fails on new ones only.

    version = 1

    [[known]]
    code = "SCH02"
    table = "salesorderdetail"
    record = "83aa155d-448d-5157-a18f-1f69f9f55069"
    name = "Support"
    reason = "Billed by hand until the contract ends."
    until = 2026-12-31

An entry names a check and the record, or no record for a finding about the environment as a whole. Reason
and last day are required. Only failures can be known: what could not be judged is no finding to get used to.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from connector.errors import SettingsError
from connector.verification.finding import Finding

VERSION = 1
_KEYS = {"code": str, "table": str, "record": str, "name": str, "reason": str, "until": date}
_REQUIRED = ("code", "reason", "until")
_CODE = re.compile(r"[A-Z]{2,4}[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Known:
    """One accepted failure. `table` and `record` are "" for a finding without a record."""

    code: str
    reason: str
    until: date
    table: str = ""
    record: str = ""
    name: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.code, self.table, self.record


@dataclass(frozen=True)
class Baseline:
    entries: tuple[Known, ...] = ()

    @cached_property
    def _by_key(self) -> dict[tuple[str, str, str], Known]:
        return {entry.key: entry for entry in self.entries}

    def entry_of(self, code: str, finding: Finding) -> Known | None:
        return self._by_key.get(key_of(code, finding))

    def expired(self, today: date) -> tuple[Known, ...]:
        return tuple(entry for entry in self.entries if entry.until < today)

    def gone(self, found: Iterable[tuple[str, str, str]]) -> tuple[Known, ...]:
        """Entries whose finding was not made: they can be taken out."""
        keys = set(found)
        return tuple(entry for entry in self.entries if entry.key not in keys)


def key_of(code: str, finding: Finding) -> tuple[str, str, str]:
    """What makes a finding the same one tomorrow: never its words."""
    record = finding.record
    return (code, "", "") if record is None else (code, record.table, record.id.lower())


def read_baseline(path: Path) -> Baseline:
    """Raises SettingsError with file, line, key and what was expected."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(f"There is no baseline {path}.", "Make one with --write-baseline.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The baseline {path} cannot be read: {error}.", "Check the file.") from None
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The baseline {path} is not TOML: {error}.", "Mend or rewrite it.") from None
    return Baseline(tuple(_entries(content, _Place(path, text))))


def written(entries: Iterable[Known]) -> str:
    """The file's text, in an order that does not depend on that of the findings."""
    parts = [f"version = {VERSION}\n"]
    for entry in sorted(entries, key=lambda one: one.key):
        parts.append("\n[[known]]\n")
        for name in _KEYS:
            value = getattr(entry, name)
            if value or name in _REQUIRED:
                parts.append(f"{name} = {value.isoformat() if name == 'until' else _string(value)}\n")
    return "".join(parts)


def _string(text: str) -> str:
    """A basic string of TOML: JSON's escapes are TOML's, but for the delete sign."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


@dataclass(frozen=True)
class _Place:
    """Where in the file an entry stands, for errors."""

    path: Path
    text: str

    def line_of(self, number: int, key: str = "") -> int:
        """The line of the entry's header, or of one of its keys; entries count from 1."""
        lines = self.text.splitlines()
        headers = [index for index, line in enumerate(lines) if re.match(r"\s*\[\[\s*known\s*\]\]", line)]
        if number > len(headers):
            return 1
        start = headers[number - 1]
        end = headers[number] if number < len(headers) else len(lines)
        for index in range(start, end):
            if key and re.match(rf"\s*{re.escape(key)}\s*=", lines[index]):
                return index + 1
        return start + 1

    def wrong(self, number: int, key: str, problem: str, way_out: str) -> SettingsError:
        line = self.line_of(number, key) if number else 1
        return SettingsError(f"The baseline {self.path}, line {line}, {key}: {problem}.", way_out)


def _entries(content: dict[str, Any], place: _Place) -> Iterator[Known]:
    if content.get("version") != VERSION:
        problem = f"{content.get('version')!r} is not a version that this release reads"
        raise place.wrong(0, "version", problem, f"Write version = {VERSION} at the top.")
    if strange := sorted(set(content) - {"version", "known"}):
        raise place.wrong(0, strange[0], "it is not a key of a baseline", "Only version and [[known]] are.")
    known = content.get("known", [])
    if not isinstance(known, list) or not all(isinstance(item, dict) for item in known):
        raise place.wrong(0, "known", "it is not a list of tables", "Begin each entry with [[known]].")
    seen: set[tuple[str, str, str]] = set()
    for number, item in enumerate(known, start=1):
        entry = _entry(item, number, place)
        if entry.key in seen:
            raise place.wrong(number, "code", f"{entry.code} is known twice for this record", "Keep one.")
        seen.add(entry.key)
        yield entry


def _entry(item: dict[str, Any], number: int, place: _Place) -> Known:
    for key in _REQUIRED:
        if key not in item:
            raise place.wrong(number, key, "it is missing", "Give code, reason and until.")
    for key, value in item.items():
        kind = _KEYS.get(key)
        if kind is None:
            raise place.wrong(number, key, "it is not a key of an entry", f"Keys are {', '.join(_KEYS)}.")
        if not isinstance(value, kind) or isinstance(value, datetime):
            expected = "a day such as 2026-12-31, without quotes" if kind is date else "a text"
            raise place.wrong(number, key, f"{value!r} is not {expected}", f"Write {expected}.")
    if not _CODE.fullmatch(item["code"]):
        raise place.wrong(number, "code", f"{item['code']!r} is not a check", "A code is such as SCH02.")
    if not item["reason"].strip():
        raise place.wrong(number, "reason", "it is empty", "Say why this may stay as it is.")
    if bool(item.get("table")) != bool(item.get("record")):
        raise place.wrong(number, "record", "table and record go together", "Give both or neither.")
    return Known(**{**item, "record": item.get("record", "").lower()})
