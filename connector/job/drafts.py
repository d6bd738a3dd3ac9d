"""Which draft invoices came into being while a run was at work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from connector.dataverse import DataverseClient, Query, eq, quote
from connector.model.invoice import Invoice
from connector.model.money import EXACT, ZERO
from connector.model.project_contract import OrderType
from connector.model.tables import Tables


@dataclass(frozen=True)
class CreatedDrafts:
    """`amounts` is keyed by the currency's ISO code, by its id where no code is known."""

    count: int
    amounts: Mapping[str, Decimal]


def read_created(
    client: DataverseClient, tables: Tables, begin: datetime, end: datetime, codes: Mapping[str, str]
) -> CreatedDrafts:
    """The project invoices created between two instants, both included. Raises what the client raises.

    Whoever else creates invoices in that time is counted too: an invoice does not say who asked for it.
    `codes` maps currency ids to ISO codes.
    """
    table = tables.invoice
    created = table.property_of("created_on")
    conditions = (
        eq(table.property_of("order_type"), OrderType.WORK_BASED.value),
        f"{created} ge {quote(begin)}",
        f"{created} le {quote(end)}",
    )
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    count = 0
    for invoice in client.list(table, Query(filter=" and ".join(conditions))):
        count += 1
        code = _code(invoice, codes)
        sums[code] = EXACT.add(sums[code], invoice.total_amount or ZERO)
    return CreatedDrafts(count, dict(sums))


def read_currency_codes(client: DataverseClient, tables: Tables) -> dict[str, str]:
    """ISO codes by the ids of currencies. Raises what the client raises."""
    found = client.list(tables.currency, Query(top=1_000))
    return {row.id: row.iso_code or row.id for row in found}


def _code(invoice: Invoice, codes: Mapping[str, str]) -> str:
    return codes.get(invoice.currency or "", invoice.currency or "?")
