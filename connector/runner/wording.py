"""Amounts, counts, customers and settings as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from textwrap import wrap

import msgspec

from connector.model.invoicing_rules import InvoicingRules
from connector.model.money import with_digits
from connector.runner.outcome import Header, RunZone

WIDTH = 80
"""Columns that every terminal and every e-mail has."""
NO_CONTRACT = "No project contract was found: there is none, or whoever is signed in may see none."
"""Tells nothing to invoice from nothing to see."""


def grouped(amount: Decimal, places: int) -> str:
    """`5,333.63`: at least `places` decimals, exact."""
    return f"{Decimal(with_digits(amount, places)):,f}"


def several(count: int, noun: str) -> str:
    """`1 draft`, `3 drafts`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def zone_text(zone: RunZone) -> str:
    return f"time zone {zone.zone.key}, from {zone.source}" if zone.is_known else f"UTC; {zone.source}"


def unknown_of(header: Header) -> Iterator[str]:
    """Sentences on what could not be told, the zone of the day first."""
    if not header.zone.is_known:
        yield f"The day is that of UTC: {header.zone.source} (rule L7)."
    yield from header.unknown


def settings_of_preview(rules: InvoicingRules) -> Mapping[str, str]:
    """The choices that decide what a preview of the platform's run shows, as projops.toml has them."""
    values = msgspec.to_builtins(rules)
    return {name: _setting(value) for name, value in values.items() if name not in OF_THE_JOB}


OF_THE_JOB = frozenset(
    {
        "is_job_name_case_sensitive",
        "first_sleep_h",
        "handover_min",
        "overdue_min",
        "settle_s",
        "week_capacity_h",
        "most_starts_a_day",
        "catch_up",
        "time_zone",
    }
)
"""Choices about the chain of jobs and about our own --apply; the time zone is shown as it was found."""


def _setting(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "not set" if value is None else str(value)


def folded(
    text: str, indent: str = "", hanging: str | None = None, *, is_keeping_spaces: bool = False
) -> list[str]:
    """A sentence in lines of at most 80 columns; words are not broken. In tables runs of spaces stay."""
    rest = indent if hanging is None else hanging
    return wrap(
        text if is_keeping_spaces else " ".join(text.split()),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [indent.rstrip()]


def folded_all(lines: Iterable[str], indent: str = "", hanging: str | None = None) -> Iterator[str]:
    for line in lines:
        yield from folded(line, indent, hanging)
