"""One contract of a durable run: noted before a write, looked for after a crash, noted when it is through."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from connector.dataverse import DataverseClient, TableDefinition
from connector.errors import Refused
from connector.model.tables import Tables
from connector.runner.apply import ByAction
from connector.runner.apply_records import ByRecords
from connector.runner.durable.as_reviewed import AsReviewed
from connector.runner.durable.engine import Facts
from connector.runner.durable.facts import (
    Figures,
    Intent,
    as_facts,
    counted,
    intent_of,
    is_failed,
    joined,
    outcome_facts,
)
from connector.runner.outcome import ContractOutcome, Failure, InvoiceOutcome, InvoiceState
from connector.runner.plan import ContractPlan, DateCall
from connector.runner.read import stream_contracts
from connector.runner.read_drafts import read_drafts
from connector.state.leases import Holding
from connector.state.runs import Runs
from connector.state.writes import Effect
from connector.workflow import ContractSnapshot, Run

BY_RECORDS = "records"
LOOK_PAUSE_S = 5.0


@dataclass(frozen=True)
class ContractWork:
    """`holding` are the leases under which is written, `wait` takes seconds and raises Stopping, `decide`
    plans. `organization` is the environment's id where records are written, else empty."""

    client: DataverseClient
    tables: Tables
    row_definition: TableDefinition | None
    run: Run
    runs: Runs
    holding: Holding
    run_id: str
    batch: tuple[int, int]
    is_by_records: bool
    organization: str
    still_at_work_s: float
    wait: Callable[[float], None]
    decide: Callable[[ContractSnapshot], ContractPlan]
    as_reviewed: AsReviewed | None = None

    def done(self, plan: ContractPlan, earlier: Facts | None) -> Figures:
        """Apply a plan and note what came of it; `earlier` is what came of it before a crash. Raises Refused
        for a plan that is not the reviewed one."""
        if self.as_reviewed is not None:
            self.as_reviewed.check(plan, is_begun=earlier is not None)
        lines = len(plan.snapshot.lines)
        if earlier is None and not (plan.invoices or plan.marks or plan.failures):
            return Figures(lines=lines)
        outcome = self._apply(plan)
        if _is_open(outcome) and (found := self._found_out(plan.snapshot)) is not None:
            return self.done(self._planned_again(plan.snapshot), joined(earlier, found))
        facts = {**joined(earlier, outcome_facts(outcome)), "lines": lines}
        self.runs.writes.record(
            self.holding,
            self.run_id,
            self.batch,
            plan.snapshot.contract.id,
            facts,
            is_failed=is_failed(facts),
        )
        return counted(facts)

    def looked_back(self, contracts: Sequence[str]) -> Mapping[str, Facts]:
        """What came of the writes that were meant when a worker died, by contract.

        A call that left no trace may still be at work: it is looked for until it cannot be any more, and
        only then its contract is planned again.
        """
        found: dict[str, Facts] = {}
        effects = self.runs.writes.effects(self.run_id, contracts)
        if not effects:
            return found
        for snapshot in stream_contracts(self.client, self.tables, list(effects), may_be_gone=True):
            if (facts := self._of_effects(snapshot, effects[snapshot.contract.id])) is not None:
                found[snapshot.contract.id] = facts
        return found

    def _found_out(self, snapshot: ContractSnapshot) -> Facts | None:
        """What came of the calls of this contract, where an answer was lost; None: nothing to be seen."""
        effects = self.runs.writes.effects(self.run_id, [snapshot.contract.id])
        return self._of_effects(snapshot, effects.get(snapshot.contract.id, ()))

    def _planned_again(self, snapshot: ContractSnapshot) -> ContractPlan:
        """As the contract stands now: run dates behind the one whose answer was lost were not asked for."""
        now = list(stream_contracts(self.client, self.tables, [snapshot.contract.id], may_be_gone=True))
        return self.decide(now[0]) if now else ContractPlan(snapshot)

    def _apply(self, plan: ContractPlan) -> ContractOutcome:
        if self.is_by_records:
            return self._records.apply(plan)
        return self._action.apply(plan)

    @property
    def _records(self) -> ByRecords:
        return ByRecords(self.client, self.tables, self.organization, self._writing)

    @property
    def _action(self) -> ByAction:
        if self.row_definition is None:
            raise Refused(
                f"The environment has no table {self.tables.invoice_schedule.logical_name}: nothing can be "
                "created.",
                "Is Project Operations installed, and may this user read its definitions?",
            )
        return ByAction(self.client, self.tables, self.row_definition, self.run, self._asking)

    def _asking(self, snapshot: ContractSnapshot, call: DateCall, drafts: Collection[str]) -> None:
        intent = Intent(call=call, drafts=tuple(sorted(drafts)))
        self._intend(snapshot.contract.id, call.run_date.isoformat(), intent)

    def _writing(self, plan: ContractPlan) -> None:
        self._intend(plan.snapshot.contract.id, BY_RECORDS, Intent(invoices=plan.invoices))

    def _intend(self, contract: str, key: str, intent: Intent) -> None:
        self.runs.writes.intend(self.holding, self.run_id, contract, key, as_facts(intent))

    def _of_effects(self, snapshot: ContractSnapshot, effects: Sequence[Effect]) -> Facts | None:
        if self.is_by_records:
            made = [
                one
                for effect in effects
                for one in self._records.look_back(intent_of(effect.intent).invoices)
            ]
            return _facts(snapshot, made, ()) if made else None
        facts: Facts | None = None
        for place, effect in enumerate(effects):
            intent = intent_of(effect.intent)
            later = intent_of(effects[place + 1].intent).drafts if place + 1 < len(effects) else None
            if (
                intent.call is not None
                and (one := self._of_call(snapshot, effect, intent, later)) is not None
            ):
                facts = joined(facts, one)
        return facts

    def _of_call(
        self, snapshot: ContractSnapshot, effect: Effect, intent: Intent, later: tuple[str, ...] | None
    ) -> Facts | None:
        """`later` are the drafts that were there before the next call: what came after belongs to that."""
        assert intent.call is not None
        before = set(intent.drafts)
        over = effect.at + self.still_at_work_s
        while True:
            drafts = [
                draft
                for draft in read_drafts(self.client, self.tables, [snapshot.contract.id])
                if draft.invoice.id not in before and (later is None or draft.invoice.id in later)
            ]
            found = self._action.look_back(snapshot, intent.call, drafts)
            if found is not None:
                return _facts(snapshot, *found)
            now = self.runs.now().timestamp()
            if now >= over or later is not None:
                return None
            self.wait(min(LOOK_PAUSE_S, max(over - now, 0)))


def _is_open(outcome: ContractOutcome) -> bool:
    """Whether a write was sent of which it is not known whether it happened."""
    return any(one.state is InvoiceState.UNKNOWN and one.id is None for one in outcome.invoices)


def _facts(
    snapshot: ContractSnapshot, invoices: Sequence[InvoiceOutcome], failures: Sequence[Failure]
) -> Facts:
    contract = snapshot.contract
    return outcome_facts(
        ContractOutcome(contract.id, contract.name or "", tuple(invoices), (), tuple(failures))
    )
