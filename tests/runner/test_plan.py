"""Plans are pure, come one contract at a time, and a contract that breaks stops no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest

from connector.model.reason import Reason
from connector.runner.plan import calls_of, plan_contract, plan_contracts, previewed
from connector.workflow import ContractDecision, ContractSnapshot, Run
from projops_plugins.process_runner import ProcessRunner
from tests.plugins.contracts import contract_of, run_of

RUN = run_of({"day": "2020-10-05", "takes_missed": True})


def contract(name: str, *lines: dict[str, object]) -> ContractSnapshot:
    return contract_of({"id": name, "name": name, "lines": lines}, RUN.zone)


def line(id: str, *rows: dict[str, str], **more: object) -> dict[str, object]:
    return {"id": id, "rows": rows, **more}


@dataclass
class Broken:
    """A third party's workflow that cannot bear contracts named `odd`."""

    name: str = "ProcessRunner"
    is_reading_contracts: bool = True
    asked: list[str] = field(default_factory=list)
    start = end = None

    def decide(self, contract: ContractSnapshot, run: Run) -> Iterable[ContractDecision]:
        self.asked.append(contract.contract.id)
        if contract.contract.name == "odd":
            raise ZeroDivisionError("no hours")
        return ()


def test_a_plug_in_that_breaks_fails_its_contract_and_no_other() -> None:
    """The run goes on, and the failure names contract, plug-in and error."""
    plans = list(plan_contracts([contract("odd"), contract("even")], Broken(), RUN))  # type: ignore[arg-type]
    [failure] = plans[0].failures
    assert failure.contract == "odd"
    assert failure.reason is Reason.BLOCKED
    assert "ProcessRunner" in failure.message
    assert "ZeroDivisionError: no hours" in failure.message
    assert plans[1].failures == ()


def test_contracts_are_planned_one_at_a_time() -> None:
    """Nothing is read ahead: memory does not grow with the number of contracts."""
    read: list[int] = []

    def endless() -> Iterator[ContractSnapshot]:
        number = 0
        while True:
            read.append(number)
            yield contract(str(number))
            number += 1

    plans = plan_contracts(endless(), Broken(), RUN)  # type: ignore[arg-type]
    next(plans)
    next(plans)
    assert read == [0, 1]


def test_a_preview_says_planned_and_knows_no_ids() -> None:
    """Where the platform chooses the id, none is promised."""
    work = line("work", {"id": "r", "run_date": "2020-10-05"}, actuals=[_actual("a")])
    outcome = previewed(plan_contract(contract("one", work), ProcessRunner(), RUN))
    assert [(one.state, one.id) for one in outcome.invoices] == [("planned", None)]
    assert outcome.digits["USD"] == 2


def test_the_action_is_called_once_for_each_run_date_oldest_first() -> None:
    """G1: rows of one date go together, with those that have nothing to bill."""
    plan = plan_contract(
        contract(
            "one",
            line("idle", {"id": "i", "run_date": "2020-10-01"}),
            line("slack", {"id": "s", "run_date": "2020-09-01"}),
            line(
                "work",
                {"id": "w2", "run_date": "2020-10-05"},
                {"id": "w1", "run_date": "2020-10-01"},
                actuals=[_actual("early", "2020-09-30"), _actual("late", "2020-10-04")],
            ),
        ),
        ProcessRunner(),
        RUN,
    )
    calls = calls_of(plan, RUN)
    assert [(str(call.run_date), set(call.rows)) for call in calls] == [
        ("2020-09-01", {"s"}),
        ("2020-10-01", {"i", "w1"}),
        ("2020-10-05", {"w2"}),
    ]
    assert [len(call.invoices) for call in calls] == [0, 1, 1]


def test_a_milestone_without_a_row_is_in_no_call() -> None:
    """The action takes rows; what has none cannot be asked for."""
    build: dict[str, object] = {
        "id": "build",
        "method": "fixed_price",
        "milestones": [{"id": "m", "date": "2020-10-05", "amount": "1"}],
    }
    plan = plan_contract(contract("one", build), ProcessRunner(), RUN)
    assert len(plan.invoices) == 1
    assert calls_of(plan, RUN) == ()


def test_of_a_shared_invoice_only_what_has_rows_is_asked_for() -> None:
    """G1: a milestone without a row shares its day's invoice; the action is asked for the rest of it."""
    build: dict[str, object] = {
        "id": "build",
        "method": "fixed_price",
        "milestones": [{"id": "m", "date": "2020-10-05", "amount": "100"}],
    }
    work = line("work", {"id": "r", "run_date": "2020-10-05"}, actuals=[_actual("a")])
    idle = line("idle", {"id": "i", "run_date": "2020-10-05"})
    plan = plan_contract(contract("one", build, work, idle), ProcessRunner(), RUN)
    [whole] = plan.invoices
    assert {one.contract_line for one in whole.lines} == {"build", "work", "idle"}
    [call] = calls_of(plan, RUN)
    [asked] = call.invoices
    assert set(call.rows) == {"r", "i"}
    assert {one.contract_line for one in asked.lines} == {"work", "idle"}
    assert whole.total - asked.total == 100


@pytest.mark.parametrize("is_marking", [True, False])
def test_rows_that_are_to_stay_not_run_are_not_sent(is_marking: bool) -> None:
    """G6: with nothing_to_bill = not_run, a row with nothing to bill is left alone."""
    rule = "successful" if is_marking else "not_run"
    run = run_of({"day": "2020-10-05", "rules": {"nothing_to_bill": rule}})
    plan = plan_contract(
        contract("one", line("idle", {"id": "i", "run_date": "2020-10-05"})), ProcessRunner(), run
    )
    assert [call.rows for call in calls_of(plan, run)] == ([("i",)] if is_marking else [])


def _actual(id: str, day: str = "2020-10-01") -> dict[str, str]:
    return {"id": id, "date": day, "amount": "1.00"}
