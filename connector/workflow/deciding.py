"""Who decides: workflows and billing methods, and the run that they are asked about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from connector.model.column_date import day_in, start_in
from connector.model.contract_line import ContractLine
from connector.model.invoicing_rules import InvoicingRules
from connector.workflow.decisions import Bill, ContractDecision, StepDecision
from connector.workflow.snapshot import ContractSnapshot, LineSnapshot


@dataclass(frozen=True, slots=True)
class Run:
    """What holds for all contracts of one run of ProcessRunner.

    `day` is the day the run is for, `today` the environment's day now: a run date before `today` was
    missed, one between `today` and `day` still has its own run to come. `takes_missed` says whether
    this run takes up what was missed (rule L4). `only_rows` restricts it to the schedule rows that
    somebody asked for by id; those count as due whatever their date. `is_explaining` asks for a
    `Judgement` on every source besides: it takes time and memory that a plain run does not spend.
    """

    day: date
    today: date
    zone: ZoneInfo
    rules: InvoicingRules
    billing_methods: tuple[BillingMethod, ...]
    takes_missed: bool
    only_rows: frozenset[str] | None = None
    is_explaining: bool = False

    def day_of(self, value: date) -> date:
        """The day of an instant in the run's zone; a plain day is itself (rule L7)."""
        return day_in(self.zone, value)

    def start_of(self, value: date) -> datetime:
        """The instant itself, or the one at which a plain day begins in the run's zone."""
        return start_in(self.zone, value)


@dataclass(frozen=True, slots=True)
class Call:
    """One start of a workflow. `handed_end` is the end time that the caller handed over (rule J5)."""

    started_at: datetime
    handed_end: datetime | None = None


@runtime_checkable
class BillingMethod(Protocol):
    """How one kind of contract line is billed."""

    @property
    def name(self) -> str:
        """One word for output: time_and_material, fixed_price, product …"""
        ...

    def claims(self, line: ContractLine, rules: InvoicingRules) -> bool:
        """Whether this billing method is in charge of the line. Exactly one must be."""
        ...

    def bill(self, line: LineSnapshot, contract: ContractSnapshot, run: Run) -> Bill: ...


@runtime_checkable
class Workflow(Protocol):
    """A workflow of the batch job, as pure decisions at the three points where it decides anything."""

    @property
    def name(self) -> str:
        """The name of the process in the environment, for example ProcessRunner."""
        ...

    def start(self, call: Call, rules: InvoicingRules) -> Sequence[StepDecision]:
        """What comes before the work: a wait, or nothing."""
        ...

    def decide(self, contract: ContractSnapshot, run: Run) -> Iterable[ContractDecision]:
        """What becomes of one contract; nothing for a workflow that looks at none."""
        ...

    def end(self, call: Call, ended_at: datetime) -> Sequence[StepDecision]:
        """What comes after the work: another workflow is started, or nothing."""
        ...

    @property
    def is_reading_contracts(self) -> bool:
        """Whether `decide` is to be asked for each contract."""
        ...
