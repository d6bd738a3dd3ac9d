"""JUnit XML: a test suite for each group, a test case for each check.

It keeps to the schema of Jenkins' xUnit plug-in, and to one outcome for a case, which readers of Ant's
dialect want. Build services fail on every failure and error in such a file, so only what counts is one;
what is accepted, not applicable, or too mild to count is skipped or passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from connector.model.shown_text import one_line
from connector.verification.check import Check
from connector.verification.finding import Outcome
from connector.verification.report import link
from connector.verification.verify import Report, Result, number_of

NAMED = 100
"""How many findings of one check are named in its case."""


def as_junit(report: Report) -> Iterator[str]:
    """The document, as one text."""
    root = Element("testsuites")
    groups: dict[str, list[tuple[Check, tuple[Result, ...]]]] = {}
    for check, _, results in report.by_check():
        groups.setdefault(check.group, []).append((check, results))
    for number, (group, checks) in enumerate(groups.items()):
        root.append(_suite(report, number, group, checks))
    indent(root)
    yield tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(
    report: Report, number: int, group: str, checks: list[tuple[Check, tuple[Result, ...]]]
) -> Element:
    cases = [_case(check, results, report.url) for check, results in checks]
    suite = Element(
        "testsuite",
        {
            "id": str(number),
            "package": "projops",
            "name": group,
            "hostname": urlsplit(report.url).hostname or "unknown",
            "timestamp": report.now.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds"),
            "time": "0",
            "tests": str(len(cases)),
            "failures": str(_count(cases, "failure")),
            "errors": str(_count(cases, "error")),
            "skipped": str(_count(cases, "skipped")),
        },
    )
    properties = SubElement(suite, "properties")
    SubElement(properties, "property", {"name": "environment", "value": report.url})
    codes = {check.code for check, _ in checks}
    for one in report.missing_privileges:
        if codes & set(one.checks):
            SubElement(properties, "property", {"name": "missing privilege", "value": one.sentence})
    suite.extend(cases)
    SubElement(suite, "system-out").text = _remarks(checks)
    SubElement(suite, "system-err")
    return suite


def _count(cases: Iterable[Element], kind: str) -> int:
    return sum(case.find(kind) is not None for case in cases)


def _case(check: Check, results: tuple[Result, ...], url: str) -> Element:
    case = Element("testcase", {"classname": f"projops.{check.group}", "name": _name(check), "time": "0"})
    if counting := [item for item in results if item.is_breaking]:
        is_failed = any(item.finding.outcome is Outcome.FAIL for item in counting)
        kind, more = ("failure", "failed") if is_failed else ("error", "unknown")
        head = one_line(counting[0].finding.message)
        element = SubElement(case, kind, {"type": f"{check.severity.value} {more}", "message": head})
        element.text = "\n".join(_details(check, counting, url))
    elif reason := _reason_to_skip(results):
        SubElement(case, "skipped").text = reason
    return case


def _reason_to_skip(results: tuple[Result, ...]) -> str:
    """Why a case says nothing: accepted, not applicable, or unknown where that does not count."""
    for item in results:
        if item.accepted is not None:
            return one_line(f"Accepted: {item.accepted}")
    outcomes = {item.finding.outcome for item in results}
    if Outcome.UNKNOWN in outcomes or outcomes == {Outcome.NOT_APPLICABLE}:
        return one_line(results[0].finding.message)
    return ""


def _details(check: Check, results: list[Result], url: str) -> Iterator[str]:
    for item in results[:NAMED]:
        record = item.finding.record
        yield one_line(item.finding.message) + ("" if record is None else f" {link(record, url)}")
    if len(results) > NAMED:
        yield f"and {number_of(results) - NAMED} more"
    yield f"Why: {check.why}"
    yield from (f"Do: {fix}" for fix in dict.fromkeys(item.fix for item in results))
    yield f"See: {check.link}"


def _remarks(checks: list[tuple[Check, tuple[Result, ...]]]) -> str:
    """What failed without counting: a file that knows only failures would lose it."""
    mild = (
        f"{check.code} {item.severity.value}: {one_line(item.finding.message)}"
        for check, results in checks
        for item in results
        if item.is_trouble and not item.is_breaking
    )
    return "\n".join(mild)


def _name(check: Check) -> str:
    return f"{check.code} {check.title}"
