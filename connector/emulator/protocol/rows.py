"""From stored rows to the JSON of the Web API: properties, annotations, etags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from connector.emulator.problems import unknown_property
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.formatted import LookupNames, formatted_value
from connector.emulator.protocol.messages import FORMATTED
from connector.emulator.schema import Column, Kind, Table
from connector.emulator.store import target_column
from connector.emulator.store.layout import VERSION
from connector.emulator.store.values import MONEY_PLACES

LOOKUP_TABLE = "Microsoft.Dynamics.CRM.lookuplogicalname"
NAVIGATION = "Microsoft.Dynamics.CRM.associatednavigationproperty"


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


def json_value(column: Column, stored: Any) -> Any:
    if stored is None:
        return None
    encode = _ENCODERS.get(column.kind)
    if encode:
        return encode(stored)
    if column.kind is Kind.MANAGED:
        return {"Value": bool(stored), "CanBeChanged": True, "ManagedPropertyLogicalName": column.name}
    return stored


def _money(stored: Any) -> msgspec.Raw:
    return msgspec.Raw(format(Decimal(stored).scaleb(-MONEY_PLACES), "f").encode())


def _choices(stored: Any) -> str:
    return str(stored).strip(",")


_ENCODERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.MONEY: _money,
    Kind.DECIMAL: lambda stored: msgspec.Raw(stored.encode()),
    Kind.BOOLEAN: bool,
    Kind.INSTANT: lambda stored: stored + "Z",
    Kind.CHOICES: _choices,
}


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
        plain = [self._properties(row) for row in rows]
        preferences = self.context.preferences
        if not preferences.annotations:
            return plain
        names = LookupNames(self.context.tx)
        if preferences.wants(FORMATTED):
            names.load(self.columns, rows)
        return [self._annotated(row, out, names) for row, out in zip(rows, plain, strict=True)]

    def _properties(self, row: Mapping[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = {"@odata.etag": etag(row)}
        for column in self.columns:
            out[column.property_name] = json_value(column, row[column.name])
        return out

    def _annotated(self, row: Mapping[str, Any], out: dict[str, Any], names: LookupNames) -> dict[str, Any]:
        wants = self.context.preferences.wants
        for column in self.columns:
            stored = row[column.name]
            if stored is None:
                continue
            name = column.property_name
            target = self._target(column, row)
            if column.kind is Kind.LOOKUP:
                if target and wants(NAVIGATION):
                    out[f"{name}@{NAVIGATION}"] = column.navigation_to(target)
                if target and wants(LOOKUP_TABLE):
                    out[f"{name}@{LOOKUP_TABLE}"] = target
            if wants(FORMATTED):
                text = names.get(target, stored) if target else formatted_value(column, stored)
                if text is not None:
                    out[f"{name}@{FORMATTED}"] = text
        return out

    @staticmethod
    def _target(column: Column, row: Mapping[str, Any]) -> str | None:
        if column.kind is not Kind.LOOKUP:
            return None
        return row[target_column(column.name)] if column.is_polymorphic else column.targets[0]
