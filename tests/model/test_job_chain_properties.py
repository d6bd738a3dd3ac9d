"""What holds for every chain (rules J7, J8)."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import HEALTHY, Diagnosis, Health
from connector.model.job_health import confirmed, diagnose
from connector.model.system_job import SystemJob
from tests.job.builders import NOON, job, running_chain, snapshot

RULES = InvoicingRules()
joins = st.sampled_from(["log", "correlation", "time"])
overlaps_s = st.integers(min_value=-599, max_value=85)
ages_s = st.one_of(
    st.integers(min_value=0, max_value=3 * 86_400),
    st.integers(min_value=-700, max_value=700).map(lambda near: 86_400 + near),
)


@given(age_s=ages_s, overlap_s=overlaps_s, joined_by=joins, first=st.sampled_from([0, 1]))
def test_one_chain_is_never_several(age_s: int, overlap_s: int, joined_by: str, first: int) -> None:
    """A chain is healthy at every moment of its life, its hand-overs included, however it is joined."""
    jobs, logs = running_chain(
        NOON, NOON + timedelta(seconds=age_s), overlap_s=overlap_s, joined_by=joined_by, first=first
    )
    found = diagnose(snapshot(jobs, logs=logs, now=NOON + timedelta(seconds=age_s)), RULES)
    assert found.health in HEALTHY, found.sentence
    assert not found.several_roots


@given(age_s=ages_s, overlap_s=overlaps_s, joined_by=joins, data=st.data())
def test_the_order_of_jobs_does_not_matter(
    age_s: int, overlap_s: int, joined_by: str, data: st.DataObject
) -> None:
    """The same look in another order is the same diagnosis."""
    now = NOON + timedelta(seconds=age_s)
    jobs, logs = running_chain(NOON, now, overlap_s=overlap_s, joined_by=joined_by)
    shuffled = data.draw(st.permutations(jobs))
    assert diagnose(snapshot(shuffled, logs=logs[::-1], now=now), RULES) == diagnose(
        snapshot(jobs, logs=logs, now=now), RULES
    )


@given(
    gap_s=st.integers(min_value=1, max_value=86_000),
    overlap_s=overlaps_s,
    age_s=st.integers(min_value=0, max_value=2 * 86_400),
    joined_by=st.sampled_from(["log", "correlation"]),
)
def test_two_chains_are_never_called_healthy(gap_s: int, overlap_s: int, age_s: int, joined_by: str) -> None:
    """Two chains with open jobs that logs or correlation ids join are several, at any later moment."""
    late_enough = timedelta(seconds=gap_s) + timedelta(minutes=20)
    found, are_open = _of_two(gap_s, overlap_s, late_enough + timedelta(seconds=age_s), joined_by)
    if are_open:
        assert found.health not in HEALTHY, found.sentence
        assert confirmed(found, found, 60, RULES).health is Health.SEVERAL_CHAINS


def _of_two(gap_s: int, overlap_s: int, age: timedelta, joined_by: str) -> tuple[Diagnosis, bool]:
    now = NOON + age
    jobs, logs = running_chain(NOON, now, overlap_s=overlap_s, joined_by=joined_by, name="one")
    later = NOON + timedelta(seconds=gap_s)
    more_jobs, more_logs = running_chain(later, now, overlap_s=overlap_s, joined_by=joined_by, name="two")
    are_open = jobs[-1].completed_on is None and more_jobs[-1].completed_on is None
    return diagnose(snapshot(jobs + more_jobs, logs=logs + more_logs, now=now), RULES), are_open


@given(
    statuses=st.lists(st.sampled_from([0, 10, 20, 21, 22, 30, 31, 32]), max_size=6),
    data=st.data(),
)
def test_every_picture_gets_a_diagnosis(statuses: list[int], data: st.DataObject) -> None:
    """However odd the jobs, there is a health and a sentence, and healthy means one live chain at most."""
    minutes = st.integers(min_value=-3000, max_value=3000)
    jobs: list[SystemJob] = [
        job(
            f"j{number}",
            data.draw(st.sampled_from(["ProcessRunner", "ProcessRunCaller", None])),
            status,
            begin=NOON + timedelta(minutes=data.draw(minutes)),
            until=NOON + timedelta(minutes=data.draw(minutes)),
            end=NOON + timedelta(minutes=data.draw(minutes)) if status >= 30 else None,
            correlation=data.draw(st.sampled_from([None, "x", "y"])),
        )
        for number, status in enumerate(statuses)
    ]
    found = diagnose(snapshot(jobs), RULES)
    assert found.sentence
    if found.is_healthy:
        assert len(found.live_chains) <= 1
