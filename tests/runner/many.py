"""An environment with many contracts, all due on one day, and what became of it: to compare end states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

from connector.emulator.ownership import OpenEmulator
from connector.emulator.seed.planter import EXPENSE, FIXED_PRICE, MATERIAL, TIME, Planter, expense, hours
from tests.runner.emulated import Emulated, emulated

DAY = date(2020, 10, 5)
NOON = datetime(2020, 10, 5, 12, tzinfo=UTC)
EARLIER = date(2020, 10, 4)


def plant_many(emulator: OpenEmulator, count: int) -> None:
    """Time and material, every third with a milestone too, every fifth with nothing due, every seventh with
    a run date that was missed; each amount tells its contract."""
    with emulator.store.transaction() as tx:
        planter = Planter(tx)
        for number in range(count):
            contract = planter.contract(f"Contract {number:04}", [("Adatum Corporation", "100")])
            line = planter.line(contract, "Work", includes=(TIME, EXPENSE, MATERIAL))
            planter.row(line, DAY if number % 5 else date(2020, 12, 1))
            if number % 7 == 0:
                planter.row(line, EARLIER)
            planter.actuals(
                line,
                hours(date(2020, 10, 2), "2", f"{100 + number}.01", "Design"),
                expense(date(2020, 10, 3), f"{number}.50", "Travel"),
            )
            if number % 3 == 0:
                fixed = planter.line(contract, "Go-live", method=FIXED_PRICE, includes=())
                planter.milestone(fixed, "Live", DAY, f"{1000 + number}.00")
    emulator.move_clock(NOON)


def end_state(emulator: OpenEmulator) -> Mapping[str, Any]:
    """All that a run changes: invoices with their sources, rows, milestones and actuals; ids and times that
    the platform chooses are left out."""
    with emulator.store.snapshot() as tx:
        invoices = {row["invoiceid"]: row for row in tx.find("invoice", {})}
        details = tx.find("msdyn_invoicelinetransaction", {})
        links = {row["msdyn_transaction1"]: row for row in tx.find("msdyn_transactionconnection", {})}
        return {
            "invoices": sorted(
                (row["name"], str(row["totalamount"]), str(row["msdyn_invoicedate"]))
                for row in invoices.values()
            ),
            "billed": sorted(
                links[row["msdyn_invoicelinetransactionid"]]["msdyn_transaction2"]
                for row in details
                if row["msdyn_invoicelinetransactionid"] in links
            ),
            "rows": _of(tx, "msdyn_contractlineinvoiceschedule", "msdyn_invoicerunstatus"),
            "milestones": _of(tx, "msdyn_contractlinescheduleofvalue", "msdyn_invoicestatus"),
            "actuals": _of(tx, "msdyn_actual", "msdyn_billingstatus"),
        }


def _of(tx: Any, table: str, column: str) -> list[tuple[str, Any]]:
    return sorted((row[f"{table}id"], row[column]) for row in tx.find(table, {}))


class Copies:
    """The same environment again and again: planting it takes longer than copying its file."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder = folder
        self._made = 0
        self.original = folder / "original.db"
        with emulated("none", self.original) as world:
            plant_many(world.emulator, count)

    @contextmanager
    def one(self) -> Iterator[Emulated]:
        self._made += 1
        path = self._folder / f"{self._made}.db"
        copyfile(self.original, path)
        with emulated("none", path) as world:
            yield world
        path.unlink()
