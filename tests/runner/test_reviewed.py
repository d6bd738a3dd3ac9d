"""--digest: a run that creates does what was reviewed, contract by contract, or refuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.dataverse import EVERYTHING
from connector.errors import Refused
from connector.runner.invoicing import RunRequest
from connector.runner.outcome import ContractOutcome
from connector.runner.plan import ContractPlan, plan_contract
from connector.runner.reviewed import Reviewed, fingerprint_of
from projops_plugins.process_runner import ProcessRunner
from tests.plugins.contracts import contract_of, run_of
from tests.runner.emulated import Emulated

DAY = "2020-10-05"
ONE_ROW: Mapping[str, Any] = {"id": "work", "rows": [{"id": "row", "run_date": DAY, "cut_off": "2020-10-04"}]}
HOUR = {"id": "hour", "date": "2020-10-02", "amount": "150.00"}
BUILD = {"id": "build", "method": "fixed_price", "milestones": [{"id": "m", "date": DAY, "amount": "10"}]}


def planned(*lines: Mapping[str, Any]) -> ContractPlan:
    run = run_of({"day": DAY})
    return plan_contract(contract_of({"lines": lines}, run.zone), ProcessRunner(), run)


def of_action(plan: ContractPlan) -> bytes:
    return fingerprint_of(plan, is_by_records=False)


def test_a_fingerprint_stands_for_all_that_is_written() -> None:
    """Amounts, sources and rows that run with nothing to bill each make another one; nothing makes none."""
    plans = [
        planned(ONE_ROW),
        planned({**ONE_ROW, "actuals": [HOUR]}),
        planned({**ONE_ROW, "actuals": [{**HOUR, "amount": "150.01"}]}),
        planned({**ONE_ROW, "actuals": [{**HOUR, "tax": "1.00"}]}),
        planned({**ONE_ROW, "actuals": [{**HOUR, "id": "another"}]}),
        planned({**ONE_ROW, "actuals": [HOUR], "rows": [*ONE_ROW["rows"], {"id": "two", "run_date": DAY}]}),
    ]
    assert len({of_action(plan) for plan in plans}) == len(plans)
    assert of_action(planned({"id": "work"})) == b""


def test_what_the_action_cannot_create_counts_for_records_only() -> None:
    """A milestone without a row is nothing that the action writes."""
    plan = planned(BUILD)
    assert of_action(plan) == b""
    assert fingerprint_of(plan, is_by_records=True) != b""


def test_contracts_are_checked_in_their_order() -> None:
    """What was not reviewed, or does not come next, is refused; what nothing is done for is passed over."""
    first, second = (of_action(planned({**ONE_ROW, "id": id, "actuals": [HOUR]})) for id in "ab")
    reviewed = Reviewed()
    for fingerprint in (first, b"", second):
        reviewed.add(fingerprint)
    reviewed.check(b"", "nothing")
    with pytest.raises(Refused, match="B would be invoiced otherwise"):
        reviewed.check(second, "B")
    reviewed.check(first, "A")
    with pytest.raises(Refused, match="a contract that was"):
        reviewed.check_end()
    reviewed.check(second, "B")
    reviewed.check_end()
    with pytest.raises(Refused):
        reviewed.check(first, "A")


def reviewed_in(world: Emulated, *, is_by_records: bool) -> Reviewed:
    reviewed = Reviewed()
    for outcome in world.run(RunRequest(is_by_records=is_by_records)):
        reviewed.add(outcome.fingerprint)
    return reviewed


def applied(world: Emulated, reviewed: Reviewed, *, is_by_records: bool) -> tuple[list[ContractOutcome], str]:
    """What was done, and why it ended early."""
    request = RunRequest(is_applying=True, is_by_records=is_by_records, reviewed=reviewed)
    done: list[ContractOutcome] = []
    try:
        done.extend(world.start(request).outcomes)
    except Refused as refused:
        return done, refused.message
    return done, ""


@pytest.mark.parametrize("is_by_records", [False, True])
def test_what_was_reviewed_is_created(world: Emulated, is_by_records: bool) -> None:
    """Where nothing has changed every invoice of the preview is there afterwards."""
    reviewed = reviewed_in(world, is_by_records=is_by_records)
    done, refusal = applied(world, reviewed, is_by_records=is_by_records)
    assert refusal == ""
    assert sum(len(one.invoices) for one in done) > 0
    assert not [failure for one in done for failure in one.failures]


@pytest.mark.parametrize("is_by_records", [False, True])
def test_what_was_changed_after_the_review_is_not_created(world: Emulated, is_by_records: bool) -> None:
    """A transaction that was corrected meanwhile stops the run at its contract, before it is touched."""
    reviewed = reviewed_in(world, is_by_records=is_by_records)
    contract = world.contract("Fourth Coffee")
    correct_an_amount(world, contract.id)
    done, refusal = applied(world, reviewed, is_by_records=is_by_records)
    assert "Fourth Coffee" in refusal
    assert world.drafts(contract.id) == []
    assert all(one.contract_name < "Fourth Coffee" for one in done)
    assert sum(len(one.invoices) for one in done) > 0, "those before it were as reviewed"
    assert world.drafts(world.contract("Northwind").id) == []


def test_a_day_that_begins_after_the_review_takes_nothing_more(world: Emulated) -> None:
    """Without --on the day is the environment's: what the next day makes due was not reviewed."""
    world.set_clock(date(2020, 10, 18))
    reviewed = reviewed_in(world, is_by_records=False)
    world.emulator.move_clock(datetime.fromisoformat("2020-10-19T00:00:05+00:00"))
    done, refusal = applied(world, reviewed, is_by_records=False)
    assert "Adatum" in refusal
    assert done == []


def correct_an_amount(world: Emulated, contract: str) -> None:
    table = world.tables.actual
    actual = next(row for row in world.client.list(table, EVERYTHING) if row.contract == contract)
    values = {table.property_of("amount"): Decimal("0.30")}
    world.client.update(table.entity_set, actual.id, values, etag=actual.etag or "")
