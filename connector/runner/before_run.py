"""The state of a contract before a run that has long happened, put back from what the run created: pure.

What the run invoiced stands on invoices now; what they hold was ready before. What cannot be put back is
said: what became ready, was changed or was closed since then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import msgspec

from connector.model.actual import Actual
from connector.model.contract_line import BillingStatus, ContractLine
from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.model.milestone import InvoiceStatus, Milestone
from connector.model.project_contract import ContractState
from connector.runner.compare import sources_of
from connector.runner.plan import ContractPlan
from connector.runner.read_drafts import Draft
from connector.workflow import ContractSnapshot, LineSnapshot, Run

ACTIVE = 0


@dataclass(frozen=True)
class Created:
    """What the platform made of a contract on a run date, and what of it came later.

    `actuals` are those on the invoices that a snapshot does not hold, because they are posted. `modified`
    says when sources and rows were last changed, where it was asked for. `is_ambiguous`: an invoice that
    no row refers to was made on a day on which invoices of other run dates were made too.
    """

    invoices: tuple[Draft, ...] = ()
    later: tuple[Draft, ...] = ()
    actuals: tuple[Actual, ...] = ()
    modified: Mapping[str, datetime] | None = None
    is_ambiguous: bool = False

    @property
    def sources(self) -> frozenset[str]:
        return frozenset(source for draft in self.invoices for source in draft.sources)


def rows_on(snapshot: ContractSnapshot, run: Run) -> dict[str, InvoiceSchedule]:
    """The rows of the run date, by id."""
    return {
        row.id: row
        for line in snapshot.lines
        for row in line.schedule
        if row.invoice_run_date is not None
        and row.state in {None, ACTIVE}
        and run.day_of(row.invoice_run_date) == run.day
    }


def created_on(snapshot: ContractSnapshot, drafts: Iterable[Draft], run: Run) -> Created:
    """Which invoices belong to the run date, and which came after it.

    Those that a row of the date refers to. Of several customers' invoices the rows may refer to one only,
    and a milestone may have no row: so also those that share a source with one of these, and those of
    that day that have nothing to do with a row of another date.
    """
    known = list(drafts)
    own = {row.invoice for row in rows_on(snapshot, run).values() if row.invoice}
    others = {row.invoice for line in snapshot.lines for row in line.schedule if row.invoice} - own
    own_sources, other_sources = _sources_of(known, own), _sources_of(known, others)
    is_shared_day = any(draft.invoice.id in others and run.day in _days(draft, run) for draft in known)
    invoices, later, is_ambiguous = [], [], False
    for draft in known:
        is_own = draft.invoice.id in own or bool(draft.sources & own_sources)
        is_other = draft.invoice.id in others or bool(draft.sources & other_sources)
        if is_own or (not is_other and run.day in _days(draft, run)):
            invoices.append(draft)
            is_ambiguous |= is_shared_day and not is_own
        elif draft.invoice.created_on is None or run.day_of(draft.invoice.created_on) >= run.day:
            later.append(draft)
    return Created(
        tuple(sorted(invoices, key=_order)), tuple(sorted(later, key=_order)), is_ambiguous=is_ambiguous
    )


def _sources_of(drafts: Iterable[Draft], ids: set[str]) -> frozenset[str]:
    return frozenset(source for draft in drafts if draft.invoice.id in ids for source in draft.sources)


def _days(draft: Draft, run: Run) -> set[date]:
    return {run.day_of(day) for day in (draft.invoice.invoice_date, draft.invoice.created_on) if day}


def _order(draft: Draft) -> str:
    return draft.invoice.id


def restored(snapshot: ContractSnapshot, created: Created, run: Run) -> ContractSnapshot:
    """The contract as it was before the run, as far as its invoices tell.

    What they hold was ready; the rows of the date and of later ones had not run. What was invoiced later
    stays invoiced: whether it was ready on that day, nobody has written down.
    """
    taken = created.sources
    posted: dict[str | None, list[Actual]] = {}
    for actual in created.actuals:
        posted.setdefault(actual.contract_line, []).append(actual)
    return replace(
        snapshot,
        lines=tuple(
            _restored_line(line, created, posted.get(line.line.id, ()), run) for line in snapshot.lines
        ),
        invoiced={source: id for source, id in snapshot.invoiced.items() if source not in taken},
    )


def _restored_line(line: LineSnapshot, created: Created, posted: Sequence[Actual], run: Run) -> LineSnapshot:
    taken = created.sources
    return replace(
        line,
        line=_ready_line(line.line) if line.line.id in taken else line.line,
        schedule=tuple(_restored_row(row, created, run) for row in line.schedule),
        milestones=tuple(_ready_milestone(one) if one.id in taken else one for one in line.milestones),
        actuals=tuple(_ready_actual(one) if one.id in taken else one for one in (*line.actuals, *posted)),
    )


def _ready_line(line: ContractLine) -> ContractLine:
    return msgspec.structs.replace(line, billing_status=BillingStatus.READY_TO_INVOICE)


def _ready_milestone(milestone: Milestone) -> Milestone:
    return msgspec.structs.replace(milestone, invoice_status=InvoiceStatus.READY_FOR_INVOICING)


def _ready_actual(actual: Actual) -> Actual:
    return msgspec.structs.replace(actual, billing_status=BillingStatus.READY_TO_INVOICE, invoice=None)


def _restored_row(row: InvoiceSchedule, created: Created, run: Run) -> InvoiceSchedule:
    """A row that was last changed before the day had its status already, as those of copied contracts."""
    if row.invoice_run_date is None or run.day_of(row.invoice_run_date) < run.day:
        return row
    changed = (created.modified or {}).get(row.id)
    if row.invoice is None and changed is not None and changed < run.start_of(run.day):
        return row
    return msgspec.structs.replace(row, run_status=RunStatus.NOT_RUN, invoice=None)


def settled_rows(snapshot: ContractSnapshot, run: Run) -> frozenset[str]:
    """Rows of the date that have a status and no invoice: a run may have set it, or somebody before."""
    return frozenset(
        id
        for id, row in rows_on(snapshot, run).items()
        if row.invoice is None and row.run_status != RunStatus.NOT_RUN
    )


def without(snapshot: ContractSnapshot, sources: frozenset[str]) -> ContractSnapshot:
    """The contract as if these sources had not been ready."""
    waiting = BillingStatus.UNBILLED_SALES_CREATED
    return replace(
        snapshot,
        lines=tuple(
            replace(
                line,
                line=msgspec.structs.replace(line.line, billing_status=waiting)
                if line.line.id in sources
                else line.line,
                milestones=tuple(
                    msgspec.structs.replace(one, invoice_status=InvoiceStatus.NOT_READY_FOR_INVOICING)
                    if one.id in sources
                    else one
                    for one in line.milestones
                ),
                actuals=tuple(one for one in line.actuals if one.id not in sources),
            )
            for line in snapshot.lines
        ),
    )


def doubtful(plan: ContractPlan, created: Created, run: Run) -> frozenset[str]:
    """Planned sources that the platform did not take and that were changed after its run.

    They may have become ready only then. Without an invoice the run's time is not known: what was changed
    on its day or later counts.
    """
    times = [draft.invoice.created_on for draft in created.invoices if draft.invoice.created_on]
    run_at = min(times, default=run.start_of(run.day))
    modified = created.modified or {}
    return frozenset(source for source in suspects(plan, created) if modified.get(source, run_at) > run_at)


def suspects(plan: ContractPlan, created: Created) -> frozenset[str]:
    """Planned sources that the platform did not take."""
    planned = frozenset(source for invoice in plan.invoices for source in sources_of(invoice))
    return planned - created.sources


def why_unknown(snapshot: ContractSnapshot, created: Created) -> str:
    """Why a contract cannot be compared, as a sentence; empty when it can."""
    if snapshot.contract.contract_state in {ContractState.CLOSED, ContractState.ON_HOLD}:
        return "The contract is closed or on hold now: whether it was open on that day is not recorded."
    if created.is_ambiguous:
        return (
            "Invoices of several run dates were made on that day, and nothing tells which of them those "
            "belong to that no schedule row refers to."
        )
    blind = [draft for draft in created.invoices if not draft.has_sources]
    if blind:
        name = blind[0].invoice.name or blind[0].invoice.id
        return f"The invoice {name} has details whose sources nothing tells: no transaction connections."
    return ""
