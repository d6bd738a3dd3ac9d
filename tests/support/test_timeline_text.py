"""The timeline as it is drawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.model.job_timeline import Span, Stretch
from connector.support.timeline_text import timeline_as_json, timeline_as_text

NOW = datetime(2020, 10, 25, 12, tzinfo=UTC)
H = timedelta(hours=1)


def _rows(spans: list[Span], zone: ZoneInfo) -> dict[str, str]:
    lines = list(timeline_as_text(spans, NOW, zone))
    return {line[:10]: line[12:] for line in lines if line[:4] == "2020" and line[10:12] == "  "}


def test_each_cell_is_half_an_hour_of_the_readers_day() -> None:
    """A run from 06:00 to 07:00 in the zone fills the cells of six and half past six."""
    run = Span(Stretch.RUN, NOW - 32 * H, NOW - 31 * H, ("r",))
    row = _rows([run], ZoneInfo("Europe/Berlin"))["2020-10-24"]
    assert row.rstrip() == " " * 12 + "██"


def test_the_day_on_which_clocks_go_back_has_its_row_too() -> None:
    """A day of 25 hours is drawn in 48 cells, and now stands in one of them."""
    sleep = Span(Stretch.SLEEP, NOW - 40 * H, NOW + 40 * H, ("s",))
    row = _rows([sleep], ZoneInfo("Europe/Berlin"))["2020-10-25"]
    assert len(row) == 48
    assert row.count("▏") == 1
    assert set(row) == {"▏", "─"}


def test_trouble_hides_what_is_well() -> None:
    """Where more than one chain lives that is what is seen, and it is said in words below."""
    spans = [
        Span(Stretch.SLEEP, NOW - 10 * H, NOW, ("a",)),
        Span(Stretch.OVERLAP, NOW - 4 * H, NOW - 3 * H, ("a", "b")),
        Span(Stretch.LATE, NOW - 2 * H, NOW, ("a",)),
    ]
    text = "\n".join(timeline_as_text(spans, NOW))
    assert "××" in text
    assert "2 chains, begun by a, b." in text
    assert "Late from 2020-10-25 10:00 UTC, 2 h: the timer of a has not ended." in text


def test_programs_get_instants_in_utc() -> None:
    """JSON has what, from, until, jobs and note, with Z."""
    span = Span(Stretch.RUN, NOW, NOW + H, ("r",), "No price list")
    assert timeline_as_json([span]) == [
        {
            "what": "run",
            "from": "2020-10-25T12:00:00Z",
            "until": "2020-10-25T13:00:00Z",
            "jobs": ["r"],
            "note": "No price list",
        }
    ]


def test_nothing_on_record_is_said() -> None:
    """Without any span there is a sentence in place of a drawing."""
    assert list(timeline_as_text([], NOW)) == ["Nothing is on record for these days."]
