"""Dates that come as plain days (Edm.Date) are billed like those that come as instants."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TypeVar

import msgspec
import pytest

from connector.workflow import ContractSnapshot, LineSnapshot, Run
from projops_plugins.process_runner import ProcessRunner
from tests.plugins.contracts import contract_of, outcome_of, run_of

T = TypeVar("T", bound=msgspec.Struct)
GIVEN = {
    "lines": [
        {
            "id": "work",
            "rows": [
                {"id": "r1", "run_date": "2020-10-05", "cut_off": "2020-10-04"},
                {"id": "r2", "run_date": "2020-10-19", "cut_off": "2020-10-18"},
            ],
            "actuals": [
                {"id": "before", "date": "2020-10-03", "amount": "1.00"},
                {"id": "on", "date": "2020-10-04", "amount": "2.00"},
                {"id": "after", "date": "2020-10-05", "amount": "4.00"},
            ],
        },
        {
            "id": "build",
            "method": "fixed_price",
            "milestones": [{"id": "m", "date": "2020-10-05", "amount": "8.00"}],
        },
    ]
}
DATES = ("invoice_run_date", "transaction_cutoff_date", "document_date", "milestone_date")


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland"])
@pytest.mark.parametrize("day", ["2020-10-04", "2020-10-05", "2020-10-06", "2020-10-19"])
def test_plain_days_decide_like_instants(zone: str, day: str) -> None:
    """L7: which of the two forms an environment sends changes no invoice and no reason, in no zone."""
    run = run_of({"day": day, "zone": zone, "takes_missed": True})
    contract = contract_of(GIVEN, run.zone)
    found = [outcome_of(list(ProcessRunner().decide(one, run))) for one in (contract, plain(contract, run))]
    assert found[0] == found[1]
    assert bool(found[0]["invoices"]) is (day >= "2020-10-05")


def plain(contract: ContractSnapshot, run: Run) -> ContractSnapshot:
    """The same contract with days in place of the instants at which they begin."""

    def line(given: LineSnapshot) -> LineSnapshot:
        return replace(
            given,
            schedule=tuple(days(row) for row in given.schedule),
            milestones=tuple(days(one) for one in given.milestones),
            actuals=tuple(days(one) for one in given.actuals),
        )

    def days(record: T) -> T:
        present = {name: getattr(record, name, None) for name in DATES}
        return msgspec.structs.replace(
            record, **{name: run.day_of(value) for name, value in present.items() if isinstance(value, date)}
        )

    return replace(contract, lines=tuple(map(line, contract.lines)))
