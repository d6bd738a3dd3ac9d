"""The durable engine: DBOS Transact. The one module that imports dbos; who needs it imports it late.

DBOS is one per process, so the worker of this process is too. What its edges are stands in docs/durable.md.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_error
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from connector.errors import StateUnusable, Superseded
from connector.runner.engine import Facts, Kind, Part, Parts, Stopping
from connector.state.address import StateAddress
from connector.state.database import engine_for

VERSION: Final = "1"
"""Of the parts and their steps: raised when runs of the version before could not be gone on with. DBOS
takes a hash of the source unless it is told; then no sleeping run would survive an update."""
POLLING_S = 0.1
AT_ONCE = 16
ENDING_S = 10.0
"""How long the end of this process waits for what is under way; after that it is as after a crash."""
_MOST_RECOVERIES = 1_000_000
_UNENDED = ["PENDING", "ENQUEUED", "DELAYED"]


def application_of(environment: str) -> str:
    """The name under which the runs of an environment are kept apart from those of others."""
    return f"projops-{hashlib.sha256(environment.encode()).hexdigest()[:16]}"


def _version_of(application: str) -> str:
    """DBOS wants the versions of all applications of one database to differ."""
    return f"{application}/{VERSION}"


class _Left(BaseException):
    """A part is left as it is, to be gone on with: no verdict on it is written."""


@dataclass
class Worker:
    """This process while it works. `failed` holds what made it leave a part, by run."""

    parts: Parts
    queue: str
    failed: dict[str, BaseException] = field(default_factory=dict)
    _at_work: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def begin(self, part: Part, after_s: float = 0) -> None:
        _enqueue(self.queue, part, after_s)

    def do(self, part: Part) -> None:
        with self._changed:
            self._at_work += 1
        try:
            self.parts.do(_Engine(self.queue), part)
        except dbos_error.DBOSException:
            raise
        except (
            Stopping,
            dbos_error.DBOSWorkflowCancelledError,
            dbos_error.DBOSWorkflowConflictIDError,
        ):
            # DBOS would keep the thread until whoever has the part now is through with it.
            raise _Left from None
        except Superseded as error:
            _log.info("%s: %s", part.id, error.message)
            raise _Left from None
        except Exception as error:
            self.failed[part.run] = error
            raise _Left from error
        finally:
            with self._changed:
                self._at_work -= 1
                self._changed.notify_all()

    def is_idle_within(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._at_work == 0, seconds)


_log = logging.getLogger(__name__)
_worker: Worker | None = None


@DBOS.workflow(name="projops.part", max_recovery_attempts=_MOST_RECOVERIES)
def _part(kind: str, run: str, number: int) -> None:
    """The one workflow: what a part does is not DBOS's business."""
    if _worker is None:
        raise _Left
    _worker.do(Part(Kind(kind), run, number))


@dataclass(frozen=True)
class _Engine:
    queue: str

    def step(self, key: str, work: Callable[[], Facts]) -> Facts:
        """What a step raises is no result of it: it would be raised again by whoever goes on."""

        def guarded() -> Facts:
            try:
                return work()
            except Exception as error:
                raise _Raised(error) from error

        try:
            return dict(DBOS.run_step({"name": key}, guarded))
        except _Raised as raised:
            raise raised.error from None

    def begin(self, part: Part, after_s: float = 0) -> None:
        _enqueue(self.queue, part, after_s)


class _Raised(BaseException):
    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _enqueue(queue: str, part: Part, after_s: float) -> None:
    arguments = (str(part.kind), part.run, part.number)
    with SetWorkflowID(part.id):
        if after_s > 0:
            with SetEnqueueOptions(delay_seconds=after_s):
                DBOS.enqueue_workflow(queue, _part, *arguments)
        else:
            DBOS.enqueue_workflow(queue, _part, *arguments)


@contextmanager
def working(
    address: StateAddress,
    environment: str,
    worker_id: str,
    parts: Parts,
    *,
    at_once: int = AT_ONCE,
    polling_s: float = POLLING_S,
) -> Iterator[Worker]:
    """This process as a worker, until the block ends; what a former self with this id left goes on at once.

    Raises StateUnusable for a state that cannot be used, and for runs of another version of the engine.
    """
    global _worker  # noqa: PLW0603  # DBOS is one per process
    name = application_of(environment)
    _keep_quiet()
    engine = engine_for(address)
    worker = Worker(parts, name)
    try:
        _check_versions(address, environment)
        _worker = worker
        DBOS(config=_config(address, engine, name, worker_id))
        DBOS.listen_queues([name])
        DBOS.launch()
        DBOS.register_queue(
            name, worker_concurrency=at_once, polling_interval_sec=polling_s, on_conflict="always_update"
        )
        yield worker
    finally:
        worker.is_idle_within(ENDING_S)
        DBOS.destroy()
        _worker = None
        engine.dispose()


def _config(address: StateAddress, engine: Any, name: str, worker_id: str) -> DBOSConfig:
    config: DBOSConfig = {
        "name": name,
        "executor_id": worker_id,
        "application_version": _version_of(name),
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "WARNING",
        "enable_otlp": False,
    }
    if address.path is not None:
        return {**config, "system_database_engine": engine, "system_database_url": _shown(address)}
    return {**config, "system_database_url": _postgresql(address)}


def _shown(address: StateAddress) -> str:
    return address.url.render_as_string(hide_password=False)


def _postgresql(address: StateAddress) -> str:
    return address.url.set(drivername="postgresql").render_as_string(hide_password=False)


def _keep_quiet() -> None:
    """DBOS's lines go where ours go, from warnings on; it would set up a handler of its own."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.setLevel(logging.WARNING)
    logger.propagate = False


@dataclass(frozen=True)
class Steering:
    """Looking at parts and steering them, without ever working on them."""

    client: DBOSClient
    name: str

    def unended(self, run: str | None = None) -> list[Left]:
        """The parts that have not ended, canceled ones aside."""
        return self._list(_UNENDED, run)

    def left(self, run: str) -> list[Left]:
        """The parts of a run that have not come to their end, the canceled ones too."""
        return self._list([*_UNENDED, "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"], run)

    def resume(self, parts: Sequence[Left]) -> None:
        """Have them taken up by any worker, by way of the queue that has the limits."""
        if ids := [part.id for part in parts]:
            self.client.resume_workflows(ids, queue_name=self.name)

    def cancel(self, run: str) -> None:
        if ids := [part.id for part in self.unended(run)]:
            self.client.cancel_workflows(ids)

    def delete(self, runs: Sequence[str]) -> None:
        for run in runs:
            ids = [one.workflow_id for one in self._rows(None, run)]
            if ids:
                self.client.delete_workflows(ids)

    def delay(self, part: str, seconds: float) -> None:
        """Have a part that sleeps begin in so many seconds."""
        self.client.set_workflow_delay(part, delay_seconds=max(seconds, 0))

    def _list(self, states: list[str], run: str | None) -> list[Left]:
        return [
            Left(
                row.workflow_id,
                row.status,
                row.executor_id or "",
                row.app_version or "",
                (row.delay_until_epoch_ms or 0) / 1000,
            )
            for row in self._rows(states, run)
        ]

    def _rows(self, states: list[str] | None, run: str | None) -> list[Any]:
        return list(
            self.client.list_workflows(
                status=states,
                workflow_id_prefix=None if run is None else f"{run}/",
                application_name=self.name,
                load_input=False,
                load_output=False,
            )
        )


@dataclass(frozen=True)
class Left:
    """A part as the engine has it; `worker` is who took it last, `begins` seconds since 1970 or 0."""

    id: str
    state: str
    worker: str
    version: str
    begins: float

    @property
    def is_taken(self) -> bool:
        return self.state == "PENDING"

    @property
    def is_sleeping(self) -> bool:
        return self.state == "DELAYED"


@contextmanager
def steering(address: StateAddress, environment: str) -> Iterator[Steering]:
    """Raises StateUnusable where no durable run ever was."""
    _keep_quiet()
    engine = engine_for(address)
    name = application_of(environment)
    client = None
    try:
        client = DBOSClient(
            system_database_engine=engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=name,
            retry_connection_errors=False,
        )
        yield Steering(client, name)
    finally:
        if client is not None:
            client.destroy()
        engine.dispose()


def _check_versions(address: StateAddress, environment: str) -> None:
    """Raises StateUnusable for runs that this version of the engine would never take up."""
    if not _has_engine(address):
        return
    with steering(address, environment) as steer:
        others = [part for part in steer.unended() if part.version != _version_of(steer.name)]
    if others:
        runs = sorted({part.id.partition("/")[0] for part in others})
        versions = ", ".join(sorted({part.version.rpartition("/")[2] for part in others}))
        raise StateUnusable(
            f"{', '.join(runs)}: begun by a projops with version {versions} of the engine, and this one has "
            f"{VERSION}: it cannot go on with it.",
            "Let the projops that began it end it, or cancel it with projops runs cancel.",
        )


def _has_engine(address: StateAddress) -> bool:
    """Whether the engine's own tables are there: the first worker makes them."""
    if address.path is not None and not address.path.exists():
        return False
    engine = engine_for(address)
    try:
        schema = None if address.path is not None else "dbos"
        return bool(inspect(engine).has_table("workflow_status", schema=schema))
    except SQLAlchemyError as error:
        raise StateUnusable(f"The state {address} cannot be used: {error.__class__.__name__}.") from None
    finally:
        engine.dispose()
