"""The report: exit codes, JSON and text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.model.system_job import JobStatus
from connector.verification.check import EachContract
from connector.verification.checks import ALL_CHECKS, select
from connector.verification.evidence import Evidence
from connector.verification.examples import FORBIDDEN, HEALTHY, diagnosis, run, sleep, with_job
from connector.verification.finding import passed
from connector.verification.report import NAMED_IN_TEXT, as_json, as_text
from connector.verification.tally import MOST_TOLD, Tally
from connector.verification.verify import verify
from tests.verification.samples import missed, unscheduled

THE_KEYS = {
    "code",
    "severity",
    "outcome",
    "message",
    "record",
    "evidence",
    "fix",
    "is_breaking",
    "accepted",
}
MANY = tuple((f"line-{number}", f"Line {number}") for number in range(9))
MISSED = missed("row-1")


def test_a_failed_error_ends_in_3() -> None:
    """An error-level check that failed makes the exit code 3."""
    assert verify(MISSED).exit_code == 3


def test_an_unknown_error_ends_in_3() -> None:
    """An error-level check that could not be made is never taken for a pass: exit code 3."""
    assert verify(replace(HEALTHY, contracts=FORBIDDEN)).exit_code == 3


@pytest.mark.parametrize(
    "evidence", [with_job(name="Nightly create invoices"), replace(HEALTHY, progress=FORBIDDEN)]
)
def test_warnings_leave_the_exit_at_0(evidence: Evidence) -> None:
    """Warnings that fail or are unknown do not change the exit code."""
    assert verify(evidence).exit_code == 0


def test_a_failed_run_before_a_restart_is_a_warning() -> None:
    """A failed run weighs less once a new chain has been started after it."""
    failed = run(JobStatus.FAILED, message="No price list")
    restarted = verify(replace(HEALTHY, chain=diagnosis(failed, sleep())), select(only=["RUN05"]))
    stopped = verify(replace(HEALTHY, chain=diagnosis(failed)), select(only=["RUN05"]))
    assert [item.severity.value for item in restarted.results] == ["warning"]
    assert [item.severity.value for item in stopped.results] == ["error"]


def test_json_has_an_entry_with_all_keys_for_each_finding() -> None:
    """Every finding is an entry of its own, also where a check has many."""
    report = verify(unscheduled(MANY))
    entries = as_json(report)["checks"]
    assert all(set(entry) == THE_KEYS for entry in entries)
    assert [entry["record"] for entry in entries if entry["code"] == "SCH02"] == [line[0] for line in MANY]


def test_json_leads_to_the_record() -> None:
    """A finding about a record carries its id, its table, its name and its address in the browser."""
    entry = next(item for item in as_json(verify(MISSED))["checks"] if item["code"] == "SCH05")
    assert entry["record"] == "row-1"
    assert entry["evidence"]["table"] == "msdyn_contractlineinvoiceschedule"
    assert entry["evidence"]["link"].startswith("https://contoso.crm4.dynamics.com/main.aspx?")
    assert entry["evidence"]["msdyn_invoicerundate"] == "2020-09-07"


def test_json_offers_a_fix_only_where_something_is_wrong() -> None:
    """What passed needs no fix; what failed names the way out and the page."""
    entries = {item["code"]: item for item in as_json(verify(MISSED))["checks"]}
    assert entries["JOB01"]["fix"] is None
    assert "learn.microsoft.com" in entries["SCH05"]["fix"]


def test_the_summary_counts_checks_once_and_findings_by_severity() -> None:
    """A check counts once by its worst outcome, its findings count one by one."""
    report = verify(unscheduled(MANY))
    summary = as_json(report)["summary"]
    assert summary["checks"] == len(ALL_CHECKS)
    assert (summary["fail"], summary["errors"], summary["is_sound"]) == (1, 9, False)
    assert summary["pass"] == len(ALL_CHECKS) - 1


def test_text_names_the_first_of_many_and_counts_the_rest() -> None:
    """In text a check with many findings names the first ones and says how many more there are."""
    text = "\n".join(as_text(verify(unscheduled(MANY))))
    assert sum(f"'Line {number}' " in text for number in range(9)) == NAMED_IN_TEXT
    assert "and 4 more" in text


def test_text_puts_the_worst_first() -> None:
    """Errors come before what is unknown, that before warnings, those before what passed."""
    evidence = replace(MISSED, solutions=FORBIDDEN, batch_jobs=with_job(name="X create invoices").batch_jobs)
    lines = list(as_text(verify(evidence)))
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert [item.split(":")[0] for item in headings] == [
        "Errors",
        "Unknown",
        "Warnings",
        "Passed",
        "Invoicing is not safe",
    ]
    assert lines[-1].endswith("Begin with SCH05.")


def test_text_says_when_all_is_well() -> None:
    """A clean report ends in one sentence that says so."""
    assert list(as_text(verify(HEALTHY)))[-1] == (
        f"Invoicing will run: {len(ALL_CHECKS)} checks, {len(ALL_CHECKS)} passed."
    )


def test_a_part_of_the_checks_promises_nothing_about_the_rest() -> None:
    """Only a report of all checks says that invoicing will run."""
    some = [check for check in ALL_CHECKS if check.code.startswith("ENV")]
    assert (
        list(as_text(verify(HEALTHY, some)))[-1]
        == f"Nothing wrong where it was looked: 6 of {len(ALL_CHECKS)} checks, 6 passed."
    )


def test_a_name_with_line_breaks_stays_on_its_line() -> None:
    """White space in a record's name cannot draw lines of its own into the text."""
    report = verify(unscheduled([("line-1", "Work\n::error::pwned\r\n##vso[task.setvariable]")]))
    lines = list(as_text(report))
    assert not any(text.lstrip().startswith(("::", "##")) for text in lines)
    assert not any("\n" in text or "\r" in text for text in lines)


def test_checks_that_are_unknown_for_one_reason_share_it() -> None:
    """A table that may not be read is told once, with all the checks that it leaves unknown."""
    text = list(as_text(verify(replace(HEALTHY, invoice_sources=FORBIDDEN))))
    assert sum("prvRead" in line for line in text) == 1
    assert any(line.split() == ["MIL05", "TRX09", "TRX10", "TRX11"] for line in text)


def test_what_is_well_and_says_nothing_is_counted_in_words() -> None:
    """A check that tells of one contract says of the others what holds for them, not only their number."""
    tally = Tally(EachContract(lambda _case, _evidence: (), "Contracts without adjusted transactions", ""))
    for text in ("'Adatum': 1 adjusted.", *("",) * 4):
        tally.add(passed(text))
    assert [one.message for one in tally.findings()] == [
        "'Adatum': 1 adjusted.",
        "Contracts without adjusted transactions: 4.",
    ]
    for number in range(MOST_TOLD + 2):
        tally.add(passed(f"'{number}': 1 adjusted."))
    assert [one.message for one in tally.findings()][MOST_TOLD:] == [
        "And 3 more like these.",
        "Contracts without adjusted transactions: 4.",
    ]
