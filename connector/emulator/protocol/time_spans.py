"""What "last month" or "older than 3 days" means at a moment: the spans of the platform's time operators.

Days begin at midnight UTC, where the emulator's users live; weeks on Sunday; the fiscal year is the
calendar year and its periods are the quarters. A span of the last or next X days, weeks, months or years
begins or ends with a whole day, one of hours with the moment itself: the emulator's own reading.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_LARGEST = 1_000_000
_MONTHS = {"Months": 1, "Years": 12, "FiscalPeriods": 3, "FiscalYears": 12}
_SPANS = {"Hours": timedelta(hours=1), "Days": timedelta(days=1), "Weeks": timedelta(weeks=1)}
_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True)
class Span:
    """From `start` to before `end`; None: without an end on that side."""

    start: datetime | None
    end: datetime | None


def named_span(name: str, now: datetime) -> Span | None:
    """The span of a name without a number, such as ThisMonth; None for an unknown name."""
    make = _NAMED.get(name)
    return None if make is None else make(now.astimezone(UTC))


def counted_span(name: str, count: int, now: datetime) -> Span | None:
    """The span of a name with a number, such as LastXDays; None for an unknown name.

    Raises OverflowError when it leaves the calendar.
    """
    if abs(count) > _LARGEST:
        raise OverflowError(count)
    now = now.astimezone(UTC)
    if name.startswith("LastX"):
        start = _moved(name.removeprefix("LastX"), -count, now)
        return None if start is None else Span(start, now + _MOMENT)
    if name.startswith("NextX"):
        end = _moved(name.removeprefix("NextX"), count, now)
        is_whole_day = not name.endswith("Hours")
        return None if end is None else Span(now + _MOMENT, end + timedelta(days=is_whole_day))
    if name == "OlderThanXMinutes":
        return Span(None, now - timedelta(minutes=count))
    if name.startswith("OlderThanX"):
        end = _moved(name.removeprefix("OlderThanX"), -count, now)
        return None if end is None else Span(None, end)
    return None


def fiscal_year(year: int) -> Span:
    return Span(datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC))


def fiscal_period(period: int, year: int) -> Span:
    """`period` is 1 to 4."""
    start = datetime(year, 3 * period - 2, 1, tzinfo=UTC)
    return Span(start, _months(start, 3))


def _moved(unit: str, count: int, now: datetime) -> datetime | None:
    if unit in _MONTHS:
        return _months(_day(now), count * _MONTHS[unit])
    if unit in _SPANS:
        return (now if unit == "Hours" else _day(now)) + count * _SPANS[unit]
    return None


def _day(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _months(day: datetime, count: int) -> datetime:
    """So many months on; a day that a month does not have is its last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    if not 1 <= year <= 9999:
        raise OverflowError(year)
    last = calendar.monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=min(day.day, last))


def _days(first: int, count: int) -> Callable[[datetime], Span]:
    def span(now: datetime) -> Span:
        start = _day(now) + timedelta(days=first)
        return Span(start, start + timedelta(days=count))

    return span


def _weeks(offset: int) -> Callable[[datetime], Span]:
    def span(now: datetime) -> Span:
        since_sunday = (now.weekday() + 1) % 7
        start = _day(now) + timedelta(days=7 * offset - since_sunday)
        return Span(start, start + timedelta(days=7))

    return span


def _calendar(length: int, offset: int) -> Callable[[datetime], Span]:
    """Spans of so many months that begin with a year."""

    def span(now: datetime) -> Span:
        first = (now.month - 1) // length * length + 1
        start = _months(_day(now).replace(month=first, day=1), offset * length)
        return Span(start, _months(start, length))

    return span


_NAMED: dict[str, Callable[[datetime], Span]] = {
    "Yesterday": _days(-1, 1),
    "Today": _days(0, 1),
    "Tomorrow": _days(1, 1),
    "Last7Days": lambda now: Span(_day(now) - timedelta(days=7), now + _MOMENT),
    "Next7Days": lambda now: Span(now + _MOMENT, _day(now) + timedelta(days=8)),
    **{
        f"{word}{unit}": make(offset)
        for word, offset in (("Last", -1), ("This", 0), ("Next", 1))
        for unit, make in (
            ("Week", _weeks),
            ("Month", lambda offset: _calendar(1, offset)),
            ("Year", lambda offset: _calendar(12, offset)),
            ("FiscalPeriod", lambda offset: _calendar(3, offset)),
            ("FiscalYear", lambda offset: _calendar(12, offset)),
        )
    },
}
