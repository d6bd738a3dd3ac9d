"""Logging commands of Azure Pipelines: an issue for each finding, the summary, and the result.

Source: Microsoft's page "Logging commands". In messages %, CR and LF are written as %AZP25, %0D and %0A;
in properties also ; and ] as %3B and %5D.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from connector.model.shown_text import one_line
from connector.verification.finding import Outcome, Severity
from connector.verification.lack import role_with
from connector.verification.report import NAMED_IN_TEXT
from connector.verification.verify import Report, Result, number_of


def as_azure_devops(report: Report, summary: PurePath | None = None) -> Iterator[str]:
    """A line for each issue; then one that uploads the summary file; then the task's result.

    Only what counts is an error; everything else that is wrong is a warning, which leaves the task
    "succeeded with issues". Notes are no issues there. A missing privilege is one issue, however many
    checks are unknown because of it.
    """
    for one in report.missing_privileges:
        kind = "error" if one.is_breaking else "warning"
        text = _data(f"{one.sentence} {role_with([one.privilege])}")
        yield f"##vso[task.logissue type={kind};code={_property(one.privilege)}]{text}"
    troubled = [[item for item in results if item.is_trouble] for _, _, results in report.by_check()]
    named = ([item for item in some if not item.is_about_privileges] for some in troubled)
    for troubles in filter(None, named):
        for item in troubles[:NAMED_IN_TEXT]:
            yield from _issue(item, one_line(item.finding.message))
        if len(troubles) > NAMED_IN_TEXT:
            yield from _issue(troubles[0], f"and {number_of(troubles) - NAMED_IN_TEXT} more")
    if summary is not None:
        yield f"##vso[task.uploadsummary]{_data(str(summary))}"
    if any(_is_issue(item) for some in troubled for item in some) and not report.is_breaking:
        yield "##vso[task.complete result=SucceededWithIssues;]"


def _is_issue(item: Result) -> bool:
    return item.is_breaking or item.severity is not Severity.INFO


def _issue(item: Result, message: str) -> Iterator[str]:
    if _is_issue(item):
        kind = "error" if item.is_breaking else "warning"
        unknown = "could not be judged: " if item.finding.outcome is Outcome.UNKNOWN else ""
        text = _data(f"{item.check.code} {unknown}{message} {item.fix}")
        yield f"##vso[task.logissue type={kind};code={_property(item.check.code)}]{text}"


def _data(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(";", "%3B").replace("]", "%5D")
