"""UpdateRoleUtilization as an estimate: by hand, with values (rule J9)."""

from __future__ import annotations

from decimal import Decimal

from connector.hooks import load_plugins
from connector.model.actual import BillingType
from connector.model.utilization import RecordedHours, RoleUtilization

CHARGEABLE, NON_CHARGEABLE = int(BillingType.CHARGEABLE), int(BillingType.NON_CHARGEABLE)
FORTY = Decimal(40)


def worked(
    role: str | None, resource: str | None, hours: str | None, kind: int, adjusted: int | None = None
) -> RecordedHours:
    quantity = None if hours is None else Decimal(hours)
    return RecordedHours(
        id="a", role=role, resource=resource, hours=quantity, billing_type=kind, adjustment_status=adjusted
    )


def estimated(*hours: RecordedHours) -> tuple[tuple[RoleUtilization, ...], tuple[str, ...]]:
    return load_plugins().utilization_estimate("UpdateRoleUtilization").estimate(hours, FORTY)


def test_chargeable_hours_are_held_against_the_hours_of_those_who_worked() -> None:
    """J9: two developers could work 80 hours and 30 + 6 were chargeable: 45 percent."""
    roles, left_out = estimated(
        worked("developer", "ann", "30", CHARGEABLE),
        worked("developer", "bob", "6", CHARGEABLE),
        worked("developer", "bob", "30", NON_CHARGEABLE),
        worked("consultant", "eve", "13.3", CHARGEABLE),
    )
    assert roles == (
        RoleUtilization("consultant", 1, Decimal("13.3"), Decimal("13.3"), FORTY, Decimal("33.3")),
        RoleUtilization("developer", 2, Decimal(36), Decimal(66), Decimal(80), Decimal("45.0")),
    )
    assert left_out == ()


def test_corrected_time_and_time_without_hours_are_left_out_and_said() -> None:
    """J9: what was corrected would count twice; what cannot be counted is named."""
    roles, left_out = estimated(
        worked("developer", "ann", "8", CHARGEABLE, 192350001),
        worked("developer", "ann", "6", CHARGEABLE),
        worked("developer", "ann", None, CHARGEABLE),
    )
    assert [role.billable_h for role in roles] == [Decimal(6)]
    assert left_out == ("Corrected and not counted: 1.", "Without a quantity: 1.")


def test_a_role_whose_people_are_not_known_has_no_percentage() -> None:
    """J9: unknown is an answer, not zero percent; a role that is not known comes last."""
    roles, _ = estimated(worked(None, None, "8", CHARGEABLE), worked("tester", None, "1", CHARGEABLE))
    assert [(role.role, role.percent) for role in roles] == [("tester", None), (None, None)]
