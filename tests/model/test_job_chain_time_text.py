"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector.model.time_text import moment, span


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=8), "8 s"),
        (timedelta(minutes=5, seconds=8), "5 min"),
        (timedelta(hours=5, minutes=12), "5 h 12 min"),
        (timedelta(hours=24), "24 h"),
        (timedelta(hours=51), "2 d 3 h"),
        (timedelta(hours=-48), "2 d"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(length: timedelta, text: str) -> None:
    """The next run is in hours; days are counted from two on."""
    assert span(length) == text


def test_a_moment_is_told_in_its_zone() -> None:
    """An instant without its zone would be read in the reader's."""
    instant = datetime(2026, 11, 23, 1, 14, tzinfo=UTC)
    assert moment(instant, ZoneInfo("Europe/Berlin")) == "2026-11-23 02:14 Europe/Berlin"
    assert moment(instant) == "2026-11-23 01:14 UTC"
