"""From the options of `verify` to what counts, and from its failures to a baseline."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from connector.console.private_file import write_private
from connector.errors import SettingsError, StateFileError, UsageError
from connector.verification.baseline import Baseline, Known, read_baseline, written
from connector.verification.finding import Outcome, Severity
from connector.verification.gate import Gate, allowed_unknowns
from connector.verification.verify import Report


def gate_of(fail_on: str, is_strict: bool, allow_unknown: list[str], baseline: Path | None) -> Gate:
    """Raises UsageError and SettingsError."""
    try:
        severity = Severity(fail_on)
    except ValueError:
        raise UsageError(f"--fail-on {fail_on!r} is no severity.", f"Use {', '.join(Severity)}.") from None
    known = Baseline() if baseline is None else read_baseline(baseline)
    return Gate(severity, is_strict, allowed_unknowns(allow_unknown), known)


def acceptance_of(path: Path | None, reason: str | None, until: date | None) -> tuple[Path, str, date] | None:
    """What --write-baseline was given: all of it, or nothing. Raises UsageError."""
    if path is None:
        if reason is not None or until is not None:
            raise UsageError("--reason and --until belong to --write-baseline.", "Name the file to write.")
        return None
    if not (reason or "").strip() or until is None:
        raise UsageError(
            "--write-baseline needs --reason and --until.",
            'Say why and how long, as --reason "Cleaned up in spring" --until 2027-03-31.',
        )
    return path, str(reason), until


def write_baseline(path: Path, reason: str, until: date, report: Report, before: Baseline) -> str:
    """Write what fails, with entries that still hold as they were; a sentence about what was done.

    Raises UsageError for a last day that is over by the environment's clock, and SettingsError.
    """
    today = report.now.date()
    if until < today:
        raise UsageError(
            f"--until {until.isoformat()} is over: it is {today.isoformat()} in the environment.",
            "Nothing would be accepted: name a later day.",
        )
    entries: dict[tuple[str, str, str], Known] = {}
    for item in report.results:
        if item.finding.outcome is not Outcome.FAIL or item.finding.more:
            continue
        kept = before.entry_of(item.check.code, item.finding) if item.accepted is not None else None
        record = item.finding.record
        entry = kept or Known(
            item.check.code,
            reason,
            until,
            table=record.table if record else "",
            record=record.id.lower() if record else "",
            name=record.name if record else "",
        )
        entries.setdefault(entry.key, entry)
    try:
        write_private(path, [written(entries.values()).encode()])
    except StateFileError as error:
        raise SettingsError(f"The baseline {error.message}", error.hint) from None
    unknown = {item.check.code for item in report.results if item.finding.outcome is Outcome.UNKNOWN}
    unnamed = sum(item.finding.more for item in report.results if item.finding.outcome is Outcome.FAIL)
    left = f" {unnamed} findings that are only counted stand in no baseline." if unnamed else ""
    rest = f" Unknown stays unknown: {', '.join(sorted(unknown))}." if unknown else ""
    return f"{path}: {len(entries)} known findings until {until.isoformat()}.{left}{rest}"
