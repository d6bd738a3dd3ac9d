"""What a check says: findings, each about one record or about the environment as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connector.verification.lack import Lack


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105  (a word of the output, not a password)
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Record:
    """A record that a finding is about; `name` may be empty where only the id is known."""

    table: str
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """`evidence` maps columns to the values that were seen. `fix` and `severity` stand in for those of
    the check where this finding needs others. `more` is set on a finding that stands for others which are
    only counted: how many. It has no record, and nobody can accept it beforehand. `lacks` are the
    privileges that the signed-in identity lacks, where the finding tells of some."""

    outcome: Outcome
    message: str
    record: Record | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)
    fix: str | None = None
    severity: Severity | None = None
    more: int = 0
    lacks: tuple[Lack, ...] = ()


def passed(message: str, record: Record | None = None, evidence: Mapping[str, str] | None = None) -> Finding:
    return Finding(Outcome.PASS, message, record, evidence or {})


def failed(
    message: str,
    record: Record | None = None,
    evidence: Mapping[str, str] | None = None,
    *,
    fix: str | None = None,
    severity: Severity | None = None,
) -> Finding:
    return Finding(Outcome.FAIL, message, record, evidence or {}, fix, severity)


def unknown(
    reason: str,
    record: Record | None = None,
    evidence: Mapping[str, str] | None = None,
    *,
    fix: str | None = None,
) -> Finding:
    return Finding(Outcome.UNKNOWN, reason, record, evidence or {}, fix)


def not_applicable(reason: str) -> Finding:
    return Finding(Outcome.NOT_APPLICABLE, reason)
