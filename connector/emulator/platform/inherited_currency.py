"""A child of a contract that names no currency takes the contract's, not the organisation's."""

from __future__ import annotations

from connector.emulator.platform.words import ACTUAL, CONTRACT, CONTRACT_LINE, MILESTONE
from connector.emulator.registry import Change
from connector.emulator.store import Transaction

CURRENCY = "transactioncurrencyid"
_PARENTS = {
    CONTRACT_LINE: ("salesorderid", None),
    MILESTONE: ("msdyn_contract", "msdyn_contractlineid"),
    ACTUAL: ("msdyn_salescontract", "msdyn_salescontractlineid"),
}
TABLES = tuple(_PARENTS)


def inherit_currency(tx: Transaction, change: Change) -> None:
    """Before a contract line, a milestone or an actual is created."""
    if change.kind != "create" or change.values.get(CURRENCY):
        return
    own, by_line = _PARENTS[change.table]
    contract = change.values.get(own)
    line_id = change.values.get(by_line) if by_line else None
    if contract is None and line_id is not None:
        line = tx.get(CONTRACT_LINE, str(line_id))
        contract = line["salesorderid"] if line else None
    row = tx.get(CONTRACT, str(contract)) if contract else None
    if row is not None and row[CURRENCY]:
        change.values[CURRENCY] = row[CURRENCY]
