"""A run date that has passed, contract by contract: what was created, beside what would have been planned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import msgspec

from connector.dataverse import DataverseClient, quote
from connector.errors import UsageError
from connector.hooks import Plugins
from connector.model.actual import Actual
from connector.model.invoice import InvoiceState
from connector.model.invoicing_rules import InvoicingRules
from connector.model.process import PROCESS_RUNNER
from connector.model.table import Record, Table
from connector.model.tables import Tables
from connector.runner.before_run import (
    Created,
    created_on,
    doubtful,
    restored,
    rows_on,
    settled_rows,
    suspects,
    why_unknown,
    without,
)
from connector.runner.invoicing import RunRequest, start_run
from connector.runner.outcome import Header
from connector.runner.parity import ContractParity, Verdict, compared_contract
from connector.runner.plan import plan_contract
from connector.runner.read import CONTRACTS_AT_ONCE, stream_contracts
from connector.runner.read_drafts import Draft, read_by_ids, with_contents
from connector.runner.wording import several
from connector.workflow import ContractSnapshot, Run, Workflow

ASSUMED = (
    "What was invoiced on a later run date counts as not ready on this one: when it became ready is not "
    "recorded."
)


@dataclass(frozen=True)
class ParityRun:
    """A comparison under way: `contracts` reads and compares while it is iterated."""

    header: Header
    contracts: Iterator[ContractParity]


def start_parity(
    client: DataverseClient, tables: Tables, plugins: Plugins, rules: InvoicingRules, request: RunRequest
) -> ParityRun:
    """The header at once, the contracts while they are iterated; those without anything on that date are
    left out.

    Of `request` the day, the contracts and the user count. Raises UsageError for a day that has not come,
    PluginError without the ProcessRunner plug-in, SettingsError for a time zone that is none, and while
    iterating DataverseError.
    """
    header = start_run(client, tables, None, plugins, rules, replace(request, is_applying=False)).header
    if header.on > header.today:
        raise UsageError(
            f"The run date {header.on} has not come: today is {header.today} there.",
            "Preview it with --on, or compare one that has passed.",
        )
    run = Run(
        day=header.on,
        today=header.on,
        zone=header.zone.zone,
        rules=rules,
        billing_methods=plugins.billing_methods,
        takes_missed=rules.platform_catches_up,
    )
    comparing = _Comparing(client, tables, plugins.workflow(PROCESS_RUNNER), run)
    snapshots = stream_contracts(client, tables, request.contracts)
    return ParityRun(header, comparing.contracts(snapshots))


@dataclass(frozen=True)
class _Comparing:
    client: DataverseClient
    tables: Tables
    workflow: Workflow
    run: Run

    def contracts(self, snapshots: Iterator[ContractSnapshot]) -> Iterator[ContractParity]:
        while chunk := list(islice(snapshots, CONTRACTS_AT_ONCE)):
            drafts = self._drafts([one.contract.id for one in chunk])
            found = {
                one.contract.id: created_on(one, drafts.get(one.contract.id, ()), self.run) for one in chunk
            }
            posted = self._posted(chunk, found.values())
            changed = self._changed_rows(chunk)
            for snapshot in chunk:
                created = found[snapshot.contract.id]
                mine = tuple(posted[id] for id in sorted(created.sources & posted.keys()))
                parity = self._contract(snapshot, replace(created, actuals=mine, modified=changed))
                if parity is not None:
                    yield parity

    def _drafts(self, contracts: Sequence[str]) -> Mapping[str, list[Draft]]:
        """Their invoices from that day on, canceled ones left out."""
        table = self.tables.invoice
        # A row may have been run a little before its day began in another time zone.
        since = self.run.start_of(self.run.day) - timedelta(days=1)
        state = f"{table.property_of('state')} ne {int(InvoiceState.CANCELED)}"
        recent = f"{state} and {table.property_of('created_on')} ge {quote(since)}"
        invoices = list(read_by_ids(self.client, table, "contract", contracts, recent))
        found: dict[str, list[Draft]] = {}
        for draft in with_contents(self.client, self.tables, invoices):
            found.setdefault(draft.invoice.contract or "", []).append(draft)
        return found

    def _posted(
        self, snapshots: Iterable[ContractSnapshot], created: Iterable[Created]
    ) -> Mapping[str, Actual]:
        """Actuals on those invoices that a snapshot leaves out, since no run looks at them again."""
        here = {actual.id for one in snapshots for line in one.lines for actual in line.actuals}
        wanted = {source for one in created for source in one.sources} - here
        rows = read_by_ids(self.client, self.tables.actual, "id", sorted(wanted))
        return {actual.id: actual for actual in rows}

    def _changed_rows(self, snapshots: Iterable[ContractSnapshot]) -> Mapping[str, datetime]:
        """When the rows were last changed whose status may be older than the run."""
        wanted = sorted({row for one in snapshots for row in settled_rows(one, self.run)})
        stamped = _stamped(self.tables.invoice_schedule)
        rows = read_by_ids(self.client, stamped, "id", wanted)
        return {row.id: row.modified_on for row in rows if row.modified_on is not None}

    def _contract(self, now: ContractSnapshot, created: Created) -> ContractParity | None:
        before = restored(now, created, self.run)
        plan = plan_contract(before, self.workflow, self.run)
        has_anything = bool(created.invoices or rows_on(now, self.run))
        if (why := why_unknown(now, created)) and has_anything:
            return self._unknown(now, created, why)
        if plan.failures:
            return self._unknown(now, created, plan.failures[0].message)
        notes = [ASSUMED] if created.later else []
        if suspects(plan, created):
            changed = {**(created.modified or {}), **self._modified(suspects(plan, created))}
            created = replace(created, modified=changed)
            doubts = doubtful(plan, created, self.run)
            if doubts:
                plan = plan_contract(without(before, doubts), self.workflow, self.run)
                notes.append(
                    f"{several(len(doubts), 'transaction')} changed after the run and left out: they may "
                    "have become ready only then."
                )
        if not (has_anything or plan.invoices):
            return None
        return compared_contract(plan, now, created, self.run, notes)

    def _unknown(self, now: ContractSnapshot, created: Created, why: str) -> ContractParity:
        return ContractParity(
            contract=now.contract.id,
            contract_name=now.contract.name or "",
            verdict=Verdict.UNKNOWN,
            notes=(why,),
            created=len(created.invoices),
        )

    def _modified(self, sources: frozenset[str]) -> Mapping[str, datetime]:
        found: dict[str, datetime] = {}
        for table in (self.tables.actual, self.tables.milestone, self.tables.contract_line):
            stamped = _stamped(table)
            for row in read_by_ids(self.client, stamped, "id", sorted(sources - found.keys())):
                if row.modified_on is not None:
                    found[row.id] = row.modified_on
        return found


def _stamped(table: Table[Any]) -> Table[Any]:
    """A table's key and the time of the last change, and nothing else of it."""
    record = msgspec.defstruct(
        "Stamped",
        [
            ("id", str, msgspec.field(name=table.key)),
            ("modified_on", datetime | None, msgspec.field(name="modifiedon", default=None)),
        ],
        bases=(Record,),
        frozen=True,
        kw_only=True,
    )
    return Table(record, logical_name=table.logical_name, entity_set=table.entity_set, key=table.key)
