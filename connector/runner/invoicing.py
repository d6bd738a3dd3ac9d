"""A run of ProcessRunner from here: read, plan and, when told to, apply, contract by contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from connector.dataverse import DataverseClient, TableDefinition
from connector.errors import Refused
from connector.hooks import Plugins
from connector.model.column_date import day_in
from connector.model.invoicing_rules import InvoicingRules
from connector.model.process import PROCESS_RUNNER
from connector.model.tables import Tables
from connector.runner.apply import ByAction
from connector.runner.apply_records import ByRecords
from connector.runner.guard import check_day, check_time
from connector.runner.outcome import ContractOutcome, Header, InvoiceRun
from connector.runner.plan import ContractPlan, by_rows, plan_contract, plan_contracts, previewed
from connector.runner.read import stream_contracts, unknown_roles
from connector.runner.read_zone import read_zone
from connector.runner.reviewed import Reviewed, fingerprint_of, pieces_of
from connector.workflow import (
    CUSTOMERS_OF_CONTRACT,
    EXPENSES,
    HEADER_OF_MILESTONE,
    NOT_TO_EXCEED_STATUS_OF_ACTUAL,
    TIME_ENTRIES,
    Run,
    Workflow,
)


@dataclass(frozen=True)
class RunRequest:
    """What is asked for.

    `on` is the day of the run, None for the environment's today. `contracts` are ids, empty for all.
    `user` is the id of the user under whom the job runs, None for whoever is signed in. A run that
    creates goes on to the next contract before `until` only: then the environment runs its own; with
    `reviewed` it does what stands there and nothing else. The guards of `connector.runner.guard` are the
    caller's: they need more than a run does.
    """

    on: date | None = None
    contracts: tuple[str, ...] = ()
    user: str | None = None
    until: datetime | None = None
    is_applying: bool = False
    is_by_records: bool = False
    reviewed: Reviewed | None = None


def start_run(
    client: DataverseClient,
    tables: Tables,
    row_definition: TableDefinition | None,
    plugins: Plugins,
    rules: InvoicingRules,
    request: RunRequest,
) -> InvoiceRun:
    """The header at once, the contracts while they are iterated.

    `row_definition` is the live definition of msdyn_contractlineinvoiceschedule. Raises Refused for
    creating the invoices of a day to come, PluginError without the ProcessRunner plug-in, SettingsError
    for a time zone that is none, and while iterating DataverseError where nothing can be read.
    """
    header = header_of(client, tables, rules, request)
    if request.is_applying:
        check_day(header.on, header.today)
    run = Run(
        day=header.on,
        today=header.today,
        zone=header.zone.zone,
        rules=rules,
        billing_methods=plugins.billing_methods,
        takes_missed=header.takes_missed,
    )
    finish = finisher_of(client, tables, row_definition, run, request)
    workflow = plugins.workflow(PROCESS_RUNNER)

    def outcomes() -> Iterator[ContractOutcome]:
        snapshots = stream_contracts(client, tables, request.contracts)
        for plan in plan_contracts(snapshots, workflow, run):
            if request.is_applying:
                check_time(client.now, request.until)
                _check_reviewed(plan, request)
            outcome = finish(plan)
            yield outcome if request.is_applying else _with_apply(outcome, plan, workflow, run, request)
        if request.is_applying and request.reviewed is not None:
            request.reviewed.check_end()

    return InvoiceRun(header, outcomes())


def _check_reviewed(plan: ContractPlan, request: RunRequest) -> None:
    if request.reviewed is not None:
        contract = plan.snapshot.contract
        fingerprint = fingerprint_of(plan, is_by_records=request.is_by_records)
        request.reviewed.check(fingerprint, contract.name or contract.id)


def _with_apply(
    outcome: ContractOutcome, plan: ContractPlan, workflow: Workflow, run: Run, request: RunRequest
) -> ContractOutcome:
    """A preview with what --apply would create in its place, if that is anything else.

    For a day to come nothing can be applied: its missed run dates have runs of their own to come.
    """
    has_come = run.day <= run.today
    if has_come and run.takes_missed is not run.rules.catch_up:
        plan = plan_contract(plan.snapshot, workflow, replace(run, takes_missed=run.rules.catch_up))
    fingerprint = fingerprint_of(plan, is_by_records=request.is_by_records)
    pieces = pieces_of(plan, is_by_records=request.is_by_records)
    outcome = replace(outcome, fingerprint=fingerprint, pieces=pieces)
    if outcome.failures or not has_come:
        return outcome
    planned = plan.invoices
    if not request.is_by_records:
        planned = tuple(part for invoice in planned if (part := by_rows(invoice)) is not None)
    is_same = planned == tuple(one.invoice for one in outcome.invoices)
    return outcome if is_same else replace(outcome, on_apply=planned)


def header_of(client: DataverseClient, tables: Tables, rules: InvoicingRules, request: RunRequest) -> Header:
    zone = read_zone(client, tables, rules, request.user)
    today = day_in(zone.zone, client.now)
    return Header(
        on=request.on or today,
        today=today,
        zone=zone,
        rules=rules,
        is_applied=request.is_applying,
        takes_missed=rules.catch_up if request.is_applying else rules.platform_catches_up,
        unknown=tuple(_unknown(tables, rules)),
    )


def _unknown(tables: Tables, rules: InvoicingRules) -> Iterator[str]:
    """Rules that cannot be followed here because nobody knows the names that they need."""
    roles = unknown_roles(tables)
    if CUSTOMERS_OF_CONTRACT in roles:
        yield (
            "The customers of contracts and their shares cannot be read: milestones are planned for the "
            f"contract's own customer (rule G2; role {CUSTOMERS_OF_CONTRACT})."
        )
    if NOT_TO_EXCEED_STATUS_OF_ACTUAL in roles or rules.not_to_exceed_failed is None:
        yield (
            "Not-to-exceed limits are not looked at (rule T4; role "
            f"{NOT_TO_EXCEED_STATUS_OF_ACTUAL}, setting not_to_exceed_failed)."
        )
    if HEADER_OF_MILESTONE in roles:
        yield (
            "Headers of split and progress milestones are not told from their parts (rule G7; role "
            f"{HEADER_OF_MILESTONE})."
        )
    if absent := sorted({TIME_ENTRIES, EXPENSES} & roles):
        yield f"What awaits its approval is not counted (rule T1): no table {', '.join(absent)}."


def finisher_of(
    client: DataverseClient,
    tables: Tables,
    row_definition: TableDefinition | None,
    run: Run,
    request: RunRequest,
) -> Callable[[ContractPlan], ContractOutcome]:
    if request.is_by_records:
        records = ByRecords(client, tables, client.who_am_i().organization_id)
        return records.apply if request.is_applying else records.preview
    if not request.is_applying:
        return previewed
    if row_definition is None:
        raise Refused(
            f"The environment has no table {tables.invoice_schedule.logical_name}: nothing can be created.",
            "Is Project Operations installed, and may this user read its definitions?",
        )
    return ByAction(client, tables, row_definition, run).apply
