"""Evidence and checks to a report. Pure: what is read was read before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from connector.verification.baseline import Baseline, Known, key_of
from connector.verification.check import Check, EachContract
from connector.verification.checks import ALL_CHECKS
from connector.verification.evidence import Evidence, NotRead, Unread, known
from connector.verification.finding import Finding, Outcome, Severity, unknown
from connector.verification.gate import Accepted, Gate
from connector.verification.lack import Lack, role_with
from connector.verification.tally import Tally

EXIT_FINDINGS = 3
DEFAULT_GATE = Gate()
MAKE_READABLE = "Let the signed-in identity read this, then verify again."
WORST_FIRST = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS, Outcome.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Result:
    """One finding of one check. `is_breaking` says that it turns the exit code to 3."""

    check: Check
    finding: Finding
    is_breaking: bool
    accepted: Accepted | None = None

    @property
    def severity(self) -> Severity:
        return self.finding.severity or self.check.severity

    @property
    def fix(self) -> str:
        return self.finding.fix or self.check.fix

    @property
    def is_trouble(self) -> bool:
        """Something failed or could not be judged, and nobody has accepted that."""
        return self.accepted is None and self.finding.outcome in {Outcome.FAIL, Outcome.UNKNOWN}

    @property
    def is_about_privileges(self) -> bool:
        """It says no more than that privileges are missing, as `Report.missing_privileges` does for all."""
        lacks = self.finding.lacks
        return bool(lacks) and self.finding.message == " ".join(lack.sentence for lack in lacks)


@dataclass(frozen=True, slots=True)
class MissingPrivilege:
    """A privilege that the signed-in identity lacks, the table that it opens, and the codes of the checks
    that are unknown because of it: none where nothing had to be read there this time. `is_breaking` says
    that one of them, or that it is missing, turns the exit code to 3."""

    privilege: str
    table: str
    checks: tuple[str, ...]
    is_breaking: bool

    @property
    def consequence(self) -> str:
        if not self.checks:
            return "No check is unknown because of it this time."
        verb = "is" if len(self.checks) == 1 else "are"
        return f"{', '.join(self.checks)} {verb} unknown because of it."

    @property
    def sentence(self) -> str:
        return f"{Lack(self.privilege, self.table).sentence} {self.consequence}"


@dataclass(frozen=True)
class Report:
    """The results in the order of the checks; each check has at least one.

    `outdated` are entries of the baseline that have expired, or whose finding was not made.
    """

    url: str
    now: datetime
    results: tuple[Result, ...]
    outdated: tuple[Known, ...] = ()

    @property
    def is_breaking(self) -> bool:
        return any(result.is_breaking for result in self.results)

    @property
    def exit_code(self) -> int:
        """3 when something counts that failed or is unknown (see Gate), otherwise 0."""
        return EXIT_FINDINGS if self.is_breaking else 0

    @property
    def missing_privileges(self) -> tuple[MissingPrivilege, ...]:
        """Those that a check found missing, and those without which something was not read."""
        found: dict[str, tuple[Lack, list[Result]]] = {}
        for result in self.results:
            for lack in result.finding.lacks:
                found.setdefault(lack.privilege.casefold(), (lack, []))[1].append(result)
        return tuple(_missing(lack, results) for lack, results in found.values())

    def by_check(self) -> Iterator[tuple[Check, Outcome, tuple[Result, ...]]]:
        """Each check with its worst outcome and its results."""
        groups: dict[str, list[Result]] = {}
        for result in self.results:
            groups.setdefault(result.check.code, []).append(result)
        for results in groups.values():
            yield results[0].check, worst(item.finding.outcome for item in results), tuple(results)


def _missing(lack: Lack, results: Iterable[Result]) -> MissingPrivilege:
    told = list(results)
    unknown = (item.check.code for item in told if item.finding.outcome is Outcome.UNKNOWN)
    return MissingPrivilege(
        lack.privilege, lack.table, tuple(dict.fromkeys(unknown)), any(item.is_breaking for item in told)
    )


def verify(evidence: Evidence, checks: Iterable[Check] = ALL_CHECKS, gate: Gate = DEFAULT_GATE) -> Report:
    """Every check judged. One that could not look is unknown with its reason, never a pass."""
    made = tuple(checks)
    today = evidence.now.date()
    found = judged_all(made, evidence)
    results = tuple(_result(check, finding, gate, today) for check in made for finding in found[check.code])
    return Report(evidence.url, evidence.now, results, _outdated(gate.baseline, made, results, today))


def _result(check: Check, finding: Finding, gate: Gate, today: date) -> Result:
    accepted = gate.accepted(check, finding, today)
    is_counting = gate.is_counting(finding.severity or check.severity, finding.outcome)
    return Result(check, finding, is_counting and accepted is None, accepted)


def _outdated(
    baseline: Baseline, checks: tuple[Check, ...], results: tuple[Result, ...], today: date
) -> tuple[Known, ...]:
    """What can be taken out of the baseline; of checks that were made only, others say nothing."""
    made = {check.code for check in checks}
    unjudged = {item.check.code for item in results if item.finding.outcome is Outcome.UNKNOWN}
    failed = (item for item in results if item.finding.outcome is Outcome.FAIL)
    gone = baseline.gone(key_of(item.check.code, item.finding) for item in failed)
    known = (*baseline.expired(today), *(entry for entry in gone if entry.code not in unjudged))
    return tuple(dict.fromkeys(entry for entry in known if entry.code in made))


def judged(check: Check, evidence: Evidence) -> tuple[Finding, ...]:
    """The findings of one check, at least one."""
    return judged_all((check,), evidence)[check.code]


def judged_all(checks: Iterable[Check], evidence: Evidence) -> dict[str, tuple[Finding, ...]]:
    """The findings of each check by its code. The contracts are gone through once, for all of them."""
    found: dict[str, tuple[Finding, ...]] = {}
    tallies: list[tuple[Check, EachContract, Tally]] = []
    for check in checks:
        judge = check.judge
        if unread := [one for need in check.needs if (one := evidence.unread(need)) is not None]:
            found[check.code] = (_not_judged(unread),)
        elif isinstance(judge, EachContract):
            tallies.append((check, judge, Tally(judge)))
        else:
            found[check.code] = _judged(judge, evidence)
    if tallies:
        for case in known(evidence.contracts):
            for _, judge, tally in tallies:
                for finding in judge.judge(case, evidence):
                    tally.add(finding)
    return found | {check.code: tally.findings() for check, _, tally in tallies}


def _judged(judge: Callable[[Evidence], Iterable[Finding]], evidence: Evidence) -> tuple[Finding, ...]:
    try:
        return tuple(judge(evidence)) or (unknown("The check looked at nothing."),)
    except NotRead as error:
        return (_not_judged([error.unread]),)


def _not_judged(unread: Iterable[Unread]) -> Finding:
    """The reasons, each once; privileges that are missing go with it, and are the way out."""
    found = list(dict.fromkeys(unread))
    lacks = tuple(dict.fromkeys(one.lack for one in found if one.lack is not None))
    seen = {"privilege": ", ".join(one.privilege for one in lacks)} if lacks else {}
    is_all = all(one.lack is not None for one in found)
    fix = role_with(one.privilege for one in lacks) if is_all else MAKE_READABLE
    reason = " ".join(dict.fromkeys(one.reason for one in found))
    return replace(unknown(reason, evidence=seen, fix=fix), lacks=lacks)


def number_of(results: Iterable[Result]) -> int:
    """How many findings they are, with those that are only counted."""
    return sum(item.finding.more or 1 for item in results)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    return min(outcomes, key=WORST_FIRST.index)
