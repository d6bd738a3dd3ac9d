"""The formats of build services: whole, readable by somebody else's reader, and safe from records' names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.verification.baseline import Baseline, Known
from connector.verification.checks import ALL_CHECKS
from connector.verification.examples import FORBIDDEN, HEALTHY, with_job
from connector.verification.formats.azure_devops import as_azure_devops
from connector.verification.formats.github import as_github
from connector.verification.formats.junit import as_junit
from connector.verification.formats.markdown import as_markdown
from connector.verification.formats.sarif import NAMED, as_sarif
from connector.verification.gate import Gate
from connector.verification.report import NAMED_IN_TEXT
from connector.verification.verify import Report, verify
from tests.verification.samples import missed, unscheduled

MISSED = missed("row-1")
HOSTILE = [
    "##vso[task.setvariable variable=x]1",
    "a\n##vso[task.complete result=Succeeded]",
    "::set-output name=x::1",
    "a\r\n::error::b",
    "100%0A::stop-commands::x",
    "<script>alert(1)</script>",
    "| a | ![x](http://evil) [y](javascript:1)",
    "]]> & < \x1b[31m \u202e \x00",
]
FORMATS: dict[str, Callable[[Report], Iterable[str]]] = {
    "github": as_github,
    "azure-devops": as_azure_devops,
    "junit": as_junit,
    "sarif": lambda report: as_sarif(report, "1.0.0"),
    "markdown": as_markdown,
}


def _named(name: str, count: int = 1) -> Report:
    """A report with findings about lines of that name."""
    return verify(unscheduled((f"line-{number}", name) for number in range(count)))


def _cases(report: Report) -> dict[str, ET.Element]:
    root = ET.fromstring("".join(as_junit(report)))
    return {str(case.get("name"))[:5]: case for case in root.iter("testcase")}


def _sarif(report: Report) -> dict[str, Any]:
    run: dict[str, Any] = json.loads("".join(as_sarif(report, "1.0.0")))["runs"][0]
    return run


@pytest.mark.parametrize("name", HOSTILE)
def test_a_records_name_commands_no_build(name: str) -> None:
    """In the lines that a build service reads, only the commands that we write are commands."""
    report = _named(name)
    github = list(as_github(report))
    azure = list(as_azure_devops(report))
    assert github
    assert azure
    assert all("\n" not in line and "\r" not in line for line in (*github, *azure))
    assert all(re.match(r"::(error|warning|notice) title=[^:]+::", line) for line in github)
    assert all(line.startswith("##vso[task.logissue type=") for line in azure)
    assert all(line.count("##vso[") == 1 for line in azure)


@given(st.text(max_size=60))
def test_any_name_leaves_every_format_whole(name: str) -> None:
    """Whatever a record is called: XML and JSON parse, and lines of commands stay lines."""
    report = _named(name)
    assert "SCH02" in _cases(report)
    assert _sarif(report)["results"][0]["ruleId"] == "SCH02"
    assert len(list(as_github(report))) == 1
    assert len(list(as_azure_devops(report))) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_a_records_name_is_text_in_markdown(name: str) -> None:
    """No tag, no image, no link and no new line of a table comes out of a record's name."""
    text = "\n".join(as_markdown(_named(name)))
    assert "<script" not in text
    assert "![" not in text.replace("!\\[", "").replace("\\![", "")
    assert "](http://evil" not in text.replace("\\](", "")
    assert "](javascript" not in text.replace("\\](", "")


def test_junit_fails_exactly_what_counts() -> None:
    """A check that counts is a failure or an error; a mild one passes, and is remarked."""
    evidence = replace(MISSED, solutions=FORBIDDEN, batch_jobs=with_job(name="X create invoices").batch_jobs)
    cases = _cases(verify(evidence))
    assert cases["SCH05"].find("failure") is not None
    assert cases["ENV02"].find("error") is not None
    assert list(cases["JOB02"]) == []
    assert "JOB02 warning" in "".join(as_junit(verify(evidence)))


def test_junit_counts_what_it_holds() -> None:
    """The sums of a suite are those of its cases, and each check is one case."""
    root = ET.fromstring("".join(as_junit(verify(replace(MISSED, solutions=FORBIDDEN)))))
    for suite in root:
        cases = suite.findall("testcase")
        for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(str(suite.get(name))) == sum(case.find(kind) is not None for case in cases)
        assert int(str(suite.get("tests"))) == len(cases)
    assert len(list(root.iter("testcase"))) == len(ALL_CHECKS)


def test_what_is_accepted_breaks_no_build_in_any_format() -> None:
    """A known failure is skipped in JUnit, suppressed in SARIF, and no annotation."""
    known = Known("SCH05", "By hand", date(2020, 12, 31), "msdyn_contractlineinvoiceschedule", "row-1")
    report = verify(MISSED, gate=Gate(baseline=Baseline((known,))))
    skipped = _cases(report)["SCH05"].find("skipped")
    assert skipped is not None
    assert skipped.text == "Accepted: By hand (until 2020-12-31)"
    assert _sarif(report)["results"][0]["suppressions"][0]["justification"] == "By hand (until 2020-12-31)"
    assert list(as_github(report)) == []
    assert list(as_azure_devops(report)) == []


def test_a_finding_has_the_same_fingerprint_whatever_it_says() -> None:
    """Code scanning follows a finding by check and record, not by words or dates."""
    later = missed("row-1", day=date(2020, 9, 1))
    other = missed("row-2")
    prints = [_sarif(verify(one))["results"][0]["partialFingerprints"] for one in (MISSED, later, other)]
    assert prints[0] == prints[1] != prints[2]


def test_many_findings_keep_the_files_small_and_are_counted() -> None:
    """Beyond a number for each check the rest is counted, in SARIF as in annotations."""
    report = _named("x", NAMED + 3)
    run = _sarif(report)
    assert len(run["results"]) == NAMED
    assert "SCH02 found 3 more" in json.dumps(run["invocations"])
    assert len(list(as_github(report))) == NAMED_IN_TEXT + 1
    assert "and 998 more of SCH02" in list(as_github(report))[-1]


def test_azure_devops_is_told_of_issues_that_do_not_count() -> None:
    """Without an error the task ends with issues; with one, its exit code speaks."""
    mild = list(as_azure_devops(verify(with_job(name="Nightly create invoices"))))
    assert mild[-1] == "##vso[task.complete result=SucceededWithIssues;]"
    assert not any("task.complete" in line for line in as_azure_devops(verify(MISSED)))
    assert list(as_azure_devops(verify(HEALTHY))) == []


def test_azure_devops_gets_the_summary_file() -> None:
    """The Markdown file is uploaded by its whole path."""
    lines = list(as_azure_devops(verify(HEALTHY), PurePosixPath("/agent/50% off/verify.md")))
    assert lines == ["##vso[task.uploadsummary]/agent/50%AZP25 off/verify.md"]


def test_markdown_says_the_outcome_first() -> None:
    """The first line is a heading of the third level with the verdict."""
    assert next(iter(as_markdown(verify(HEALTHY)))).startswith("### ✅ Invoice job: Invoicing will run")
    assert next(iter(as_markdown(verify(MISSED)))).startswith("### ❌ Invoice job: Invoicing is not safe")


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_the_same_report_gives_the_same_text(form: str) -> None:
    """A format depends on the report alone."""
    assert list(FORMATS[form](verify(MISSED))) == list(FORMATS[form](verify(MISSED)))
