"""Time and expenses that await their approval, by contract line (reason awaiting_approval).

An entry names its project, not its contract line: which line it falls to is decided when it is
approved. It is told to each line of its project that includes its class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from connector.dataverse import DataverseClient, eq
from connector.model.actual import TransactionClass
from connector.model.contract_line import BillingMethodChoice, ContractLine
from connector.model.entry import AWAITING_EXPENSE, AWAITING_TIME, Expense, TimeEntry
from connector.model.table import Table
from connector.model.tables import Tables
from connector.runner.read_drafts import read_by_ids
from connector.workflow import EXPENSES, TIME_ENTRIES, UnapprovedEntry


def read_unapproved(
    client: DataverseClient, tables: Tables, lines: Sequence[ContractLine]
) -> Callable[[ContractLine], tuple[UnapprovedEntry, ...]]:
    """Two requests for all lines; none where the environment does not have the tables."""
    projects = sorted({line.project for line in lines if line.project and _is_by_entries(line)})
    found: dict[str, list[UnapprovedEntry]] = {}
    if projects and tables.has("time_entry"):
        awaiting = _among(tables.time_entry, AWAITING_TIME)
        for time in read_by_ids(client, tables.time_entry, "project", projects, awaiting):
            entry = UnapprovedEntry(TIME_ENTRIES, time.id, TransactionClass.TIME, time.day)
            found.setdefault(time.project or "", []).append(entry)
    if projects and tables.has("expense"):
        awaiting = _among(tables.expense, AWAITING_EXPENSE)
        for expense in read_by_ids(client, tables.expense, "project", projects, awaiting):
            entry = UnapprovedEntry(EXPENSES, expense.id, TransactionClass.EXPENSE, expense.day)
            found.setdefault(expense.project or "", []).append(entry)

    def of(line: ContractLine) -> tuple[UnapprovedEntry, ...]:
        return tuple(_included(line, found.get(line.project or "", ())))

    return of


def _is_by_entries(line: ContractLine) -> bool:
    return line.billing_method == BillingMethodChoice.TIME_AND_MATERIAL


def _among(table: Table[TimeEntry] | Table[Expense], statuses: Sequence[int]) -> str:
    name = table.property_of("status")
    return "(" + " or ".join(eq(name, int(status)) for status in statuses) + ")"


def _included(line: ContractLine, entries: Sequence[UnapprovedEntry]) -> Iterator[UnapprovedEntry]:
    if not _is_by_entries(line):
        return
    includes = {TransactionClass.TIME: line.includes_time, TransactionClass.EXPENSE: line.includes_expense}
    yield from (entry for entry in entries if includes[entry.transaction_class] is not False)
