"""The evidence, read once: only the pieces that are asked for, each table in as few requests as possible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from connector.dataverse import DataverseClient, Query, any_of, eq, guid, quote
from connector.errors import HttpError, MalformedAnswer, Unauthorized
from connector.job.look import Environment, Sight, look
from connector.job.privileges import read_granted, read_needed_to_read
from connector.job.zone import UnknownZone, read_zone_of_user, zone_of_setting
from connector.model.batch_job import BatchJob
from connector.model.column_date import day_in
from connector.model.desired_job import DesiredJob
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import Diagnosis
from connector.model.job_health import diagnose
from connector.model.process import INVOICE_WORKFLOWS, UPDATE_ROLE_UTILIZATION, Process
from connector.model.security_role import USER_ROLE
from connector.model.solution import DUAL_WRITE_SOLUTION, PROJECT_OPERATIONS_SOLUTIONS, Solution
from connector.model.system_job import JobState, SystemJob
from connector.model.tables import Tables
from connector.model.user import User
from connector.verification.contract_parts import PARTS
from connector.verification.evidence import (
    READY_FOR,
    Backlog,
    Evidence,
    Need,
    NotRead,
    Owner,
    Piece,
    Starter,
    Today,
    Unread,
    known,
)
from connector.verification.lack import lack_in
from connector.verification.read_beside import BesideContracts
from connector.verification.read_contracts import Told, read_contracts
from connector.verification.tables_read import tables_read

T = TypeVar("T")
BACKLOG_COUNTED = 100
OF_CONTRACTS = frozenset(
    {Need.CONTRACTS, Need.INVOICES, Need.INVOICE_SOURCES, *(part.need for part in PARTS)}
)
"""What is read in one go with the contracts."""


def read_evidence(
    client: DataverseClient,
    tables: Tables,
    *,
    sleep: Callable[[float], None],
    needs: Iterable[Need] = tuple(Need),
    rules: InvoicingRules | None = None,
    desired: DesiredJob | None = None,
    told: Told = lambda _name, _count: None,
) -> Evidence:
    """What the checks look at. `tables` are the resolved ones.

    A piece that the caller may not read, whose table is missing or whose answer is broken is Unread with
    the reason. `told` hears from several threads how many rows of which table have come. `sleep` takes
    seconds and is called only where two looks must tell whether several chains are live (rule J8).
    Raises SignInError, Unauthorized, Unreachable and whatever WhoAmI is refused with: without a connection
    there is no evidence at all.
    """
    reader = _Reader(client, tables, rules or InvoicingRules(), sleep, client.who_am_i().user_id)
    wanted = frozenset(needs)
    with ThreadPoolExecutor(1) as pool:
        # Contracts take longest: they are on their way while everything else is read.
        contracts = (
            pool.submit(read_contracts, client, tables, wanted, told) if wanted & OF_CONTRACTS else None
        )
        beside = BesideContracts(client, tables, reader.rules)
        pieces: dict[str, Any] = {
            need.value: _piece(beside.reading[need])
            if need in beside.reading
            else getattr(reader, need.value)
            for need in wanted - OF_CONTRACTS
        }
        found = {} if contracts is None else contracts.result()
    pieces |= {need.value: found[need] for need in wanted & OF_CONTRACTS}
    return Evidence(
        url=client.url,
        now=client.now,
        desired=desired or DesiredJob(),
        rules=reader.rules,
        tables=tables,
        **pieces,
    )


def _piece(read: Callable[[], T]) -> Piece[T]:
    try:
        return read()
    except Unauthorized:
        raise
    except NotRead as error:
        return error.unread
    except (HttpError, MalformedAnswer) as error:
        return Unread.because(error.message)


@dataclass(frozen=True)
class _Reader:
    """One property for each piece, read when it is first asked for; a failure is remembered too."""

    client: DataverseClient
    tables: Tables
    rules: InvoicingRules
    sleep: Callable[[float], None]
    user_id: str

    @cached_property
    def identity(self) -> Piece[User]:
        return _piece(self._read_identity)

    @cached_property
    def solutions(self) -> Piece[tuple[Solution, ...]]:
        return _piece(self._read_solutions)

    @cached_property
    def batch_jobs(self) -> Piece[tuple[BatchJob, ...]]:
        return _piece(lambda: self._seen("msdyn_batchjob").snapshot.batch_jobs)

    @cached_property
    def workflows(self) -> Piece[tuple[Process, ...]]:
        return _piece(lambda: self._seen("workflow").snapshot.processes)

    @cached_property
    def owners(self) -> Piece[tuple[Owner, ...]]:
        return _piece(self._read_owners)

    @cached_property
    def chain(self) -> Piece[Diagnosis]:
        return _piece(self._read_chain)

    @cached_property
    def starter(self) -> Piece[Starter]:
        return _piece(self._read_starter)

    @cached_property
    def privileges(self) -> Piece[frozenset[str]]:
        return _piece(lambda: self._privileges(self.user_id))

    @cached_property
    def needed_to_read(self) -> Piece[Mapping[str, str]]:
        return _piece(self._read_needed)

    @cached_property
    def utilization_jobs(self) -> Piece[tuple[SystemJob, ...]]:
        return _piece(self._read_utilization_jobs)

    @cached_property
    def backlog(self) -> Piece[Backlog]:
        return _piece(self._read_backlog)

    @cached_property
    def today(self) -> Piece[Today]:
        return _piece(self._read_today)

    @cached_property
    def _sight(self) -> Piece[Sight]:
        return _piece(lambda: look(Environment(self.client, self.tables, self.rules, self.sleep)))

    def _seen(self, *logical_names: str) -> Sight:
        """The look at the job. Raises NotRead when one of the tables given could not be read in it."""
        sight = known(self._sight)
        for name in logical_names:
            if reason := sight.snapshot.unread.get(name):
                unread = Unread.because(reason)
                text = f"The table {name} could not be read: {reason}"
                raise NotRead(unread if unread.lack is not None else text)
        return sight

    def _must_see_chains(self) -> None:
        """Without a record there is no chain; with one, its system jobs and workflows have to be readable."""
        if self._seen("msdyn_batchjob").snapshot.batch_jobs:
            self._seen("asyncoperation", "workflow")

    def _read_identity(self) -> User:
        self._must_have("user")
        return self.client.retrieve(self.tables.user, self.user_id)

    def _read_solutions(self) -> tuple[Solution, ...]:
        self._must_have("solution")
        names = (*PROJECT_OPERATIONS_SOLUTIONS, DUAL_WRITE_SOLUTION)
        column = self.tables.solution.column_of("unique_name")
        return tuple(self.client.list(self.tables.solution, Query(filter=any_of(column, names))))

    def _read_owners(self) -> tuple[Owner, ...]:
        """The owners of the two workflows' definitions, with their roles."""
        snapshot = self._seen("workflow", "systemuser").snapshot
        definitions = [item for name in INVOICE_WORKFLOWS for item in snapshot.definitions(name)]
        ids = dict.fromkeys(item.owner for item in definitions if item.owner)
        return tuple(Owner(id, snapshot.user(id), self._roles(id)) for id in ids)

    def _read_starter(self) -> Starter:
        self._must_see_chains()
        snapshot = self._seen("systemuser").snapshot
        chains = known(self._sight).diagnosis.chains
        id = (chains[0].last.owner if chains else None) or self.user_id
        user = snapshot.user(id) or (known(self.identity) if id == self.user_id else None)
        is_live = bool(chains) and chains[0].is_live
        return Starter(Owner(id, user, self._roles(id)), is_live, _piece(lambda: self._privileges(id)))

    def _privileges(self, user: str) -> frozenset[str]:
        """The names of the privileges that a user's roles give. Raises NotRead where none is named."""
        found = read_granted(self.client, self.tables, user)
        if not found:
            raise NotRead("RetrieveUserPrivileges names no privilege.")
        return found

    def _read_needed(self) -> Mapping[str, str]:
        found = read_needed_to_read(self.client, tables_read(self.tables))
        if not found:
            raise NotRead("The environment's metadata names no privileges of its tables.")
        return found

    def _read_utilization_jobs(self) -> tuple[SystemJob, ...]:
        self._must_see_chains()
        snapshot = known(self._sight).snapshot
        return tuple(
            job
            for job in snapshot.workflow_jobs
            if job.state != JobState.COMPLETED and snapshot.workflow_of(job) == UPDATE_ROLE_UTILIZATION
        )

    def _read_backlog(self) -> Backlog:
        """The oldest of the system jobs that have been ready for longer than usual."""
        table = self.tables.system_job
        self._must_have("system_job")
        created = table.property_of("created_on")
        waiting = (
            eq(table.property_of("state"), JobState.READY.value),
            f"{created} lt {quote(self.client.now - READY_FOR)}",
        )
        query = Query(filter=" and ".join(waiting), order_by=(created,), top=BACKLOG_COUNTED + 1)
        jobs = tuple(self.client.list(table, query))
        return Backlog(
            min(len(jobs), BACKLOG_COUNTED), len(jobs) > BACKLOG_COUNTED, jobs[0].created_on if jobs else None
        )

    def _roles(self, user: str) -> Piece[tuple[str, ...]]:
        query = Query(filter=eq("systemuserid", guid(user)))
        return _piece(lambda: tuple(row.role for row in self.client.list(USER_ROLE, query) if row.role))

    def _read_chain(self) -> Diagnosis:
        """The diagnosis, with its times in the job's zone where that is known."""
        self._must_see_chains()
        sight = known(self._sight)
        if isinstance(self.today, Unread) or sight.diagnosis.several_roots:
            return sight.diagnosis
        return diagnose(sight.snapshot, self.rules, self.today.zone)

    def _read_today(self) -> Today:
        """The environment's day in the zone of the user under whom the job runs (rule L7).

        That is the starter of the newest chain; without one, whoever is signed in and would start it.
        """
        if self.rules.time_zone:
            zone, whose = zone_of_setting(self.rules.time_zone), "the setting time_zone"
        else:
            chains = known(self._sight).diagnosis.chains
            starter = chains[0].last.owner if chains else None
            whose = "zone of the user who started the job" if starter else "zone of the signed-in user"
            zone = self._zone_of_user(starter or self.user_id)
        return Today(day=day_in(zone, self.client.now), zone=zone, whose=whose)

    def _zone_of_user(self, user: str) -> ZoneInfo:
        zone = read_zone_of_user(self.client, self.tables, user)
        if isinstance(zone, UnknownZone):
            text = f"The day is unknown, since {zone.reason}; the setting time_zone can name it."
            raise NotRead(Unread(text, lack_in(zone.reason)))
        return zone

    def _must_have(self, field: str) -> None:
        if not self.tables.has(field):
            raise NotRead(f"The environment has no table {getattr(self.tables, field).logical_name}.")
