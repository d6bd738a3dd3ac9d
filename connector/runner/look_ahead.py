"""Every run date between two days, previewed in one reading: each as if the earlier ones had been run.

The requests are those of one preview, however many days are asked for: a contract is read once, and
what one day would take is carried to the next one purely.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from connector.dataverse import DataverseClient
from connector.errors import UsageError
from connector.hooks import Plugins
from connector.model.column_date import day_in, day_without_zone
from connector.model.invoicing_rules import InvoicingRules
from connector.model.process import PROCESS_RUNNER
from connector.model.reason import Reason
from connector.model.tables import Tables
from connector.runner.carried import carried
from connector.runner.invoicing import RunRequest, start_run
from connector.runner.outcome import ContractOutcome, Failure, Header
from connector.runner.plan import ContractPlan, outcome_of, plan_contract
from connector.runner.read import stream_contracts
from connector.workflow import ContractSnapshot, CreateInvoice, Run, Skip, Workflow

LONGEST_DAYS = 366
UNCERTAIN = frozenset(
    {
        Reason.PAST_DUE_UNCERTAIN,
        Reason.MILESTONE_NOT_READY,
        Reason.AWAITING_APPROVAL,
        Reason.NOT_READY_TO_INVOICE,
    }
)
"""Reasons that may be gone when the run comes: what stands behind them is in no sum."""
LASTING = frozenset(
    {
        Reason.AWAITING_APPROVAL,
        Reason.NOT_READY_TO_INVOICE,
        Reason.NOT_TO_EXCEED_FAILED,
        Reason.ADJUSTED,
        Reason.ALREADY_ON_INVOICE,
        Reason.CLASS_NOT_INCLUDED,
        Reason.NO_CUSTOMER,
        Reason.BLOCKED,
    }
)
"""Reasons that a run tells of its own run date only and that hold on after it."""


@dataclass(frozen=True, slots=True)
class Period:
    """From the first to the last day, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise UsageError(
                f"The period from {self.first} to {self.last} ends before it begins.",
                "Give --from the earlier day.",
            )
        if (self.last - self.first).days >= LONGEST_DAYS:
            raise UsageError(
                f"The period from {self.first} to {self.last} is longer than {LONGEST_DAYS} days.",
                "Look at a shorter one: what nobody has recorded yet cannot be previewed anyway.",
            )


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """What the run of one day creates for a contract; `empty_rows` are rows that run with nothing to bill."""

    day: date
    invoices: tuple[CreateInvoice, ...]
    empty_rows: int = 0


@dataclass(frozen=True, slots=True)
class Outlook:
    """A contract over a period.

    `left` holds why something is still not invoiced after the last day, `uncertain` what may be invoiced in
    the period all the same (rule L4, and milestones and entries that somebody has to release first); it
    is not in any sum. `facts` brings the names and digits of the contract, without any invoice.
    """

    facts: ContractOutcome
    days: tuple[PlannedDay, ...]
    left: tuple[Skip, ...]
    uncertain: tuple[Skip, ...]
    failures: tuple[Failure, ...]


@dataclass(frozen=True)
class LookAhead:
    """A look ahead under way: `outlooks` reads and decides while it is iterated.

    `first_run` is the day of the first run that is looked at.
    """

    header: Header
    period: Period
    first_run: date
    outlooks: Iterator[Outlook]


def start_look_ahead(
    client: DataverseClient,
    tables: Tables,
    plugins: Plugins,
    rules: InvoicingRules,
    period: Period,
    request: RunRequest,
    next_run: datetime | None = None,
) -> LookAhead:
    """The header at once, the contracts while they are iterated.

    Of `request` the contracts and the user count. `next_run` is when the job is expected next; without it
    the first run is today's. The runs before the period are taken as run, without being shown. Raises
    UsageError for a period that has passed, PluginError without the ProcessRunner plug-in, SettingsError
    for a time zone that is none, and while iterating DataverseError.
    """
    asked = replace(request, on=period.last, is_applying=False)
    header = start_run(client, tables, None, plugins, rules, asked).header
    if period.last < header.today:
        raise UsageError(
            f"The period from {period.first} to {period.last} has passed: today is {header.today} there.",
            "See what was created with --compare DATE, or preview one day with --on DATE.",
        )
    first_run = header.today if next_run is None else max(header.today, day_in(header.zone.zone, next_run))
    run = Run(
        day=first_run,
        # What is dated before the first run has been missed by all that are still to come (rule L4).
        today=first_run,
        zone=header.zone.zone,
        rules=rules,
        billing_methods=plugins.billing_methods,
        takes_missed=header.takes_missed,
    )
    workflow = plugins.workflow(PROCESS_RUNNER)
    snapshots = stream_contracts(client, tables, request.contracts)
    return LookAhead(header, period, first_run, (outlook_of(one, workflow, run, period) for one in snapshots))


def outlook_of(snapshot: ContractSnapshot, workflow: Workflow, run: Run, period: Period) -> Outlook:
    """One contract over a period: pure. The first run is that of `run.today`; days before it have passed."""
    days: list[PlannedDay] = []
    left: dict[tuple[object, ...], Skip] = {}
    plan = ContractPlan(snapshot)
    for day, plan in plans_until(snapshot, workflow, replace(run, day=run.today), period.last):
        if day >= period.first and (plan.invoices or plan.marks):
            days.append(PlannedDay(day, plan.invoices, len(plan.marks)))
        left.update((_what(skip), skip) for skip in plan.skips if skip.reason in LASTING)
    last = {_what(skip) for skip in plan.skips}
    said = {(skip.contract_line, skip.message) for skip in plan.skips}
    earlier = (
        skip
        for what, skip in left.items()
        if what not in last and (skip.contract_line, skip.message) not in said
    )
    everything = (*plan.skips, *earlier)
    return Outlook(
        facts=outcome_of(ContractPlan(snapshot), (), ()),
        days=tuple(days),
        left=tuple(skip for skip in everything if skip.reason not in UNCERTAIN),
        uncertain=tuple(skip for skip in everything if skip.reason in UNCERTAIN),
        failures=plan.failures,
    )


def plans_until(
    snapshot: ContractSnapshot, workflow: Workflow, run: Run, last: date
) -> Iterator[tuple[date, ContractPlan]]:
    """The plans of a contract from `run.day` to `last`, each as if the earlier ones had been carried out.

    It is planned on the days on which anything can change, and on the last one. A plan that failed is
    the last that comes.
    """
    day = run.day
    while True:
        plan = plan_contract(snapshot, workflow, replace(run, day=day))
        yield day, plan
        if plan.failures or day >= last:
            return
        snapshot = carried(plan)
        day = min((one for one in changes_of(plan, run) if day < one < last), default=last)


def _what(skip: Skip) -> tuple[object, ...]:
    """Of one line, reason and currency the latest is told."""
    return skip.contract_line, skip.reason, skip.currency_code


def changes_of(plan: ContractPlan, run: Run) -> Iterator[date]:
    """The days on which a plan can become another one: those of rows, milestones and transactions, and those
    that the plug-ins name."""
    for line in plan.snapshot.lines:
        yield from _days(run, (row.invoice_run_date for row in line.schedule))
        yield from _days(run, (item.milestone_date for item in line.milestones))
        # A transaction that is dated ahead is taken from its start on (rule T4).
        yield from _days(
            run, (one for item in line.actuals for one in (item.document_date, item.start_date_time))
        )
        free = [item.zone_independent_date for item in line.milestones]
        for one in (*free, *(item.transaction_date for item in line.actuals)):
            if one is not None:
                yield day_without_zone(one)
    for skip in plan.skips:
        if skip.until is not None:
            yield skip.until


def _days(run: Run, values: Iterable[date | None]) -> Iterator[date]:
    return (run.day_of(value) for value in values if value is not None)
