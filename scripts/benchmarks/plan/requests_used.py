"""How many requests a contract costs, by the client's own log, against an emulator of its own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connector.console.connection import connected
from connector.console.voice import Voice
from connector.emulator.ownership import open_emulator
from connector.hooks import load_plugins
from connector.runner.invoicing import RunRequest, start_run
from connector.settings import load

FIRST_RUN_DATE = datetime(2020, 10, 5, 12, tzinfo=UTC)
SENT = logging.getLogger("connector.dataverse")


class Counter(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - the shape of a handler
        self.count += 1


@contextmanager
def counted() -> Iterator[Counter]:
    """The requests of this process while the block lasts: the client logs one line for each."""
    counter, level = Counter(), SENT.level
    SENT.addHandler(counter)
    SENT.setLevel(logging.DEBUG)
    try:
        yield counter
    finally:
        SENT.removeHandler(counter)
        SENT.setLevel(level)


def requests_for(folder: str, *, is_by_records: bool, is_applying: bool) -> tuple[int, int, int]:
    """Contracts read, invoices made, and requests sent, on the sample's first run date."""
    path = Path(folder) / f"{is_by_records}-{is_applying}.db"
    with open_emulator(path) as emulator:
        emulator.move_clock(FIRST_RUN_DATE)
    settings = load({"dataverse_url": f"emulator:{path}"})
    with connected(settings, Voice(is_quiet=True)) as connection:
        client, tables = connection.client, connection.tables
        definition = connection.definitions[tables.invoice_schedule.logical_name]
        rules = connection.rules_here(settings.rules)
        request = RunRequest(on=None, is_applying=is_applying, is_by_records=is_by_records)
        with counted() as counter:
            run = start_run(client, tables, definition, load_plugins(), rules, request)
            outcomes = list(run.outcomes)
        return len(outcomes), sum(len(one.invoices) for one in outcomes), counter.count
