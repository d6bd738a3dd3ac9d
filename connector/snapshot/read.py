"""Reads what the job touches, table after table, so that whoever plays it finds each row's parents first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from connector.dataverse import EVERYTHING, DataverseClient, Query, eq, quote
from connector.errors import AccessDenied, NotFound
from connector.job.read import read_job
from connector.model.actual import TransactionType
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_snapshot import JobSnapshot
from connector.model.project_contract import ContractState, OrderType
from connector.model.table import Record, Table
from connector.model.tables import Tables
from connector.snapshot.blank import Blanking
from connector.snapshot.rows import Header, Pulled, Row, row_of

HISTORY = timedelta(days=30)
"""How far back finished system jobs are read: as far as the platform keeps them."""
SOLUTION = "ProjectService"
"""What the names of Project Operations' solutions contain."""
_RULES = ("not_to_exceed_failed", "progress_schedule_type")

R = TypeVar("R", bound=Record)


def pull(client: DataverseClient, tables: Tables, rules: InvoicingRules, *, has_values: bool) -> Pulled:
    """Header and rows, read as they are asked for; names and amounts are blanked unless `has_values`.

    Closed contracts are left out. A table that is absent or may not be read ends in `unread`; other
    errors of the client are raised.
    """
    job = read_job(client, tables, rules, HISTORY)
    reader = _Reader(client, tables, dict(job.unread))
    caller = client.who_am_i().user_id
    header = Header(
        now=client.now,
        caller=caller,
        has_values=has_values,
        rules={name: value for name in _RULES if (value := getattr(rules, name)) is not None},
    )
    rows = reader.rows(job, caller)
    if not has_values:
        rows = map(Blanking().blanked, rows)
    return Pulled(header, rows, reader.unread)


@dataclass
class _Reader:
    client: DataverseClient
    tables: Tables
    unread: dict[str, str]
    accounts: set[str] = field(default_factory=set)

    def rows(self, job: JobSnapshot, caller: str) -> Iterator[Row]:
        yield from self._surroundings(job, caller)
        yield from _rows("process", job.processes)
        yield from _rows("batch_job", job.batch_jobs)
        yield from self._contracts()
        yield from _rows("system_job", job.jobs)
        yield from _rows("workflow_log", job.logs)

    def _surroundings(self, job: JobSnapshot, caller: str) -> Iterator[Row]:
        yield from self._all("organization")
        yield from _rows("user", job.users)
        known = {user.id for user in job.users}
        yield from self._by_keys("user", "id", {caller} - known)
        yield from self._by_keys("user_settings", "user", known | {caller})
        name = self.tables.solution.property_of("unique_name")
        yield from self._all("solution", Query(filter=f"contains({name},{quote(SOLUTION)})"))
        yield from self._all("currency")
        yield from self._all("invoice_frequency")
        yield from self._all("invoice_frequency_detail")

    def _contracts(self) -> Iterator[Row]:
        table = self.tables.project_contract
        is_project = eq(table.property_of("order_type"), int(OrderType.WORK_BASED))
        is_open = f"{table.property_of('contract_state')} ne {int(ContractState.CLOSED)}"
        contracts = list(self._records("project_contract", Query(filter=f"{is_project} and {is_open}")))
        ids = [contract.id for contract in contracts]
        lines = list(self._records_by_keys("contract_line", "contract", ids))
        line_ids = [line.id for line in lines]
        self._note(contracts, "customer")
        shares = list(self._records_by_keys("contract_customer", "contract", ids))
        line_shares = list(self._records_by_keys("contract_line_customer", "contract_line", line_ids))
        self._note((*shares, *line_shares), "account")
        actuals = self._records_by_keys("actual", "contract_line", line_ids, self._unbilled())
        # The actuals are the many: they are written as they come, and their customers after them.
        yield from _rows("project_contract", contracts)
        yield from _rows("contract_line", lines)
        yield from _rows("contract_customer", shares)
        yield from _rows("contract_line_customer", line_shares)
        yield from self._by_keys("milestone", "contract_line", line_ids)
        yield from self._by_keys("invoice_schedule", "contract_line", line_ids)
        for actual in actuals:
            self._note((actual,), "account_customer")
            yield row_of("actual", actual)
        yield from self._by_keys("account", "id", self.accounts)
        yield from self._invoices(ids)

    def _invoices(self, contracts: list[str]) -> Iterator[Row]:
        invoices = list(self._records_by_keys("invoice", "contract", contracts))
        ids = [invoice.id for invoice in invoices]
        details = list(self._records_by_keys("invoice_line_detail", "invoice", ids))
        yield from _rows("invoice", invoices)
        yield from self._by_keys("invoice_line", "invoice", ids)
        yield from _rows("invoice_line_detail", details)
        yield from self._by_keys("transaction_connection", "transaction_1", [item.id for item in details])

    def _unbilled(self) -> str:
        kind = self.tables.actual.property_of("transaction_type")
        return str(eq(kind, int(TransactionType.UNBILLED_SALES)))

    def _note(self, records: Iterable[Any], name: str) -> None:
        self.accounts.update(id for record in records if (id := getattr(record, name)) is not None)

    # --- how it is asked ---

    def _all(self, name: str, query: Query = EVERYTHING) -> Iterator[Row]:
        yield from _rows(name, self._records(name, query))

    def _by_keys(self, name: str, column: str, keys: Iterable[str]) -> Iterator[Row]:
        yield from _rows(name, self._records_by_keys(name, column, keys))

    def _records(self, name: str, query: Query) -> Iterator[Any]:
        table: Table[Any] = getattr(self.tables, name)
        if self._is_there(name, table):
            yield from self._readable(table, self.client.list(table, query))

    def _records_by_keys(
        self, name: str, column: str, keys: Iterable[str], filter: str = ""
    ) -> Iterator[Any]:
        wanted = sorted(keys)
        table: Table[Any] = getattr(self.tables, name)
        if not self._is_there(name, table) or not wanted:
            return
        if not table.has(column):
            self.unread[table.logical_name] = f"its column for {column} is not known here."
            return
        query = Query(filter=filter)
        found = self.client.list_by_keys(table, table.column_of(column), wanted, query)
        yield from self._readable(table, found)

    def _is_there(self, name: str, table: Table[Any]) -> bool:
        if self.tables.has(name):
            return True
        self.unread[table.logical_name or name] = "the environment has no such table."
        return False

    def _readable(self, table: Table[Any], records: Iterator[R]) -> Iterator[R]:
        try:
            yield from records
        except (AccessDenied, NotFound) as error:
            self.unread[table.logical_name] = error.message


def _rows(name: str, records: Iterable[Record]) -> Iterator[Row]:
    return (row_of(name, record) for record in records)
