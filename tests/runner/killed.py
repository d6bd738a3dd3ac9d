"""Workers that are killed at named points: a process that has everything imported forks one for each line
of JSON that it reads, and answers how it ended. POSIX alone.

A point is the moment before or after a write to the environment, a note in the state, or a step. A worker
kills itself with SIGKILL at the first point that is not among those that it is told: so it dies at each
point of a run once, further on each time.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from pathlib import Path
from typing import Any

import requests

from connector.dataverse import ClientSecret, DataverseClient, TableDefinition, TrustedAuthorities
from connector.hooks import Plugins, load_plugins
from connector.job.look import Environment
from connector.model.invoicing_rules import InvoicingRules
from connector.model.tables import DECLARED, Tables
from connector.runner.durable.dbos_engine import worker as dbos_worker
from connector.runner.durable.dbos_engine.worker import working
from connector.runner.durable.engine import Kind, Part
from connector.runner.durable.held import HeldLeases
from connector.runner.durable.run import DurableRun
from connector.runner.durable.site import Site
from connector.state.address import state_address
from connector.state.database import Database
from connector.state.leases import Leases
from connector.state.runs import ENDED, Runs
from connector.state.slots import slot
from connector.state.tallies import Tallies
from connector.state.writes import Writes
from tests.runner.emulated import NAMES, Emulated

_NOTES: dict[type, tuple[str, ...]] = {
    Runs: ("freeze", "end_chunk", "tell"),
    Writes: ("intend", "record"),
    Tallies: ("end_batch",),
}
WRITES = ("createinvoicefrominvoiceschedule", "$batch")


def main() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        # Once, instead of anew in each that is forked.
        _known(job["definitions"])
        if (pid := os.fork()) == 0:
            _work(job)
        _, status = os.waitpid(pid, 0)
        died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        answer = {"died": died, "code": os.waitstatus_to_exitcode(status)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _work(job: dict[str, Any]) -> None:
    try:
        _instrument(job)
        _run(job)
    except BaseException:  # noqa: BLE001  # a forked process ends here, whatever it was
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


@cache
def _known(file: str) -> tuple[dict[str, TableDefinition], Tables, Plugins]:
    definitions = pickle.loads(Path(file).read_bytes())
    return definitions, DECLARED.resolved(definitions, NAMES), load_plugins()


def _run(job: dict[str, Any]) -> None:
    address = state_address(job["state"])
    with _client(job) as client, Database.open(address) as database:
        definitions, tables, plugins = _known(job["definitions"])
        leases, runs = Leases(database), Runs(database)
        site = Site(
            name=job["name"],
            client=client,
            tables=tables,
            row_definition=definitions[tables.invoice_schedule.logical_name],
            plugins=plugins,
            look_at=Environment(client, tables, InvoicingRules(), sleep=lambda _: None),
            still_at_work_s=0.2,
        )
        with slot(Path(job["slots"])) as worker_id:
            parts = DurableRun(
                site, runs, leases, worker_id, HeldLeases(leases), contracts_of_chunk=10, contracts_of_batch=1
            )
            with working(address, job["name"], worker_id, parts, at_once=1, polling_s=0.02) as worker:
                worker.begin(Part(Kind.PLAN, job["run"]))
                _wait(runs, job["run"], worker)


def _wait(runs: Runs, run: str, worker: dbos_worker.Worker) -> None:
    while True:
        row = runs.find(run)
        if row is not None and row.state in ENDED:
            return
        if error := worker.failed.get(run):
            raise error
        time.sleep(0.01)


def _client(job: dict[str, Any]) -> DataverseClient:
    host = job["authority"].rpartition("/")[0]
    tokens = ClientSecret(
        job["tenant"],
        job["client"],
        job["secret"],
        authority_host=host,
        trusted=TrustedAuthorities(extra=(host,), is_emulator=True),
    )
    return DataverseClient(job["url"], tokens, ca_file=Path(job["ca_file"]))


def _instrument(job: dict[str, Any]) -> None:
    """Points around what a crash must not come between, each with a name that is the same in every worker."""
    died = set(Path(job["points"]).read_text("utf-8").splitlines()) if job["dies"] else None

    def point(name: str) -> None:
        if died is None or name in died:
            return
        with Path(job["points"]).open("a", encoding="utf-8") as file:
            file.write(name + "\n")
        os.kill(os.getpid(), signal.SIGKILL)

    for owner, names in _NOTES.items():
        for name in names:
            _around(owner, name, point, _words)
    _around(dbos_worker._Engine, "step", point, lambda _part, key, _work: key)
    _around(dbos_worker._Engine, "begin", point, lambda _part, begun, *_: begun.id)
    _around(requests.adapters.HTTPAdapter, "send", point, _address)


def _around(owner: type, name: str, point: Callable[[str], None], words: Callable[..., str | None]) -> None:
    real = getattr(owner, name)

    @wraps(real)
    def wrapper(self: Any, *given: Any, **more: Any) -> Any:
        what = words(self, *given)
        if what is not None:
            point(f"before {name} {what}")
        result = real(self, *given, **more)
        if what is not None:
            point(f"after {name} {what}")
        return result

    setattr(owner, name, wrapper)


def _words(_notes: Any, *given: Any) -> str:
    return " ".join(str(one) for one in given if isinstance(one, (str, int)))


def _address(_adapter: Any, request: requests.PreparedRequest, *_more: Any) -> str | None:
    if request.method != "POST" or not any(write in str(request.url) for write in WRITES):
        return None
    body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
    # The ids in a change set tell it from others; its boundary and the ids of its requests do not.
    return f"{request.path_url} {len(body)}"


class Forks:
    """The process that forks; ended with the block."""

    def __init__(self, repository: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.runner.killed"],
            cwd=repository,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def work(self, job: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def forks(repository: Path) -> Iterator[Forks]:
    found = Forks(repository)
    try:
        yield found
    finally:
        found.end()


def job_for(world: Emulated, folder: Path, run: str, name: str, *, dies: bool) -> dict[str, Any]:
    """What a worker has to know. The state lies in `folder`, with the points at which workers died."""
    definitions = folder / "definitions"
    if not definitions.exists():
        definitions.write_bytes(pickle.dumps(world.client.table_definitions(DECLARED.logical_names(NAMES))))
    (points := folder / "points").touch()
    emulator = world.emulator
    return {
        "url": emulator.url,
        "authority": emulator.authority,
        "tenant": emulator.tenant_id,
        "client": emulator.client_id,
        "secret": emulator.client_secret,
        "ca_file": str(emulator.ca_file),
        "definitions": str(definitions),
        "state": str(folder / "runs.db"),
        "slots": str(folder / "workers"),
        "points": str(points),
        "run": run,
        "name": name,
        "dies": dies,
    }


if __name__ == "__main__":
    main()
