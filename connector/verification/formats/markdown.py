"""Markdown for the summary page of a build or a pull request: the outcome first, details folded."""

from __future__ import annotations

from collections.abc import Iterator

from connector.model.shown_text import in_markdown as escaped
from connector.verification.check import Check
from connector.verification.finding import Outcome, Severity
from connector.verification.lack import role_with
from connector.verification.report import link, sentence
from connector.verification.verify import Report, Result, number_of

NAMED = 20
"""How many findings of one check are named; GitHub takes a summary of up to 1 MiB."""
_SIGNS = {
    (Outcome.FAIL, Severity.ERROR): "❌ error",
    (Outcome.FAIL, Severity.WARNING): "⚠️ warning",
    (Outcome.FAIL, Severity.INFO): "ℹ️ note",
}


def as_markdown(report: Report) -> Iterator[str]:
    """Lines. Headings begin at the third level, below those of the page that they stand on."""
    yield f"### {'❌' if report.is_breaking else '✅'} Invoice job: {escaped(sentence(report))}"
    yield ""
    yield f"Environment <{report.url}>, {report.now.isoformat(timespec='seconds')}"
    yield ""
    troubled = [
        (check, troubles)
        for check, _, results in report.by_check()
        if (troubles := [item for item in results if item.is_trouble and not item.is_about_privileges])
    ]
    if report.missing_privileges:
        yield "Missing privileges:"
        yield ""
        yield from (
            f"- {escaped(one.sentence)} {escaped(role_with([one.privilege]))}"
            for one in report.missing_privileges
        )
        yield ""
    if troubled:
        yield "| check | | what | findings |"
        yield "| --- | --- | --- | --- |"
        for check, troubles in troubled:
            name, what = f"[{check.code}]({check.link})", escaped(check.question)
            yield f"| {name} | {_sign(troubles[0])} | {what} | {number_of(troubles)} |"
        yield ""
    for check, troubles in troubled:
        yield from _details(check, troubles, report.url)
    yield from _folded_list("Accepted", _accepted(report))
    yield from _folded_list(
        "Out of date in the baseline", (f"{one.code} {one.name}" for one in report.outdated)
    )


def _sign(item: Result) -> str:
    if item.finding.outcome is Outcome.UNKNOWN:
        return "❔ unknown"
    return _SIGNS[item.finding.outcome, item.severity]


def _details(check: Check, troubles: list[Result], url: str) -> Iterator[str]:
    yield f"<details><summary>{check.code}: {number_of(troubles)}</summary>"
    yield ""
    for item in troubles[:NAMED]:
        record = item.finding.record
        where = "" if record is None else f" ([{record.table}]({link(record, url)}))"
        yield f"- {escaped(item.finding.message)}{where}"
    if len(troubles) > NAMED:
        yield f"- and {number_of(troubles) - NAMED} more"
    yield ""
    yield f"Why: {escaped(check.why)}"
    yield ""
    for fix in dict.fromkeys(item.fix for item in troubles):
        yield f"Do: {escaped(fix)}"
        yield ""
    yield "</details>"
    yield ""


def _accepted(report: Report) -> Iterator[str]:
    for item in report.results:
        if item.accepted is not None:
            yield f"{item.check.code}: {item.finding.message} Accepted: {item.accepted}"


def _folded_list(title: str, items: Iterator[str]) -> Iterator[str]:
    lines = [f"- {escaped(item)}" for item in items]
    if lines:
        yield f"<details><summary>{title}: {len(lines)}</summary>"
        yield ""
        yield from lines[:NAMED]
        if len(lines) > NAMED:
            yield f"- and {len(lines) - NAMED} more"
        yield ""
        yield "</details>"
        yield ""
