"""The three limits, counted with times that are values."""

from __future__ import annotations

import pytest

from connector.emulator.trouble.fault import Throttle
from connector.emulator.trouble.limits import Limits, changed
from connector.emulator.trouble.meter import Admission, Meter
from connector.errors import UsageError


def admitted(meter: Meter, limits: Limits, now_s: float, duration_s: float = 0) -> Admission:
    """A request that is let in and has ended."""
    found = meter.enter(limits, now_s)
    assert isinstance(found, Admission)
    meter.leave(now_s + duration_s, duration_s)
    return found


def refused(meter: Meter, limits: Limits, now_s: float) -> tuple[str, int | None]:
    found = meter.enter(limits, now_s)
    assert isinstance(found, Throttle)
    return found.limit, found.retry_after_s


def test_the_defaults_are_the_documented_ones() -> None:
    """6000 requests and 20 minutes of execution within five minutes, 52 at a time; off until told."""
    limits = Limits()
    assert (limits.requests, limits.execution_s, limits.window_s, limits.simultaneous) == (
        6000,
        1200,
        300,
        52,
    )
    assert not limits.is_on


def test_the_number_of_requests_is_limited_within_a_sliding_window() -> None:
    """One more is refused until the oldest has left the window; what is left is said each time."""
    meter, limits = Meter(), Limits(requests=3, window_s=300)
    assert [admitted(meter, limits, at).requests_left for at in (0, 10, 20)] == [2, 1, 0]
    assert refused(meter, limits, 100) == ("requests", 200)
    assert admitted(meter, limits, 300).requests_left == 0
    assert refused(meter, limits, 300) == ("requests", 10)
    assert admitted(meter, limits, 400).requests_left == 1


def test_the_execution_time_is_limited_and_counted_when_it_ends() -> None:
    """The limit bites once the sum has reached it, until enough of it has left the window."""
    meter, limits = Meter(), Limits(execution_s=10, window_s=100)
    assert admitted(meter, limits, 0, 4).execution_left_s == 10
    assert admitted(meter, limits, 10, 4).execution_left_s == 6
    assert admitted(meter, limits, 20, 4).execution_left_s == 2
    assert refused(meter, limits, 30) == ("time", 74)
    assert admitted(meter, limits, 104).execution_left_s == 2


def test_the_number_at_a_time_is_limited_at_once() -> None:
    """As soon as one has ended another is let in."""
    meter, limits = Meter(), Limits(simultaneous=2)
    assert isinstance(meter.enter(limits, 0), Admission)
    assert isinstance(meter.enter(limits, 0), Admission)
    assert refused(meter, limits, 0) == ("concurrency", 1)
    meter.leave(1, 1)
    assert isinstance(meter.enter(limits, 1), Admission)


def test_who_keeps_pressing_is_told_to_wait_longer() -> None:
    """The pause doubles each time the client comes back before it is over, up to the longest."""
    meter, limits = Meter(), Limits(simultaneous=1, longest_pause_s=10)
    meter.enter(limits, 0)
    assert [refused(meter, limits, at)[1] for at in (0, 0.9, 1.8, 2.7, 3.6, 4.5)] == [1, 2, 4, 8, 10, 10]
    meter.leave(5, 5)
    meter.enter(limits, 5)
    assert refused(meter, limits, 5)[1] == 1


def test_what_was_under_way_when_a_pause_was_announced_is_no_pressing() -> None:
    """Requests that were sent together get the same pause, and so does whoever waited for its end."""
    meter, limits = Meter(), Limits(requests=1, window_s=10)
    admitted(meter, limits, 0)
    assert [refused(meter, limits, at)[1] for at in (1, 1.1, 1.4)] == [9, 9, 9]
    admitted(meter, limits, 10)
    assert refused(meter, limits, 10.2)[1] == 10


def test_refused_requests_do_not_count() -> None:
    """However often a client was refused, the window frees when its oldest request has left it."""
    meter, limits = Meter(), Limits(requests=1, window_s=10)
    admitted(meter, limits, 0)
    for at in range(1, 10):
        refused(meter, limits, at)
    assert admitted(meter, limits, 10).requests_left == 0


def test_limits_are_changed_one_by_one() -> None:
    """What is not named stays; a hint of nothing is no hint."""
    limits = changed(Limits(), {"is_on": True, "requests": 5, "dop_hint": None})
    assert (limits.is_on, limits.requests, limits.dop_hint, limits.window_s) == (True, 5, None, 300)


@pytest.mark.parametrize(
    "changes", [{"request": 5}, {"requests": 0}, {"requests": "5"}, {"window_s": 0}, {"is_on": 1}]
)
def test_limits_that_cannot_be_are_refused(changes: dict[str, object]) -> None:
    """The error names the member."""
    with pytest.raises(UsageError, match=next(iter(changes))):
        changed(Limits(), changes)
