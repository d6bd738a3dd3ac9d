"""msdyn_invoicefrequency and its detail: the rhythm from which schedules are generated."""

from __future__ import annotations

from enum import IntEnum

from msgspec import field

from connector.model.table import Record, Table


class Period(IntEnum):
    WEEKLY = 192350000
    MONTHLY = 192350001
    BIWEEKLY = 192350002


class DaysOfRun(IntEnum):
    DAY_OF_PERIOD = 192350000
    WEEKDAY_OF_PERIOD = 192350001


class InvoiceFrequency(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="msdyn_invoicefrequencyid")
    name: str | None = field(name="msdyn_name", default=None)
    period: int | None = field(name="msdyn_period", default=None)
    days_of_run: int | None = field(name="msdyn_daysofrun", default=None)
    runs_per_month: int | None = field(name="msdyn_runspermonth", default=None)


class InvoiceFrequencyDetail(Record, frozen=True, kw_only=True, gc=False):
    """`day_of_month` is 192350000 plus the day; `weekday` counts from Sunday."""

    id: str = field(name="msdyn_invoicefrequencydetailid")
    name: str | None = field(name="msdyn_name", default=None)
    frequency: str | None = field(name="_msdyn_invoicefrequency_value", default=None)
    day_of_month: int | None = field(name="msdyn_dayofmonth", default=None)
    weekday: int | None = field(name="msdyn_weekday", default=None)
    occurrence_of_weekday: int | None = field(name="msdyn_occurrenceofweekday", default=None)


INVOICE_FREQUENCY = Table(
    InvoiceFrequency,
    logical_name="msdyn_invoicefrequency",
    entity_set="msdyn_invoicefrequencies",
    key="msdyn_invoicefrequencyid",
)
INVOICE_FREQUENCY_DETAIL = Table(
    InvoiceFrequencyDetail,
    logical_name="msdyn_invoicefrequencydetail",
    entity_set="msdyn_invoicefrequencydetails",
    key="msdyn_invoicefrequencydetailid",
)
