"""The ways of doing a run, each in a process of its own: the server's work is not counted with it."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from threading import Event

import msgspec
from pydantic import SecretStr

from benchmarks.memory import peak_mib
from benchmarks.run.environment import DAY
from benchmarks.run.shares import ENGINE, PLANNING, READING, WRITING, Shares, counting
from connector.console.connection import EMULATED_NAMES, Connection, connected
from connector.console.durable.here import at_work, followed
from connector.console.voice import Voice
from connector.dataverse import DataverseClient, TokenRequest
from connector.hooks import load_plugins
from connector.model.process import PROCESS_RUNNER
from connector.model.tables import DECLARED
from connector.runner import invoicing, plan
from connector.runner.apply import ByAction
from connector.runner.apply_records import ByRecords
from connector.runner.durable import contract_work
from connector.runner.durable import run as durable
from connector.runner.durable.engine import Kind, Part
from connector.runner.durable.facts import DurableRequest, as_facts
from connector.runner.durable.run import DurableRun
from connector.runner.invoicing import RunRequest, start_run
from connector.runner.read import stream_contract_ids
from connector.settings import Settings, load
from connector.state.runs import RunState
from connector.state.writes import Writes

PREVIEW, IN_LINE, ONE_BY_ONE, DURABLE, JOINING = "preview", "in line", "one by one", "durable", "joining"
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Order:
    """What a process is to do. `variables` lead to the server; a stub wants no sign-in but `token`."""

    way: str
    variables: Mapping[str, str]
    folder: str
    token: str = ""
    state_url: str = ""
    at_once: int = 1
    contracts_of_chunk: int = 500
    is_by_records: bool = False
    run: str = "run-1"


@dataclass(frozen=True)
class Cost:
    """`seconds` are those of the run itself; `grown_mib` is the peak over what there was before it."""

    contracts: int
    invoices: int
    seconds: float
    cpu_seconds: float
    peak_mib: float | None
    grown_mib: float | None
    shares: Mapping[str, float]
    requests: Mapping[str, int]

    def beside(self, other: Cost) -> Cost:
        """Two workers of one run: what they came to together, and the larger of their memories."""
        return Cost(
            self.contracts,
            self.invoices,
            max(self.seconds, other.seconds),
            self.cpu_seconds + other.cpu_seconds,
            max(self.peak_mib or 0.0, other.peak_mib or 0.0) or None,
            max(self.grown_mib or 0.0, other.grown_mib or 0.0) or None,
            Counter(self.shares) + Counter(other.shares),
            Counter(self.requests) + Counter(other.requests),
        )

    def share(self, what: str) -> float:
        return self.shares.get(what, 0.0) / (sum(self.shares.values()) or 1.0)

    def requests_for(self, *what: str) -> float:
        return sum(self.requests.get(one, 0) for one in what) / max(self.contracts, 1)


@contextmanager
def begun(order: Order) -> Iterator[Callable[[], Cost]]:
    """A process that has signed in and waits; what is yielded has it run, and tells what that cost."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(order, theirs))
    process.start()
    theirs.close()
    try:
        assert ours.recv() == "ready"

        def cost() -> Cost:
            ours.send("go")
            found: Cost = ours.recv()
            return found

        yield cost
        process.join(PATIENCE_S)
    finally:
        process.kill()
        process.join()


def cost_of(order: Order) -> Cost:
    with begun(order) as cost:
        return cost()


@dataclass(frozen=True)
class _Given:
    """A token that a stub does not look at."""

    text: str

    def token(self, request: TokenRequest) -> str:  # noqa: ARG002 - the shape of a source
        return self.text

    def forget(self) -> None:
        pass


def _work(order: Order, answer: Pipe) -> None:
    os.environ.update(order.variables)
    settings = _settings(order)
    shares = _instrumented()
    with _connected(order, settings) as connection:
        connection.client.who_am_i()
        answer.send("ready")
        answer.recv()
        before, cpu = peak_mib(), time.process_time()
        with counting(shares):
            contracts, invoices, seconds = _WAYS[order.way](order, settings, connection)
        peak = peak_mib()
        grown = None if peak is None or before is None else peak - before
        cpu_s = time.process_time() - cpu
        told = (dict(shares.seconds), dict(shares.requests))
        answer.send(Cost(contracts, invoices, seconds, cpu_s, peak, grown, *told))


def _settings(order: Order) -> Settings:
    settings = load(folder=Path(order.folder))
    run = msgspec.structs.replace(
        settings.run,
        at_once=order.at_once,
        contracts_of_chunk=order.contracts_of_chunk,
        still_at_work_s=0,
    )
    state_url = SecretStr(order.state_url) if order.state_url else None
    return replace(settings, run=run, state_url=state_url, state_folder=Path(order.folder))


@contextmanager
def _connected(order: Order, settings: Settings) -> Iterator[Connection]:
    if not order.token:
        with connected(settings, Voice(is_quiet=True)) as connection:
            yield connection
        return
    with DataverseClient(settings.require_url(), _Given(order.token)) as client:
        definitions = client.table_definitions(DECLARED.logical_names(EMULATED_NAMES))
        tables = DECLARED.resolved(definitions, EMULATED_NAMES)
        yield Connection(client, tables, definitions, EMULATED_NAMES, is_emulator=True)


def _instrumented() -> Shares:
    """From now on the parts of a run in this process are counted."""
    shares = Shares()
    for module in (invoicing, durable, contract_work):
        shares.around(module, "stream_contracts", READING)
    shares.around(durable, "stream_contract_ids", READING)
    for module in (plan, durable):
        shares.around(module, "plan_contract", PLANNING)
    for way in (ByAction, ByRecords):
        shares.around(way, "apply", WRITING)
    # Noting a write is the engine's, and happens within it; so is all that a part does beside the above.
    shares.around(Writes, "intend", ENGINE)
    shares.around(DurableRun, "do", ENGINE)
    return shares


def _previewed(_order: Order, settings: Settings, connection: Connection) -> tuple[int, int, float]:
    return _streamed(settings, connection, RunRequest(on=DAY))


def _in_line(order: Order, settings: Settings, connection: Connection) -> tuple[int, int, float]:
    request = RunRequest(is_applying=True, is_by_records=order.is_by_records)
    return _streamed(settings, connection, request)


def _one_by_one(order: Order, settings: Settings, connection: Connection) -> tuple[int, int, float]:
    """Each contract, here a single line, is read by itself and invoiced before the next is looked at."""
    started, contracts, invoices = time.perf_counter(), 0, 0
    for id in stream_contract_ids(connection.client, connection.tables):
        request = RunRequest(contracts=(id,), is_applying=True, is_by_records=order.is_by_records)
        found = _streamed(settings, connection, request)
        contracts, invoices = contracts + found[0], invoices + found[1]
    return contracts, invoices, time.perf_counter() - started


def _streamed(settings: Settings, connection: Connection, request: RunRequest) -> tuple[int, int, float]:
    tables, rules = connection.tables, connection.rules_here(settings.rules)
    definition = connection.definitions[tables.invoice_schedule.logical_name]
    started, contracts, invoices = time.perf_counter(), 0, 0
    run = start_run(connection.client, tables, definition, load_plugins(), rules, request)
    for outcome in run.outcomes:
        assert not outcome.failures, outcome.failures
        contracts, invoices = contracts + 1, invoices + len(outcome.invoices)
    return contracts, invoices, time.perf_counter() - started


def _durable(order: Order, settings: Settings, connection: Connection) -> tuple[int, int, float]:
    """Begin a run and go through it, or join the workers of one that another process begins."""
    stopping = Event()
    with at_work(connection, settings, stopping) as here:
        runs = here.state.runs
        started = time.perf_counter()
        if order.way == DURABLE:
            rules = connection.rules_here(settings.rules)
            request = DurableRequest(rules=rules, is_by_records=order.is_by_records)
            runs.begin(order.run, here.environment, PROCESS_RUNNER, as_facts(request))
            here.worker.begin(Part(Kind.PLAN, order.run))
        while runs.find(order.run) is None:
            time.sleep(0.05)
        row = followed(here, order.run, lambda _: None)
        seconds = time.perf_counter() - started
        assert row.state is RunState.DONE, row
        figures = here.state.progress(row).figures
        stopping.set()
    return figures.contracts, figures.invoices, seconds


_WAYS: Mapping[str, Callable[[Order, Settings, Connection], tuple[int, int, float]]] = {
    PREVIEW: _previewed,
    IN_LINE: _in_line,
    ONE_BY_ONE: _one_by_one,
    DURABLE: _durable,
    JOINING: _durable,
}
