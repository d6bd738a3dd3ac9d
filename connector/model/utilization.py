"""Billable utilization by role: what UpdateRoleUtilization computes, as an estimate of ours (rule J9).

Microsoft says that it recurs every seven days and covers the seven days before; its formula is not
public. Ours: chargeable hours of approved time over the hours that those who recorded any could work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol, runtime_checkable

from msgspec import field as column

from connector.model.column_date import ColumnDate
from connector.model.table import Record, Table

DAYS = 7


class RecordedHours(Record, frozen=True, kw_only=True, gc=False):
    """An unbilled sales actual of the class Time, with the columns that tell who worked as what."""

    id: str = column(name="msdyn_actualid")
    role: str | None = column(name="_msdyn_resourcecategory_value", default=None)
    resource: str | None = column(name="_msdyn_bookableresource_value", default=None)
    hours: Decimal | None = column(name="msdyn_quantity", default=None)
    billing_type: int | None = column(name="msdyn_billingtype", default=None)
    adjustment_status: int | None = column(name="msdyn_adjustmentstatus", default=None)
    document_date: ColumnDate | None = column(name="msdyn_documentdate", default=None)


RECORDED_HOURS = Table(
    RecordedHours, logical_name="msdyn_actual", entity_set="msdyn_actuals", key="msdyn_actualid"
)


class ResourceRole(Record, frozen=True, kw_only=True, gc=False):
    id: str = column(name="bookableresourcecategoryid")
    name: str | None = column(name="name", default=None)


RESOURCE_ROLE = Table(
    ResourceRole,
    logical_name="bookableresourcecategory",
    entity_set="bookableresourcecategories",
    key="bookableresourcecategoryid",
)


@dataclass(frozen=True, slots=True)
class RoleUtilization:
    """One role in one week. Hours are exact; `percent` is None where nobody with the role is known."""

    role: str | None
    resources: int
    billable_h: Decimal
    recorded_h: Decimal
    capacity_h: Decimal
    percent: Decimal | None


@dataclass(frozen=True, slots=True)
class UtilizationWeek:
    """The estimate for the days `first` to `last`, both included; `left_out` says what was not counted."""

    first: date
    last: date
    week_capacity_h: Decimal
    roles: tuple[RoleUtilization, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


@runtime_checkable
class UtilizationEstimate(Protocol):
    """How utilization is estimated; a plug-in brings it."""

    @property
    def name(self) -> str: ...

    def estimate(
        self, hours: Sequence[RecordedHours], week_capacity_h: Decimal
    ) -> tuple[tuple[RoleUtilization, ...], tuple[str, ...]]:
        """The roles of one week, and sentences on what could not be counted."""
        ...


def by_role(hours: Iterable[RecordedHours]) -> dict[str | None, list[RecordedHours]]:
    found: dict[str | None, list[RecordedHours]] = {}
    for one in hours:
        found.setdefault(one.role, []).append(one)
    return found
