"""msdyn_timeentry and msdyn_expense: what people enter, before its approval makes transactions of it.

Names and values: Microsoft's Web API reference of 2017 (msdyn_expense), CDM's TimeEntry, and
articles/time/ of the Project Operations pages, which give the numbers of the statuses of time.
"""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum

from msgspec import field

from connector.model.column_date import ColumnDate
from connector.model.table import Record, Table


class TimeEntryStatus(IntEnum):
    DRAFT = 192350000
    RETURNED = 192350001
    APPROVED = 192350002
    SUBMITTED = 192350003
    RECALL_REQUESTED = 192350004


class ExpenseStatus(IntEnum):
    DRAFT = 192350000
    SUBMITTED = 192350001
    APPROVED = 192350002
    REJECTED = 192350003
    POSTED = 192350004
    PAID = 192350005


class TimeEntry(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="msdyn_timeentryid")
    project: str | None = field(name="_msdyn_project_value", default=None)
    day: ColumnDate | None = field(name="msdyn_date", default=None)
    status: int | None = field(name="msdyn_entrystatus", default=None)
    duration_min: int | None = field(name="msdyn_duration", default=None)


class Expense(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="msdyn_expenseid")
    project: str | None = field(name="_msdyn_project_value", default=None)
    day: ColumnDate | None = field(name="msdyn_transactiondate", default=None)
    status: int | None = field(name="msdyn_expensestatus", default=None)
    amount: Decimal | None = field(name="msdyn_amount", default=None)


TIME_ENTRY = Table(
    TimeEntry, logical_name="msdyn_timeentry", entity_set="msdyn_timeentries", key="msdyn_timeentryid"
)
EXPENSE = Table(Expense, logical_name="msdyn_expense", entity_set="msdyn_expenses", key="msdyn_expenseid")

AWAITING_TIME = (TimeEntryStatus.SUBMITTED, TimeEntryStatus.RECALL_REQUESTED)
AWAITING_EXPENSE = (ExpenseStatus.SUBMITTED,)
"""Handed in, and neither approved nor given back: what awaits an approval."""
