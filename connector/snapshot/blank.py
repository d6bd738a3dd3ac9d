"""Names and amounts taken out of a snapshot, by denying what is not known to be harmless.

Kept are ids, choices, states, dates, and the texts and numbers that the job is recognised by. A name
becomes the name of its table and a number; any other text goes. An amount or a quantity becomes 1, -1
or 0, by its sign, so that what is billed stays billed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

from connector.snapshot.rows import Row, Value

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
NAMES: Mapping[tuple[str, str], str] = {
    ("account", "name"): "Account",
    ("invoice", "name"): "Invoice",
    ("invoicedetail", "invoicedetailname"): "Invoice line",
    ("msdyn_contractlineinvoiceschedule", "msdyn_name"): "Schedule row",
    ("msdyn_contractlinescheduleofvalue", "msdyn_name"): "Milestone",
    ("msdyn_invoicefrequency", "msdyn_name"): "Invoice frequency",
    ("msdyn_invoicefrequencydetail", "msdyn_name"): "Invoice frequency detail",
    ("organization", "name"): "Organization",
    ("salesorder", "name"): "Contract",
    ("salesorderdetail", "salesorderdetailname"): "Contract line",
    ("systemuser", "fullname"): "User",
}
KEPT_TEXTS = frozenset(
    {
        ("asyncoperation", "name"),
        ("asyncoperation", "workflowstagename"),
        ("msdyn_batchjob", "msdyn_name"),
        ("msdyn_transactionconnection", "msdyn_transaction1role"),
        ("msdyn_transactionconnection", "msdyn_transaction1type"),
        ("msdyn_transactionconnection", "msdyn_transaction2role"),
        ("msdyn_transactionconnection", "msdyn_transaction2type"),
        ("solution", "uniquename"),
        ("solution", "version"),
        ("transactioncurrency", "currencyname"),
        ("transactioncurrency", "isocurrencycode"),
        ("workflow", "name"),
        ("workflow", "primaryentity"),
        ("workflowlog", "activityname"),
        ("workflowlog", "stagename"),
        ("workflowlog", "stepname"),
    }
)
"""What Microsoft or the implementer called it, and what the job is known by."""
KEPT_NUMBERS = frozenset({"?split_percent", "?next_invoice_percent"})


class Blanking:
    """Blanks row after row; names are numbered in the order in which they come."""

    def __init__(self) -> None:
        self._numbers: Counter[str] = Counter()

    def blanked(self, row: Row) -> Row:
        values = {}
        for column, value in row.values.items():
            if (left := self._left(row.table, column, value)) is not None:
                values[column] = left
        return Row(row.table, values)

    def _left(self, table: str, column: str, value: Value) -> Value | None:
        if isinstance(value, Decimal):
            return value if column in KEPT_NUMBERS else _sign(value)
        if not isinstance(value, str) or _GUID.fullmatch(value) or (table, column) in KEPT_TEXTS:
            return value
        if (word := NAMES.get((table, column))) is not None:
            self._numbers[word] += 1
            return f"{word} {self._numbers[word]}"
        return None


def _sign(amount: Decimal) -> Decimal:
    return Decimal(amount.compare(Decimal(0)))
