"""One look at the job, in five requests where nothing is odd."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import chain, islice
from typing import TypeVar

from connector.dataverse import DataverseClient, Query, eq, guid, quote
from connector.errors import AccessDenied, NotFound
from connector.model.batch_job import BatchJob
from connector.model.desired_job import NAME_MUST_CONTAIN, is_invoice_job_name
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_snapshot import JobSnapshot
from connector.model.process import WORKFLOWS_OF_THE_JOB, Process, ProcessCategory
from connector.model.system_job import OPERATION_TYPE_WORKFLOW, JobState, SystemJob
from connector.model.table import Record, Table
from connector.model.tables import Tables
from connector.model.user import User
from connector.model.workflow_log import WorkflowLog

HISTORY = timedelta(days=3)
"""How far back finished system jobs are read: three sleeps, with the runs between them."""
LAST_JOBS = 20
"""How many finished jobs are read when there is nothing younger."""
_IDS_AT_A_TIME = 25

R = TypeVar("R", bound=Record)


def read_job(
    client: DataverseClient, tables: Tables, rules: InvoicingRules, history: timedelta = HISTORY
) -> JobSnapshot:
    """What there is of the job now; `history` is how far back finished system jobs are read.

    The record is read before its system jobs: whoever starts a chain changes the record with it, so an
    unchanged etag says that no start was missed. A table that is absent, or that the caller may not
    read, ends in `unread`; all other errors of the client are raised.
    """
    look = _Look(client, tables)
    batch_jobs = look.batch_jobs(rules)
    jobs = look.system_jobs(batch_jobs, history)
    processes = look.processes(jobs)
    logs = look.logs(jobs)
    owners = (item.owner for item in chain[SystemJob | Process](jobs, processes))
    return JobSnapshot(
        batch_jobs=batch_jobs,
        jobs=jobs,
        processes=processes,
        logs=logs,
        users=look.users(owner for owner in owners if owner is not None),
        unread=look.unread,
        now=client.now,
    )


class _Look:
    def __init__(self, client: DataverseClient, tables: Tables) -> None:
        self._client = client
        self._tables = tables
        self._unread: dict[str, str] = {}
        self._absent = {getattr(tables, name).logical_name for name in tables.absent}

    @property
    def unread(self) -> Mapping[str, str]:
        return dict(self._unread)

    def batch_jobs(self, rules: InvoicingRules) -> tuple[BatchJob, ...]:
        table = self._tables.batch_job
        name = table.property_of("name")
        found = self._read(table, Query(filter=f"contains({name},{quote(NAME_MUST_CONTAIN)})"))
        return tuple(
            item
            for item in found
            if is_invoice_job_name(item.name, is_case_sensitive=rules.is_job_name_case_sensitive)
        )

    def system_jobs(self, records: Iterable[BatchJob], history: timedelta) -> tuple[SystemJob, ...]:
        """The open ones and those of the last days; where there are none, the last ones that there were."""
        table = self._tables.system_job
        ids = [record.id for record in records]
        if not ids:
            return ()
        regarding = _one_of(table, "regarding", ids)
        ours = f"({regarding}) and {eq(table.property_of('operation_type'), OPERATION_TYPE_WORKFLOW)}"
        open_or_young = " or ".join(
            (
                f"{table.property_of('state')} ne {JobState.COMPLETED.value}",
                f"{table.property_of('created_on')} ge {quote(self._client.now - history)}",
            )
        )
        found = self._read(table, Query(filter=f"{ours} and ({open_or_young})"))
        if found or table.logical_name in self._unread:
            return found
        newest_first = (f"{table.property_of('created_on')} desc",)
        return self._read(table, Query(filter=ours, order_by=newest_first, top=LAST_JOBS))

    def processes(self, jobs: Iterable[SystemJob]) -> tuple[Process, ...]:
        """The definitions and activations of the job's workflows, and what the jobs are instances of."""
        table = self._tables.process
        named = " or ".join(eq(table.property_of("name"), name) for name in WORKFLOWS_OF_THE_JOB)
        category = eq(table.property_of("category"), ProcessCategory.WORKFLOW)
        found = self._read(table, Query(filter=f"{category} and ({named})"))
        known = {item.id for item in found}
        others = {job.workflow_activation for job in jobs if job.workflow_activation} - known
        activations = self._by_ids(table, "id", others)
        definitions = {item.definition for item in activations if item.definition} - known
        return (*found, *activations, *self._by_ids(table, "id", definitions))

    def logs(self, jobs: Iterable[SystemJob]) -> tuple[WorkflowLog, ...]:
        return self._by_ids(self._tables.workflow_log, "system_job", {job.id for job in jobs})

    def users(self, ids: Iterable[str]) -> tuple[User, ...]:
        return self._by_ids(self._tables.user, "id", set(ids))

    def _by_ids(self, table: Table[R], name: str, ids: set[str]) -> tuple[R, ...]:
        found: list[R] = []
        for some in _chunks(sorted(ids)):
            found.extend(self._read(table, Query(filter=_one_of(table, name, some))))
        return tuple(found)

    def _read(self, table: Table[R], query: Query) -> tuple[R, ...]:
        if table.logical_name in self._absent:
            self._unread[table.logical_name] = "the environment has no such table."
            return ()
        try:
            return tuple(self._client.list(table, query))
        except (AccessDenied, NotFound) as error:
            self._unread[table.logical_name] = error.message
            return ()


def _one_of(table: Table[R], name: str, ids: Iterable[str]) -> str:
    column = table.property_of(name)
    return " or ".join(f"{column} eq {guid(id)}" for id in ids)


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while some := list(islice(rest, _IDS_AT_A_TIME)):
        yield some
