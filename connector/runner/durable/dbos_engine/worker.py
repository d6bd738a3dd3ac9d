"""This process as a worker: parts are workflows of DBOS, begun by way of one queue for each environment."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from connector.errors import Superseded
from connector.runner.durable.dbos_engine.names import application_of, keep_quiet, version_of
from connector.runner.durable.dbos_engine.versions import check_versions, has_engine
from connector.runner.durable.engine import Facts, Kind, Part, Parts, Stopping
from connector.state.address import StateAddress
from connector.state.database import engine_for, unusable

POLLING_S = 0.25
"""A part lasts seconds to minutes. Looking costs a sleeping worker processor time for all of its life."""
AT_ONCE = 16
LISTENING_S = 0.2
"""Nothing of ours is told this way; a worker that ends waits for it."""
ENDING_S = 10.0
"""How long the end of this process waits for what is under way; after that it is as after a crash."""
_MOST_RECOVERIES = 1_000_000


class _Left(BaseException):
    """A part is left as it is, to be gone on with: no verdict on it is written."""


@dataclass
class Worker:
    """This process while it works. `failed` holds what made it leave a part, by run; `at_work` are the ids
    of the parts that a thread of it does just now; `ended` counts those that it has let go of."""

    parts: Parts
    queue: str
    address: StateAddress
    failed: dict[str, BaseException] = field(default_factory=dict)
    at_work: set[str] = field(default_factory=set)
    ended: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def begin(self, part: Part, after_s: float = 0) -> None:
        _enqueue(self.queue, part, after_s)

    def do(self, part: Part) -> None:
        with self._changed:
            self.at_work.add(part.id)
        try:
            self.parts.do(_Engine(self.queue), part)
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
        except SQLAlchemyError as error:
            # What the engine itself wanted to write down.
            self.failed[part.run] = unusable(self.address, error)
            raise _Left from error
        except Exception as error:
            self.failed[part.run] = error
            raise _Left from error
        finally:
            with self._changed:
                self.at_work.discard(part.id)
                self.ended += 1
                self._changed.notify_all()

    def is_idle_within(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self.at_work, seconds)


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
    keep_quiet()
    engine = engine_for(address)
    worker = Worker(parts, name, address)
    try:
        is_new = not has_engine(address)
        if not is_new:
            check_versions(address, environment)
        _worker = worker
        try:
            config = _config(address, engine, name, worker_id)
            if is_new:
                # A running engine looks for queues once a second: it finds ours where it starts with it.
                _launch(config, name, at_once, polling_s)
                DBOS.destroy()
            _launch(config, name, at_once, polling_s)
        except SQLAlchemyError as error:
            raise unusable(address, error) from None
        yield worker
    finally:
        worker.is_idle_within(ENDING_S)
        DBOS.destroy()
        _worker = None
        engine.dispose()


def _launch(config: DBOSConfig, name: str, at_once: int, polling_s: float) -> None:
    DBOS(config=config)
    DBOS.listen_queues([name])
    DBOS.launch()
    DBOS.register_queue(
        name, worker_concurrency=at_once, polling_interval_sec=polling_s, on_conflict="always_update"
    )


def _config(address: StateAddress, engine: Any, name: str, worker_id: str) -> DBOSConfig:
    config: DBOSConfig = {
        "name": name,
        "executor_id": worker_id,
        "application_version": version_of(name),
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "WARNING",
        "enable_otlp": False,
        "notification_listener_polling_interval_sec": LISTENING_S,
    }
    if address.path is not None:
        return {**config, "system_database_engine": engine, "system_database_url": _shown(address)}
    return {**config, "system_database_url": _postgresql(address)}


def _shown(address: StateAddress) -> str:
    return address.url.render_as_string(hide_password=False)


def _postgresql(address: StateAddress) -> str:
    return address.url.set(drivername="postgresql").render_as_string(hide_password=False)
