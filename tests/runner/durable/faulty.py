"""Durable runs from one beginning again and again, with trouble at a chosen request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.dataverse import (
    ClientSecret,
    DataverseClient,
    RetryPolicy,
    TableDefinition,
    TrustedAuthorities,
)
from connector.emulator.ownership import OpenEmulator, open_emulator
from connector.emulator.store import Image
from connector.emulator.trouble import Rule, Status
from connector.emulator.trouble.rule import Place
from connector.errors import DataverseError
from connector.model.tables import DECLARED, Tables
from connector.runner.durable.engine import Facts, InLine
from connector.runner.durable.facts import Figures, frozen_of
from connector.state.address import state_address
from connector.state.database import Database
from connector.state.runs import RunState
from tests.dataverse.fault_kinds import Kind
from tests.runner.durably import Durably
from tests.runner.emulated import NAMES, Emulated
from tests.runner.many import end_state, plant_many

CONTRACTS = 2
PATIENCE_S = 60.0
MOST_GOES = 3
USUAL_AGENT = "projops-connector"
PLACES: tuple[Place, ...] = ("web_api", "batch_item", "token")


@dataclass(frozen=True)
class Ended:
    """What came of a run and of what had to be done after it: the environment, and all figures together."""

    environment: Mapping[str, Any]
    figures: Figures
    state: RunState
    counts: Mapping[Place, int]

    def differs(self, expected: Ended) -> Iterator[str]:
        """Where it is not as undisturbed; how often contracts were gone through is nobody's business."""
        for name, found in self.environment.items():
            if found != expected.environment[name]:
                yield f"{name}: {found} and not {expected.environment[name]}"
        ours = (self.figures.invoices, self.figures.amounts, self.state)
        theirs = (expected.figures.invoices, expected.figures.amounts, expected.state)
        if ours != theirs:
            yield f"figures: {ours} and not {theirs}"


@dataclass(frozen=True)
class Case:
    """A kind of fault at the `number`-th thing that it can strike in a run by the action, or by records."""

    kind: Kind
    number: int
    is_by_records: bool

    def __str__(self) -> str:
        return f"{self.kind.name}, number {self.number} {'by records' if self.is_by_records else 'by action'}"

    @property
    def rule(self) -> Rule:
        return Rule(fault=self.kind.fault, place=self.kind.place, start=self.number, times=1)


@dataclass
class FaultyStage:
    """One emulator in memory, and one state for all runs. `asked` is what each run is asked for."""

    emulator: OpenEmulator
    database: Database
    start: Image
    tables: Tables
    row_definition: TableDefinition
    asked: Mapping[str, Any]
    played: int = 0
    expected: dict[bool, Ended] = field(default_factory=dict)

    def undisturbed(self, *, is_by_records: bool) -> Ended:
        if is_by_records not in self.expected:
            counting = [Rule(fault=Status(body="json"), place=place, probability=0) for place in PLACES]
            self.expected[is_by_records] = self.play(counting, is_by_records=is_by_records)
        return self.expected[is_by_records]

    def cases(self, kind: Kind, ways: Sequence[bool]) -> list[Case]:
        """The kind at everything that it can strike, by each of the ways (by records or not)."""
        return [
            Case(kind, number, is_by_records)
            for is_by_records in ways
            for number in range(1, self.undisturbed(is_by_records=is_by_records).counts[kind.place] + 1)
        ]

    def complaints(self, case: Case) -> list[str]:
        try:
            ended = self.play([case.rule], is_by_records=case.is_by_records, **case.kind.policy)
        except Exception as error:  # noqa: BLE001 - each case is to be told, whatever went wrong
            return [f"{case}: {type(error).__name__}: {error}"]
        return [
            f"{case}: {line}" for line in ended.differs(self.undisturbed(is_by_records=case.is_by_records))
        ]

    def play(self, rules: Sequence[Rule], *, is_by_records: bool, **policy: Any) -> Ended:
        """A run from the beginning to its end: resumed where it was left, and what failed tried again."""
        self.emulator.restore_snapshot(self.start)
        trouble = self.emulator.trouble
        trouble.clear()
        places = {trouble.add(rule): rule.place for rule in rules}
        patient = RetryPolicy(**{"answer_timeout_s": PATIENCE_S, "sleep": _at_once, **policy})
        with self.client(patient) as client:
            figures, state = self._gone_through(self.durable(client), is_by_records=is_by_records)
        counts = {places[one.id]: one.matched for one in trouble.standing()}
        trouble.clear()
        return Ended(end_state(self.emulator), figures, state, counts)

    def _gone_through(self, durable: Durably, *, is_by_records: bool) -> tuple[Figures, RunState]:
        durable.leases.revoke("")
        self.played += 1
        run, total = f"run-{self.played}", Figures()
        asked = dict(self.asked)
        for go in range(MOST_GOES):
            id = f"{run}-{go}"
            _to_its_end(durable, id, is_by_records=is_by_records, **asked)
            total, row = total.plus(durable.figures(id)), durable.row(id)
            failed = tuple(contract for contract, _ in durable.runs.writes.outcomes(id, is_failed=True))
            if not failed:
                break
            asked |= {"contracts": failed, "on": frozen_of(row.frozen).on}
        return total, row.state

    def durable(self, client: DataverseClient, database: Database | None = None) -> Durably:
        world = Emulated(self.emulator, client, self.tables, self.row_definition)
        return Durably(world, database or self.database)

    def client(self, policy: RetryPolicy, user_agent: str = USUAL_AGENT) -> DataverseClient:
        return _client(self.emulator, policy, user_agent)


def _client(emulator: OpenEmulator, policy: RetryPolicy, user_agent: str = USUAL_AGENT) -> DataverseClient:
    trusted = TrustedAuthorities(extra=(emulator.authority,), is_emulator=True)
    secret = ClientSecret(None, emulator.client_id, emulator.client_secret, trusted=trusted)
    return DataverseClient(
        emulator.url, secret, ca_file=emulator.ca_file, retry=policy, user_agent=user_agent
    )


def _to_its_end(durable: Durably, id: str, **asked: Any) -> None:
    """As `projops runs resume` does: what raised is gone on with, with all that was noted until then."""
    part, goes = durable.begin(id, **asked), 0
    memory: dict[tuple[str, str], Facts] = {}
    while True:
        goes += 1
        try:
            InLine(
                durable.worker(contracts_of_chunk=CONTRACTS, contracts_of_batch=CONTRACTS), memory=memory
            ).run(part)
        except DataverseError:
            if goes == MOST_GOES:
                raise
            continue
        return


def _at_once(_seconds: float) -> None:
    pass


def quiet_run(stage: FaultyStage, *contracts: str, is_by_records: bool) -> None:
    """A run that nobody disturbs, of all contracts or of some, in the environment as it stands."""
    with stage.client(RetryPolicy(sleep=_at_once)) as client:
        stage.durable(client).world.apply(*contracts, is_by_records=is_by_records)


@contextmanager
def faulty_stage(folder: Path, *, is_whole: bool = True) -> Iterator[FaultyStage]:
    """A whole one goes through all contracts and looks at the environment's own job before that; the other
    one goes through a single contract, in half as many requests."""
    with (
        open_emulator(None, seed="none", https=False) as emulator,
        Database.open(state_address(str(folder / "runs.db"))) as database,
    ):
        plant_many(emulator, CONTRACTS)
        with _client(emulator, RetryPolicy()) as client:
            definitions = client.table_definitions(DECLARED.logical_names(NAMES))
        tables = DECLARED.resolved(definitions, NAMES)
        definition = definitions[tables.invoice_schedule.logical_name]
        asked = {} if is_whole else {"contracts": (_last_contract(emulator),), "is_beside_chain": True}
        yield FaultyStage(emulator, database, emulator.take_snapshot(), tables, definition, asked)


def _last_contract(emulator: OpenEmulator) -> str:
    with emulator.store.snapshot() as tx:
        return str(max(tx.find("salesorder", {}), key=lambda row: str(row["name"]))["salesorderid"])
