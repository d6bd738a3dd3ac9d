"""Contracts made up by chance: the platform's action and the records path leave the same environment.

The two share plug-ins, so that they agree proves the wiring of the records path and nothing about the
platform; what the action does to statuses is held against tables by hand in tests/emulator.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from connector.dataverse import Query
from connector.emulator.platform.words import BillingStatus, MilestoneStatus
from connector.emulator.seed.planter import (
    EXPENSE,
    FIXED_PRICE,
    MATERIAL,
    TIME,
    Line,
    Planter,
    Work,
)
from connector.runner.read_drafts import read_drafts
from tests.runner.emulated import Emulated, emulated

DAY = date(2020, 10, 5)
CONTRACTS = 8
NAMES = ("Fabrikam, Inc.", "Litware, Inc.", "Proseware, Inc.")
SHARES = (("100",), ("60", "40"), ("33.33", "33.33", "33.34"))


def plant(planter: Planter, chance: Random) -> None:
    for number in range(CONTRACTS):
        shares = chance.choice(SHARES)
        customers = list(zip(NAMES, shares, strict=False))
        currency = chance.choice(("USD", "EUR"))
        contract = planter.contract(f"Chance {number}", customers, currency=currency)
        for place in range(chance.randint(1, 3)):
            if chance.random() < 0.4:
                line = planter.line(contract, f"build {place}", method=FIXED_PRICE, includes=())
                _milestones(planter, line, chance)
            else:
                line = planter.line(contract, f"work {place}", includes=(TIME, EXPENSE))
                _work(planter, line, chance, [name for name, _ in customers])
        if chance.random() < 0.5:
            status = chance.choice((BillingStatus.READY_TO_INVOICE, BillingStatus.UNBILLED_SALES_CREATED))
            planter.product(contract, "Licence", "2", str(_amount(chance)), status)


def _milestones(planter: Planter, line: Line, chance: Random) -> None:
    for number in range(chance.randint(0, 3)):
        day = DAY + timedelta(days=chance.choice((-7, 0, 14)))
        status = chance.choice((MilestoneStatus.READY, MilestoneStatus.NOT_READY))
        planter.milestone(
            line,
            f"milestone {number}",
            day,
            str(_amount(chance)),
            status=status,
            tax=str(_amount(chance)),
        )


def _work(planter: Planter, line: Line, chance: Random, customers: list[str]) -> None:
    for days in chance.sample((-14, -7, 0, 14), k=chance.randint(0, 3)):
        planter.row(line, DAY + timedelta(days=days))
    works = [
        Work(
            day=DAY - timedelta(days=chance.randint(-3, 20)),
            amount=str(_amount(chance)),
            kind=chance.choice((TIME, EXPENSE, MATERIAL)),
            billing_type=chance.choice((192350001, 192350001, 192350002, 192350000)),
            status=chance.choice((BillingStatus.READY_TO_INVOICE, BillingStatus.UNBILLED_SALES_CREATED)),
            customer=chance.choice(customers),
        )
        for _ in range(chance.randint(0, 8))
    ]
    planter.actuals(line, *works)


def _amount(chance: Random) -> Decimal:
    return Decimal(chance.randint(1, 10**9)) / 100


def _all() -> Query:
    return Query(is_unbounded=True)


def state_of(world: Emulated) -> list[Any]:
    """Every draft with what stands on it, and every status that a run may move."""
    client, tables = world.client, world.tables
    contracts = [row.id for row in client.list(tables.project_contract, _all())]
    codes = {one.id: one.iso_code for one in client.list(tables.currency, _all())}
    drafts = sorted(
        (
            (one.invoice.contract, one.invoice.customer, codes[one.invoice.currency or ""]),
            (one.invoice.total_amount, one.invoice.total_tax),
            sorted(one.sources),
            sorted(
                (line.contract_line, line.base_amount, line.tax, line.extended_amount) for line in one.lines
            ),
        )
        for one in read_drafts(client, tables, contracts)
    )
    rows = sorted(
        (row.id, row.run_status, row.invoice is None) for row in client.list(tables.invoice_schedule, _all())
    )
    actuals = sorted(
        (one.id, one.billing_status, one.invoice is None) for one in client.list(tables.actual, _all())
    )
    milestones = sorted((one.id, one.invoice_status) for one in client.list(tables.milestone, _all()))
    lines = sorted((one.id, one.billing_status) for one in client.list(tables.contract_line, _all()))
    return [drafts, rows, actuals, milestones, lines]


@pytest.mark.parametrize("seed", range(2))
def test_both_ways_leave_the_same_environment(seed: int) -> None:
    """G1 to G6 by either way: the same drafts and statuses; a second run adds nothing."""
    found = []
    for is_by_records in (False, True):
        with emulated() as world:
            with world.emulator.store.transaction() as tx:
                plant(Planter(tx), Random(seed))
            world.set_clock(DAY)
            outcomes = world.apply(is_by_records=is_by_records)
            assert not [one.failures for one in outcomes if one.failures]
            found.append(state_of(world))
            again = world.apply(is_by_records=is_by_records)
            assert not [one.invoices for one in again if one.invoices]
            assert state_of(world) == found[-1]
    assert len(found[0][0]) > CONTRACTS
    assert found[0] == found[1]
