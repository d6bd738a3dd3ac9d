"""The history as it is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from connector.history.report import history_as_text, run_as_json, with_drift
from connector.history.values import Drafts, Entry, Kind, SeenRun

NOON = datetime(2020, 10, 4, 12, tzinfo=UTC)
HERE = "https://contoso.crm4.dynamics.com"


def _run(day: float, minutes: float = 2, state: str = "succeeded", message: str = "") -> SeenRun:
    begun = NOON + timedelta(days=day)
    return SeenRun(HERE, f"r-{day}", begun, begun + timedelta(minutes=minutes), state, message)


def test_drift_is_measured_from_run_to_run_and_not_over_a_pause() -> None:
    """24 hours and five minutes after the one before are five minutes; after a pause there is none."""
    five = 5 / 1440
    runs = [_run(0), _run(1 + five), _run(9), _run(10 - five)]
    drifts = [drift for _, drift in with_drift(runs)]
    assert drifts == [None, timedelta(minutes=5), None, -timedelta(minutes=5)]


def test_runs_of_two_chains_at_once_have_no_drift() -> None:
    """Two chains run at the same hour: that one of them began no day later says nothing about its drift."""
    runs = [_run(0), _run(0, minutes=1), _run(1), _run(1, minutes=1)]
    assert [drift for _, drift in with_drift(runs)] == [None, None, timedelta(0), None]


def test_the_first_run_of_another_environment_has_no_drift() -> None:
    """Runs of two environments are not compared."""
    other = SeenRun("https://fabrikam.crm.dynamics.com", "x", NOON + timedelta(days=1), None, "in_progress")
    assert [drift for _, drift in with_drift([_run(0), other])] == [None, None]


def test_programs_get_seconds_and_exact_amounts() -> None:
    """Durations are whole seconds, amounts are texts with all digits."""
    run = SeenRun(HERE, "r", NOON, None, "in_progress", "", Drafts(1, {"USD": Decimal("0.1000")}))
    told = run_as_json(run, timedelta(seconds=90))
    assert (told["duration_s"], told["drift_s"], told["amounts"]) == (None, 90, {"USD": "0.1000"})


def test_people_see_what_failed_and_why() -> None:
    """A run without success stands there with its state and message, and is counted."""
    text = "\n".join(history_as_text([_run(0), _run(1, state="failed", message="No price list")], []))
    assert "failed: No price list" in text
    assert text.endswith("2 runs, 1 of them without success. The longest pause between two runs was 24 h.")


def test_environments_are_told_apart() -> None:
    """Runs of several environments stand under their names; a pause lies between runs of one of them."""
    other = SeenRun("https://fabrikam.crm.dynamics.com", "x", NOON - timedelta(days=9), None, "in_progress")
    entry = Entry(HERE, Kind.RERUN, NOON, "ProcessRunCaller was started.")
    lines = list(history_as_text([_run(0), _run(1), other], [entry], is_with_entries=True))
    assert [line for line in lines if line.startswith("https")] == [HERE, other.environment]
    assert any(line.endswith(f"ProcessRunCaller was started. ({HERE})") for line in lines)
    assert lines[-1].endswith("The longest pause between two runs was 24 h.")


def test_what_was_done_is_shown_when_asked_for() -> None:
    """Entries name command, person and reason."""
    entry = Entry(HERE, Kind.RERUN, NOON, "ProcessRunCaller was started.", "Ada", "Ticket 4711")
    assert "Ticket 4711" not in "\n".join(history_as_text([_run(0)], [entry]))
    text = "\n".join(history_as_text([_run(0)], [entry], is_with_entries=True))
    assert "rerun     by Ada: ProcessRunCaller was started. Reason: Ticket 4711" in text
    first, *_ = history_as_text([], [entry], is_with_entries=True)
    assert first.endswith("Reason: Ticket 4711")
