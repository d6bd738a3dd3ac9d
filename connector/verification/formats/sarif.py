"""SARIF 2.1.0 (OASIS), in the part that GitHub's code scanning reads.

A finding is about a record, which stands as a logical location; code scanning wants a file as well, so
each result points to the settings file of the project. The fingerprint is that of the baseline: the check
and the record, never the words.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any, Final

from connector.model.shown_text import one_line
from connector.verification.baseline import key_of
from connector.verification.check import Check
from connector.verification.finding import Outcome, Severity
from connector.verification.report import link
from connector.verification.verify import MissingPrivilege, Report, Result

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
FILE: Final = "projops.toml"
NAMED = 1_000
"""How many findings of one check are results: GitHub refuses files of more than 10 MB."""
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def as_sarif(report: Report, version: str) -> Iterator[str]:
    """The log, as one text of JSON; `version` is that of the program."""
    checks = [check for check, _, _ in report.by_check()]
    index = {check.code: number for number, check in enumerate(checks)}
    named, left_out = _named(report.results)
    run = {
        "tool": {
            "driver": {
                "name": "projops",
                "semanticVersion": version,
                "rules": [_rule(check) for check in checks],
            }
        },
        "invocations": [
            {
                "executionSuccessful": True,
                "endTimeUtc": report.now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
                "toolExecutionNotifications": [
                    *(_missing(one) for one in report.missing_privileges),
                    *(_more(code, index[code], count) for code, count in left_out.items()),
                ],
            }
        ],
        "results": [_result(item, index[item.check.code], report.url) for item in named],
        "columnKind": "unicodeCodePoints",
        "properties": {"environment": report.url},
    }
    yield json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1)
    yield "\n"


def _named(results: Iterable[Result]) -> tuple[list[Result], Counter[str]]:
    """The troubles that become results, and how many of each check do not."""
    named: list[Result] = []
    seen: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for item in results:
        if item.finding.outcome in {Outcome.FAIL, Outcome.UNKNOWN}:
            seen[item.check.code] += 1
            if item.finding.more or seen[item.check.code] > NAMED:
                left_out[item.check.code] += item.finding.more or 1
            else:
                named.append(item)
    return named, left_out


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": check.code,
        "name": check.code,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.question},
        "help": {"text": f"{check.why} {check.fix}"},
        "helpUri": check.link,
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {"tags": [check.group]},
    }


def _result(item: Result, rule: int, url: str) -> dict[str, Any]:
    finding = item.finding
    is_unknown = finding.outcome is Outcome.UNKNOWN
    message = one_line(finding.message)
    result: dict[str, Any] = {
        "ruleId": item.check.code,
        "ruleIndex": rule,
        "level": _LEVELS[item.severity],
        "message": {"text": f"Could not be judged: {message}" if is_unknown else message},
        "locations": [_location(item)],
        "partialFingerprints": {"projopsFinding/v1": _fingerprint(item)},
        "properties": {"outcome": finding.outcome.value, "fix": item.fix},
    }
    if finding.record is not None:
        result["hostedViewerUri"] = link(finding.record, url)
    if item.accepted is not None:
        result["suppressions"] = [{"kind": "external", "justification": one_line(str(item.accepted))}]
    return result


def _location(item: Result) -> dict[str, Any]:
    place: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": FILE}, "region": {"startLine": 1}}
    }
    record = item.finding.record
    if record is not None:
        name = one_line(record.name) or record.id
        full = f"{record.table}({record.id})"
        place["logicalLocations"] = [{"name": name, "fullyQualifiedName": full, "kind": "object"}]
    return place


def _fingerprint(item: Result) -> str:
    return hashlib.sha256("|".join(key_of(item.check.code, item.finding)).encode()).hexdigest()


def _missing(one: MissingPrivilege) -> dict[str, Any]:
    return {
        "level": "error" if one.is_breaking else "warning",
        "message": {"text": one.sentence},
        "properties": {"privilege": one.privilege, "table": one.table, "checks": list(one.checks)},
    }


def _more(code: str, rule: int, count: int) -> dict[str, Any]:
    return {
        "level": "note",
        "message": {"text": f"{code} found {count} more, which are not among the results."},
        "associatedRule": {"id": code, "index": rule},
    }
