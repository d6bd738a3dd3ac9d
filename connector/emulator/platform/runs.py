"""A run of a workflow that reads contracts: one transaction for each contract, a failure stops none."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from connector.emulator.platform.contracts import contract_ids, read_contract
from connector.emulator.platform.invoices import write_decisions
from connector.emulator.platform.same_run_date import doubled
from connector.emulator.platform.switches import read_rules, read_switches
from connector.emulator.platform.system_jobs import Job
from connector.emulator.platform.user_zone import zone_of_user
from connector.emulator.platform.words import BATCH_JOB, CONTRACT_LINE, SCHEDULE_ROW, RunStatus
from connector.emulator.store import Store, Transaction, Value
from connector.hooks import Plugins
from connector.model.column_date import day_in
from connector.workflow import ContractDecision, Run, Workflow

CREATES_INVOICES = "create invoices"
"""What the name of a batch job must contain (rule J1)."""


class InvoicingFailed(Exception):
    """Trouble on request: the switch `failing_contracts` names the contract."""


def run_contracts(store: Store, plugins: Plugins, job: Job) -> None:
    """Work through all contracts as the owner of the job; nothing for another kind of batch job."""
    with store.snapshot() as tx:
        if not _is_creating_invoices(tx, job.batch_job):
            return
        run = make_run(tx, plugins, job.owner, takes_missed=read_switches(tx).catches_up)
        contracts = contract_ids(tx)
    workflow = plugins.workflow(job.progress.workflow)
    for contract in contracts:
        try:
            with store.transaction() as tx:
                invoice_contract(tx, workflow, contract, run, job.owner)
        except Exception:  # noqa: BLE001 - whatever fails one contract must not stop the others
            with store.transaction() as tx:
                _mark_failed(tx, contract, run, job.owner)


def make_run(
    tx: Transaction,
    plugins: Plugins,
    user: str,
    *,
    takes_missed: bool,
    only_rows: frozenset[str] | None = None,
) -> Run:
    """What holds for all contracts, on the day that it is for the user under whom the job runs (L7)."""
    rules = read_rules(tx)
    zone = zone_of_user(tx, user, rules)
    day = day_in(zone, tx.now)
    return Run(
        day=day,
        today=day,
        zone=zone,
        rules=rules,
        billing_methods=plugins.billing_methods,
        takes_missed=takes_missed,
        only_rows=only_rows,
    )


def invoice_contract(
    tx: Transaction, workflow: Workflow, contract: str, run: Run, caller: str, *, is_blind: bool = False
) -> list[str]:
    """Decide about one contract and write it; the ids of the new invoices."""
    if contract in read_switches(tx).failing_contracts:
        raise InvoicingFailed(f"The invoicing of contract {contract} fails, as the switch wants it.")
    snapshot = read_contract(tx, contract, is_blind=is_blind)
    if snapshot is None:
        return []
    decisions: Iterable[ContractDecision] = workflow.decide(snapshot, run)
    if read_switches(tx).doubles_same_run_date:
        decisions = [doubled(item, snapshot) for item in decisions]
    return write_decisions(tx, snapshot, decisions, caller)


def _mark_failed(tx: Transaction, contract: str, run: Run, caller: str) -> None:
    """The rows that this run would have taken (rule G6)."""
    lines = tx.find(CONTRACT_LINE, {"salesorderid": contract})
    ids = tuple(str(line["salesorderdetailid"]) for line in lines)
    waiting: dict[str, Any] = {"msdyn_contractlineid": ids, "msdyn_invoicerunstatus": RunStatus.NOT_RUN.value}
    for row in tx.find(SCHEDULE_ROW, waiting):
        run_date = row["msdyn_invoicerundate"]
        day = day_in(run.zone, run_date) if isinstance(run_date, datetime) else None
        if day is not None and (day == run.day or (day < run.day and run.takes_missed)):
            failed: dict[str, Value] = {"msdyn_invoicerunstatus": RunStatus.RUN_FAILED.value}
            tx.update(SCHEDULE_ROW, str(row["msdyn_contractlineinvoicescheduleid"]), failed, caller=caller)


def _is_creating_invoices(tx: Transaction, batch_job: str) -> bool:
    row = tx.get(BATCH_JOB, batch_job)
    name = str(row["msdyn_name"] or "") if row else ""
    return CREATES_INVOICES in (name if read_rules(tx).is_job_name_case_sensitive else name.casefold())
