"""A process with an emulator in memory, plain http, and as many actuals as the benchmark wants."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.worker import Job, work_for
from connector.emulator.ownership import OpenEmulator, open_emulator
from connector.model.actual import ACTUAL

FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)
_PAGE_KIB = 4
_opened: list[OpenEmulator] = []


def start(job: Job) -> Mapping[str, Any]:
    emulator = open_emulator(None, https=False, seed="none")
    _opened.append(emulator)
    account = plant(emulator, job["rows"])
    assert emulator.running is not None
    token = emulator.running.issuer.issue(emulator.client_id)
    return {"url": emulator.url, "token": token, "account": account, "select": ",".join(ACTUAL.select)}


def plant(emulator: OpenEmulator, rows: int) -> str:
    """Actuals that differ as real ones do; the id of their customer."""
    with emulator.store.transaction() as tx:
        account = tx.insert("account", {"name": "Adatum Corporation"})
        for number in range(rows):
            day = FIRST_DAY + timedelta(days=number % 300)
            hours = Decimal(number % 40 + 1) / 4
            tx.insert(
                "msdyn_actual",
                {
                    "msdyn_description": f"Work {number}, on site",
                    "msdyn_transactiontypecode": 192350005,
                    "msdyn_transactionclassification": 192350000,
                    "msdyn_billingtype": 192350001,
                    "msdyn_billingstatus": 192350004,
                    "msdyn_quantity": hours,
                    "msdyn_price": Decimal(150),
                    "msdyn_amount": hours * 150,
                    "msdyn_documentdate": day,
                    "msdyn_startdatetime": day,
                    "msdyn_enddatetime": day,
                    "msdyn_accountcustomer": account,
                },
            )
    return account


def memory(_: Job) -> Mapping[str, Any]:
    """What the process holds now, in MiB; None on systems that do not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return {"resident_mib": None}
    return {"resident_mib": pages * _PAGE_KIB / 1024}


if __name__ == "__main__":
    work_for({"start": start, "memory": memory})
