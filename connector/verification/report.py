"""A report for programs and for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from textwrap import wrap
from typing import Any

from connector.verification.baseline import Known
from connector.verification.checks import ALL_CHECKS
from connector.verification.finding import Outcome, Record, Severity
from connector.verification.lack import role_with
from connector.verification.verify import WORST_FIRST, Report, Result, number_of

NAMED_IN_TEXT = 5
"""How many findings of one check are named in text; JSON holds all of them."""
_WIDTH = 100
_INDENT = " " * 9
_SEVERITIES = tuple(Severity)
_HEADINGS = {
    (Outcome.FAIL, Severity.ERROR): "Errors",
    (Outcome.FAIL, Severity.WARNING): "Warnings",
    (Outcome.FAIL, Severity.INFO): "Notes",
}
_PRIVILEGES_HEADING = "Missing privileges"
_UNKNOWN_HEADING = "Unknown: could not be checked, and is no pass"
_ACCEPTED_HEADING = "Accepted: known, and not counted"
_PASSED_HEADING = "Passed"
_NOT_APPLICABLE_HEADING = "Not applicable"


def as_json(report: Report) -> dict[str, Any]:
    """projops.verify: `checks`, an entry for each finding, and `summary`.

    `record` is the record's id; its table, its name and its address stand in `evidence` beside the
    columns that were seen. `fix` is null where nothing is to be done. `accepted` is null, or the reason
    why a finding does not count and the last day of that. `outdated` are entries of the baseline that
    can go. `missing_privileges` names each with its table and the checks that are unknown without it.
    """
    return {
        "checks": [_entry(result, report.url) for result in report.results],
        "missing_privileges": [
            {"privilege": one.privilege, "table": one.table, "checks": list(one.checks)}
            for one in report.missing_privileges
        ],
        "outdated": [_outdated(entry, report.now.date()) for entry in report.outdated],
        "summary": _summary(report),
    }


def _entry(result: Result, url: str) -> dict[str, Any]:
    finding = result.finding
    record = finding.record
    about = {} if record is None else {"table": record.table, "name": record.name, "link": link(record, url)}
    return {
        "code": result.check.code,
        "severity": result.severity.value,
        "outcome": finding.outcome.value,
        "message": finding.message,
        "record": record.id if record is not None else None,
        "evidence": {**about, **finding.evidence},
        "fix": f"{result.fix} See {result.check.link}" if _needs_a_fix(result) else None,
        "is_breaking": result.is_breaking,
        "accepted": _acceptance(result),
    }


def _acceptance(result: Result) -> dict[str, str | None] | None:
    accepted = result.accepted
    if accepted is None:
        return None
    return {"reason": accepted.reason, "until": accepted.until.isoformat() if accepted.until else None}


def _outdated(entry: Known, today: date) -> dict[str, str]:
    return {
        "code": entry.code,
        "table": entry.table,
        "record": entry.record,
        "name": entry.name,
        "until": entry.until.isoformat(),
        "because": "expired" if entry.until < today else "not found any more",
    }


def _needs_a_fix(result: Result) -> bool:
    return result.finding.outcome in {Outcome.FAIL, Outcome.UNKNOWN}


def _summary(report: Report) -> dict[str, Any]:
    """Checks counted by their worst outcome, failed findings that nobody accepted by severity."""
    outcomes = Counter(outcome for _, outcome, _ in report.by_check())
    failed: Counter[Severity] = Counter()
    for item in report.results:
        if item.is_trouble and item.finding.outcome is Outcome.FAIL:
            failed[item.severity] += item.finding.more or 1
    return {
        "checks": outcomes.total(),
        **{outcome.value: outcomes[outcome] for outcome in Outcome},
        "errors": failed[Severity.ERROR],
        "warnings": failed[Severity.WARNING],
        "notes": failed[Severity.INFO],
        "accepted": sum(item.accepted is not None for item in report.results),
        "is_sound": not report.is_breaking,
    }


def link(record: Record, url: str) -> str:
    """The record's form in the browser."""
    return f"{url}/main.aspx?pagetype=entityrecord&etn={record.table}&id={record.id}"


def as_text(report: Report) -> Iterator[str]:
    """The worst first, each with what to do; then what passed; then one sentence.

    Missing privileges come before all: each with the checks that are unknown because of it, which are not
    told again.
    """
    yield from _privileges(report)
    for heading, group in _groups(report):
        yield heading
        if group[0][0].is_trouble:
            shared, single = _by_reason(group)
            for alike in shared:
                yield from _one_reason(alike)
            for results in single:
                yield from _troubles(results, report.url)
        else:
            yield from _plain(group)
        yield ""
    if report.outdated:
        yield "Out of date in the baseline: these entries can go"
        for entry in (_outdated(one, report.now.date()) for one in report.outdated):
            yield from _wrapped(
                "- ", f"{entry['code']} {entry['name'] or entry['record']}: {entry['because']}.", "  "
            )
        yield ""
    yield sentence(report)


def _privileges(report: Report) -> Iterator[str]:
    if not report.missing_privileges:
        return
    yield _PRIVILEGES_HEADING
    for one in report.missing_privileges:
        yield f"  {one.privilege} on the table {one.table}"
        yield from _wrapped("", one.consequence)
        yield from _wrapped("Do:  ", role_with([one.privilege]))
    yield ""


def _by_reason(group: list[list[Result]]) -> tuple[list[list[Result]], list[list[Result]]]:
    """Checks that are unknown for one and the same reason, such as a table that may not be read, and the
    others, each on its own."""
    reasons: dict[str, list[Result]] = {}
    for results in group:
        if len(results) == 1 and results[0].finding.outcome is Outcome.UNKNOWN:
            reasons.setdefault(results[0].finding.message, []).append(results[0])
    shared = [alike for alike in reasons.values() if len(alike) > 1]
    told = {result.check.code for alike in shared for result in alike}
    return shared, [results for results in group if results[0].check.code not in told]


def _one_reason(alike: list[Result]) -> Iterator[str]:
    yield from _wrapped("", " ".join(result.check.code for result in alike), indent="  ")
    yield from _wrapped("- ", alike[0].finding.message)
    for fix in dict.fromkeys(result.fix for result in alike):
        yield from _wrapped("Do:  ", fix)


def _groups(report: Report) -> Iterator[tuple[str, list[list[Result]]]]:
    """Headings with the results under them, those of one check together."""
    groups: dict[tuple[int, int], dict[str, list[Result]]] = {}
    for result in report.results:
        if result.is_about_privileges and result.accepted is None:
            continue
        group = groups.setdefault(_rank(result), {})
        group.setdefault(result.check.code, []).append(result)
    for rank in sorted(groups):
        checks = list(groups[rank].values())
        yield _heading(checks[0][0]), checks


def _rank(result: Result) -> tuple[int, int]:
    """Failed errors, then what is unknown, then failed warnings and notes, then the rest."""
    outcome = result.finding.outcome
    severity = _SEVERITIES.index(result.severity)
    if result.accepted is not None:
        return (3, 0)
    if outcome is Outcome.FAIL:
        return (0, 0) if result.severity is Severity.ERROR else (2, severity)
    return {Outcome.UNKNOWN: (1, 0), Outcome.PASS: (4, 0)}.get(outcome, (5, 0))


def _heading(result: Result) -> str:
    outcome = result.finding.outcome
    if result.accepted is not None:
        return _ACCEPTED_HEADING
    if outcome is Outcome.UNKNOWN:
        return _UNKNOWN_HEADING
    if outcome is Outcome.FAIL:
        return _HEADINGS[outcome, result.severity]
    return _PASSED_HEADING if outcome is Outcome.PASS else _NOT_APPLICABLE_HEADING


def _troubles(results: list[Result], url: str) -> Iterator[str]:
    check = results[0].check
    total = number_of(results)
    count = f" ({total})" if total > 1 else ""
    yield f"  {check.code:<5}  {check.question}{count}"
    for result in results[:NAMED_IN_TEXT]:
        yield from _wrapped("- ", result.finding.message)
        if result.finding.record is not None:
            yield f"{_INDENT}  {link(result.finding.record, url)}"
    if len(results) > NAMED_IN_TEXT:
        yield f"{_INDENT}- and {total - NAMED_IN_TEXT} more: {_who_names(results)}."
    yield from _wrapped("Why: ", check.why)
    for fix in dict.fromkeys(result.fix for result in results):
        yield from _wrapped("Do:  ", fix)
    yield f"{_INDENT}See: {check.link}"


def _who_names(results: list[Result]) -> str:
    named = sum(not result.finding.more for result in results)
    return "-o json names them all" if named == len(results) else f"-o json names the first {named}"


def _plain(group: list[list[Result]]) -> Iterator[str]:
    """A line for each message; checks that say the same share it."""
    codes: dict[str, list[str]] = {}
    for results in group:
        for result in results:
            accepted = "" if result.accepted is None else f" Accepted: {result.accepted}"
            codes.setdefault(result.finding.message + accepted, []).append(result.check.code)
    for message, names in codes.items():
        if len(names) > 1:
            yield from _wrapped("", " ".join(names), indent="  ")
        yield from _wrapped(f"  {names[0] if len(names) == 1 else '':<5}  ", message, indent="")


def _wrapped(label: str, text: str, indent: str = _INDENT) -> Iterator[str]:
    """Lines of a paragraph; white space inside names of records is evened out."""
    first = indent + label
    yield from wrap(
        " ".join(text.split()),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def sentence(report: Report) -> str:
    """The verdict in one sentence, and where to begin."""
    outcomes = Counter(outcome for _, outcome, _ in report.by_check())
    counted = ", ".join(f"{outcomes[item]} {_word(item)}" for item in WORST_FIRST if outcomes[item])
    made = outcomes.total()
    checks = f"{made} checks" if made == len(ALL_CHECKS) else f"{made} of {len(ALL_CHECKS)} checks"
    return f"{_verdict(report, made)}: {checks}, {counted}.{_next_step(report.results)}"


def _verdict(report: Report, made: int) -> str:
    """A few checks that find nothing promise nothing about those that were not made."""
    if report.is_breaking:
        return "Invoicing is not safe"
    return "Invoicing will run" if made == len(ALL_CHECKS) else "Nothing wrong where it was looked"


def _word(outcome: Outcome) -> str:
    return {
        Outcome.FAIL: "failed",
        Outcome.UNKNOWN: "unknown",
        Outcome.PASS: "passed",
        Outcome.NOT_APPLICABLE: "not applicable",
    }[outcome]


def _next_step(results: Iterable[Result]) -> str:
    breaking = sorted((item for item in results if item.is_breaking), key=_rank)
    return f" Begin with {breaking[0].check.code}." if breaking else ""
