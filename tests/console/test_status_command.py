"""status with its timeline, and as a watch."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest

from connector.emulator.ownership import OpenEmulator
from tests.console.outputs import Projops


def test_the_timeline_shows_the_days_that_were_asked_for(emulator: OpenEmulator, projops: Projops) -> None:
    """Six days after the start the drawing has a row for each day, and a run in each but the first."""
    projops("provision", "--apply")
    emulator.move_clock(datetime(2020, 10, 9, 7, tzinfo=UTC))
    lines = projops("status", "--timeline").out.splitlines()
    rows = [line for line in lines if line.startswith("2020-10-")]
    assert [row[:10] for row in rows] == [f"2020-10-{day:02}" for day in range(3, 11)]
    assert ["█" in row for row in rows] == [False, *[True] * 6, False]
    assert "6 runs" in lines[-1]


def test_programs_always_get_the_timeline(emulator: OpenEmulator, projops: Projops) -> None:
    """JSON has the spans of the last days without being asked."""
    projops("provision", "--apply")
    told = json.loads(projops("status", "-o", "json").out)["timeline"]
    assert [one["what"] for one in told] == ["sleep"]


def test_a_watch_looks_again_until_it_is_interrupted(
    emulator: OpenEmulator, projops: Projops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--watch shows the state, waits as long as it was told, and shows it again; Ctrl-C ends it with 130."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", pause)
    done = projops("status", "--watch", "--every", "5m")
    assert done.code == 130
    assert pauses == [300, 300]
    assert done.out.count("Never provisioned") == 2


@pytest.mark.parametrize("options", [["--check"], ["-o", "json"]])
def test_a_watch_is_for_people(projops: Projops, options: list[str]) -> None:
    """A watch never ends, so it goes with nothing that a program waits for."""
    assert projops("status", "--watch", *options).code == 2
