"""The annotations beside a row's values, as far as they are preferred."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.emulator.protocol.context import Context
from connector.emulator.protocol.formatted import LookupNames, Symbols, formatted_money, formatted_value
from connector.emulator.protocol.messages import FORMATTED
from connector.emulator.schema import Column, Kind
from connector.emulator.store import target_column

LOOKUP_TABLE = "Microsoft.Dynamics.CRM.lookuplogicalname"
NAVIGATION = "Microsoft.Dynamics.CRM.associatednavigationproperty"


class Annotator:
    """Made once for the rows of an answer: names and currencies are read together."""

    def __init__(self, context: Context, columns: tuple[Column, ...], rows: list[Mapping[str, Any]]) -> None:
        wants = context.preferences.wants
        self._columns = columns
        self._wants_formatted = wants(FORMATTED)
        self._wants_table = wants(LOOKUP_TABLE)
        self._wants_navigation = wants(NAVIGATION)
        self._names = LookupNames(context.tx)
        self._symbols: Symbols | None = None
        if self._wants_formatted:
            self._names.load(columns, rows)
            if any(column.kind is Kind.MONEY for column in columns):
                self._symbols = Symbols(context.tx)

    def annotate(self, row: Mapping[str, Any], out: dict[str, Any]) -> None:
        """Add to `out`, the rendered form of `row`; a value that is null has no annotations."""
        for column in self._columns:
            stored = row[column.name]
            if stored is None:
                continue
            name = column.property_name
            if column.kind is Kind.LOOKUP:
                text = self._lookup(column, row, out)
            elif not self._wants_formatted:
                continue
            elif column.kind is Kind.MONEY and self._symbols:
                text = formatted_money(stored, self._symbols.of(column, row))
            else:
                text = formatted_value(column, stored)
            if text is not None:
                out[f"{name}@{FORMATTED}"] = text

    def _lookup(self, column: Column, row: Mapping[str, Any], out: dict[str, Any]) -> str | None:
        """Where the lookup leads; returns the name of the row behind it when that is wanted."""
        target = row[target_column(column.name)] if column.is_polymorphic else column.targets[0]
        if target is None:
            return None
        if self._wants_navigation:
            out[f"{column.property_name}@{NAVIGATION}"] = column.navigation_to(target)
        if self._wants_table:
            out[f"{column.property_name}@{LOOKUP_TABLE}"] = target
        return self._names.get(target, row[column.name]) if self._wants_formatted else None
