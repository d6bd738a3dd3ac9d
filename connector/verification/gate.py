"""Which findings turn the exit code to 3, and which ones somebody has accepted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from connector.errors import UsageError
from connector.verification.baseline import Baseline
from connector.verification.check import Check
from connector.verification.checks import ALL_CHECKS
from connector.verification.finding import Finding, Outcome, Severity

_SEVERITIES = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Why a finding does not count; `until` is the last day on which it does not, None for no end."""

    reason: str
    until: date | None = None

    def __str__(self) -> str:
        return self.reason if self.until is None else f"{self.reason} (until {self.until.isoformat()})"


@dataclass(frozen=True)
class Gate:
    """`fail_on` is the mildest severity that counts, for what failed and for what is unknown alike.

    `is_strict` makes every unknown count, whatever its severity. `allowed_unknowns` maps codes of checks
    to why their unknown is accepted, and how long. `baseline` holds failures that are known; an unknown
    stands in no baseline. Expired entries of it count for nothing.
    """

    fail_on: Severity = Severity.ERROR
    is_strict: bool = False
    allowed_unknowns: Mapping[str, Accepted] = field(default_factory=dict)
    baseline: Baseline = field(default_factory=Baseline)

    def accepted(self, check: Check, finding: Finding, today: date) -> Accepted | None:
        """The acceptance that covers a finding, if there is one; what is only counted is never covered."""
        if finding.outcome is Outcome.UNKNOWN:
            allowed = self.allowed_unknowns.get(check.code)
            is_over = allowed is None or (allowed.until is not None and allowed.until < today)
            return None if is_over else allowed
        if finding.outcome is Outcome.FAIL and not finding.more:
            entry = self.baseline.entry_of(check.code, finding)
            if entry is not None and entry.until >= today:
                return Accepted(entry.reason, entry.until)
        return None

    def is_counting(self, severity: Severity, outcome: Outcome) -> bool:
        """Whether such a finding turns the exit code to 3, unless it is accepted."""
        if outcome is Outcome.UNKNOWN and self.is_strict:
            return True
        is_trouble = outcome in {Outcome.FAIL, Outcome.UNKNOWN}
        return is_trouble and _SEVERITIES.index(severity) <= _SEVERITIES.index(self.fail_on)


def allowed_unknowns(given: list[str]) -> dict[str, Accepted]:
    """CODE=REASON, each, with "until DAY" behind it where it has a last day.

    Raises UsageError for an unknown code, for a missing reason, and for a day that is none.
    """
    codes = {check.code for check in ALL_CHECKS}
    found: dict[str, Accepted] = {}
    for text in given:
        code, _, reason = (part.strip() for part in text.partition("="))
        if code.upper() not in codes:
            raise UsageError(f"--allow-unknown {text!r}: there is no check {code!r}.", _ALLOW)
        if not reason:
            raise UsageError(f"--allow-unknown {text!r} gives no reason.", _ALLOW)
        found[code.upper()] = _accepted(text, reason)
    return found


def _accepted(text: str, reason: str) -> Accepted:
    said = re.fullmatch(r"(.*\S)\s+until\s+(\d{4}-\d{2}-\d{2})", reason, re.DOTALL)
    if said is None:
        return Accepted(reason)
    try:
        return Accepted(said.group(1).rstrip(",;"), date.fromisoformat(said.group(2)))
    except ValueError:
        raise UsageError(
            f"--allow-unknown {text!r}: {said.group(2)!r} is no day.", "Write it like 2027-03-31."
        ) from None


_ALLOW = (
    "Write it as --allow-unknown 'WF03=the roles table may not be read here', with 'until 2027-03-31' behind "
    "it where it has a last day."
)
