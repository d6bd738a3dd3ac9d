"""The timeline: what is drawn is what the system jobs say, to the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.job_chain import Chain, ChainJob, JobCondition
from connector.model.job_timeline import Span, Stretch, drift, timeline
from connector.model.process import PROCESS_RUN_CALLER, PROCESS_RUNNER

NOON = datetime(2020, 10, 4, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=90)
H = timedelta(hours=1)


def _job(
    id: str,
    workflow: str,
    begin_h: float,
    end_h: float | None,
    state: JobCondition = JobCondition.SUCCEEDED,
    error: str = "",
) -> ChainJob:
    end = None if end_h is None else NOON + end_h * H
    return ChainJob(id, "job", workflow, None, state, NOON + begin_h * H, end, "ada", error)


def _run(id: str, begin_h: float, end_h: float | None, **more: JobCondition) -> ChainJob:
    return _job(id, PROCESS_RUNNER, begin_h, end_h, **more)


def _sleep(id: str, begin_h: float, end_h: float | None, **more: JobCondition) -> ChainJob:
    return _job(id, PROCESS_RUN_CALLER, begin_h, end_h, **more)


def _drawn(*chains: tuple[ChainJob, ...], since: datetime = LONG_AGO) -> list[tuple[str, float, float]]:
    spans = timeline([Chain(jobs) for jobs in chains], NOON, since)
    return [(one.kind.value, (one.begin - NOON) / H, (one.end - NOON) / H) for one in spans]


def test_a_healthy_chain_is_runs_and_sleeps_into_the_future() -> None:
    """A run lasts until it has ended, a sleep until its timer ends; nothing else is there."""
    assert _drawn((_run("r", -25, -24), _sleep("s", -24, 0.5, state=JobCondition.WAITING))) == [
        ("run", -25, -24),
        ("sleep", -24, 0.5),
    ]


def test_a_run_that_goes_on_lasts_until_now() -> None:
    """An open run ends at this moment, whatever its row says."""
    assert _drawn((_run("r", -1, None, state=JobCondition.IN_PROGRESS),)) == [("run", -1, 0)]


def test_a_timer_that_has_not_ended_is_late_since_its_end() -> None:
    """What is past due is a stretch of its own, from the timer's end until now."""
    assert _drawn((_sleep("s", -30, -6, state=JobCondition.WAITING),)) == [
        ("sleep", -30, -6),
        ("late", -6, 0),
    ]


def test_without_a_chain_there_is_a_gap_until_now() -> None:
    """After the last chain has ended nothing lives, until now or until the next one begins."""
    assert _drawn((_run("a", -50, -49),), (_run("b", -20, -19),)) == [
        ("run", -50, -49),
        ("gap", -49, -20),
        ("run", -20, -19),
        ("gap", -19, 0),
    ]


def test_a_hand_over_is_no_gap() -> None:
    """The minutes between two jobs are the platform's own (rule J7)."""
    assert _drawn((_run("a", -3, -2),), (_run("b", -1.9, 0),)) == [("run", -3, -2), ("run", -1.9, 0)]


def test_two_chains_at_once_overlap_and_are_named() -> None:
    """Where two chains live the overlap names the first job of each (rule J8)."""
    first = Chain((_sleep("a", -10, 14, state=JobCondition.WAITING),))
    second = Chain((_sleep("b", -4, 20, state=JobCondition.WAITING),))
    overlap = next(one for one in timeline([first, second], NOON, LONG_AGO) if one.kind is Stretch.OVERLAP)
    assert (overlap.begin, overlap.end, overlap.jobs) == (NOON - 4 * H, NOON, ("a", "b"))


def test_what_a_failed_run_says_stands_at_its_span() -> None:
    """A job that did not succeed carries its message, or its state where there is none."""
    told = timeline(
        [
            Chain((_job("a", PROCESS_RUNNER, -5, -4, JobCondition.FAILED, "No price list"),)),
            Chain((_job("b", PROCESS_RUN_CALLER, -4, -3, JobCondition.CANCELED),)),
        ],
        NOON,
        LONG_AGO,
    )
    assert [one.note for one in told if one.jobs] == ["No price list", "canceled"]


def test_only_what_reaches_into_the_days_asked_for_is_drawn() -> None:
    """A span that ended before the first day is left out, one that reaches into it is whole."""
    assert _drawn((_run("a", -30, -29), _sleep("s", -29, -5)), since=NOON - 24 * H) == [
        ("sleep", -29, -5),
        ("gap", -5, 0),
    ]


@pytest.mark.parametrize(
    ("begins", "expected_h"),
    [((0, 24.5, 49.5), 0.75), ((0,), None), ((0, 24, 200, 224.5), 0.25)],
)
def test_the_drift_is_what_each_run_begins_later(begins: tuple[float, ...], expected_h: float | None) -> None:
    """The mean step beyond 24 hours; steps of more than two days belong to another chain (rule J7)."""
    spans = [Span(Stretch.RUN, NOON + at * H, NOON + (at + 0.1) * H, ("x",)) for at in begins]
    found = drift(spans)
    assert (None if found is None else found / H) == expected_h


LIVES = st.lists(st.tuples(st.integers(-400, -1), st.integers(1, 100), st.booleans()), min_size=1, max_size=5)


@given(LIVES)
def test_every_moment_between_the_first_start_and_now_is_told(lives: list[tuple[int, int, bool]]) -> None:
    """At each half hour something is drawn, a gap exactly where no chain lived, an overlap where two did."""
    chains = [
        Chain(
            (
                _job(
                    str(number),
                    PROCESS_RUN_CALLER,
                    begin,
                    begin + length,
                    JobCondition.WAITING if is_open else JobCondition.SUCCEEDED,
                ),
            )
        )
        for number, (begin, length, is_open) in enumerate(lives)
    ]
    spans = timeline(chains, NOON, LONG_AGO, timedelta())
    for half in range(2 * min(begin for begin, _, _ in lives), 0):
        at = NOON + (half + 0.5) * H / 2
        living = sum(
            begin <= (at - NOON) / H and (is_open or (at - NOON) / H < begin + length)
            for begin, length, is_open in lives
        )
        kinds = {one.kind for one in spans if one.begin <= at < one.end}
        assert (Stretch.GAP in kinds) == (living == 0)
        assert (Stretch.OVERLAP in kinds) == (living > 1)
        assert kinds


def test_a_run_that_took_no_time_is_a_run() -> None:
    """A run that ended in the second of its start is drawn, with no length."""
    assert _drawn((_run("r", -2, -2), _sleep("s", -2, 22, state=JobCondition.WAITING))) == [
        ("sleep", -2, 22),
        ("run", -2, -2),
    ]
