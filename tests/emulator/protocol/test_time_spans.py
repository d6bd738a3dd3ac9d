"""What relative dates mean: the spans of time, at one moment."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.emulator.protocol.time_spans import counted_span, fiscal_period, named_span

NOW = datetime(2024, 2, 29, 15, 30, 10, tzinfo=UTC)  # a Thursday of a leap year


def _text(moment: datetime | None) -> str:
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S").removesuffix(" 00:00:00")


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("Yesterday", "2024-02-28", "2024-02-29"),
        ("Today", "2024-02-29", "2024-03-01"),
        ("Tomorrow", "2024-03-01", "2024-03-02"),
        ("Last7Days", "2024-02-22", "2024-02-29 15:30:11"),
        ("Next7Days", "2024-02-29 15:30:11", "2024-03-08"),
        ("LastWeek", "2024-02-18", "2024-02-25"),
        ("ThisWeek", "2024-02-25", "2024-03-03"),
        ("NextWeek", "2024-03-03", "2024-03-10"),
        ("LastMonth", "2024-01-01", "2024-02-01"),
        ("ThisMonth", "2024-02-01", "2024-03-01"),
        ("NextMonth", "2024-03-01", "2024-04-01"),
        ("LastYear", "2023-01-01", "2024-01-01"),
        ("ThisYear", "2024-01-01", "2025-01-01"),
        ("LastFiscalPeriod", "2023-10-01", "2024-01-01"),
        ("ThisFiscalPeriod", "2024-01-01", "2024-04-01"),
        ("NextFiscalYear", "2025-01-01", "2026-01-01"),
    ],
)
def test_spans_by_name(name: str, start: str, end: str) -> None:
    """Weeks begin on Sunday, fiscal periods are quarters, a span ends before its end."""
    span = named_span(name, NOW)
    assert span is not None
    assert (_text(span.start), _text(span.end)) == (start, end)


@pytest.mark.parametrize(
    ("name", "count", "start", "end"),
    [
        ("LastXHours", 2, "2024-02-29 13:30:10", "2024-02-29 15:30:11"),
        ("LastXDays", 3, "2024-02-26", "2024-02-29 15:30:11"),
        ("LastXMonths", 1, "2024-01-29", "2024-02-29 15:30:11"),
        ("LastXYears", 1, "2023-02-28", "2024-02-29 15:30:11"),
        ("NextXDays", 3, "2024-02-29 15:30:11", "2024-03-04"),
        ("NextXHours", 3, "2024-02-29 15:30:11", "2024-02-29 18:30:10"),
        ("NextXMonths", 12, "2024-02-29 15:30:11", "2025-03-01"),
        ("OlderThanXMinutes", 30, "", "2024-02-29 15:00:10"),
        ("OlderThanXDays", 1, "", "2024-02-28"),
        ("OlderThanXMonths", 3, "", "2023-11-29"),
    ],
)
def test_spans_with_a_number(name: str, count: int, start: str, end: str) -> None:
    """Days that a month does not have are its last; whole days, but for hours and minutes."""
    span = counted_span(name, count, NOW)
    assert span is not None
    assert (_text(span.start), _text(span.end)) == (start, end)


def test_unknown_names_and_numbers_beyond_the_calendar() -> None:
    """The first are for the caller to refuse by name, the second an OverflowError."""
    assert named_span("Someday", NOW) is None
    assert counted_span("LastXCenturies", 1, NOW) is None
    with pytest.raises(OverflowError):
        counted_span("LastXYears", 9999, NOW)
    assert _text(fiscal_period(4, 2024).end) == "2025-01-01"
