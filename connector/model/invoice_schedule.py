"""msdyn_contractlineinvoiceschedule: the dates on which the job invoices a contract line.

Both dates are date-only values kept in user-local time: an instant, where one comes, must be read in
the time zone of the user under whom the job runs (rule L7).
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from msgspec import field

from connector.model.column_date import ColumnDate
from connector.model.table import Record, Table


class RunStatus(IntEnum):
    NOT_RUN = 192350000
    RUN_SUCCESSFUL = 192350001
    RUN_FAILED = 192350002


class InvoiceSchedule(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="msdyn_contractlineinvoicescheduleid")
    name: str | None = field(name="msdyn_name", default=None)
    contract_line: str | None = field(name="_msdyn_contractlineid_value", default=None)
    invoice_run_date: ColumnDate | None = field(name="msdyn_invoicerundate", default=None)
    transaction_cutoff_date: ColumnDate | None = field(name="msdyn_transactioncutoffdate", default=None)
    run_status: int | None = field(name="msdyn_invoicerunstatus", default=None)
    milestone: str | None = field(name="_msdyn_contractlinescheduleofvalue_value", default=None)
    invoice: str | None = field(name="_msdyn_invoice_value", default=None)
    created_on: datetime | None = field(name="createdon", default=None)
    state: int | None = field(name="statecode", default=None)


INVOICE_SCHEDULE = Table(
    InvoiceSchedule,
    logical_name="msdyn_contractlineinvoiceschedule",
    entity_set="msdyn_contractlineinvoiceschedules",
    key="msdyn_contractlineinvoicescheduleid",
)
