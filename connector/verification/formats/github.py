"""Workflow commands of GitHub Actions: annotations, one for each finding.

Source: GitHub's page "Workflow commands for GitHub Actions". In a message %, CR and LF are written as
%25, %0D and %0A; in a property also : and , as %3A and %2C.
"""

from __future__ import annotations

from collections.abc import Iterator

from connector.model.shown_text import one_line
from connector.verification.finding import Outcome, Severity
from connector.verification.lack import role_with
from connector.verification.report import NAMED_IN_TEXT
from connector.verification.verify import Report, Result, number_of

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def as_github(report: Report) -> Iterator[str]:
    """A line for each annotation. GitHub shows ten of a kind for a step, so those that count come first.

    A missing privilege is one, however many checks are unknown because of it.
    """
    for one in report.missing_privileges:
        command = "error" if one.is_breaking else "warning"
        title = _property(f"Missing privilege {one.privilege}")
        yield f"::{command} title={title}::{_data(f'{one.sentence} {role_with([one.privilege])}')}"
    troubled = [
        [item for item in results if item.is_trouble and not item.is_about_privileges]
        for _, _, results in report.by_check()
    ]
    for troubles in sorted(filter(None, troubled), key=lambda some: not some[0].is_breaking):
        for item in troubles[:NAMED_IN_TEXT]:
            yield _annotation(item, one_line(item.finding.message))
        if len(troubles) > NAMED_IN_TEXT:
            yield _annotation(
                troubles[0], f"and {number_of(troubles) - NAMED_IN_TEXT} more of {troubles[0].check.code}"
            )


def _annotation(item: Result, message: str) -> str:
    command = _COMMANDS[item.severity] if item.is_breaking else _mild(item)
    unknown = "could not be judged: " if item.finding.outcome is Outcome.UNKNOWN else ""
    title = _property(f"{item.check.code} {item.check.title}")
    return f"::{command} title={title}::{_data(f'{unknown}{message} {item.fix}')}"


def _mild(item: Result) -> str:
    """What does not count is no error on the page either."""
    return "warning" if item.severity is Severity.ERROR else _COMMANDS[item.severity]


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
