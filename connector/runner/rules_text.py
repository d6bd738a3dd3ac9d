"""The choices that a preview rests on and that nobody documents, in one sentence for people."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from connector.model.invoicing_rules import InvoicingRules

OF_THE_JOB = (
    "is_job_name_case_sensitive",
    "first_sleep_h",
    "handover_min",
    "overdue_min",
    "settle_s",
    "most_starts_a_day",
)
"""They decide about the job itself, not about what it invoices."""
ELSEWHERE = ("time_zone", "week_capacity_h", "catch_up", "platform_catches_up")
"""Said elsewhere: with the day, with utilization, with what was missed."""


def rules_in_words(rules: InvoicingRules, *, takes_missed: bool) -> str:
    """`By these settings: cut_off inclusive, …`: every one that decides what is invoiced (marked S)."""
    return f"By these settings: {', '.join(_told(rules, takes_missed=takes_missed))}."


def _told(rules: InvoicingRules, *, takes_missed: bool) -> Iterator[str]:
    yield f"missed run dates {'taken' if takes_missed else 'not taken'}"
    for name, value in msgspec.to_builtins(rules).items():
        if name not in {*OF_THE_JOB, *ELSEWHERE}:
            yield f"{name} {_word(value)}"


def _word(value: object) -> str:
    if value is None:
        return "unset"
    return str(value).lower() if isinstance(value, bool) else str(value)
