"""`python scripts/bench.py verify`: requests, seconds and peak memory of a full verify on the emulator."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.layout import machine, number, table
from benchmarks.memory import peak_mib
from benchmarks.plan.requests_used import counted
from benchmarks.verify.environment import plant, rows_of
from connector.dataverse import ClientSecret, DataverseClient, TrustedAuthorities
from connector.emulator.ownership import OpenEmulator
from connector.model.contract_customer import CONTRACT_LINE_CUSTOMER_ROLE
from connector.model.tables import DECLARED
from connector.verification.read import read_evidence
from connector.verification.verify import verify

SIZES = (100, 10_000, 100_000)
NAMES = {CONTRACT_LINE_CUSTOMER_ROLE: "emu_contractlinecustomer"}


@dataclass(frozen=True)
class Where:
    """All that a process needs to reach an emulator; its secret is that of the emulator alone."""

    url: str
    authority: str
    ca_file: str
    tenant_id: str
    client_id: str
    client_secret: str


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.py verify", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="no 100,000 lines; not for quoting")
    parser.add_argument("--lines", type=int, nargs="*", help="other numbers of contract lines")
    given = parser.parse_args(arguments)
    sizes = tuple(given.lines or (SIZES[:2] if given.quick else SIZES))
    _say(f"A full verify on the emulator, {machine(datetime.now(tz=UTC).date())}", "")
    rows = [_row(lines) for lines in sizes]
    head = (
        "contract lines",
        "rows read",
        "requests",
        "s",
        "of it CPU",
        "checks",
        "peak MiB",
        "over the start",
    )
    _say(*table(head, rows))
    return 0


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _row(lines: int) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as folder:
        emulator = plant(Path(folder) / "verify.db", lines)
        try:
            requests, wall_s, cpu_s, checks, before, after = _in_a_process(_where(emulator))
        finally:
            emulator.stop()
    grown = None if before is None or after is None else after - before
    return (
        f"{lines:,}",
        f"{rows_of(lines):,}",
        number(requests),
        number(wall_s, 1),
        number(cpu_s, 1),
        number(checks),
        number(after),
        number(grown),
    )


def _where(emulator: OpenEmulator) -> Where:
    return Where(
        emulator.url,
        emulator.authority,
        str(emulator.ca_file),
        emulator.tenant_id,
        emulator.client_id,
        emulator.client_secret,
    )


def _in_a_process(where: Where) -> tuple[int, float, float, int, float | None, float | None]:
    """In a process of its own: what it holds is its own, and the emulator's work is not counted."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    worker = context.Process(target=_verify, args=(where, theirs))
    worker.start()
    theirs.close()
    try:
        found: tuple[int, float, float, int, float | None, float | None] = ours.recv()
    finally:
        worker.join()
    return found


def _verify(where: Where, answer: Connection) -> None:
    parts = urlsplit(where.authority)
    host = f"{parts.scheme}://{parts.netloc}"
    trusted = TrustedAuthorities(extra=(host,), is_emulator=True)
    tokens = ClientSecret(
        where.tenant_id, where.client_id, where.client_secret, authority_host=host, trusted=trusted
    )
    with DataverseClient(where.url, tokens, ca_file=Path(where.ca_file)) as client:
        client.who_am_i()
        before = peak_mib()
        wall, cpu = time.perf_counter(), time.process_time()
        with counted() as counter:
            definitions = client.table_definitions(DECLARED.logical_names(NAMES))
            tables = DECLARED.resolved(definitions, NAMES)
            report = verify(read_evidence(client, tables, sleep=lambda _: None))
        wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
        checks = sum(1 for _ in report.by_check())
        answer.send((counter.count, wall_s, cpu_s, checks, before, peak_mib()))
