"""Which run dates would be late if the job ran next at a given time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.emulator.store.values import Value
from connector.support.plan import plan_rerun
from connector.support.read import read_run_dates
from connector.support.report import rerun_as_json, rerun_as_text
from connector.support.run_dates import RunDates, late_as_text
from tests.job.emulated import Emulated

NOON = datetime(2020, 10, 7, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FIFTH, SIXTH, SEVENTH = date(2020, 10, 5), date(2020, 10, 6), date(2020, 10, 7)


def test_a_date_is_late_once_its_day_has_passed_in_the_jobs_zone() -> None:
    """A run of the same day is in time; which day it is the zone says."""
    dates = RunDates({SIXTH: 2, SEVENTH: 1})
    assert dates.late_for(NOON) == {SIXTH: 2}
    assert dates.late_for(NOON + DAY) == {SIXTH: 2, SEVENTH: 1}
    evening = RunDates({SEVENTH: 1}, ZoneInfo("Asia/Tokyo"))
    assert evening.late_for(NOON + timedelta(hours=4)) == {SEVENTH: 1}
    assert RunDates({SEVENTH: 1}).late_for(NOON + timedelta(hours=4)) == {}


def test_what_a_run_has_passed_over_is_not_late() -> None:
    """Rows of days up to the last run stand still for another reason than the job's."""
    dates = RunDates({FIFTH: 3, SIXTH: 1}, last_run=FIFTH)
    assert dates.late_for(NOON) == {SIXTH: 1}
    assert dates.passed_over == 3


def test_the_clause_says_what_is_late_what_is_not_and_what_nobody_knows() -> None:
    """At most five days are named; a reading that was cut says at least."""
    assert late_as_text(RunDates({SEVENTH: 1}), NOON) == "no run date would be late"
    assert late_as_text(RunDates({FIFTH: 1, SIXTH: 2}, is_cut=True), NOON) == (
        "late would be at least 2020-10-05 (1 row), 2020-10-06 (2 rows)"
    )
    many = RunDates({FIFTH - number * DAY: 1 for number in range(7)})
    assert late_as_text(many, NOON).endswith("and 2 more days")
    assert late_as_text(RunDates(unknown="Denied."), NOON) == (
        "which run dates would be late is unknown: Denied"
    )


def test_the_plan_tells_both_ways_of_starting_with_what_would_be_late(world: Emulated) -> None:
    """Rows that have not run are counted by day: yesterday's is late for both, today's for the later one."""
    world.create_record()
    now = world.look().snapshot.now
    with world.emulator.store.transaction() as tx:
        for days, status in ((-1, 192350000), (0, 192350000), (0, 192350000), (0, 192350001), (5, 192350000)):
            begin = (now + days * DAY).replace(hour=0)
            values: dict[str, Value] = {
                "msdyn_name": "row",
                "msdyn_invoicerundate": begin,
                "msdyn_invoicerunstatus": status,
            }
            tx.insert("msdyn_contractlineinvoiceschedule", values)
    try:
        seen = world.look()
        plan = plan_rerun(seen, world.at.rules)
        dates = read_run_dates(world.at, max(at for _, at in plan.next_runs), seen.diagnosis)
    finally:
        with world.emulator.store.transaction() as tx:
            for row in tx.find("msdyn_contractlineinvoiceschedule", {}):
                tx.delete(
                    "msdyn_contractlineinvoiceschedule", str(row["msdyn_contractlineinvoicescheduleid"])
                )
    today, yesterday = now.date(), (now - DAY).date()
    assert dates.rows == {yesterday: 1, today: 2}
    plan = plan.with_run_dates(dates)
    late = {one["workflow"]: one["late"] for one in rerun_as_json(plan)["next_runs"]}
    assert late["ProcessRunner"] == [{"date": yesterday.isoformat(), "rows": 1}]
    assert [one["rows"] for one in late["ProcessRunCaller"]] == [1, 2]
    text = "\n".join(rerun_as_text(plan))
    assert f"late would be {yesterday} (1 row), {today} (2 rows)" in text
    assert "0 chains were started within the last 24 hours, and 5 may be" in text
