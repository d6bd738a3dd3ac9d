"""The checks as values: every example beside them, and what holds for all of them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from connector.errors import UsageError
from connector.verification.check import Check, Example
from connector.verification.checks import ALL_CHECKS, needs_of, select
from connector.verification.evidence import Evidence, Need, Unread
from connector.verification.examples import HEALTHY, NEVER_PROVISIONED
from connector.verification.finding import Outcome
from connector.verification.verify import judged, verify, worst

BUILT = {
    "ENV": (1, 2, 3, 4, 5, 6),
    "JOB": (1, 2, 3, 4, 5, 6, 7),
    "WF": (1, 2, 3, 4, 5, 6),
    "RUN": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
    "SCH": tuple(range(1, 11)),
    "MIL": tuple(range(1, 9)),
    "CON": tuple(range(1, 11)),
    "TRX": tuple(range(1, 12)),
    "INV": (1, 2, 3),
}


def outcome_of(check: Check, evidence: Evidence) -> Outcome:
    return worst(finding.outcome for finding in judged(check, evidence))


def without(*needs: Need) -> Evidence:
    """The healthy environment with pieces that could not be read."""
    missing: dict[str, Any] = {need.value: Unread("403: prvReadIt is missing.") for need in needs}
    return replace(HEALTHY, **missing)


@pytest.mark.parametrize(
    ("check", "example"),
    [
        pytest.param(check, example, id=f"{check.code}: {example.name}")
        for check in ALL_CHECKS
        for example in check.examples
    ],
)
def test_each_example_has_the_outcome_that_it_claims(check: Check, example: Example) -> None:
    """Evidence that stands beside a check is judged as the example says."""
    assert outcome_of(check, example.evidence) is example.outcome


@pytest.mark.parametrize("check", ALL_CHECKS, ids=lambda check: check.code)
def test_each_check_shows_a_pass_and_an_unknown(check: Check) -> None:
    """No check goes without an example of passing and one of not being able to look."""
    outcomes = {example.outcome for example in check.examples}
    assert {Outcome.PASS, Outcome.UNKNOWN} <= outcomes


NOTES = {"JOB07", "RUN10", "ENV06", "CON10", "TRX05", "TRX07", "INV01"}
"""They tell something, and find no fault."""


@pytest.mark.parametrize(
    "check", [c for c in ALL_CHECKS if c.code not in NOTES], ids=lambda check: check.code
)
def test_each_check_can_fail(check: Check) -> None:
    """Every check but the notes has an example in which it fails."""
    assert Outcome.FAIL in {example.outcome for example in check.examples}


@pytest.mark.parametrize("check", ALL_CHECKS, ids=lambda check: check.code)
def test_a_check_is_unknown_when_any_of_its_evidence_could_not_be_read(check: Check) -> None:
    """Each piece of evidence that a check names makes it unknown, with the reason, when it is missing."""
    for need in check.needs:
        findings = judged(check, without(need))
        assert [item.outcome for item in findings] == [Outcome.UNKNOWN]
        assert "prvReadIt" in findings[0].message


@pytest.mark.parametrize("check", ALL_CHECKS, ids=lambda check: check.code)
def test_a_check_looks_at_nothing_that_it_does_not_name(check: Check) -> None:
    """What a check does not name as needed can be missing without making it unknown."""
    others = [need for need in Need if need not in check.needs]
    assert outcome_of(check, without(*others)) is Outcome.PASS


@pytest.mark.parametrize("need", Need, ids=lambda need: need.value)
def test_missing_evidence_makes_exactly_its_checks_unknown(need: Need) -> None:
    """In a healthy environment one unreadable piece makes those checks unknown that need it, and no other."""
    report = verify(without(need))
    unknown = {check.code for check, outcome, _ in report.by_check() if outcome is Outcome.UNKNOWN}
    assert unknown == {check.code for check in ALL_CHECKS if need in check.needs}


def test_a_check_that_says_nothing_is_unknown() -> None:
    """Silence is no pass: a check that found nothing to judge has not looked."""
    silent = replace(ALL_CHECKS[0], judge=lambda _: ())
    assert [item.outcome for item in judged(silent, HEALTHY)] == [Outcome.UNKNOWN]


def test_a_healthy_environment_passes_everything() -> None:
    """Where nothing is wrong every check passes."""
    assert {outcome for _, outcome, _ in verify(HEALTHY).by_check()} == {Outcome.PASS}


def test_before_provisioning_only_the_missing_job_fails() -> None:
    """Before there is a job JOB01 fails and names provision; what would look at the job does not apply."""
    checks = select(only=["JOB", "RUN"], skip=["RUN07"])
    report = verify(NEVER_PROVISIONED, checks)
    assert {check.code: outcome for check, outcome, _ in report.by_check()} == {
        check.code: Outcome.FAIL if check.code == "JOB01" else Outcome.NOT_APPLICABLE for check in checks
    }
    assert "projops provision" in report.results[0].fix


def test_the_registry_holds_what_this_release_promises() -> None:
    """The checks of this release are there, each once, in the order of the report."""
    promised = [f"{group}{number:02}" for group, numbers in BUILT.items() for number in numbers]
    assert [check.code for check in ALL_CHECKS] == promised


@pytest.mark.parametrize("check", ALL_CHECKS, ids=lambda check: check.code)
def test_each_check_speaks_in_full(check: Check) -> None:
    """Every check has a question, a reason, a way out and a page to read."""
    assert re.fullmatch(r"[A-Z]{2,3}\d\d", check.code)
    assert check.question.endswith("?")
    assert check.why.endswith(".")
    assert check.fix.endswith(".")
    assert not check.title.endswith(".")
    assert check.link.startswith("https://learn.microsoft.com/")
    assert check.needs


def test_checks_are_chosen_by_code_and_by_group() -> None:
    """Codes and groups may be mixed, in any case, separated by commas or given one by one."""
    assert [check.code for check in select(only=["job01,INV"])] == ["JOB01", "INV01", "INV02", "INV03"]
    assert [check.code for check in select(only=["INV"], skip=["INV01"])] == ["INV02", "INV03"]
    assert select() == ALL_CHECKS


@pytest.mark.parametrize("name", ["JOB99", "XYZ", "JO", "1"])
def test_a_name_that_is_no_check_is_refused_with_what_there_is(name: str) -> None:
    """An unknown name is a usage error that names it and the groups that there are."""
    with pytest.raises(UsageError) as caught:
        select(skip=[name])
    assert name in caught.value.message
    assert "RUN" in caught.value.hint


def test_a_choice_that_leaves_nothing_is_refused() -> None:
    """To make no check at all is a usage error: it would pass for a clean bill."""
    with pytest.raises(UsageError):
        select(only=["JOB"], skip=["JOB"])


def test_only_what_the_chosen_checks_need_is_asked_for() -> None:
    """The job's checks want neither contract lines nor milestones read."""
    assert needs_of(select(only=["JOB"])) == {Need.BATCH_JOBS}
