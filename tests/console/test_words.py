from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import typer

from connector.console import words


def test_a_day_is_written_with_four_two_and_two_digits() -> None:
    """A day is an ISO date and nothing else."""
    assert words.day("2020-10-05") == date(2020, 10, 5)


@pytest.mark.parametrize(
    "text", ["", "5.10.2020", "2020-13-01", "2020-02-30", "20201005", "2020-W41-1", "today"]
)
def test_what_is_no_day_is_wrong_usage(text: str) -> None:
    """Anything else is refused with the value and the way to write it."""
    with pytest.raises(typer.BadParameter, match="write it as 2020-10-05"):
        words.day(text)


@pytest.mark.parametrize(
    "text", ["2020-10-05T06:00Z", "2020-10-05T08:00+02:00", "2020-10-05T06:00:00.000Z", "2020-10-05 06:00Z"]
)
def test_an_instant_has_a_zone(text: str) -> None:
    """An instant is read with its offset and kept in UTC."""
    assert words.instant(text) == datetime(2020, 10, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2020-10-05T06:00", "2020-10-05", "06:00Z", "now", ""])
def test_an_instant_without_a_zone_is_wrong_usage(text: str) -> None:
    """Without a zone an instant is a guess, and refused."""
    with pytest.raises(typer.BadParameter, match="2020-10-05T06:00Z"):
        words.instant(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(hours=24)),
        ("7D", timedelta(days=7)),
    ],
)
def test_a_span_is_a_number_and_a_unit(text: str, expected: timedelta) -> None:
    """Seconds, minutes, hours and days each have a letter."""
    assert words.span(text) == expected


@pytest.mark.parametrize("text", ["24", "h", "-1h", "1.5h", "1 h", "1w", "9999999d"])
def test_what_is_no_span_is_wrong_usage(text: str) -> None:
    """A span without a unit, below zero or beyond reason is refused."""
    with pytest.raises(typer.BadParameter, match="24h"):
        words.span(text)
