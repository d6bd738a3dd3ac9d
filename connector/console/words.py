"""Days, instants and spans of time as people write them in options."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import typer

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SPAN = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def day(text: str) -> date:
    """2020-10-05. Raises BadParameter, which is wrong usage."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise typer.BadParameter(f"{text!r} is not a day; write it as 2020-10-05.")


def instant(text: str) -> datetime:
    """2020-10-05T06:00Z, or with another offset. Raises BadParameter."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise typer.BadParameter(f"{text!r} is not an instant; write it with its zone, as 2020-10-05T06:00Z.")
    return found.astimezone(UTC)


def span(text: str) -> timedelta:
    """90s, 30m, 24h, 7d. Raises BadParameter."""
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None:
        raise typer.BadParameter(f"{text!r} is not a span of time; write it as 90s, 30m, 24h or 7d.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
