"""A project contract goes from Draft to Active or Closed, and never back.

An active or closed contract is not reopened, by the page; that On hold and Active take turns is our
reading, since a hold would have no end otherwise. Source, below articles/:
pro/sales/confirm-contract-sales.md. What else may be edited of an active contract is not enforced: the
page says nothing may, while milestones are marked ready on such contracts every day.
"""

from __future__ import annotations

from connector.emulator.platform.words import WORK_BASED, ContractState
from connector.emulator.problems import BUSINESS_ERROR, bad_request
from connector.emulator.registry import Change
from connector.emulator.store import Transaction

_STATE, _REASON = "msdyn_psastate", "msdyn_psastatusreason"


def keep_closed(tx: Transaction, change: Change) -> None:  # noqa: ARG001 - the shape of a guard
    """Before a contract is updated."""
    before = change.before
    if change.kind != "update" or before is None or before["msdyn_ordertype"] != WORK_BASED:
        return
    state, wanted = before[_STATE], change.values.get(_STATE, before[_STATE])
    if state == ContractState.CLOSED:
        changed = [name for name, value in change.values.items() if before.get(name) != value]
        if {_STATE, _REASON} & set(changed):
            raise bad_request("A closed project contract cannot be reopened.", BUSINESS_ERROR)
    elif state in (ContractState.ACTIVE, ContractState.ON_HOLD) and wanted == ContractState.DRAFT:
        raise bad_request("A confirmed project contract does not become a draft again.", BUSINESS_ERROR)
