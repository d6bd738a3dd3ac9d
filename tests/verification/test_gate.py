"""What turns the exit code to 3, and what was accepted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from connector.errors import UsageError
from connector.verification.baseline import Baseline, Known
from connector.verification.examples import FORBIDDEN, HEALTHY, with_job
from connector.verification.finding import Severity
from connector.verification.gate import Accepted, Gate, allowed_unknowns
from connector.verification.report import as_json, as_text
from connector.verification.verify import verify
from tests.verification.samples import missed

MISSED = missed("row-1")
KNOWN = Known(
    "SCH05", "Billed by hand", date(2020, 12, 31), "msdyn_contractlineinvoiceschedule", "row-1", "September"
)


def test_a_failed_warning_counts_once_warnings_are_asked_for() -> None:
    """--fail-on warning turns a failed warning into exit code 3, and leaves notes alone."""
    oddly_named = with_job(name="Nightly create invoices")
    assert verify(oddly_named).exit_code == 0
    assert verify(oddly_named, gate=Gate(fail_on=Severity.WARNING)).exit_code == 3
    assert verify(HEALTHY, gate=Gate(fail_on=Severity.INFO)).exit_code == 0


def test_strict_makes_every_unknown_count() -> None:
    """An unknown warning leaves the exit code at 0, and makes it 3 with --strict."""
    unreadable = replace(HEALTHY, progress=FORBIDDEN)
    assert verify(unreadable).exit_code == 0
    assert verify(unreadable, gate=Gate(is_strict=True)).exit_code == 3


def test_an_allowed_unknown_does_not_count_and_says_why() -> None:
    """--allow-unknown takes one check out of the exit code, with its reason in every output."""
    report = verify(
        replace(HEALTHY, owners=FORBIDDEN),
        gate=Gate(is_strict=True, allowed_unknowns={"WF03": Accepted("no right")}),
    )
    entry = next(item for item in as_json(report)["checks"] if item["code"] == "WF03")
    assert report.exit_code == 0
    assert entry["accepted"] == {"reason": "no right", "until": None}
    assert "Accepted: no right" in "\n".join(as_text(report))


def test_an_allowed_unknown_allows_no_failure() -> None:
    """Whoever lets a check be unknown has not let it fail."""
    assert verify(MISSED, gate=Gate(allowed_unknowns={"SCH05": Accepted("x")})).exit_code == 3


def test_a_known_failure_does_not_count_until_its_last_day_is_over() -> None:
    """A baseline entry covers its record up to and including its last day, by the environment's clock."""
    for until, code in ((date(2020, 12, 31), 0), (HEALTHY.now.date(), 0), (date(2020, 10, 2), 3)):
        gate = Gate(baseline=Baseline((replace(KNOWN, until=until),)))
        assert verify(MISSED, gate=gate).exit_code == code, until


def test_a_known_failure_of_one_record_says_nothing_about_another() -> None:
    """The same check on another record is a new finding, and counts."""
    both = missed("row-1", "row-2")
    report = verify(both, gate=Gate(baseline=Baseline((KNOWN,))))
    assert [item.is_breaking for item in report.results if item.check.code == "SCH05"] == [False, True]


def test_a_baseline_hides_no_unknown() -> None:
    """What could not be judged counts although its check stands in the baseline."""
    known = Known("SCH05", "x", date(2020, 12, 31))
    assert (
        verify(replace(HEALTHY, schedule_rows=FORBIDDEN), gate=Gate(baseline=Baseline((known,)))).exit_code
        == 3
    )


def test_entries_that_can_go_are_named() -> None:
    """An entry that expired, or whose finding was not made, is told with the reason."""
    old = replace(KNOWN, until=date(2020, 1, 1))
    gone = replace(KNOWN, record="row-9")
    told = as_json(verify(MISSED, gate=Gate(baseline=Baseline((old, gone)))))["outdated"]
    assert [(item["record"], item["because"]) for item in told] == [
        ("row-1", "expired"),
        ("row-9", "not found any more"),
    ]


def test_an_entry_is_not_out_of_date_because_its_check_could_not_look() -> None:
    """Only a check that was judged can say that a finding is gone."""
    gate = Gate(baseline=Baseline((KNOWN,)))
    assert verify(replace(HEALTHY, schedule_rows=FORBIDDEN), gate=gate).outdated == ()
    assert verify(HEALTHY, [], gate).outdated == ()
    assert verify(HEALTHY, gate=gate).outdated == (KNOWN,)


@pytest.mark.parametrize(
    ("text", "problem"), [("WF03", "no reason"), ("WF03= ", "no reason"), ("XX01=because", "no check 'XX01'")]
)
def test_an_unknown_is_allowed_with_a_check_and_a_reason_only(text: str, problem: str) -> None:
    """--allow-unknown without a reason, or for a check that is none, is wrong usage."""
    with pytest.raises(UsageError, match=problem):
        allowed_unknowns([text])


def test_an_allowed_unknown_can_have_a_last_day() -> None:
    """`CODE=REASON until DAY`: it is accepted up to that day of the environment's clock, and counts after."""
    assert allowed_unknowns(["wf03=no right, until 2020-10-05"]) == {
        "WF03": Accepted("no right", date(2020, 10, 5))
    }
    evidence = replace(HEALTHY, owners=FORBIDDEN)
    for day, code in (("2020-10-05", 0), ("2020-10-04", 3)):
        gate = Gate(is_strict=True, allowed_unknowns=allowed_unknowns([f"WF03=no right until {day}"]))
        assert verify(evidence, gate=gate).exit_code == code
    with pytest.raises(UsageError, match="2020-02-30"):
        allowed_unknowns(["WF03=no right until 2020-02-30"])
