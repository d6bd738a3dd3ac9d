"""The estimate of role utilization, for machines and for people (rule J9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from connector.model.money import with_digits
from connector.model.utilization import RoleUtilization, UtilizationWeek

ESTIMATE = "An estimate: Microsoft does not publish the formula of UpdateRoleUtilization. Nothing is written."
NO_ROLE = "(no role)"


def utilization_as_json(week: UtilizationWeek) -> dict[str, Any]:
    return {
        "is_estimate": True,
        "first": week.first.isoformat(),
        "last": week.last.isoformat(),
        "rules": {"week_capacity_h": with_digits(week.week_capacity_h, 0)},
        "left_out": list(week.left_out),
        "roles": [_role_json(role, week.names) for role in week.roles],
    }


def _role_json(role: RoleUtilization, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "role": role.role,
        "name": names.get(role.role or ""),
        "resources": role.resources,
        "billable_h": _hours(role.billable_h),
        "recorded_h": _hours(role.recorded_h),
        "capacity_h": _hours(role.capacity_h),
        "percent": None if role.percent is None else with_digits(role.percent, 1),
    }


def utilization_as_text(week: UtilizationWeek) -> Iterator[str]:
    yield f"Billable utilization by role, {week.first} to {week.last}"
    yield ESTIMATE
    capacity = with_digits(week.week_capacity_h, 0)
    yield f"Of {capacity} hours a week (week_capacity_h) for each resource who recorded time in the role."
    yield from week.left_out
    yield ""
    if not week.roles:
        yield "No approved time in these days."
        return
    names = [_name(role, week.names) for role in week.roles]
    width = max(map(len, names))
    yield f"{'role':<{width}}  {'resources':>9}  {'billable':>10}  {'recorded':>10}  {'capacity':>10}"
    for name, role in zip(names, week.roles, strict=True):
        percent = "unknown" if role.percent is None else f"{with_digits(role.percent, 1)} %"
        hours = (role.billable_h, role.recorded_h, role.capacity_h)
        figures = "  ".join(f"{_hours(one) + ' h':>10}" for one in hours)
        yield f"{name:<{width}}  {role.resources:>9}  {figures}  {percent:>7}"


def _name(role: RoleUtilization, names: Mapping[str, str]) -> str:
    return names.get(role.role or "") or role.role or NO_ROLE


def _hours(hours: Decimal) -> str:
    return with_digits(hours, 1)
