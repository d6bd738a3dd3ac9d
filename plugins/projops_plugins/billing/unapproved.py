"""Time and expenses that await their approval: not yet transactions, so not yet billed (rule T1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from connector.model.actual import TransactionClass
from connector.model.reason import Reason
from connector.workflow import ContractSnapshot, Judgement, LineSnapshot, Run, Skip, UnapprovedEntry
from projops_plugins.billing.cut_offs import is_covered
from projops_plugins.skips import Source, Told, judged, skip

NOUNS = {
    TransactionClass.TIME: ("time entry", "time entries"),
    TransactionClass.EXPENSE: ("expense", "expenses"),
}
WAY_OUT = "approve what is to be billed; which line of the project it falls to is decided then"


def unapproved_skips(line: LineSnapshot, contract: ContractSnapshot, cut_off: date, run: Run) -> list[Skip]:
    """What would be on the invoice if it were approved; what comes after the cut-off is no matter yet."""
    late = [entry for entry in line.unapproved if _is_covered(entry, cut_off, run)]
    if not late:
        return []
    verb = "awaits its" if len(late) == 1 else "await their"
    told = _told(f"{_in_words(late)} up to {cut_off} of its project {verb} approval")
    return [replace(skip(contract, line.line, told), count=len(late))]


def unapproved_judgements(line: LineSnapshot, run: Run) -> tuple[Judgement, ...]:
    told = _told("It awaits its approval")
    return tuple(
        judged(line.line, told, Source(entry.table, entry.id, day=_day(entry, run)))
        for entry in sorted(line.unapproved, key=lambda entry: entry.id)
    )


def _told(found: str) -> Told:
    return Told(Reason.AWAITING_APPROVAL, "T1", found, WAY_OUT)


def _in_words(entries: Sequence[UnapprovedEntry]) -> str:
    """`2 time entries and 1 expense`."""
    counts = {kind: sum(entry.transaction_class is kind for entry in entries) for kind in NOUNS}
    return " and ".join(f"{count} {NOUNS[kind][count != 1]}" for kind, count in counts.items() if count)


def _is_covered(entry: UnapprovedEntry, cut_off: date, run: Run) -> bool:
    day = _day(entry, run)
    return day is not None and is_covered(day, cut_off, run)


def _day(entry: UnapprovedEntry, run: Run) -> date | None:
    return None if entry.day is None else run.day_of(entry.day)
