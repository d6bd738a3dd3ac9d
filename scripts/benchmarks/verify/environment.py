"""An emulator's state file with any number of contract lines, ten on each contract, and nothing wrong.

A few contracts are planted as the sample is, then copied within the file.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from benchmarks.multiplied import multiply
from connector.emulator.ownership import OpenEmulator, open_emulator
from connector.emulator.seed.planter import FIXED_PRICE, TIME, Contract, Line, Planter, hours

LINES_OF_CONTRACT, FIXED = 10, 3
"""Three of ten lines have a fixed price and two milestones, the others two rows and three actuals."""
TEMPLATE = 100
"""Lines that are planted; a multiple of them is what can be made."""
_FIRST, _SECOND = date(2020, 10, 5), date(2020, 11, 5)
_TABLES = {
    "salesorder": ("salesorderid",),
    "salesorderdetail": ("salesorderdetailid", "salesorderid"),
    "msdyn_projectcontractsplitbillingrule": ("msdyn_projectcontractsplitbillingruleid", "emu_contract"),
    "msdyn_orderpricelist": ("msdyn_orderpricelistid", "msdyn_contract"),
    "msdyn_contractlineinvoiceschedule": (
        "msdyn_contractlineinvoicescheduleid",
        "msdyn_contractlineid",
        "msdyn_contractlinescheduleofvalue",
    ),
    "msdyn_contractlinescheduleofvalue": (
        "msdyn_contractlinescheduleofvalueid",
        "msdyn_contract",
        "msdyn_contractlineid",
    ),
    "msdyn_actual": ("msdyn_actualid", "msdyn_salescontract", "msdyn_salescontractlineid"),
}
"""What belongs to a contract: each table with its key and the lookups that lead within the contract."""


def plant(path: Path, lines: int) -> OpenEmulator:
    """An open emulator over a new file with that many lines (at least a hundred) beside the sample's."""
    emulator = open_emulator(path)
    with emulator.store.transaction() as tx:
        before = {table: {str(row[keys[0]]) for row in tx.find(table, {})} for table, keys in _TABLES.items()}
        for number in range(TEMPLATE // LINES_OF_CONTRACT):
            _contract(Planter(tx), number)
    emulator.stop()
    with closing(sqlite3.connect(path)) as file, file:
        multiply(file, _TABLES, before, lines // TEMPLATE)
    return open_emulator(path)


def _contract(planter: Planter, number: int) -> None:
    contract = planter.contract(f"Contract {number:07}", [("Contoso", "100")])
    for index in range(LINES_OF_CONTRACT):
        if index < FIXED:
            _fixed(planter, contract, index)
        else:
            _work(planter, planter.line(contract, f"Work {index}", includes=(TIME,)))


def _fixed(planter: Planter, contract: Contract, index: int) -> None:
    line = planter.line(contract, f"Fixed {index}", method=FIXED_PRICE, includes=())
    for day in (_FIRST, _SECOND):
        planter.milestone(line, f"Milestone of {day}", day, "1000.00")


def _work(planter: Planter, line: Line) -> None:
    for day in (_FIRST, _SECOND):
        planter.row(line, day)
    days = (_FIRST - timedelta(days=number) for number in (1, 2, 3))
    planter.actuals(line, *(hours(day, "8", "150.00", "Work") for day in days))


def rows_of(lines: int) -> int:
    """Rows of the tables that verify reads for them."""
    contracts, fixed = lines // LINES_OF_CONTRACT, lines // LINES_OF_CONTRACT * FIXED
    return contracts * 3 + lines + (lines - fixed) * 5 + fixed * 4
