"""From stored rows to the JSON of the Web API: properties, annotations, etags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from connector.emulator.problems import unknown_property
from connector.emulator.protocol.annotations import Annotator
from connector.emulator.protocol.context import Context
from connector.emulator.schema import Column, Kind, Table
from connector.emulator.store import target_column
from connector.emulator.store.ddl import VERSION
from connector.emulator.store.values import MONEY_PLACES

ETAG = "@odata.etag"


def etag(row: Mapping[str, Any]) -> str:
    return f'W/"{row[VERSION]}"'


def selected_columns(table: Table, select: Iterable[str] | None) -> tuple[Column, ...]:
    """The columns that `$select` asks for (None: all), with those that always come along.

    The primary key always comes, and the currency comes with any amount (section 4 of the Web API
    facts). A lookup may also be named by its navigation property.
    """
    if select is None:
        return tuple(table.by_property.values())
    chosen: dict[str, Column] = {table.primary_id: table.by_name[table.primary_id]}
    for name in select:
        if name == "*":
            chosen |= {c.name: c for c in table.by_property.values()}
            continue
        column = table.by_property.get(name)
        if column is None and name in table.singles:
            column = table.singles[name].column
        if column is None:
            raise unknown_property(name, table.logical_name)
        chosen[column.name] = column
        if column.kind is Kind.MONEY and "transactioncurrencyid" in table.by_name:
            chosen["transactioncurrencyid"] = table.by_name["transactioncurrencyid"]
    return tuple(chosen.values())


def _money(stored: int | None) -> msgspec.Raw | None:
    if stored is None:
        return None
    return msgspec.Raw(format(Decimal(stored).scaleb(-MONEY_PLACES), "f").encode())


def _decimal(stored: str | None) -> msgspec.Raw | None:
    return None if stored is None else msgspec.Raw(stored.encode())


def _instant(stored: str | None) -> str | None:
    return None if stored is None else stored + "Z"


def _boolean(stored: Any) -> bool | None:
    return None if stored is None else bool(stored)


def _choices(stored: Any) -> str | None:
    return None if stored is None else str(stored).strip(",")


_ENCODERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.MONEY: _money,
    Kind.DECIMAL: _decimal,
    Kind.BOOLEAN: _boolean,
    Kind.INSTANT: _instant,
    Kind.CHOICES: _choices,
}


def encoder_of(column: Column) -> Callable[[Any], Any] | None:
    """From the stored value to that of the API, null to null; None where they are the same."""
    if column.kind is not Kind.MANAGED:
        return _ENCODERS.get(column.kind)

    def managed(stored: Any) -> dict[str, Any] | None:
        if stored is None:
            return None
        return {"Value": bool(stored), "CanBeChanged": True, "ManagedPropertyLogicalName": column.name}

    return managed


@dataclass(frozen=True)
class RowShape:
    """Which columns of a table go into the answer, and with which annotations."""

    context: Context
    table: Table
    columns: tuple[Column, ...]

    @property
    def sql_names(self) -> list[str]:
        names = [c.name for c in self.columns]
        names += [target_column(c.name) for c in self.columns if c.is_polymorphic]
        return [*names, VERSION]

    def render(self, rows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Rows as dictionaries that the JSON encoder takes; stored values in, API values out."""
        out = [self._properties(row) for row in rows]
        if self.context.preferences.annotations:
            annotator = Annotator(self.context, self.columns, rows)
            for row, rendered in zip(rows, out, strict=True):
                annotator.annotate(row, rendered)
        return out

    def _properties(self, row: Mapping[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = {ETAG: etag(row)}
        for column in self.columns:
            value, encode = row[column.name], encoder_of(column)
            out[column.property_name] = value if encode is None else encode(value)
        return out
