"""One look at the job, in six requests where nothing is odd."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import TypeVar

from connector.dataverse import DataverseClient, Query, eq, guid, quote
from connector.errors import AccessDenied, HttpError, NotFound, SettingsError
from connector.model.batch_job import BatchJob
from connector.model.desired_job import NAME_MUST_CONTAIN, is_invoice_job_name
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_snapshot import Backlog, JobSnapshot
from connector.model.process import WORKFLOWS_OF_THE_JOB, Process, ProcessCategory
from connector.model.security_role import USER_ROLE
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
USUAL_WAIT = timedelta(minutes=15)
"""How long a system job may be ready before it counts as waiting for a free worker."""
MOST_COUNTED = 100

R = TypeVar("R", bound=Record)


def check_project_operations(client: DataverseClient, tables: Tables) -> None:
    """Raises SettingsError for an environment without the table of the job."""
    if not tables.has("batch_job"):
        raise SettingsError(
            f"{client.url} has no table msdyn_batchjob: Project Operations is not installed there.",
            "Check DATAVERSE_URL, or install Dynamics 365 Project Operations.",
        )


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
    live_owners = {job.owner for job in jobs if job.owner and job.state != JobState.COMPLETED}
    owners = (item.owner for item in chain[SystemJob | Process](jobs, processes))
    return JobSnapshot(
        batch_jobs=batch_jobs,
        jobs=jobs,
        processes=processes,
        logs=logs,
        users=look.users(owner for owner in owners if owner is not None),
        powerless=look.powerless(live_owners),
        backlog=look.backlog() if any(_is_past_due(job, client.now) for job in jobs) else None,
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

    def powerless(self, users: Iterable[str]) -> frozenset[str]:
        """Those who hold no role of their own and, through no team either, a privilege.

        Asked of the roles first, since the privileges are many; what may not be read accuses nobody.
        """
        return frozenset(user for user in users if not self._may_act(user))

    def _may_act(self, user: str) -> bool:
        try:
            if any(
                True
                for _ in self._client.list(USER_ROLE, Query(filter=eq("systemuserid", guid(user)), top=1))
            ):
                return True
            bound_to = (self._tables.user.entity_set, user)
            return (
                self._client.function("RetrieveUserPrivileges", bound_to=bound_to).get("RolePrivileges") != []
            )
        except HttpError:
            return True

    def backlog(self) -> Backlog | None:
        """How many system jobs wait for a free worker; None where that cannot be told."""
        table = self._tables.system_job
        waiting = f"{eq(table.property_of('state'), JobState.READY.value)} and " + (
            f"{table.property_of('created_on')} lt {quote(self._client.now - USUAL_WAIT)}"
        )
        try:
            found = sum(1 for _ in self._client.list(table, Query(filter=waiting, top=MOST_COUNTED + 1)))
        except HttpError:
            return None
        return Backlog(min(found, MOST_COUNTED), found > MOST_COUNTED)

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


def _is_past_due(job: SystemJob, now: datetime) -> bool:
    since = job.postpone_until or (job.created_on if job.state == JobState.READY else None)
    return job.state != JobState.COMPLETED and since is not None and since < now


def _one_of(table: Table[R], name: str, ids: Iterable[str]) -> str:
    column = table.property_of(name)
    return " or ".join(f"{column} eq {guid(id)}" for id in ids)


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while some := list(islice(rest, _IDS_AT_A_TIME)):
        yield some
