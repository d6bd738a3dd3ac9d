"""Evidence and checks to a report. Pure: what is read was read before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from connector.verification.check import Check
from connector.verification.checks import ALL_CHECKS
from connector.verification.evidence import Evidence, NotRead
from connector.verification.finding import Finding, Outcome, Severity, unknown

EXIT_FINDINGS = 3
MAKE_READABLE = "Let the signed-in identity read this, then verify again."
WORST_FIRST = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS, Outcome.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Result:
    """One finding of one check."""

    check: Check
    finding: Finding

    @property
    def severity(self) -> Severity:
        return self.finding.severity or self.check.severity

    @property
    def fix(self) -> str:
        return self.finding.fix or self.check.fix

    @property
    def is_breaking(self) -> bool:
        """An error that failed, or that could not be judged: an unknown is never a pass."""
        return self.severity is Severity.ERROR and self.finding.outcome in {Outcome.FAIL, Outcome.UNKNOWN}


@dataclass(frozen=True)
class Report:
    """The results in the order of the checks; each check has at least one."""

    url: str
    now: datetime
    results: tuple[Result, ...]

    @property
    def has_errors(self) -> bool:
        return any(result.is_breaking for result in self.results)

    @property
    def exit_code(self) -> int:
        """3 when a check of severity error failed or is unknown, otherwise 0."""
        return EXIT_FINDINGS if self.has_errors else 0

    def by_check(self) -> Iterator[tuple[Check, Outcome, tuple[Result, ...]]]:
        """Each check with its worst outcome and its results."""
        groups: dict[str, list[Result]] = {}
        for result in self.results:
            groups.setdefault(result.check.code, []).append(result)
        for results in groups.values():
            yield results[0].check, worst(item.finding.outcome for item in results), tuple(results)


def verify(evidence: Evidence, checks: Iterable[Check] = ALL_CHECKS) -> Report:
    """Every check judged. One that could not look is unknown with its reason, never a pass."""
    results = (Result(check, finding) for check in checks for finding in judged(check, evidence))
    return Report(url=evidence.url, now=evidence.now, results=tuple(results))


def judged(check: Check, evidence: Evidence) -> tuple[Finding, ...]:
    """The findings of one check, at least one."""
    reasons = [reason for need in check.needs if (reason := evidence.why_not(need)) is not None]
    if reasons:
        return (unknown(" ".join(dict.fromkeys(reasons)), fix=MAKE_READABLE),)
    try:
        return tuple(check.judge(evidence)) or (unknown("The check looked at nothing."),)
    except NotRead as error:
        return (unknown(error.reason, fix=MAKE_READABLE),)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    return min(outcomes, key=WORST_FIRST.index)
