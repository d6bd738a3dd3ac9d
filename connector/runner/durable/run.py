"""ProcessRunner in parts that survive anything: the day and the chunks fixed first, then chunk by chunk.

What an engine remembers are batches that are done. Within a batch every write is noted before it is sent,
under leases that are checked in the same transaction, and every contract of which something came is noted
after. Whoever goes on after a crash skips what is noted, looks for what was meant, and plans the rest anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice

from connector.errors import ProjopsError, Refused, Superseded
from connector.job.look import look
from connector.model.column_date import day_in
from connector.model.process import PROCESS_RUNNER
from connector.runner.durable.as_reviewed import AsReviewed, counted_on_the_way
from connector.runner.durable.chain import check_alone, plan_next, wake
from connector.runner.durable.contract_work import ContractWork
from connector.runner.durable.engine import Engine, Facts, Kind, Part
from connector.runner.durable.facts import (
    DurableRequest,
    Figures,
    Frozen,
    as_facts,
    counted,
    figures_of,
    frozen_of,
    request_of,
    sum_less,
    sum_of,
    summed,
)
from connector.runner.durable.held import LEASE_PAUSE_S, HeldLeases
from connector.runner.durable.site import Site
from connector.runner.guard import check_chain, check_day, check_time, next_wake
from connector.runner.plan import plan_contract
from connector.runner.read import stream_contract_ids, stream_contracts
from connector.runner.read_zone import read_zone
from connector.state.leases import Holder, Holding, Lease, Leases
from connector.state.runs import RunRow, Runs, RunState
from connector.workflow import Run

CONTRACTS_OF_CHUNK, CONTRACTS_OF_BATCH = 500, 100
"""What is handed out to a worker, and what is one step: as many as one reading takes."""


@dataclass(frozen=True)
class DurableRun:
    """The parts of runs at one site, as `worker` does them."""

    site: Site
    runs: Runs
    leases: Leases
    worker: str
    held: HeldLeases
    contracts_of_chunk: int = CONTRACTS_OF_CHUNK
    contracts_of_batch: int = CONTRACTS_OF_BATCH

    @property
    def _job(self) -> str:
        return f"job/{self.site.name}"

    def do(self, engine: Engine, part: Part) -> None:
        """Raises Superseded when another worker has taken over, Stopping when the process is to end, and
        DataverseError and StateUnusable for what stands in the way: the part can be done again."""
        row = self.runs.find(part.run)
        if row is None or row.state is RunState.CANCELED:
            raise Superseded(f"The run {part.run} was canceled: nothing more is done of it.")
        if part.kind is Kind.PLAN:
            self._plan(engine, row)
        elif part.kind is Kind.CHUNK:
            self._chunk(engine, row, part.number)
        elif part.kind is Kind.FINISH:
            self._finish(engine, row)
        else:
            wake(self.site, engine, part, request_of(row.request))

    # The beginning

    def _plan(self, engine: Engine, row: RunRow) -> None:
        planned = engine.step("freeze", lambda: self._freeze(row))
        if planned["refused"]:
            return
        for number in range(1, planned["chunks"] + 1):
            engine.begin(Part(Kind.CHUNK, row.id, number))
        if not planned["chunks"]:
            engine.begin(Part(Kind.FINISH, row.id))

    def _freeze(self, row: RunRow) -> Facts:
        """Raises UsageError for an id that is no contract."""
        request, site = request_of(row.request), self.site
        try:
            self._join(row.id, is_patient=request.is_chained)
            self._check(request)
            zone = read_zone(site.client, site.tables, request.rules, request.user)
            today = day_in(zone.zone, site.client.now)
            check_day(request.on or today, today)
            frozen = Frozen(
                on=request.on or today, today=today, zone=zone.zone.key, takes_missed=request.rules.catch_up
            )
            chunks = self.runs.freeze(row.id, as_facts(frozen), self._chunks(row.id, request)).chunks
        except Superseded:
            raise
        except Refused as refusal:
            self.runs.tell(row.id, RunState.REFUSED, refusal.message)
            self._leave(row.id)
            return {"refused": refusal.message, "chunks": 0}
        return {"refused": "", "chunks": chunks}

    def _chunks(self, run: str, request: DurableRequest) -> Iterator[Sequence[str]]:
        ids = stream_contract_ids(self.site.client, self.site.tables, request.contracts)
        chunks = _in_chunks(islice(ids, request.limit), self.contracts_of_chunk)
        return counted_on_the_way(self.runs.reviews, run, chunks) if request.is_reviewed else chunks

    def _join(self, run: str, *, is_patient: bool = False) -> Lease:
        """The lease on the job of this environment, which all workers of one run hold together."""
        while isinstance(found := self.leases.take(self._job, run, is_shared=True), Holder):
            if is_patient:
                self.site.wait(LEASE_PAUSE_S)
                continue
            raise Refused(
                f"The run {found.owner} of our own is at work on this environment.",
                "See projops runs list; wait for its end, resume or cancel it.",
            )
        return found

    def _check(self, request: DurableRequest) -> datetime | None:
        """Rule J10: the environment's own chain. Returns when that is due; this run is over by then."""
        if request.is_beside_chain:
            return None
        diagnosis = look(self.site.look_at).diagnosis
        if request.is_chained:
            check_alone(diagnosis)
        check_chain(diagnosis, guard_min=request.guard_min)
        return next_wake(diagnosis)

    # The work

    def _chunk(self, engine: Engine, row: RunRow, number: int) -> None:
        request = request_of(row.request)
        until = self._check(request)
        with self._holding(row.id, number, is_patient=request.is_chained) as held:
            contracts = self.runs.take_chunk(row.id, number, self.worker)
            reviewed = self.runs.reviews.of(row.id, contracts) if request.is_reviewed else None
            work = self._work(row, request, number, held, reviewed)
            for place, batch in enumerate(_in_chunks(iter(contracts), self.contracts_of_batch), start=1):
                engine.step(f"batch {place}", partial(self._batch, work(place), batch, until))
            engine.step("end", lambda: self._end_chunk(row.id, number))
        if engine.step("all", lambda: {"done": self.runs.is_complete(row.id)})["done"]:
            engine.begin(Part(Kind.FINISH, row.id))

    @contextmanager
    def _holding(self, run: str, number: int, *, is_patient: bool) -> Iterator[tuple[Lease, ...]]:
        """The leases on job and chunk. Another worker's is waited for until it ends or goes stale."""
        job = self._join(run, is_patient=is_patient)
        while isinstance(chunk := self.leases.take(f"chunk/{run}/{number}", self.worker), Holder):
            self.site.wait(LEASE_PAUSE_S)
        with self.held.holding(job, chunk) as held:
            yield held

    def _work(
        self,
        row: RunRow,
        request: DurableRequest,
        chunk: int,
        held: tuple[Lease, ...],
        reviewed: Mapping[str, frozenset[str]] | None,
    ) -> Callable[[int], ContractWork]:
        """The work on the batch of that number."""
        frozen, site = frozen_of(row.frozen), self.site
        workflow = site.plugins.workflow(PROCESS_RUNNER)
        organization = site.client.who_am_i().organization_id if request.is_by_records else ""
        run = Run(
            day=frozen.on,
            today=frozen.today,
            zone=frozen.zone_info,
            rules=request.rules,
            billing_methods=site.plugins.billing_methods,
            takes_missed=frozen.takes_missed,
        )
        return lambda batch: ContractWork(
            client=site.client,
            tables=site.tables,
            row_definition=site.row_definition,
            run=run,
            runs=self.runs,
            holding=Holding(self.leases, held),
            run_id=row.id,
            batch=(chunk, batch),
            is_by_records=request.is_by_records,
            organization=organization,
            still_at_work_s=site.still_at_work_s,
            wait=site.wait,
            decide=lambda snapshot: plan_contract(snapshot, workflow, run),
            as_reviewed=None if reviewed is None else AsReviewed(reviewed, request.is_by_records),
        )

    def _batch(self, work: ContractWork, contracts: Sequence[str], until: datetime | None) -> Facts:
        known = self.runs.writes.known(work.run_id, contracts)
        total = Figures()
        for facts in known.values():
            total = total.plus(counted(facts))
        left = [contract for contract in contracts if contract not in known]
        earlier = work.looked_back(left)
        site, seen = self.site, set[str]()
        for snapshot in stream_contracts(site.client, site.tables, left, may_be_gone=True) if left else ():
            site.go_on()
            check_time(site.client.now, until)
            seen.add(snapshot.contract.id)
            total = total.plus(work.done(work.decide(snapshot), earlier.get(snapshot.contract.id)))
        if work.as_reviewed is not None:
            work.as_reviewed.check_there(left, seen)
        total = replace(total, contracts=len(contracts))
        self.runs.tallies.end_batch(work.run_id, *work.batch, total.as_facts(), sum_less)
        return total.as_facts()

    def _end_chunk(self, run: str, number: int) -> Facts:
        self.runs.end_chunk(run, number)
        return {}

    # The end

    def _finish(self, engine: Engine, row: RunRow) -> None:
        """The next run is planned before this one ends: at no moment the job is without an open run."""
        if request_of(row.request).is_chained:
            plan_next(self.site, self.runs, engine, row)
        engine.step("sum", lambda: self._sum(row))

    def _sum(self, row: RunRow) -> Facts:
        total = summed(self.runs.tallies.figures(row.id))
        self.runs.tallies.keep(row.id, total.as_facts())
        state = RunState.PARTLY if total.failed or total.unknown else RunState.DONE
        self.runs.tell(row.id, state)
        self._leave(row.id)
        return total.as_facts()

    def _leave(self, run: str) -> None:
        """The job is free for another run, unless that has it already."""
        job = self.leases.take(self._job, run, is_shared=True)
        if isinstance(job, Lease):
            self.leases.release([job])


def _in_chunks(ids: Iterator[str], size: int) -> Iterator[list[str]]:
    while some := list(islice(ids, size)):
        yield some


def figures_so_far(runs: Runs, run: str) -> Figures:
    """How much of a run is done: whole batches, and the contracts of others that are through."""
    under_way = sum_of(counted(facts) for facts in runs.tallies.under_way(run))
    total = runs.tallies.total(run)
    whole = summed(runs.tallies.figures(run)) if total is None else figures_of(total)
    return whole.plus(under_way)


def why(error: BaseException) -> str:
    """An error in one line, for the row of the run."""
    return error.message if isinstance(error, ProjopsError) else f"{type(error).__name__}: {error}"
