"""`projops utilization` against the emulator (rule J9)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.emulator.ownership import OpenEmulator
from connector.emulator.store import Value
from tests.console.outputs import Projops, check, schema_of

AFTER_A_WEEK_OF_WORK = datetime(2020, 10, 6, 6, tzinfo=UTC)


@pytest.fixture
def week(emulator: OpenEmulator) -> OpenEmulator:
    emulator.move_clock(AFTER_A_WEEK_OF_WORK)
    return emulator


def drafts(emulator: OpenEmulator) -> int:
    with emulator.store.snapshot() as tx:
        return len(tx.find("invoice"))


def test_it_is_an_estimate_and_says_so(projops: Projops, week: OpenEmulator) -> None:
    """J9: the formula is not public; the seven days before today are named, and nothing is written."""
    before = week.store.now
    done = projops("utilization")
    assert done.code == 0
    assert "2020-09-29 to 2020-10-05" in done.out
    assert "An estimate" in done.out
    assert "week_capacity_h" in done.out
    assert (drafts(week), week.store.now) == (0, before)


def test_json_fits_its_schema_and_names_the_setting(projops: Projops, week: OpenEmulator) -> None:
    """The capacity that was used stands in the result; a flag outranks the setting."""
    found = projops("utilization", "--capacity", "35", "-o", "json").json
    check(found, schema_of("utilization"))
    assert found["rules"] == {"week_capacity_h": "35"}
    assert found["is_estimate"] is True
    [role] = found["roles"]
    assert role["percent"] is None, "the sample's transactions name no role and no resource"
    assert role["billable_h"] != "0.0"


def test_a_role_is_shown_by_its_name(projops: Projops, week: OpenEmulator) -> None:
    """20 chargeable hours of one developer, of 40, are 50 percent."""
    with week.store.transaction() as tx:
        role = tx.insert("bookableresourcecategory", {"name": "Developer"})
        resource = tx.insert("bookableresource", {"name": "Ann"})
        [actual, *others] = tx.find("msdyn_actual", {"msdyn_transactionclassification": 192350000})
        for other in others:
            tx.delete("msdyn_actual", str(other["msdyn_actualid"]))
        values: dict[str, Value] = {
            "msdyn_resourcecategory": role,
            "msdyn_bookableresource": resource,
            "msdyn_quantity": 20,
            "msdyn_billingtype": 192350001,
            "msdyn_adjustmentstatus": None,
            "msdyn_documentdate": datetime(2020, 10, 5, tzinfo=UTC),
        }
        tx.update("msdyn_actual", str(actual["msdyn_actualid"]), values)
    done = projops("utilization")
    assert "Developer" in done.out
    assert "50.0 %" in done.out
