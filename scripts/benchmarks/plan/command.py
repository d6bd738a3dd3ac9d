"""`python scripts/bench.py plan`: transactions planned a second, requests for a contract, memory."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection

from benchmarks.figures import spread_of
from benchmarks.layout import machine, number, spread, table
from benchmarks.memory import peak_mib
from benchmarks.plan.contracts import ACTUALS_OF_CONTRACT, contracts, run
from benchmarks.plan.requests_used import requests_for
from benchmarks.plan.whole_run import measured
from connector.hooks import load_plugins
from connector.runner.plan import plan_contract, plan_contracts

FEW, MANY = 1_000, 100_000


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.py plan", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and contracts; not for quoting")
    given = parser.parse_args(arguments)
    _say(f"Planning, {machine(datetime.now(tz=UTC).date())}", "")
    _speed(rounds=3 if given.quick else 7)
    _requests()
    _whole((100, 300) if given.quick else (1_000, 3_000))
    _memory(FEW, FEW * 5 if given.quick else MANY)
    return 0


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _speed(rounds: int) -> None:
    """Planning alone: the contracts are made before the clock starts."""
    workflow, the_run = load_plugins().workflow("ProcessRunner"), run()
    made = list(contracts(200))
    rates = []
    for _ in range(rounds + 1):
        started = time.process_time()
        invoices = sum(len(plan_contract(one, workflow, the_run).invoices) for one in made)
        rates.append(len(made) * ACTUALS_OF_CONTRACT / (time.process_time() - started))
        assert invoices == len(made)
    found = spread_of(rates[1:])
    head = ("planned on one core", "a second", "least – most")
    contracts_a_second = found.median / ACTUALS_OF_CONTRACT
    rows = [
        ("transactions", number(found.median), spread(found)),
        (f"contracts of {ACTUALS_OF_CONTRACT} transactions", number(contracts_a_second), ""),
    ]
    _say(*table(head, rows), "")


def _requests() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, is_applying, is_by_records in (
            ("preview", False, False),
            ("by the platform's action", True, False),
            ("by records", True, True),
        ):
            read, made, sent = requests_for(folder, is_applying=is_applying, is_by_records=is_by_records)
            rows.append((name, number(read), number(made), number(sent), number(sent / read, 1)))
    head = ("requests on the emulator's sample", "contracts", "invoices", "requests", "a contract")
    _say(*table(head, rows), "")


def _whole(counts: Sequence[int]) -> None:
    rows = []
    for count in counts:
        invoices, sent, peak = measured(count)
        assert invoices == count
        rows.append((f"{count:,} contracts", number(sent), number(sent / count, 2), number(peak, 1)))
    head = ("a whole preview over HTTP", "requests", "a contract", "peak MiB")
    _say(*table(head, rows), "")


def _memory(few: int, many: int) -> None:
    """Each in a process of its own, over what a plan of one contract needs."""
    rows = []
    for count in (few, many):
        before, after = _in_a_process(count)
        grown = None if before is None or after is None else after - before
        rows.append((f"{count:,} contracts", number(after, 1), number(grown, 1)))
    _say(*table(("memory while planning", "peak MiB", "over the first"), rows))


def _in_a_process(count: int) -> tuple[float | None, float | None]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    worker = context.Process(target=_plan_all, args=(count, theirs))
    worker.start()
    found: tuple[float | None, float | None] = ours.recv()
    worker.join()
    return found


def _plan_all(count: int, answer: Connection) -> None:
    workflow, the_run = load_plugins().workflow("ProcessRunner"), run()
    for _ in plan_contracts(contracts(1), workflow, the_run):
        pass
    before = peak_mib()
    for _ in plan_contracts(contracts(count), workflow, the_run):
        pass
    answer.send((before, peak_mib()))
