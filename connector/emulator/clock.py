"""The emulator's clock: it stands still until it is moved, and moving it lets the jobs run.

It is kept in the state file and is the Date of every answer.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connector.emulator.platform.service import AsynchronousService
from connector.errors import UsageError

HOW_TO_WRITE = "Write it like 2020-10-05T06:00Z."
FARTHEST = timedelta(days=3660)
"""One move of the clock runs through every day of it: more than ten years is a slip."""


def move_clock(service: AsynchronousService, to: datetime) -> datetime:
    """Set the clock to `to` once every job that becomes due until then has run, in order of time.

    Each job sees the clock at its own time. Returns where the clock stands. Raises UsageError when
    `to` lies before the standing clock, or has no time zone.
    """
    if to.tzinfo is None:
        raise UsageError(f"{to.isoformat()} has no time zone.", HOW_TO_WRITE)
    now = service.store.now
    _check_span(to - now, now)
    service.run_until(to.astimezone(UTC).replace(microsecond=0))
    return service.store.now


def advance_clock(service: AsynchronousService, by: timedelta) -> datetime:
    """Move the clock on by a time span; see `move_clock`."""
    _check_span(by, service.store.now)
    service.run_for(by)
    return service.store.now


def _check_span(span: timedelta, now: datetime) -> None:
    if span > FARTHEST:
        message = f"{span.days} days are more than ten years from {now.isoformat()}."
        raise UsageError(message, "Take smaller steps.")


def parse_moment(text: str) -> datetime:
    """An instant in ISO 8601 with its zone: 2020-10-05T06:00Z. Raises UsageError otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no time.", HOW_TO_WRITE) from error
    if moment.tzinfo is None:
        raise UsageError(f"{text!r} has no time zone.", HOW_TO_WRITE)
    return moment
