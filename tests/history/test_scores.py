"""What the comparisons of several run dates come to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.history.report import history_as_text
from connector.history.scores import score_as_json, scores_as_text, scores_of
from connector.history.values import Entry, Kind

AT = datetime(2020, 11, 3, tzinfo=UTC)
PLACE = "https://contoso.crm.dynamics.com"


def compared(on: str, equal: object, of: object, *, unknown: int = 0, is_emulator: bool = False) -> Entry:
    facts = {
        "on": on,
        "equal": equal,
        "compared": of,
        "unknown": unknown,
        "share": "0.00",
        "proves_wiring_only": is_emulator,
    }
    return Entry(PLACE, Kind.COMPARE, AT, "Score.", facts=facts)


def test_trust_is_what_all_run_dates_come_to() -> None:
    """Contracts are added up, not percentages; 100 % are said of all of them only."""
    scores = scores_of([compared("2020-11-02", 199, 200), compared("2020-10-05", 10, 10, unknown=3)])
    assert [score.on for score in scores] == ["2020-10-05", "2020-11-02"]
    assert list(scores_as_text(scores)) == [
        "compared run date         equal  share  not comparable",
        "2020-10-05             10 of 10  100 %  3",
        "2020-11-02           199 of 200   99 %  0",
        "Trust in previews: 99 % (209 of 210 contracts equal, over 2 run dates).",
    ]


def test_of_a_run_date_that_was_compared_twice_the_last_one_counts() -> None:
    """A setting that was corrected is not held against the mirror for ever."""
    [score] = scores_of([compared("2020-10-05", 5, 10), compared("2020-10-05", 10, 10)])
    assert (score.equal, score_as_json(score)["share"]) == (10, 100)


def test_an_emulators_score_earns_no_trust() -> None:
    """It is listed and proves wiring only."""
    assert list(scores_as_text(scores_of([compared("2020-10-05", 8, 8, is_emulator=True)])))[-1] == (
        "Trust in previews: none earned yet; an emulator's scores prove wiring only."
    )


def test_nothing_comparable_is_no_score() -> None:
    """Zero of zero is neither all nor nothing."""
    [score] = scores_of([compared("2020-10-05", 0, 0, unknown=2)])
    assert score_as_json(score)["share"] is None
    assert list(scores_as_text([score]))[-1] == "Trust in previews: nothing could be compared."


@pytest.mark.parametrize("equal", ["many", None])
def test_an_entry_of_another_version_is_passed_over(equal: object) -> None:
    """A history that a later version wrote is still shown."""
    assert scores_of([compared("2020-10-05", equal, 8)]) == []


def test_the_history_shows_trust_without_any_run() -> None:
    """Finance compares; whether support looks at the job is another matter."""
    text = list(history_as_text([], [compared("2020-10-05", 8, 9)]))
    assert "Trust in previews: 88 % (8 of 9 contracts equal, over 1 run date)." in text
