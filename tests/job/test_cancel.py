"""System jobs are canceled as they were seen, and seen to be gone."""

from __future__ import annotations

from datetime import timedelta

from connector.job.cancel import cancel_jobs
from connector.job.look import glance
from connector.model.job_chain import ChainJob, Health
from connector.model.process import PROCESS_RUNNER
from tests.job.emulated import Emulated
from tests.job.faults import Fault, watched


def open_jobs(world: Emulated) -> tuple[ChainJob, ...]:
    return glance(world.at).diagnosis.live_chains[0].open_jobs


def test_a_sleeping_job_is_canceled(world: Emulated) -> None:
    """Canceling the job of a chain ends the chain, and it is seen to be gone."""
    world.create_record()
    job = world.execute()
    result = cancel_jobs(world.at, open_jobs(world))
    assert result.is_complete
    assert result.gone == (job,)
    assert world.look().diagnosis.health is Health.CANCELED


def test_nothing_follows_a_canceled_job(world: Emulated) -> None:
    """A canceled timer fires no more."""
    world.create_record()
    world.execute()
    cancel_jobs(world.at, open_jobs(world))
    world.emulator.advance_clock(timedelta(days=2))
    assert not world.look().diagnosis.live_chains


def test_a_job_that_went_on_is_left_alone(world: Emulated) -> None:
    """What changed after it was seen is a chain that lives."""
    world.create_record()
    world.execute(PROCESS_RUNNER)
    seen = open_jobs(world)
    world.client.update("asyncoperations", seen[0].id, {"statecode": 1, "statuscode": 10}, etag="*")
    result = cancel_jobs(world.at, seen)
    assert result.changed == (seen[0].id,)
    assert not result.is_complete
    assert len(world.look().diagnosis.live_chains) == 1


def test_a_job_that_has_ended_is_gone(world: Emulated) -> None:
    """Who cancels second finds the job gone, which is what was wanted."""
    world.create_record()
    world.execute()
    seen = open_jobs(world)
    cancel_jobs(world.second(), seen)
    assert cancel_jobs(world.at, seen).gone == (seen[0].id,)


def test_a_lost_answer_of_a_cancel_is_no_failure(world: Emulated) -> None:
    """A cancel under its etag is repeated and confirmed by reading."""
    world.create_record()
    world.execute()
    seen = open_jobs(world)
    with watched(world.client.url) as line:
        line.fault, line.at = Fault.LOST_AFTER, 0
        result = cancel_jobs(world.at, seen)
    assert result.gone == (seen[0].id,)


def test_nothing_to_cancel_asks_nothing(world: Emulated) -> None:
    """An empty list makes no request."""
    with watched(world.client.url) as line:
        assert cancel_jobs(world.at, ()).is_complete
    assert not line.seen
