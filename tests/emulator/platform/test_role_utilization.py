"""UpdateRoleUtilization on the server: rhythm and days are documented, the formula is our estimate."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.emulator.platform.world import World

HOURS = (
    # document date, role, hours, billing type (chargeable 192350001): the run is on 10 October 2020
    ("2020-10-02", "Consultant", 8, 192350001),  # eight days before: too early
    ("2020-10-03", "Consultant", 10, 192350001),  # the first of the seven days
    ("2020-10-09", "Consultant", 6, 192350001),  # the last of them
    ("2020-10-09", "Consultant", 4, 192350000),  # not chargeable
    ("2020-10-10", "Consultant", 8, 192350001),  # the day itself
    ("2020-10-05", "Developer", 40, 192350001),
)
PERCENT = {"Consultant": (40, 75), "Developer": (100, None)}
"""By hand: 16 of 40 hours and 40 of 40; the target is the role's own, where it has one."""


def plant(world: World) -> None:
    with world.emulator.store.transaction() as tx:
        roles, people = {}, {}
        for name, target in (("Consultant", 75), ("Developer", None)):
            values: dict[str, Any] = {"name": name, "msdyn_targetutilization": target}
            roles[name] = tx.insert("bookableresourcecategory", values)
            people[name] = tx.insert("bookableresource", {"name": name, "resourcetype": 3, "timezone": 92})
        for day, role, hours, billing_type in HOURS:
            row: dict[str, Any] = {
                "msdyn_transactiontypecode": 192350005,
                "msdyn_transactionclassification": 192350000,
                "msdyn_billingtype": billing_type,
                "msdyn_quantity": Decimal(hours),
                "msdyn_documentdate": datetime.fromisoformat(day).replace(tzinfo=UTC),
                "msdyn_resourcecategory": roles[role],
                "msdyn_bookableresource": people[role],
            }
            tx.insert("msdyn_actual", row)


def utilization(world: World) -> dict[str, tuple[int, int | None]]:
    rows = world.rows("msdyn_roleutilizations")
    return {row["msdyn_name"]: (row["msdyn_utilpercent"], row["msdyn_targetutilpercent"]) for row in rows}


def test_a_run_writes_one_row_for_each_role(bare: World) -> None:
    """The seven days before the run, neither more nor less; the difference to the target beside it."""
    plant(bare)
    bare.advance(days=7)
    bare.start("UpdateRoleUtilization", bare.create_batch_job("Role utilization"))
    assert utilization(bare) == PERCENT
    (consultant,) = bare.rows("msdyn_roleutilizations", "msdyn_name eq 'Consultant'")
    assert consultant["msdyn_utilpercentdiff"] == -35


def test_it_comes_back_every_seven_days(bare: World) -> None:
    """After its end it waits seven days, then runs again and writes the same rows anew."""
    plant(bare)
    bare.start("UpdateRoleUtilization", bare.create_batch_job("Role utilization"))
    assert utilization(bare) == {"Consultant": (20, 75)}  # 8 of 40 hours, on 2 October
    (_, waiting) = bare.jobs()
    assert (waiting["statecode"], waiting["postponeuntil"]) == (1, "2020-10-10T06:00:00Z")
    bare.advance(days=7)
    assert utilization(bare) == PERCENT
    bare.advance(days=7)
    assert len(bare.rows("msdyn_roleutilizations")) == 2


def test_it_creates_no_invoices(sample: World) -> None:
    """On the record of the invoice job too, it works out utilization and nothing else."""
    sample.start("UpdateRoleUtilization", sample.create_batch_job())
    sample.advance(days=15)
    assert sample.rows("invoices") == []
