"""What a check found in all contracts, in bounded memory: counts that are exact, and the first by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from connector.verification.check import EachContract
from connector.verification.finding import Finding, Outcome, Severity, not_applicable, passed

MOST_NAMED = 1000
"""How many findings of one check are kept with their records; the others are counted."""
MOST_TOLD = 10
"""How many things that are well are told one by one."""


class Tally:
    def __init__(self, judge: EachContract) -> None:
        self._judge = judge
        self._named: list[Finding] = []
        self._told: list[Finding] = []
        self._untold = 0
        self._counts: Counter[tuple[Outcome, Severity | None]] = Counter()
        self._kept: Counter[tuple[Outcome, Severity | None]] = Counter()

    def add(self, finding: Finding) -> None:
        key = finding.outcome, finding.severity
        self._counts[key] += 1
        if finding.outcome is Outcome.PASS:
            if finding.message and len(self._told) < MOST_TOLD:
                self._told.append(finding)
            elif finding.message:
                self._untold += 1
        elif len(self._named) < MOST_NAMED:
            self._named.append(finding)
            self._kept[key] += 1

    def findings(self) -> tuple[Finding, ...]:
        """Those that are named, then one for each kind of which there are more, then what is well."""
        return (*self._named, *self._rest(), *self._well())

    def _rest(self) -> Iterator[Finding]:
        for (outcome, severity), count in self._counts.items():
            more = count - self._kept[outcome, severity]
            if outcome is not Outcome.PASS and more:
                like = next(one for one in reversed(self._named) if one.outcome is outcome)
                text = f"{more} more, which are counted and not named."
                yield replace(
                    like,
                    message=text,
                    record=None,
                    evidence={"more": str(more)},
                    severity=severity,
                    more=more,
                )

    def _well(self) -> Iterator[Finding]:
        well = sum(count for (outcome, _), count in self._counts.items() if outcome is Outcome.PASS)
        yield from self._told
        rest = well - len(self._told) - self._untold
        if not self._counts:
            yield not_applicable(self._judge.absent)
        elif self._told:
            if self._untold:
                yield passed(f"And {self._untold} more like these.")
            if rest:
                yield passed(f"{self._judge.holds}: {rest}.")
        elif not self._named:
            yield passed(f"{self._judge.holds}: all {well}.")
