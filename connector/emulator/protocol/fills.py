"""What the platform fills in on create when the client leaves it out.

The columns are SystemRequired in metadata, yet clients do not send them: numbers are counted, and
choices begin with a value of the platform's. The chosen first values are the emulator's reading
(inferred), the metadata does not print them.
"""

from __future__ import annotations

from connector.emulator.schema import Table
from connector.emulator.store import Transaction, Value

_NUMBERED = {("salesorder", "ordernumber"): "ORD", ("invoice", "invoicenumber"): "INV"}
_FIRST_VALUES: dict[tuple[str, str], Value] = {
    ("bookableresource", "timezone"): 92,
    ("invoicedetail", "producttypecode"): 1,
    ("invoicedetail", "propertyconfigurationstatus"): 2,
    ("product", "productstructure"): 1,
    ("role", "canbedeleted"): True,
    ("role", "iscustomizable"): True,
    ("salesorderdetail", "producttypecode"): 1,
    ("salesorderdetail", "propertyconfigurationstatus"): 2,
    ("systemuser", "accessmode"): 0,
    ("systemuser", "caltype"): 0,
    ("systemuser", "incomingemaildeliverymethod"): 1,
    ("systemuser", "internalemailaddress"): "",
    ("systemuser", "outgoingemaildeliverymethod"): 1,
    ("systemuser", "userlicensetype"): -1,
    ("team", "teamtype"): 0,
    ("workflow", "iscustomizable"): True,
    ("workflow", "iscustomprocessingstepallowedforotherpublishers"): True,
    ("workflow", "scope"): 1,
    ("workflow", "type"): 1,
}


def platform_fills(tx: Transaction, table: Table, values: dict[str, Value]) -> None:
    """Add to `values` what the platform would."""
    name = table.logical_name
    for (owner, column), first in _FIRST_VALUES.items():
        if owner == name and table.has(column):
            values.setdefault(column, first)
    for (owner, column), prefix in _NUMBERED.items():
        if owner == name and values.get(column) is None:
            values[column] = f"{prefix}-{tx.next_number(name):05d}"
