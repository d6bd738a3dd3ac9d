"""The stage of the fault matrix: an emulator whose state is put back before each case and compared after."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.dataverse import ClientSecret, DataverseClient, RetryPolicy, TrustedAuthorities
from connector.emulator.ownership import OpenEmulator
from connector.emulator.trouble import Rule, Status
from connector.emulator.trouble.rule import Place

_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
# All of them count every write, the repeated ones too; "version" is that of a record that was deleted.
_VERSION_COLUMNS = frozenset({"versionnumber", "version"})
_VERSION_SETTING = "version"
# On a busy machine no answer is given up for slowness alone.
_PATIENCE_S = 60.0
PLACES: tuple[Place, ...] = ("web_api", "batch_item", "token")

State = Mapping[str, Counter[tuple[object, ...]]]
"""Of each table its rows, without version numbers and with one word for each id that the platform made."""

Part = Callable[[DataverseClient], object]


@dataclass(frozen=True)
class Played:
    """What came of some parts: what each of them saw, how the tables stand, how often the client paused."""

    seen: Sequence[object]
    state: State
    pauses: Sequence[float] = ()
    counts: Mapping[Place, int] = field(default_factory=dict)
    """How many requests, operations of batches and requests for tokens there were."""


@dataclass(frozen=True)
class Scene:
    """A part: the state that it begins with, and what comes of it in the undisturbed run."""

    part: Part
    start: bytes
    expected: Played


class Stage:
    """Plays parts of a script. `known` are the ids that the script chooses itself."""

    def __init__(self, emulator: OpenEmulator, known: frozenset[str]) -> None:
        self.emulator = emulator
        self._known = known | {found.lower() for found in self._ids()}

    def rehearse(self, parts: Sequence[Part]) -> list[Scene]:
        """The undisturbed run from the beginning, part after part."""
        scenes: list[Scene] = []
        for part in parts:
            start = self._connection.serialize()
            scenes.append(Scene(part, start, self.play([part], start)))
        return scenes

    def play(self, parts: Sequence[Part], start: bytes, rules: Sequence[Rule] = (), **policy: Any) -> Played:
        """Play the parts from a state on, with a new client, under these rules."""
        self._connection.deserialize(start)
        trouble = self.emulator.trouble
        trouble.clear()
        counters = {trouble.add(_counting(place)): place for place in PLACES}
        for rule in rules:
            trouble.add(rule)
        pauses: list[float] = []
        with self._client(
            RetryPolicy(**{"answer_timeout_s": _PATIENCE_S, "sleep": pauses.append, **policy})
        ) as client:
            seen = [part(client) for part in parts]
        standing = trouble.standing()
        trouble.clear()
        counts = {counters[one.id]: one.matched for one in standing if one.id in counters}
        return Played(seen, self._state(), pauses, counts)

    def _client(self, policy: RetryPolicy) -> DataverseClient:
        emulator = self.emulator
        trusted = TrustedAuthorities(extra=(emulator.authority,), is_emulator=True)
        secret = ClientSecret(None, emulator.client_id, emulator.client_secret, trusted=trusted)
        return DataverseClient(emulator.url, secret, ca_file=emulator.ca_file, retry=policy)

    # --- the state, below the store ---

    @property
    def _connection(self) -> sqlite3.Connection:
        """The one connection of a state in memory."""
        with self.emulator.store._connections.lend() as line:
            return line.raw

    def _ids(self) -> set[str]:
        cells = (cell for rows in self._rows().values() for row in rows for cell in row)
        return {found for cell in cells if isinstance(cell, str) for found in _GUID.findall(cell)}

    def _state(self) -> State:
        tables = self._rows()
        return {
            table: Counter(tuple(map(self._plain, row)) for row in rows) for table, rows in tables.items()
        }

    def _plain(self, cell: object) -> object:
        if not isinstance(cell, str):
            return cell
        return _GUID.sub(lambda found: found[0] if found[0].lower() in self._known else "made", cell)

    def _rows(self) -> dict[str, list[tuple[object, ...]]]:
        connection = self._connection
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: dict[str, list[tuple[object, ...]]] = {}
        for name in names:
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
            told = ", ".join(f'"{column}"' for column in columns if column not in _VERSION_COLUMNS)
            rows = connection.execute(f'SELECT {told} FROM "{name}"').fetchall()
            found[name] = [row for row in rows if row[0] != _VERSION_SETTING]
        return found


def together(scenes: Sequence[Scene]) -> Played:
    """What has to come of several parts that one client plays after each other."""
    seen = [seen for scene in scenes for seen in scene.expected.seen]
    return Played(seen, scenes[-1].expected.state)


def _counting(place: Place) -> Rule:
    """Strikes nothing, and counts what it could have struck."""
    return Rule(fault=Status(body="json"), place=place, probability=0)


def differences(found: State, expected: State) -> list[str]:
    """What stands in one state and not in the other; nothing where they agree."""
    lines: list[str] = []
    for table in sorted({*found, *expected}):
        ours, theirs = found.get(table, Counter()), expected.get(table, Counter())
        lines += [f"{table}: too much: {_told(row)}" for row in (ours - theirs).elements()]
        lines += [f"{table}: missing: {_told(row)}" for row in (theirs - ours).elements()]
    return lines


def _told(row: tuple[object, ...]) -> str:
    return ", ".join(str(cell) for cell in row if cell is not None)
