"""transactioncurrency: a currency, its ISO code and the digits that its amounts have."""

from __future__ import annotations

from msgspec import field

from connector.model.table import Record, Table


class Currency(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="transactioncurrencyid")
    name: str | None = field(name="currencyname", default=None)
    iso_code: str | None = field(name="isocurrencycode", default=None)
    precision: int | None = field(name="currencyprecision", default=None)


CURRENCY = Table(
    Currency,
    logical_name="transactioncurrency",
    entity_set="transactioncurrencies",
    key="transactioncurrencyid",
)
