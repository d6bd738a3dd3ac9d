"""Looking at parts and steering them from a process that never works on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from dbos import DBOSClient, DBOSPortableJSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from connector.runner.durable.dbos_engine.names import application_of, keep_quiet
from connector.state.address import StateAddress
from connector.state.database import engine_for, unusable

T = TypeVar("T")
_UNENDED = ["PENDING", "ENQUEUED", "DELAYED"]


@dataclass(frozen=True)
class Steering:
    """Its methods raise StateUnusable."""

    client: DBOSClient
    name: str
    address: StateAddress

    def taken(self) -> list[Left]:
        """The parts that some worker has, at work or dead."""
        return self._list(["PENDING"], None)

    def sleeping(self) -> list[Left]:
        return self._list(["DELAYED"], None)

    def unended(self, run: str | None = None) -> list[Left]:
        """The parts that have not ended, canceled ones aside."""
        return self._list(_UNENDED, run)

    def left(self, run: str) -> list[Left]:
        """The parts of a run that have not come to their end, the canceled ones too."""
        return self._list([*_UNENDED, "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"], run)

    def resume(self, parts: Sequence[Left]) -> None:
        """Have them taken up by any worker, by way of the queue that has the limits."""
        if ids := [part.id for part in parts]:
            self._told(lambda: self.client.resume_workflows(ids, queue_name=self.name))

    def cancel(self, run: str) -> None:
        if ids := [part.id for part in self.unended(run)]:
            self._told(lambda: self.client.cancel_workflows(ids))

    def delete(self, runs: Sequence[str]) -> None:
        for run in runs:
            if ids := [one.workflow_id for one in self._rows(None, run)]:
                self._told(partial(self.client.delete_workflows, ids))

    def delay(self, part: str, seconds: float) -> None:
        """Have a part that sleeps begin in so many seconds."""
        self._told(lambda: self.client.set_workflow_delay(part, delay_seconds=max(seconds, 0)))

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
        return self._told(
            lambda: list(
                self.client.list_workflows(
                    status=states,
                    workflow_id_prefix=None if run is None else f"{run}/",
                    application_name=self.name,
                    load_input=False,
                    load_output=False,
                )
            )
        )

    def _told(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except SQLAlchemyError as error:
            raise unusable(self.address, error) from None


@dataclass(frozen=True)
class Left:
    """A part as the engine has it; `worker` is who took it last, `begins` seconds since 1970 or 0."""

    id: str
    state: str
    worker: str
    version: str
    begins: float

    @property
    def run(self) -> str:
        return self.id.partition("/")[0]

    @property
    def is_taken(self) -> bool:
        return self.state == "PENDING"

    @property
    def is_sleeping(self) -> bool:
        return self.state == "DELAYED"


@contextmanager
def steering(address: StateAddress, environment: str) -> Iterator[Steering]:
    """Raises StateUnusable where the state cannot be used."""
    keep_quiet()
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
        yield Steering(client, name, address)
    except SQLAlchemyError as error:
        raise unusable(address, error) from None
    finally:
        if client is not None:
            client.destroy()
        engine.dispose()
