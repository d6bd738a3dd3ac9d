"""A whole preview over HTTP: what the process holds, and how many requests it sends, as contracts grow.

The emulator serves from another process than the one that is measured.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from datetime import date
from multiprocessing.connection import Connection

from benchmarks.memory import peak_mib
from benchmarks.plan.requests_used import counted
from connector.console.connection import connected
from connector.console.voice import Voice
from connector.emulator.ownership import open_emulator
from connector.emulator.seed.planter import TIME, Planter, hours
from connector.hooks import load_plugins
from connector.runner.invoicing import RunRequest, start_run
from connector.settings import load

RUN_DATE, WORKED = date(2020, 10, 5), date(2020, 10, 2)
CUSTOMERS = [("Fabrikam, Inc.", "100")]


def measured(contracts: int) -> tuple[int, int, float | None]:
    """Invoices planned, requests sent, and the peak in MiB, of a preview of so many contracts."""
    with open_emulator(None, seed="none") as emulator:
        with emulator.store.transaction() as tx:
            planter = Planter(tx)
            for number in range(contracts):
                contract = planter.contract(f"Contract {number:06}", CUSTOMERS)
                line = planter.line(contract, "Work", includes=(TIME,))
                planter.row(line, RUN_DATE)
                planter.actuals(line, hours(WORKED, "8", "150.00", "Work"))
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        worker = context.Process(target=_preview, args=(dict(emulator.environment()), theirs))
        worker.start()
        found: tuple[int, int, float | None] = ours.recv()
        worker.join()
    return found


def _preview(environment: Mapping[str, str], answer: Connection) -> None:
    os.environ.update(environment)
    settings = load()
    with connected(settings, Voice(is_quiet=True)) as connection:
        rules = connection.rules_here(settings.rules)
        request = RunRequest(on=RUN_DATE)
        with counted() as counter:
            run = start_run(connection.client, connection.tables, None, load_plugins(), rules, request)
            invoices = sum(len(one.invoices) for one in run.outcomes)
    answer.send((invoices, counter.count, peak_mib()))
