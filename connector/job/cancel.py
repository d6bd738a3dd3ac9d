"""Canceling system jobs of a chain, each as it was seen, and seeing that they are gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connector.dataverse import Query, guid
from connector.errors import Conflict, HttpError, NotFound
from connector.job.look import Environment, settled
from connector.model.job_chain import ChainJob
from connector.model.system_job import JobState, JobStatus, SystemJob

ANY_VERSION = "*"
"""An update under this etag changes a record that exists, and makes none."""
NO_OPTIMISTIC_CONCURRENCY = "0x8006088d"
"""The code of a table that takes no etag."""
_INVALID_CHANGE = frozenset({"0x80044162", "0x80044163", "0x80044165"})
"""What the platform says of a job that has ended, or was changed by somebody else, in the meantime."""


@dataclass(frozen=True)
class CancelResult:
    """`gone` are jobs that are completed now, whoever ended them; `changed` went on by themselves and
    were left alone; `still_open` were told to end and had not, `settle_s` seconds later."""

    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    still_open: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        return not (self.changed or self.still_open)


def cancel_jobs(at: Environment, jobs: Iterable[ChainJob]) -> CancelResult:
    """Cancel the given jobs, the oldest first, so that no parent goes on when its child ends.

    A job that is no longer what was seen is left alone: a timer that fired in the meantime is a chain
    that lives. Raises the HttpError of an environment that will not let the caller cancel.
    """
    wanted = [job for job in jobs if job.is_open]
    told = [job.id for job in wanted if _cancel(at, job)]
    asked = [job.id for job in wanted]
    settled(lambda: True if not _open_of(at, told) else None, settle_s=at.rules.settle_s, sleep=at.sleep)
    still_open = _open_of(at, asked)
    return CancelResult(
        gone=tuple(id for id in asked if id not in still_open),
        changed=tuple(id for id in asked if id in still_open and id not in told),
        still_open=tuple(id for id in told if id in still_open),
    )


def _cancel(at: Environment, job: ChainJob) -> bool:
    """Whether the platform took the cancel."""
    try:
        _patch(at, job.id, job.etag or ANY_VERSION)
    except (Conflict, NotFound):
        return False
    except HttpError as error:
        if error.code == NO_OPTIMISTIC_CONCURRENCY:
            _patch(at, job.id, ANY_VERSION)
            return True
        if error.code in _INVALID_CHANGE:
            return False
        raise
    return True


def _patch(at: Environment, id: str, etag: str) -> None:
    table = at.tables.system_job
    values = {
        table.column_of("state"): JobState.COMPLETED.value,
        table.column_of("status"): JobStatus.CANCELED.value,
    }
    at.client.update(table.entity_set, id, values, etag=etag)


def _open_of(at: Environment, ids: Iterable[str]) -> frozenset[str]:
    """Those of the given jobs that are not completed."""
    named = [f"{at.tables.system_job.property_of('id')} eq {guid(id)}" for id in ids]
    if not named:
        return frozenset()
    found: Iterable[SystemJob] = at.client.list(at.tables.system_job, Query(filter=" or ".join(named)))
    return frozenset(job.id for job in found if job.state != JobState.COMPLETED)
