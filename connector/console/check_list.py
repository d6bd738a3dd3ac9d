"""`projops verify --list`: the checks as they are, and those that nobody can answer from outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from connector.console.output import Layout
from connector.verification.check import Check
from connector.verification.checks.unanswered import UNANSWERED

LAYOUT = Layout(
    "projops.checks/1",
    {"check": "checks", "unanswered": "unanswered"},
    ("code", "severity", "title", "question", "why", "fix", "link", "needs", "reason", "instead"),
)


def list_as_json(checks: Iterable[Check]) -> dict[str, Any]:
    return {
        "checks": [
            {
                "code": check.code,
                "severity": check.severity.value,
                "title": check.title,
                "question": check.question,
                "why": check.why,
                "fix": check.fix,
                "link": check.link,
                "needs": [need.value for need in check.needs],
            }
            for check in checks
        ],
        "unanswered": [
            {"code": one.code, "question": one.question, "reason": one.reason, "instead": one.instead}
            for one in UNANSWERED
        ],
    }


def list_as_text(checks: Sequence[Check]) -> Iterator[str]:
    for check in checks:
        yield f"{check.code:<5}  {check.severity.value:<7}  {check.title}"
    yield ""
    yield f"{len(checks)} checks. These have no answer from outside, and are not made:"
    for one in UNANSWERED:
        yield f"{one.code:<5}  {one.question}"
        yield f"       {one.reason}"
        yield f"       {one.instead}"
