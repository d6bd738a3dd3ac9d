"""Contract lines, schedule rows and milestones, read a page at a time: only what lacks something is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any, TypeVar

from connector.dataverse import DataverseClient, Query, any_of, eq, quote
from connector.model.column_date import day_in, day_without_zone, midnight_in
from connector.model.contract_line import BillingMethodChoice, ContractLine, ProductType
from connector.model.invoice_schedule import RunStatus
from connector.model.invoicing_rules import ContractStates, InvoicingRules
from connector.model.milestone import InvoiceStatus, Milestone
from connector.model.project_contract import ContractState, OrderType
from connector.model.table import Record, Table
from connector.model.tables import Tables
from connector.verification.evidence import DueMilestone, LineFacts, LineRef, NotRead, PastDueRow, Today

IDS_AT_A_TIME = 400
"""With quotes and commas an id takes 43 characters of a URL, which may have 32,768."""
_ACTIVE = 0
_CONTRACT = "salesorderid"
"""The navigation property from a line to its contract."""
_STATES = {
    # A contract without a state is a draft: that is what a new one is.
    ContractStates.DRAFT_AND_CONFIRMED: (None, ContractState.DRAFT, ContractState.ACTIVE),
    ContractStates.CONFIRMED: (ContractState.ACTIVE,),
}
R = TypeVar("R", bound=Record)
T = TypeVar("T")


@dataclass(frozen=True)
class LineReader:
    """What the client is asked about lines. Raises NotRead where a table or a column is not there."""

    client: DataverseClient
    tables: Tables
    rules: InvoicingRules

    def facts(self) -> LineFacts:
        """All project-based lines of confirmed contracts; in memory are those of one chunk."""
        fold = _Fold()
        for lines in chunks(self._confirmed_lines(), IDS_AT_A_TIME):
            by_method = {
                method: [line for line in lines if line.billing_method == method]
                for method in BillingMethodChoice
            }
            rows, milestones = self.tables.invoice_schedule, self.tables.milestone
            scheduled = by_method[BillingMethodChoice.TIME_AND_MATERIAL]
            fixed = by_method[BillingMethodChoice.FIXED_PRICE]
            fold.add_time_and_material(scheduled, self._lines_with(rows, "invoice_schedule", scheduled))
            fold.add_fixed_price(fixed, self._lines_with(milestones, "milestone", fixed))
        names = self._contract_names(fold.lacking)
        return fold.facts(names)

    def past_due_rows(self, today: Today) -> Iterator[PastDueRow]:
        """Rows that are Not Run although their day has passed, on contracts that the job takes.

        A row that stands for a milestone counts only when the milestone is ready: until then nothing was
        missed, and MIL03 speaks of it.
        """
        table = self.tables.invoice_schedule
        self._must_have("invoice_schedule", "contract_line", "invoice_run_date", "run_status")
        run_date = table.property_of("invoice_run_date")
        conditions = (
            eq(table.property_of("run_status"), RunStatus.NOT_RUN.value),
            f"{run_date} lt {quote(midnight_in(today.zone, today.day))}",
            eq(table.property_of("state"), _ACTIVE),
        )
        rows = self.client.list(table, Query(filter=" and ".join(conditions)))
        for some in chunks(rows, IDS_AT_A_TIME):
            lines = self._open_lines(row.contract_line for row in some)
            waiting = self._milestones_not_ready(row.milestone for row in some)
            for row in some:
                if row.contract_line in lines and row.milestone not in waiting and row.invoice_run_date:
                    day = day_in(today.zone, row.invoice_run_date)
                    if day < today.day:
                        yield PastDueRow(id=row.id, run_date=day, line=lines[row.contract_line])

    def due_milestones(self, today: Today) -> Iterator[DueMilestone]:
        """Milestones that are not ready although their day has come, on contracts that the job takes."""
        table = self.tables.milestone
        self._must_have("milestone", "contract_line", "milestone_date", "invoice_status")
        tomorrow = midnight_in(today.zone, today.day + timedelta(days=1))
        dated = [
            f"{table.property_of(name)} lt {quote(tomorrow)}"
            for name in ("milestone_date", "zone_independent_date")
            if table.has(name)
        ]
        conditions = (
            eq(table.property_of("invoice_status"), InvoiceStatus.NOT_READY_FOR_INVOICING.value),
            f"({' or '.join(dated)})",
            eq(table.property_of("state"), _ACTIVE),
        )
        milestones = self.client.list(table, Query(filter=" and ".join(conditions)))
        for some in chunks(milestones, IDS_AT_A_TIME):
            lines = self._open_lines(item.contract_line for item in some)
            for item in some:
                day = _day_of(item, today)
                if item.contract_line in lines and day is not None and day <= today.day:
                    line = lines[item.contract_line]
                    yield DueMilestone(id=item.id, name=item.name or "", day=day, line=line)

    def _confirmed_lines(self) -> Iterator[ContractLine]:
        self._must_have("contract_line", "contract", "product_type", "billing_method")
        self._must_have("project_contract", "order_type", "contract_state")
        table, contract = self.tables.contract_line, self.tables.project_contract
        conditions = (
            eq(table.property_of("product_type"), ProductType.PROJECT_BASED_SERVICE.value),
            eq(f"{_CONTRACT}/{contract.property_of('order_type')}", OrderType.WORK_BASED.value),
            eq(f"{_CONTRACT}/{contract.property_of('contract_state')}", ContractState.ACTIVE.value),
        )
        return self.client.list(
            table, Query(filter=" and ".join(conditions), select=self._line_columns("billing_method"))
        )

    def _lines_with(self, table: Table[Any], field: str, lines: Iterable[ContractLine]) -> set[str]:
        """Those of the lines that a row of `table` refers to."""
        self._must_have(field, "contract_line")
        select = (table.key, table.property_of("contract_line"))
        rows = self._by_ids(table, "contract_line", (line.id for line in lines), select)
        return {row.contract_line for row in rows}

    def _open_lines(self, ids: Iterable[str | None]) -> Mapping[str | None, LineRef]:
        """The lines among `ids` whose contract the job takes (rule L1)."""
        self._must_have("contract_line", "contract")
        self._must_have("project_contract", "order_type", "contract_state")
        lines = list(self._by_ids(self.tables.contract_line, "id", ids, self._line_columns()))
        contracts = {
            item.id: item
            for item in self._by_ids(
                self.tables.project_contract,
                "id",
                (line.contract for line in lines),
                self._columns(self.tables.project_contract, "name", "order_type", "contract_state"),
            )
        }
        states = _STATES[self.rules.contract_states]
        return {
            line.id: LineRef(line.id, line.title, contract.id, contract.name or "")
            for line in lines
            if (contract := contracts.get(line.contract or "")) is not None
            and contract.order_type == OrderType.WORK_BASED
            and contract.contract_state in states
        }

    def _milestones_not_ready(self, ids: Iterable[str | None]) -> set[str | None]:
        """Those of the milestones that do not wait for the job: not ready yet, or invoiced already."""
        table = self.tables.milestone
        wanted = [id for id in ids if id]
        if not wanted:
            return set()
        self._must_have("milestone", "invoice_status")
        rows = self._by_ids(table, "id", wanted, self._columns(table, "invoice_status"))
        return {row.id for row in rows if row.invoice_status != InvoiceStatus.READY_FOR_INVOICING}

    def _contract_names(self, lines: Iterable[ContractLine]) -> dict[str, str]:
        table = self.tables.project_contract
        rows = self._by_ids(table, "id", (line.contract for line in lines), self._columns(table, "name"))
        return {row.id: row.name or "" for row in rows}

    def _by_ids(
        self, table: Table[R], field: str, ids: Iterable[str | None], select: tuple[str, ...]
    ) -> Iterator[R]:
        # The query function In knows columns by their logical names, lookups among them.
        column = table.column_of(field)
        for some in chunks(dict.fromkeys(id for id in ids if id), IDS_AT_A_TIME):
            yield from self.client.list(table, Query(filter=any_of(column, some), select=select))

    def _line_columns(self, *others: str) -> tuple[str, ...]:
        return self._columns(self.tables.contract_line, "contract", "name", "description", *others)

    def _columns(self, table: Table[Any], *fields: str) -> tuple[str, ...]:
        return (table.key, *(table.property_of(field) for field in fields if table.has(field)))

    def _must_have(self, field: str, *columns: str) -> None:
        table: Table[Any] = getattr(self.tables, field)
        if not self.tables.has(field):
            raise NotRead(f"The environment has no table {table.logical_name}.")
        for name in columns:
            if not table.has(name):
                raise NotRead(f"The table {table.logical_name} has no column {table.column_of(name)}.")


class _Fold:
    """Lines counted, and those kept that lack something."""

    def __init__(self) -> None:
        self._time_and_material = 0
        self._fixed_price = 0
        self._without_schedule: list[ContractLine] = []
        self._without_milestone: list[ContractLine] = []

    def add_time_and_material(self, lines: Iterable[ContractLine], scheduled: set[str]) -> None:
        for line in lines:
            self._time_and_material += 1
            if line.id not in scheduled:
                self._without_schedule.append(line)

    def add_fixed_price(self, lines: Iterable[ContractLine], with_milestone: set[str]) -> None:
        for line in lines:
            self._fixed_price += 1
            if line.id not in with_milestone:
                self._without_milestone.append(line)

    @property
    def lacking(self) -> list[ContractLine]:
        return [*self._without_schedule, *self._without_milestone]

    def facts(self, names: Mapping[str, str]) -> LineFacts:
        def refs(lines: list[ContractLine]) -> tuple[LineRef, ...]:
            return tuple(
                LineRef(line.id, line.title, line.contract, names.get(line.contract or "", ""))
                for line in lines
            )

        return LineFacts(
            time_and_material=self._time_and_material,
            fixed_price=self._fixed_price,
            without_schedule=refs(self._without_schedule),
            without_milestone=refs(self._without_milestone),
        )


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def _day_of(milestone: Milestone, today: Today) -> date | None:
    """The milestone's day: the one without a time zone where the environment has it."""
    if milestone.zone_independent_date is not None:
        return day_without_zone(milestone.zone_independent_date)
    return day_in(today.zone, milestone.milestone_date) if milestone.milestone_date else None
