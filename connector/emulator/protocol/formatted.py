"""Formatted values: the label of a choice, the name behind a lookup, numbers and dates as text.

The emulator's users read American English and UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from connector.emulator.schema import Column, Kind
from connector.emulator.store import ORGANIZATION, Transaction, target_column
from connector.emulator.store.values import MONEY_PLACES

_CHUNK = 5000


def formatted_value(column: Column, stored: Any) -> str | None:
    """The text for a value that is neither a lookup nor an amount; None where the platform gives none."""
    formatter = _FORMATTERS.get(column.kind)
    return None if formatter is None else formatter(column, stored)


def _choice(column: Column, stored: Any) -> str | None:
    return column.choices.get(stored)


def _choices(column: Column, stored: Any) -> str:
    return "; ".join(column.choices.get(int(n), n) for n in stored.split(",") if n)


def _boolean(column: Column, stored: Any) -> str:
    return column.choices.get(int(stored), "Yes" if stored else "No")


def formatted_money(stored: int, symbol: str) -> str:
    amount = Decimal(stored).scaleb(-MONEY_PLACES)
    return f"{'-' if amount < 0 else ''}{symbol}{abs(amount):,.2f}"


def _moment(column: Column, moment: datetime) -> str:
    if column.format == "DateOnly":
        return _day(moment)
    hour = moment.hour % 12 or 12
    return f"{_day(moment)} {hour}:{moment:%M} {'AM' if moment.hour < 12 else 'PM'}"


def _day(moment: datetime) -> str:
    return f"{moment.month}/{moment.day}/{moment.year}"


_FORMATTERS: dict[Kind, Callable[[Column, Any], str | None]] = {
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.BOOLEAN: _boolean,
    Kind.DECIMAL: lambda _, stored: f"{Decimal(stored):,f}",
    Kind.INTEGER: lambda _, stored: f"{stored:,}",
    Kind.INSTANT: lambda column, stored: _moment(column, datetime.fromisoformat(stored)),
    Kind.DAY: lambda _, stored: _day(datetime.fromisoformat(stored)),
}


class Symbols:
    """Currency symbols: that of the row's currency, and the organization's for `_base` columns."""

    def __init__(self, tx: Transaction) -> None:
        self._by_currency = {
            str(row["transactioncurrencyid"]): str(row["currencysymbol"] or "")
            for row in tx.find("transactioncurrency")
        }
        organization = tx.get("organization", str(tx.setting(ORGANIZATION))) or {}
        self.base = self._by_currency.get(str(organization.get("basecurrencyid")), "")

    def of(self, column: Column, row: Mapping[str, Any]) -> str:
        if column.name.endswith("_base"):
            return self.base
        return self._by_currency.get(str(row.get("transactioncurrencyid")), self.base)


class LookupNames:
    """The primary names of the rows that lookups point to, read once for each table."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._names: dict[tuple[str, str], str | None] = {}

    def get(self, table: str, id: str) -> str | None:
        return self._names.get((table, id))

    def load(self, columns: Iterable[Column], rows: list[Mapping[str, Any]]) -> None:
        wanted: dict[str, set[str]] = {}
        for column in columns:
            if column.kind is not Kind.LOOKUP:
                continue
            for row in rows:
                target = row[target_column(column.name)] if column.is_polymorphic else column.targets[0]
                if row[column.name] is not None and target:
                    wanted.setdefault(target, set()).add(row[column.name])
        for table, ids in wanted.items():
            self._read(table, sorted(ids))

    def _read(self, table: str, ids: list[str]) -> None:
        definition = self._tx.schema.get(table)
        if definition is None or definition.primary_name is None:
            return
        sql = self._tx.sql(table)
        key, name = sql.c[definition.primary_id], sql.c[definition.primary_name]
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            found = self._tx.execute(select(key.label("id"), name.label("name")).where(key.in_(chunk))).all()
            self._names |= {(table, str(row.id)): row.name for row in found}
