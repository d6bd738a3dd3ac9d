"""A restart against an environment: never two chains, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from connector.errors import Conflict, DataverseError, OutcomeUnknown, ProjopsError, Refused, Unreachable
from connector.job.look import Environment, look
from connector.job.start import StartState
from connector.model.job_chain import Health
from connector.model.process import PROCESS_RUN_CALLER, PROCESS_RUNNER
from connector.support.apply import Applied, apply_rerun
from connector.support.plan import plan_rerun
from tests.job.emulated import Emulated
from tests.job.faults import Fault, watched


def rerun(at: Environment, *, start_with: str = PROCESS_RUN_CALLER, cancel: tuple[str, ...] = ()) -> Applied:
    """Look, plan, apply: what the command does."""
    seen = look(at)
    return apply_rerun(at, seen, plan_rerun(seen, at.rules, start_with=start_with, cancel=cancel))


def stopped(world: Emulated) -> None:
    """A job whose chain was canceled long enough ago."""
    world.create_record()
    world.client.update("asyncoperations", world.execute(), {"statecode": 3, "statuscode": 32}, etag="*")
    world.emulator.advance_clock(timedelta(minutes=30))


def stalled(world: Emulated) -> None:
    world.create_record()
    world.execute()
    world.stall()


def live(world: Emulated) -> int:
    return len(world.look().diagnosis.live_chains)


def test_a_stopped_job_is_started_once(world: Emulated) -> None:
    """After a rerun the job sleeps until its first run; a second rerun is refused with the reason."""
    stopped(world)
    assert rerun(world.at).error is None
    assert world.look().diagnosis.health is Health.SLEEPING
    with pytest.raises(Refused, match="next run") as caught:
        rerun(world.at)
    assert caught.value.exit_code == 4
    assert live(world) == 1


def test_a_stalled_chain_is_replaced(world: Emulated) -> None:
    """The stalled chain is gone before the new one begins, and stays gone."""
    stalled(world)
    assert world.look().diagnosis.health is Health.STALLED
    applied = rerun(world.at)
    assert applied.error is None
    assert len(applied.canceled.gone) == 1
    assert world.look().diagnosis.health is Health.SLEEPING
    world.emulator.advance_clock(timedelta(days=2))
    assert live(world) == 1


def test_a_chain_that_wakes_before_its_cancel_is_left_alone(world: Emulated) -> None:
    """A job that is no longer what was seen is not canceled: it lives, nothing is started, both are said."""
    stalled(world)
    seen = look(world.at)
    plan = plan_rerun(seen, world.at.rules)
    [job] = plan.canceled
    with world.emulator.store.transaction() as tx:
        tx.update("asyncoperation", job.id, {"statecode": 2, "statuscode": 20})
    applied = apply_rerun(world.at, seen, plan)
    assert applied.canceled.changed == (job.id,)
    assert applied.start is None
    assert "left alone" in applied.refused[0].message
    assert live(world) == 1


def test_start_with_processrunner_invoices_at_once(world: Emulated) -> None:
    """The choice of the workflow is the choice of when to invoice."""
    stopped(world)
    rerun(world.at, start_with=PROCESS_RUNNER)
    assert world.look().diagnosis.is_invoicing


def test_a_disabled_starters_chain_is_taken_over(world: Emulated) -> None:
    """The chain of a disabled user is replaced by one of our own."""
    world.create_record()
    job = world.execute()
    with world.emulator.store.transaction() as tx:
        gone = tx.insert("systemuser", {"fullname": "Gone", "isdisabled": True, "accessmode": 0})
        tx.update("asyncoperation", job, {"ownerid": gone})
    assert rerun(world.at).error is None
    found = world.look().diagnosis
    assert found.health is Health.SLEEPING
    assert found.chain is not None
    assert found.chain.last.owner == world.client.who_am_i().user_id


def test_of_several_chains_only_the_named_one_ends(world: Emulated) -> None:
    """With two chains nothing is started, and --cancel ends exactly one job."""
    world.create_record()
    first = world.execute()
    second = world.emulator.duplicate_chain()
    with pytest.raises(Refused):
        rerun(world.at)
    applied = rerun(world.at, cancel=(second,))
    assert applied.error is None
    assert applied.start is None
    found = world.look().diagnosis
    assert found.health is Health.SLEEPING
    assert found.chain is not None
    assert found.chain.ids == {first}


def test_another_digest_changes_nothing(world: Emulated) -> None:
    """Only the plan that was reviewed is applied."""
    stopped(world)
    seen = world.look()
    plan = plan_rerun(seen, world.at.rules)
    with pytest.raises(Refused, match="reviewed"):
        apply_rerun(world.at, seen, plan, digest="another")
    assert live(world) == 0
    assert apply_rerun(world.at, seen, plan, digest=plan.digest).error is None


@pytest.mark.parametrize("trouble", [stopped, stalled])
def test_two_reruns_in_any_order_of_requests_make_one_chain(
    world: Emulated, trouble: Callable[[Emulated], None]
) -> None:
    """Whenever a second machine reruns in between, there is one live chain, and one of them started it."""
    for request in _telling(world, trouble):
        others: list[Applied | ProjopsError] = []
        _anew(world, trouble)
        with watched(world.client.url) as line:
            line.at, line.before = request, partial(_try_elsewhere, world, others)
            mine = _tried(world.at)
        outcomes = (mine, *others)
        assert len(others) == 1
        assert live(world) == 1, f"another rerun before request {request}: {outcomes}"
        assert sum(map(_has_started, outcomes)) == 1, f"another rerun before request {request}: {outcomes}"


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("trouble", [stopped, stalled])
def test_a_fault_at_any_request_never_makes_two_chains(
    world: Emulated, fault: Fault, trouble: Callable[[Emulated], None]
) -> None:
    """After any lost request at most one chain lives, and a further rerun brings it to exactly one."""
    for request in _telling(world, trouble):
        _anew(world, trouble)
        with watched(world.client.url) as line:
            line.fault, line.at = fault, request
            outcome = _tried(world.at)
        assert not isinstance(outcome, Refused | Conflict), f"{fault} at request {request}: {outcome}"
        _tried(world.at)
        assert live(world) == 1, f"{fault} at request {request}: {outcome}"


def _telling(world: Emulated, trouble: Callable[[Emulated], None]) -> list[int]:
    """The requests of one rerun at which something can go wrong: each write, what follows it, the first."""
    _anew(world, trouble)
    with watched(world.client.url) as line:
        rerun(world.at)
        is_write = [not item.startswith("GET") for item in line.seen]
    return [
        number for number, _ in enumerate(is_write) if number == 0 or any(is_write[number - 1 : number + 1])
    ]


def _anew(world: Emulated, trouble: Callable[[Emulated], None]) -> None:
    world.reset(world.shape)
    trouble(world)


def _try_elsewhere(world: Emulated, outcomes: list[Applied | ProjopsError]) -> None:
    outcomes.append(_tried(world.second()))


def _has_started(outcome: Applied | ProjopsError) -> bool:
    start = outcome.start if isinstance(outcome, Applied) else None
    return start is not None and start.state is StartState.STARTED


def _tried(at: Environment) -> Applied | ProjopsError:
    try:
        return rerun(at)
    except (Refused, OutcomeUnknown, Unreachable, DataverseError) as error:
        return error
