"""An emulator's state file with any number of contracts that are all due: one line, one row, ten actuals."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from benchmarks.multiplied import multiply
from connector.emulator.ownership import OpenEmulator, open_emulator
from connector.emulator.seed.planter import TIME, Planter, hours

ACTUALS = 10
TEMPLATE = 100
"""Contracts that are planted; a multiple of them is what can be made."""
DAY = date(2020, 10, 5)
NOON = datetime(2020, 10, 5, 12, tzinfo=UTC)
TABLES = {
    "salesorder": ("salesorderid",),
    "salesorderdetail": ("salesorderdetailid", "salesorderid"),
    "msdyn_projectcontractsplitbillingrule": ("msdyn_projectcontractsplitbillingruleid", "emu_contract"),
    "msdyn_orderpricelist": ("msdyn_orderpricelistid", "msdyn_contract"),
    "msdyn_contractlineinvoiceschedule": ("msdyn_contractlineinvoicescheduleid", "msdyn_contractlineid"),
    "msdyn_actual": ("msdyn_actualid", "msdyn_salescontract", "msdyn_salescontractlineid"),
}
"""What belongs to a contract: each table with its key and the lookups that lead within the contract."""


def plant(path: Path, contracts: int) -> OpenEmulator:
    """An open emulator over a new file with so many contracts, at noon of the day on which they are due."""
    with open_emulator(path, seed="none") as emulator:
        with emulator.store.transaction() as tx:
            for number in range(TEMPLATE):
                plant_contract(Planter(tx), number)
        emulator.move_clock(NOON)
    with closing(sqlite3.connect(path)) as file, file:
        multiply(file, TABLES, {}, contracts // TEMPLATE)
    return open_emulator(path)


def plant_contract(planter: Planter, number: int) -> None:
    contract = planter.contract(f"Contract {number:04}", [("Fabrikam, Inc.", "100")])
    line = planter.line(contract, "Work", includes=(TIME,))
    planter.row(line, DAY)
    days = (DAY - timedelta(days=1 + back) for back in range(ACTUALS))
    planter.actuals(line, *(hours(day, "8", "150.00", "Work") for day in days))
