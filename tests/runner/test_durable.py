"""Runs in parts: what is fixed at the beginning, what is noted on the way, and going on after a break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Event

import pytest
import requests

from connector.dataverse import EVERYTHING
from connector.errors import Superseded, UsageError
from connector.runner.durable.engine import InLine, Kind, Part, Stopping
from connector.runner.durable.facts import intent_of, request_of
from connector.state.leases import Lease
from connector.state.runs import RunState
from tests.matrix import Matrix
from tests.runner.durably import NAME, Durably, durably
from tests.runner.emulated import Emulated
from tests.runner.interrupts import ACTION, Died, tapped
from tests.runner.many import Copies, end_state

CONTRACTS = 2


@pytest.fixture
def many(few: Copies) -> Iterator[Emulated]:
    with few.one() as world:
        yield world


@pytest.fixture
def durable(many: Emulated, tmp_path: Path) -> Iterator[Durably]:
    with durably(many, tmp_path) as found:
        yield found


@pytest.mark.parametrize("is_by_records", [False, True], ids=["action", "records"])
def test_a_durable_run_does_what_a_plain_one_does(
    durable: Durably, few: Copies, *, is_by_records: bool
) -> None:
    """The end state equals that of the same run without an engine, and the figures are those of it."""
    row = durable.run(is_by_records=is_by_records)
    with few.one() as other:
        plain = other.apply(is_by_records=is_by_records)
        assert end_state(durable.world.emulator) == end_state(other.emulator)
    assert (row.state, row.contracts, row.chunks) == (RunState.DONE, CONTRACTS, 2)
    figures = durable.figures()
    invoices = [one.invoice for outcome in plain for one in outcome.invoices]
    assert (figures.contracts, figures.invoices) == (CONTRACTS, len(invoices))
    assert figures.amounts == {"USD": sum((one.total for one in invoices), Decimal(0))}


def test_a_run_that_dies_at_any_request_goes_on(few: Copies, tmp_path: Path, matrix: Matrix) -> None:
    """Whichever request was the last one, before or after it was served: the end state is the same and the
    figures count each invoice once."""
    for is_by_records in matrix.sample([False, True]):
        (folder := tmp_path / f"records-{is_by_records}").mkdir()
        _die_and_go_on(few, folder, matrix, is_by_records=is_by_records)


def _die_and_go_on(few: Copies, tmp_path: Path, matrix: Matrix, *, is_by_records: bool) -> None:
    with few.one() as world, durably(world, tmp_path) as durable:
        fresh = world.emulator.take_snapshot()
        with tapped(world.client.url) as rehearsal:
            durable.run("undisturbed", is_by_records=is_by_records)
        expected, figures = end_state(world.emulator), durable.figures("undisturbed")
        points = [(number, is_after) for number in range(len(rehearsal.seen)) for is_after in (False, True)]
        for number, is_after in matrix.sample(points):
            world.emulator.restore_snapshot(fresh)
            part = durable.begin(run := f"died-{number}-{is_after}", is_by_records=is_by_records)
            first = InLine(durable.worker())
            with tapped(world.client.url) as line, suppress(Died):
                line.at, line.is_after = number, is_after
                first.run(part)
            InLine(durable.worker(), memory=first.memory).run(part)
            assert end_state(world.emulator) == expected, (number, is_after)
            assert durable.figures(run) == figures, (number, is_after)


def test_the_day_and_the_contracts_are_fixed_by_the_first_step(durable: Durably) -> None:
    """A run that goes on a day later is still the run of its day, and of the contracts of that day."""
    part, first = durable.begin(), InLine(durable.worker())
    with tapped(durable.world.client.url) as line, suppress(Died):
        line.path = ACTION
        first.run(part)
    frozen = durable.row().frozen
    assert frozen is not None
    durable.world.set_clock(date_after(frozen["on"]))
    InLine(durable.worker(), memory=first.memory).run(part)
    assert durable.row().frozen == frozen
    assert durable.row().state is RunState.DONE


def date_after(day: str) -> date:
    return date.fromisoformat(day) + timedelta(days=1)


def test_what_is_meant_is_noted_before_it_is_sent(durable: Durably) -> None:
    """When the action is called its rows and the drafts of that moment are written down already."""
    with tapped(durable.world.client.url) as line, suppress(Died):
        line.path = ACTION
        InLine(durable.worker()).run(durable.begin())
    (effects,) = durable.runs.writes.effects("run-1", all_contracts(durable)).values()
    intent = intent_of(effects[0].intent)
    assert intent.call is not None
    assert intent.call.rows


def all_contracts(durable: Durably) -> list[str]:
    world = durable.world
    return [row.id for row in world.client.list(world.tables.project_contract, EVERYTHING)]


def lose() -> None:
    raise requests.ConnectionError("Connection aborted.")


def test_a_call_that_never_arrived_is_not_sent_again_by_itself(durable: Durably) -> None:
    """Nothing of it is to be seen: the contract fails and says so, and the others are invoiced."""
    with tapped(durable.world.client.url) as line:
        line.path, line.then = ACTION, lose
        row = durable.run()
    ((contract, facts),) = durable.runs.writes.outcomes("run-1", is_failed=True)
    assert row.state is RunState.PARTLY
    assert "answer to the call was lost" in facts["failures"][0]["message"]
    assert durable.world.drafts(contract) == []


class Later(Event):
    """Instead of waiting, what would happen meanwhile: the environment ends what it was doing."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__()
        self._happens = happens

    def wait(self, timeout: float | None = None) -> bool:
        if timeout:
            self._happens()
        return False


def test_a_call_that_is_still_at_work_is_waited_for(many: Emulated, tmp_path: Path) -> None:
    """Its answer was lost and its drafts come later: they are found and counted, and not asked for twice."""
    with durably(many, tmp_path, still_at_work_s=60) as durable, tapped(many.client.url) as line:
        line.path, line.then = ACTION, lose
        contract = all_contracts(durable)[1]
        worker = durable.worker(stopping=Later(lambda: many.apply(contract)))
        InLine(worker).run(durable.begin(contracts=(contract,)))
        assert durable.row().state is RunState.DONE
        assert line.number_of(ACTION) == 2
        assert (durable.figures().invoices, len(many.drafts(contract))) == (1, 1)


def test_a_worker_that_lost_its_lease_writes_nothing_more(durable: Durably) -> None:
    """The lease is checked in the transaction that notes a write: the write is not sent."""
    with tapped(durable.world.client.url) as line:
        line.path, line.then = ACTION, lambda: take_away(durable)
        with pytest.raises(Superseded, match="chunk/run-1/1"):
            InLine(durable.worker()).run(durable.begin())
    assert len([one for one in line.seen if "createinvoice" in one]) == 1


def take_away(durable: Durably) -> None:
    """What another worker does that finds the lease at its end."""
    durable.leases.revoke("chunk/run-1/")
    assert isinstance(durable.leases.take("chunk/run-1/1", "worker-2"), Lease)


def test_a_canceled_run_begins_no_part_any_more(durable: Durably) -> None:
    """Whoever takes a part of it up leaves it."""
    part = durable.begin()
    durable.runs.tell("run-1", RunState.CANCELED)
    with pytest.raises(Superseded, match="canceled"):
        InLine(durable.worker()).run(part)
    assert end_state(durable.world.emulator)["invoices"] == []


def test_a_second_run_waits_for_nobody_and_is_refused(durable: Durably) -> None:
    """While a run of ours is at work on an environment another one says which, and creates nothing."""
    assert isinstance(durable.leases.take(f"job/{NAME}", "run-0"), Lease)
    row = durable.run()
    assert row.state is RunState.REFUSED
    assert "run-0" in row.message
    assert end_state(durable.world.emulator)["invoices"] == []


def test_a_process_that_is_asked_to_end_leaves_between_two_contracts(durable: Durably) -> None:
    """What is through is through; the next start goes on."""
    stopping, part = Event(), durable.begin()
    first = InLine(durable.worker(stopping=stopping))
    with tapped(durable.world.client.url) as line:
        line.path, line.then = ACTION, stopping.set
        with pytest.raises(Stopping):
            first.run(part)
    assert {name for name, *_ in end_state(durable.world.emulator)["invoices"]} == {"Contract 0000"}
    InLine(durable.worker(), memory=first.memory).run(part)
    assert durable.row().state is RunState.DONE


def test_a_limit_takes_the_first_contracts(durable: Durably) -> None:
    """--limit 1 goes through one contract, and says so."""
    row = durable.run(limit=1)
    assert (row.contracts, durable.figures().contracts) == (1, 1)


def test_a_contract_that_does_not_exist_is_wrong_usage(durable: Durably) -> None:
    """An id that is no contract is found at the beginning, before anything is created."""
    with pytest.raises(UsageError, match="6f0b8c9e"):
        durable.run(contracts=("6f0b8c9e-0000-4000-8000-000000000000",))


def test_failed_contracts_are_known_by_name(durable: Durably) -> None:
    """A contract that the platform refuses fails alone, and is kept with its reason."""
    broken = all_contracts(durable)[1]
    durable.world.emulator.change_switches(failing_contracts=(broken,))
    row = durable.run()
    assert row.state is RunState.PARTLY
    ((contract, facts),) = durable.runs.writes.outcomes("run-1", is_failed=True)
    assert contract == broken
    assert facts["failures"][0]["message"]


def test_the_end_of_a_run_plans_the_next_one_once(durable: Durably) -> None:
    """J5 and J6: 24 hours after the end ProcessRunCaller calls it again; planned again it is the same run."""
    engine = InLine(durable.worker())
    engine.run(durable.begin("job-1", is_chained=True))
    following = durable.row("job-2")
    due = request_of(following.request).due
    assert durable.row("job-1").state is RunState.DONE
    assert (following.state, due) == (RunState.SLEEPING, durable.world.client.now + timedelta(hours=24))
    assert engine.sleeping == {"job-2/caller": 24 * 3600}
    durable.world.emulator.advance_clock(timedelta(minutes=5))
    InLine(durable.worker()).run(Part(Kind.FINISH, "job-1"))
    assert len(durable.runs.rows()) == 2
    assert request_of(durable.row("job-2").request).due == due


def test_a_timer_that_is_early_sleeps_on(durable: Durably) -> None:
    """The engine's clock is not the environment's: what is awake too early begins nothing."""
    InLine(durable.worker()).run(durable.begin("job-1", is_chained=True))
    early = InLine(durable.worker())
    early.run(Part(Kind.CALLER, "job-2"))
    assert early.sleeping == {"job-2/caller-1": 24 * 3600}
    durable.world.emulator.advance_clock(timedelta(hours=24))
    on_time = InLine(durable.worker())
    on_time.run(Part(Kind.CALLER, "job-2", 1))
    assert durable.row("job-2").state is RunState.DONE
    assert "job-3/caller" in on_time.sleeping
