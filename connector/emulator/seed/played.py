"""A pulled snapshot as the state of an emulator: the environment's rows beside what any emulator has.

Ids stay what they are. The emulator keeps its own organisation, unit, roles and application user, who
gets the time zone of whoever pulled; the environment's users may do all (what roles they had is not in
the file). A job that had not gone on in the environment by the time of the snapshot does not go on here
by itself either; a timer that is still running does.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.emulator.bootstrap import APPLICATION_USER, BUSINESS_UNIT
from connector.emulator.platform.contracts import resolve_tables
from connector.emulator.platform.switches import change_switches
from connector.emulator.platform.system_jobs import Phase, Progress, encoded
from connector.emulator.platform.user_zone import UTC_ZONE
from connector.emulator.platform.words import PROCESS, SYSTEM_JOB, JobState
from connector.emulator.schema import Column, Table
from connector.emulator.seed.environment import SYSTEM_ADMINISTRATOR, plant_environment
from connector.emulator.seed.ids import seed_id
from connector.emulator.seed.snapshot_file import SnapshotError, SnapshotFile, SnapshotRow, value_of
from connector.emulator.seed.time_zones import TIME_ZONES
from connector.emulator.store import ORGANIZATION, Transaction, Value
from connector.model.table import UNRESOLVED, logical_name_of
from connector.model.tables import Tables
from connector.model.time_zone import zone_of

Values = dict[str, Value]
_CURRENCY, _USER, _SETTINGS = "transactioncurrency", "systemuser", "usersettings"
_INSTEAD_OF_OURS = (PROCESS, "solution", _CURRENCY)
"""Tables whose planted rows make way for the environment's, where it has any."""


def play(tx: Transaction, snapshot: SnapshotFile) -> None:
    """Fill a bootstrapped state whose clock stands at `snapshot.now`.

    Raises SnapshotError, with the line, for a table, column or value that this emulator does not have.
    """
    plant_environment(tx)
    zone = _zone_of_caller(snapshot)
    found = [(row.line, *_read(tx, snapshot, row, zone)) for row in snapshot.rows]
    for table in _INSTEAD_OF_OURS:
        if any(name == table for _, name, _ in found):
            _clear(tx, table)
    player = _Player(tx, snapshot)
    for line, table, values in found:
        try:
            player.put(table, values)
        except (KeyError, TypeError) as error:
            raise _wrong(snapshot, line, str(error)) from error
    if snapshot.rules:
        change_switches(tx, {"rules": dict(snapshot.rules)})


class _Player:
    def __init__(self, tx: Transaction, snapshot: SnapshotFile) -> None:
        self._tx = tx
        self._snapshot = snapshot
        self._workflows: dict[str, str] = {}

    def put(self, table: str, values: Values) -> None:
        match table:
            case "organization":
                self._take_over_organization(values)
            case "usersettings":
                self._put_settings(values)
            case "systemuser":
                self._put_user(values)
            case "asyncoperation":
                self._insert(table, self._with_progress(values))
            case _:
                if table == PROCESS:
                    self._workflows[str(values["workflowid"])] = str(values.get("name"))
                self._insert(table, values)

    def _insert(self, table: str, values: Values) -> str:
        """A row of the environment takes the place of one of ours with the same id."""
        given = values.get(self._tx.schema[table].primary_id)
        if given is not None:
            self._tx.delete(table, str(given))
        return self._tx.insert(table, values)

    def _take_over_organization(self, values: Values) -> None:
        kept: Values = {name: values[name] for name in ("name", "basecurrencyid") if name in values}
        self._tx.update("organization", str(self._tx.setting(ORGANIZATION)), kept)

    def _put_user(self, values: Values) -> None:
        unit = {"businessunitid": self._tx.setting(BUSINESS_UNIT)}
        user = self._insert(_USER, {"domainname": "", **values, **unit})
        role = seed_id("role", SYSTEM_ADMINISTRATOR)
        self._tx.insert("systemuserroles", {"systemuserid": user, "roleid": role})

    def _put_settings(self, values: Values) -> None:
        unit = self._tx.setting(BUSINESS_UNIT)
        self._insert(_SETTINGS, {"businessunitid": unit, **values})
        if values.get("systemuserid") == self._snapshot.caller and "timezonecode" in values:
            zone: Values = {"timezonecode": values["timezonecode"]}
            self._tx.update(_SETTINGS, str(self._tx.setting(APPLICATION_USER)), zone)

    def _with_progress(self, values: Values) -> Values:
        workflow = self._workflows.get(str(values.get("workflowactivationid")), "")
        more: Values = {"sequence": self._tx.next_number(SYSTEM_JOB)}
        if values.get("correlationid") is None:
            more["correlationid"] = str(uuid.uuid4())
        if workflow and values.get("regardingobjectid") and values.get("ownerid"):
            more["workflowstate"] = encoded(_progress(workflow, values, self._snapshot.now))
        return values | more


def _progress(workflow: str, values: Mapping[str, Value], now: datetime) -> Progress:
    """Where a job stands, as far as its row tells."""
    state, until = values.get("statecode"), values.get("postponeuntil")
    until = until if isinstance(until, datetime) else None
    started = values.get("startedon")
    is_sleeping = state == JobState.SUSPENDED and until is not None and until > now
    phase = {JobState.READY.value: Phase.BEGIN, JobState.SUSPENDED.value: Phase.SLEEP}.get(int(str(state)))
    return Progress(
        workflow=workflow,
        phase=phase or Phase.CLOSE,
        started_at=started if isinstance(started, datetime) else None,
        until=until,
        held_in=None if is_sleeping else int(str(state)),
    )


def _zone_of_caller(snapshot: SnapshotFile) -> ZoneInfo:
    """Where the plain days of the file begin."""
    for row in snapshot.rows:
        if row.table == _SETTINGS and row.values.get("systemuserid") == snapshot.caller:
            code = row.values.get("timezonecode")
            names = [name for known, name, _ in TIME_ZONES if known == code]
            return (zone_of(names[0]) if names else None) or UTC_ZONE
    return UTC_ZONE


def _read(tx: Transaction, snapshot: SnapshotFile, row: SnapshotRow, zone: ZoneInfo) -> tuple[str, Values]:
    tables = resolve_tables(tx.schema)
    name, roles = _table(row.table, tables)
    definition = tx.schema.get(name)
    if definition is None:
        raise _wrong(snapshot, row.line, f"the emulator has no table {row.table}")
    values: Values = {}
    for given, value in row.values.items():
        column = _column(definition, given, roles)
        if column is None:
            raise _wrong(snapshot, row.line, f"the emulator's {name} has no column {given}")
        try:
            values[column.name] = value_of(column, value, zone)
        except ValueError as error:
            raise _wrong(snapshot, row.line, f"{given}: {error}") from error
    return name, values


def _table(name: str, tables: Tables) -> tuple[str, Any]:
    """The emulator's name of a table, and the values of `connector.model` for it, where roles are named."""
    if name.startswith(UNRESOLVED):
        known = getattr(tables, name.removeprefix(UNRESOLVED), None)
        return (known.logical_name, known) if known is not None else (name, None)
    return name, next((known for known in _known(tables) if known.logical_name == name), None)


def _known(tables: Tables) -> Iterator[Any]:
    return (value for value in vars(tables).values() if hasattr(value, "logical_name"))


def _column(definition: Table, name: str, roles: Any) -> Column | None:
    if not name.startswith(UNRESOLVED):
        return definition.by_name.get(name)
    role = name.removeprefix(UNRESOLVED)
    if role == "id":
        return definition.by_name[definition.primary_id]
    if roles is None:
        return None
    try:
        return definition.by_name.get(logical_name_of(roles.property_of(role)))
    except KeyError:
        return None


def _clear(tx: Transaction, table: str) -> None:
    key = tx.schema[table].primary_id
    for row in tx.find(table, columns=(key,)):
        tx.delete(table, str(row[key]))


def _wrong(snapshot: SnapshotFile, line: int, what: str) -> SnapshotError:
    return SnapshotError(
        f"{snapshot.name}, line {line}: {what}.", "Use the version of projops that wrote it."
    )
