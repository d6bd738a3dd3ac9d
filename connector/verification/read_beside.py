"""What contracts are held against: frequencies, price lists, accounts, what awaits approval. Small tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from connector.dataverse import EVERYTHING, DataverseClient, Query, eq
from connector.model.actual import TransactionClass
from connector.model.currency import Currency
from connector.model.entry import AWAITING_EXPENSE, AWAITING_TIME
from connector.model.invoicing_rules import InvoicingRules
from connector.model.organizational_unit import OrganizationalUnit
from connector.model.price_list import PriceList
from connector.model.process import APPROVAL_FLOW, Process, ProcessCategory
from connector.model.table import Table
from connector.model.tables import Tables
from connector.verification.evidence import Frequency, Need, NotRead, NotToExceed, Progress, Waiting

_INACTIVE = 1
_FAILED, _NOT_EVALUATED = "failed", "not evaluated"
"""Labels of the not-to-exceed status, as Microsoft's pages write them."""


@dataclass(frozen=True)
class BesideContracts:
    """A function for each piece. They raise NotRead where a table or a column is not there."""

    client: DataverseClient
    tables: Tables
    rules: InvoicingRules

    @property
    def reading(self) -> Mapping[Need, Callable[[], Any]]:
        return {
            Need.FREQUENCIES: self.frequencies,
            Need.PRICE_LISTS: self.price_lists,
            Need.ROLE_PRICES: self.role_prices,
            Need.INACTIVE_ACCOUNTS: self.inactive_accounts,
            Need.UNITS: self.units,
            Need.CURRENCIES: self.currencies,
            Need.WAITING: self.waiting,
            Need.NOT_TO_EXCEED: self.not_to_exceed,
            Need.PROGRESS: self.progress,
            Need.APPROVAL_FLOWS: self.approval_flows,
        }

    def frequencies(self) -> tuple[Frequency, ...]:
        table = self._table("invoice_frequency")
        details = Counter(
            row.frequency
            for row in self.client.list(self._table("invoice_frequency_detail", "frequency"), EVERYTHING)
        )
        return tuple(Frequency(row, details[row.id]) for row in self.client.list(table, EVERYTHING))

    def price_lists(self) -> Mapping[str, PriceList]:
        table = self._table("price_list", "begin_date", "end_date", "currency")
        return {row.id: row for row in self.client.list(table, EVERYTHING)}

    def role_prices(self) -> frozenset[tuple[str, str]]:
        table = self._table("role_price", "price_list", "role")
        query = Query(select=(table.property_of("price_list"), table.property_of("role")), is_unbounded=True)
        return frozenset(
            (row.price_list, row.role)
            for row in self.client.list(table, query)
            if row.price_list and row.role
        )

    def inactive_accounts(self) -> Mapping[str, str]:
        table = self._table("account", "state")
        query = Query(filter=eq(table.property_of("state"), _INACTIVE))
        return {row.id: row.name or "" for row in self.client.list(table, query)}

    def units(self) -> Mapping[str, OrganizationalUnit]:
        table = self._table("organizational_unit", "currency")
        return {row.id: row for row in self.client.list(table, EVERYTHING)}

    def currencies(self) -> Mapping[str, Currency]:
        return {row.id: row for row in self.client.list(self._table("currency"), EVERYTHING)}

    def waiting(self) -> Mapping[str, tuple[Waiting, ...]]:
        """Time and expenses by project and day: entries are counted, not kept."""
        counts: dict[str, Counter[tuple[TransactionClass, date | None]]] = {}
        for field, kind, statuses in (
            ("time_entry", TransactionClass.TIME, AWAITING_TIME),
            ("expense", TransactionClass.EXPENSE, AWAITING_EXPENSE),
        ):
            table = self._table(field, "project", "day", "status")
            status = table.property_of("status")
            query = Query(
                filter=" or ".join(eq(status, one.value) for one in statuses),
                select=(table.key, table.property_of("project"), table.property_of("day")),
            )
            for row in self.client.list(table, query):
                if row.project:
                    counts.setdefault(row.project, Counter())[kind, row.day] += 1
        return {
            project: tuple(Waiting(kind, day, count) for (kind, day), count in found.items())
            for project, found in counts.items()
        }

    def not_to_exceed(self) -> NotToExceed:
        """The values by their labels; a setting outranks what is found."""
        table: Table[Any] = self.tables.actual
        if not table.has("not_to_exceed_status"):
            raise NotRead(
                f"No column of {table.logical_name} is known as the not-to-exceed status; "
                f"[names] in projops.toml can name it as {table.logical_name}.not_to_exceed_status."
            )
        column = self.client.table_description(table.logical_name).columns[
            table.column_of("not_to_exceed_status")
        ]
        values = {(choice.label or "").casefold(): choice.value for choice in column.choices}
        failed = self.rules.not_to_exceed_failed
        found = NotToExceed(failed if failed is not None else values.get(_FAILED), values.get(_NOT_EVALUATED))
        if found.failed is None and found.not_evaluated is None:
            raise NotRead(
                f"The choices of {table.column_of('not_to_exceed_status')} have other labels than the "
                "documents; the setting not_to_exceed_failed in [rules] can name the value of Failed."
            )
        return found

    def progress(self) -> Progress:
        """The roles of progress billing, by settings and by the labels of live metadata."""
        table: Table[Any] = self.tables.milestone
        if self.rules.progress_schedule_type is None or not self.tables.contract_line.has(
            "invoice_schedule_type"
        ):
            raise NotRead(
                "Which lines are billed by progress is not known: progress_schedule_type in [rules] names "
                "the value of Invoice Schedule Type."
            )
        for name in ("header", "header_status", "next_invoice_percent"):
            if not table.has(name):
                raise NotRead(
                    f"No column of {table.logical_name} is known as {name}; [names] in projops.toml can "
                    f"name it as {table.logical_name}.{name}."
                )
        column = self.client.table_description(table.logical_name).columns[table.column_of("header_status")]
        labels = {choice.value: choice.label or "" for choice in column.choices}
        return Progress(self.rules.progress_schedule_type, labels)

    def approval_flows(self) -> tuple[Process, ...]:
        table = self._table("process", "name", "category", "state")
        conditions = (
            eq(table.property_of("name"), APPROVAL_FLOW),
            eq(table.property_of("category"), ProcessCategory.MODERN_FLOW.value),
        )
        return tuple(self.client.list(table, Query(filter=" and ".join(conditions))))

    def _table(self, field: str, *columns: str) -> Table[Any]:
        table: Table[Any] = getattr(self.tables, field)
        if not self.tables.has(field):
            raise NotRead(f"The environment has no table {table.logical_name}.")
        for name in columns:
            if not table.has(name):
                raise NotRead(f"The table {table.logical_name} has no column {table.column_of(name)}.")
        return table
