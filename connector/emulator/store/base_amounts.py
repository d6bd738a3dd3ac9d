"""The platform's derived money: every amount has a twin in the base currency, `<column>_base`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from connector.emulator.schema import Table
from connector.emulator.store.values import Value, money

CURRENCY = "transactioncurrencyid"
RATE = "exchangerate"


def base_amounts(table: Table, row: Mapping[str, Value]) -> dict[str, Value]:
    """The `_base` twins of the amounts in `row`: amount divided by exchange rate, four places."""
    rate = row.get(RATE)
    if not isinstance(rate, Decimal) or rate <= 0:
        return {}
    found: dict[str, Value] = {}
    for name, twin in table.base_twins.items():
        if name in row:
            amount = row[name]
            found[twin] = money(amount / rate) if isinstance(amount, Decimal) else None
    return found
