"""The other reading of the invoice action: calls at the same time do not see each other's work.

The clock stands still, so "at the same time" is: at one instant of it. With the switch
`is_action_serialising` off, a contract is read as it stood before this instant's invoices.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connector.emulator.platform.words import (
    ACTUAL,
    MILESTONE,
    SCHEDULE_ROW,
    BillingStatus,
    MilestoneStatus,
    RunStatus,
)
from connector.emulator.store import Value

_BEFORE: Mapping[str, tuple[str, int, dict[str, Value]]] = {
    SCHEDULE_ROW: (
        "msdyn_invoicerunstatus",
        RunStatus.RUN_SUCCESSFUL,
        {"msdyn_invoicerunstatus": RunStatus.NOT_RUN.value, "msdyn_invoice": None},
    ),
    ACTUAL: (
        "msdyn_billingstatus",
        BillingStatus.CUSTOMER_INVOICE_CREATED,
        {"msdyn_billingstatus": BillingStatus.READY_TO_INVOICE.value, "msdyn_invoice": None},
    ),
    MILESTONE: (
        "msdyn_invoicestatus",
        MilestoneStatus.CUSTOMER_INVOICE_CREATED,
        {"msdyn_invoicestatus": MilestoneStatus.READY.value},
    ),
}


def before_this_instant(table: str, row: dict[str, Value], now: datetime) -> dict[str, Value]:
    """The row as it was before anything was invoiced at `now`."""
    if table not in _BEFORE or row["modifiedon"] != now:
        return row
    column, status, before = _BEFORE[table]
    return row | before if row[column] == status else row
