"""Lets the platform's job run day by day, and writes down what it created and what the preview had said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from connector.console.connection import Connection
from connector.console.demo.comparison import Invoiced
from connector.dataverse import EVERYTHING, Query, any_of
from connector.hooks import Plugins
from connector.model.invoicing_rules import InvoicingRules
from connector.model.project_contract import ProjectContract
from connector.runner.invoicing import RunRequest, start_run

NOON = time(12, tzinfo=UTC)
"""By then the job's run of the day has ended: it starts at 06:00 and drifts by minutes."""


@dataclass(frozen=True)
class DayByDay:
    """`created` and `previewed` hold the days with invoices of the example's contract."""

    created: dict[date, tuple[Invoiced, ...]]
    previewed: dict[date, tuple[Invoiced, ...]]
    others: dict[str, int]
    """How many invoices the job created for each of the other contracts, by name."""


class Watcher:
    """Reads an environment as anybody may, and has its clock moved by `move_clock`."""

    def __init__(
        self, connection: Connection, plugins: Plugins, move_clock: Callable[[datetime], object]
    ) -> None:
        self._client = connection.client
        self._tables = connection.tables
        self._definitions = connection.definitions
        self._plugins = plugins
        self._rules = connection.rules_here(InvoicingRules())
        self._move_clock = move_clock
        self._contracts = {
            one.id: one for one in self._client.list(self._tables.project_contract, EVERYTHING)
        }

    def contract(self, begins_with: str) -> ProjectContract:
        return next(one for one in self._contracts.values() if (one.name or "").startswith(begins_with))

    def watch(
        self, contract: ProjectContract, first: date, last: date, after: Callable[[date], object]
    ) -> DayByDay:
        """Preview each day, then let its run happen, then read what it created; `after` is told each day."""
        result = DayByDay({}, {}, defaultdict(int))
        seen = {id for id, _, _ in self._invoices()}
        for day in (first + timedelta(days=offset) for offset in range((last - first).days + 1)):
            if previewed := self.preview(contract, day):
                result.previewed[day] = previewed
            self._move_clock(datetime.combine(day, NOON))
            for id, owner, invoiced in self._invoices(since=day):
                if id in seen:
                    continue
                seen.add(id)
                if owner == contract.id:
                    result.created[day] = (*result.created.get(day, ()), invoiced)
                else:
                    result.others[self._contracts[owner].name or owner] += 1
            after(day)
        return result

    def preview(self, contract: ProjectContract, day: date) -> tuple[Invoiced, ...]:
        """What `projops run --on DAY` would show for one contract."""
        run = start_run(
            self._client,
            self._tables,
            self._definitions.get(self._tables.invoice_schedule.logical_name),
            self._plugins,
            self._rules,
            RunRequest(on=day, contracts=(contract.id,)),
        )
        return tuple(
            Invoiced(tuple(line.name for line in one.invoice.lines), one.invoice.total)
            for outcome in run.outcomes
            for one in outcome.invoices
        )

    def _invoices(self, since: date | None = None) -> list[tuple[str, str, Invoiced]]:
        """Invoices by id, contract and contents, created on or after a day."""
        young = Query(filter=f"createdon ge {since.isoformat()}T00:00:00Z") if since else EVERYTHING
        invoices = [one for one in self._client.list(self._tables.invoice, young) if one.contract]
        if not invoices:
            return []
        lines: dict[str, list[str]] = defaultdict(list)
        column = self._tables.invoice_line.column_of("invoice")
        for line in self._client.list(
            self._tables.invoice_line, Query(filter=any_of(column, [one.id for one in invoices]))
        ):
            lines[line.invoice or ""].append(line.name or "")
        return [
            (one.id, one.contract or "", Invoiced(tuple(lines[one.id]), one.total_amount or Decimal(0)))
            for one in invoices
        ]
