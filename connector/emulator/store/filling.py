"""What the platform writes beside what it is told to: states, times, owner, currency, base amounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from connector.emulator.schema import Table
from connector.emulator.store.base_amounts import CURRENCY, RATE, base_amounts
from connector.emulator.store.ddl import target_column
from connector.emulator.store.values import Value

ORGANIZATION = "organization_id"
_OF_THE_OWNER = frozenset({"owninguser", "owningteam", "owningbusinessunit"})


class State(Protocol):
    """What of the transaction is needed here."""

    now: datetime
    on_behalf_by: str | None

    def setting(self, name: str, default: Any = None) -> Any: ...

    def get(self, table: str, id: str) -> Mapping[str, Value] | None: ...

    def lookup(self, table: str, id: Value) -> Mapping[str, Value]: ...


def fill_new(state: State, definition: Table, row: dict[str, Value], caller: str | None) -> None:
    """Complete a row that is about to be inserted."""
    for name, default in definition.defaults.items():
        row.setdefault(name, default)
    _fill_states(definition, row)
    for name in ("createdon", "modifiedon"):
        _set(definition, row, name, state.now)
    for name in ("createdby", "modifiedby"):
        _set(definition, row, name, caller)
    for name in ("createdonbehalfby", "modifiedonbehalfby"):
        _set(definition, row, name, state.on_behalf_by)
    if definition.ownership == "OrganizationOwned":
        if definition.logical_name != "organization":
            _set(definition, row, "organizationid", state.setting(ORGANIZATION))
    elif definition.has("ownerid"):
        _fill_owner(state, definition, row, caller)
    _fill_currency(state, definition, row)
    row |= base_amounts(definition, row)


def fill_changed(state: State, definition: Table, id: str, row: dict[str, Value], caller: str | None) -> None:
    """Complete the columns of a row that are about to be changed."""
    of_state = definition.state
    if of_state and of_state.name in row and definition.status and definition.status.name not in row:
        row[definition.status.name] = of_state.default_status.get(str(row[of_state.name]))
    _set(definition, row, "modifiedon", state.now)
    _set(definition, row, "modifiedby", caller)
    if definition.has("modifiedonbehalfby"):
        row.setdefault("modifiedonbehalfby", state.on_behalf_by)
    if row.get("ownerid") and definition.has("ownerid"):
        row |= dict.fromkeys(_OF_THE_OWNER & definition.by_name.keys())
        _fill_owner(state, definition, row, None)
    _rebase(state, definition, id, row)


def _fill_owner(state: State, definition: Table, row: dict[str, Value], caller: str | None) -> None:
    owner = row.get("ownerid") or caller
    if not owner:
        return
    user = state.lookup("systemuser", owner)
    row["ownerid"] = owner
    kind = "systemuser" if user else "team"
    _name_target(definition, row, "ownerid", kind)
    unit_of = user or state.lookup("team", owner)
    owning = "owninguser" if user else "owningteam"
    _set(definition, row, owning, owner)
    _name_target(definition, row, owning, kind)
    _set(definition, row, "owningbusinessunit", unit_of.get("businessunitid"))
    _name_target(definition, row, "owningbusinessunit", "businessunit")


def _name_target(definition: Table, row: dict[str, Value], name: str, target: str) -> None:
    """Where the published facts do not say what a lookup points to, its value has to."""
    if definition.has(name) and definition.by_name[name].is_polymorphic:
        row.setdefault(target_column(name), target)


def _fill_currency(state: State, definition: Table, row: dict[str, Value]) -> None:
    if not definition.has(CURRENCY) or not definition.has(RATE):
        return
    if not row.get(CURRENCY):
        organization = state.lookup("organization", state.setting(ORGANIZATION))
        _set(definition, row, CURRENCY, organization.get("basecurrencyid"))
    if row.get(CURRENCY) and not row.get(RATE):
        currency = state.lookup("transactioncurrency", row[CURRENCY])
        _set(definition, row, RATE, currency.get(RATE))


def _rebase(state: State, definition: Table, id: str, row: dict[str, Value]) -> None:
    """Recompute the base twins of what changes; all of them when the currency changes."""
    if not definition.has(RATE) or not definition.has(CURRENCY):
        return
    if definition.money.isdisjoint(row) and CURRENCY not in row and RATE not in row:
        return
    current = dict(state.get(definition.logical_name, id) or {})
    if CURRENCY in row and RATE not in row and row[CURRENCY] != current.get(CURRENCY):
        row[RATE] = None
        _fill_currency(state, definition, row)
    source = current | row if RATE in row else row | {RATE: current.get(RATE)}
    row |= base_amounts(definition, source)


def _fill_states(definition: Table, row: dict[str, Value]) -> None:
    state, status = definition.state, definition.status
    if state is None or status is None:
        return
    if row.get(state.name) is None:
        given = row.get(status.name)
        row[state.name] = status.status_state.get(str(given), min(state.choices, default=0))
    if row.get(status.name) is None:
        row[status.name] = state.default_status.get(str(row[state.name]))


def _set(definition: Table, row: dict[str, Value], name: str, value: Value) -> None:
    if definition.has(name) and (row.get(name) is None):
        row[name] = value
