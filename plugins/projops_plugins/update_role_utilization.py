"""UpdateRoleUtilization, as an estimate: billable utilization of a week by role (rule J9). Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from connector.hooks import hookimpl
from connector.model.actual import BillingType
from connector.model.money import EXACT, ZERO, rounded, total
from connector.model.process import UPDATE_ROLE_UTILIZATION
from connector.model.utilization import RecordedHours, RoleUtilization, UtilizationEstimate, by_role

HUNDRED = Decimal(100)
PERCENT_DIGITS = 1


@dataclass(frozen=True, slots=True)
class UpdateRoleUtilization:
    name: str = UPDATE_ROLE_UTILIZATION

    def estimate(
        self, hours: Sequence[RecordedHours], week_capacity_h: Decimal
    ) -> tuple[tuple[RoleUtilization, ...], tuple[str, ...]]:
        """Chargeable hours over capacity: a week's hours for everybody who recorded time in the role.

        Corrected transactions are left out, what replaced them counts. Who recorded nothing is not seen.
        """
        counted = [one for one in hours if one.adjustment_status is None and one.hours is not None]
        grouped = sorted(by_role(counted).items(), key=lambda pair: (pair[0] is None, pair[0] or ""))
        roles = tuple(_role(role, items, week_capacity_h) for role, items in grouped)
        return roles, tuple(_left_out(hours))


def _role(role: str | None, items: Sequence[RecordedHours], week_capacity_h: Decimal) -> RoleUtilization:
    resources = len({one.resource for one in items if one.resource})
    billable = total(one.hours or ZERO for one in items if one.billing_type == BillingType.CHARGEABLE)
    capacity = EXACT.multiply(week_capacity_h, Decimal(resources))
    return RoleUtilization(
        role=role,
        resources=resources,
        billable_h=billable,
        recorded_h=total(one.hours or ZERO for one in items),
        capacity_h=capacity,
        percent=_percent(billable, capacity) if capacity else None,
    )


def _percent(billable: Decimal, capacity: Decimal) -> Decimal:
    return rounded(EXACT.divide(EXACT.multiply(billable, HUNDRED), capacity), PERCENT_DIGITS)


def _left_out(hours: Sequence[RecordedHours]) -> Iterable[str]:
    if adjusted := sum(one.adjustment_status is not None for one in hours):
        yield f"Corrected and not counted: {adjusted}."
    if without := sum(one.hours is None for one in hours):
        yield f"Without a quantity: {without}."


@hookimpl
def projops_utilization_estimates() -> Iterable[UtilizationEstimate]:
    return (UpdateRoleUtilization(),)
