"""What the platform fills in on create when the client leaves it out.

The columns are SystemRequired in metadata, yet clients do not send them: numbers are counted, and
choices begin with a value of the platform's. The chosen first values are the emulator's reading
(inferred), the metadata does not print them.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.emulator.schema import Table
from connector.emulator.store import Transaction, Value

_DAYS_OF_AN_ACTUAL = ("msdyn_documentdate", "msdyn_startdatetime", "msdyn_enddatetime")
"""All three are required of a form; whoever sends one of them means that day."""
_NUMBERED = {("salesorder", "ordernumber"): "ORD", ("invoice", "invoicenumber"): "INV"}
_FIRST_VALUES: dict[tuple[str, str], Value] = {
    ("bookableresource", "timezone"): 92,
    ("invoicedetail", "producttypecode"): 1,
    ("invoicedetail", "propertyconfigurationstatus"): 2,
    ("msdyn_actual", "msdyn_billingtype"): 192350001,
    ("msdyn_contractlineinvoiceschedule", "msdyn_invoicerunstatus"): 192350000,
    ("msdyn_contractlinescheduleofvalue", "msdyn_invoicestatus"): 192350000,
    ("product", "productstructure"): 1,
    ("role", "canbedeleted"): True,
    ("role", "iscustomizable"): True,
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
    if name == "salesorderdetail":
        values.setdefault("producttypecode", _product_type(values))
    if name == "msdyn_actual":
        _fill_days(values)
    for (owner, column), first in _FIRST_VALUES.items():
        if owner == name and table.has(column):
            values.setdefault(column, first)
    for (owner, column), prefix in _NUMBERED.items():
        if owner == name and values.get(column) is None:
            values[column] = f"{prefix}-{tx.next_number(name):05d}"


def _fill_days(values: dict[str, Value]) -> None:
    given = next((values[name] for name in _DAYS_OF_AN_ACTUAL if values.get(name) is not None), None)
    if given is not None:
        for name in _DAYS_OF_AN_ACTUAL:
            values.setdefault(name, given)


def _product_type(values: Mapping[str, Value]) -> int:
    """A line with a billing method or a project is a project-based service (5), any other a product (1)."""
    has_work = any(values.get(name) is not None for name in ("msdyn_billingmethod", "msdyn_project"))
    return 5 if has_work else 1
