"""Creating drafts by the platform's own action: one call for each contract and run date, oldest first.

The action is not idempotent and carries no etag. So the rows are read again just before, what came of
it is read back just after and compared with the plan, and nothing is asked for twice. Between the last
look and the call somebody else may still invoice the same: that window stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from connector.dataverse import DataverseClient, TableDefinition
from connector.errors import (
    DataverseError,
    ForeignOrigin,
    HttpError,
    MalformedAnswer,
    OutcomeUnknown,
    Unauthorized,
    Unreachable,
)
from connector.model.choice import known
from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.model.money import total
from connector.model.reason import Reason
from connector.model.tables import Tables
from connector.runner.compare import Comparison, compared
from connector.runner.outcome import ContractOutcome, Failure, InvoiceOutcome, InvoiceState
from connector.runner.plan import ContractPlan, DateCall, calls_of, failure, outcome_of
from connector.runner.read_drafts import Draft, read_by_ids, read_drafts
from connector.workflow import ContractSnapshot, CreateInvoice, Run, Skip

ACTION = "msdyn_createinvoicefrominvoiceschedule"
PARAMETER = "InvoiceSchedules"
SENT_AND_NOT_TOLD = (OutcomeUnknown, MalformedAnswer, ForeignOrigin)
"""An answer that is lost, and one that says nothing: the action may have done its work."""
OF_A_CONTRACT = (HttpError, OutcomeUnknown, Unreachable, MalformedAnswer, ForeignOrigin)
"""What can go wrong with one contract without saying anything about the next."""


AboutToAsk: TypeAlias = Callable[[ContractSnapshot, DateCall, Collection[str]], None]
"""Told just before a call is sent, with the ids of the drafts that are there; what it raises stops it."""


def nothing(_snapshot: ContractSnapshot, _call: DateCall, _drafts: Collection[str]) -> None:
    pass


@dataclass(frozen=True)
class ByAction:
    """`row_definition` is the live definition of the schedule's table: the body is made from it."""

    client: DataverseClient
    tables: Tables
    row_definition: TableDefinition
    run: Run
    about_to_ask: AboutToAsk = nothing

    def apply(self, plan: ContractPlan) -> ContractOutcome:
        """Creates what was planned for one contract; what goes wrong ends in `failures`.

        Raises SignInError and Unauthorized: without a sign-in no contract can go on.
        """
        invoices: list[InvoiceOutcome] = []
        failures: list[Failure] = []
        for call in calls_of(plan, self.run):
            if failures:
                failures.append(_after_a_failure(plan.snapshot, call))
                continue
            created, failed = self._call(plan.snapshot, call)
            invoices.extend(created)
            failures.extend(failed)
        return outcome_of(plan, tuple(invoices), tuple(failures), skips_without_rows(plan))

    def _call(
        self, snapshot: ContractSnapshot, call: DateCall
    ) -> tuple[Sequence[InvoiceOutcome], Sequence[Failure]]:
        try:
            # The drafts first: what somebody else creates after them is either seen on the rows, or not
            # among the drafts that were there before, and so told as what was not planned.
            before = {draft.invoice.id for draft in self._drafts(snapshot)}
            if changed := self._changed_rows(snapshot, call):
                return (), (failure(snapshot, Reason.CONFLICT, changed, call.run_date),)
            self.about_to_ask(snapshot, call, before)
            try:
                self._ask(snapshot, call)
            except SENT_AND_NOT_TOLD as lost:
                return self._judge(snapshot, call, before, lost)
            return self._judge(snapshot, call, before, None)
        except Unauthorized:
            raise
        except OF_A_CONTRACT as error:
            return (), (failure(snapshot, Reason.BLOCKED, told(error), call.run_date),)

    def _changed_rows(self, snapshot: ContractSnapshot, call: DateCall) -> str:
        """What became of the rows since they were planned with; empty when nothing did."""
        now = self._rows(call)
        planned = {row.id: row for line in snapshot.lines for row in line.schedule}
        for id in call.rows:
            row, before = now.get(id), planned[id]
            if row is None:
                return f"The schedule row {id} is gone; nothing was created. Plan again."
            if row.etag != before.etag or row.run_status != before.run_status:
                status = _status(row)
                return (
                    f"The schedule row {id} was changed in the meantime (now {status}); "
                    "nothing was created. Plan again."
                )
        return ""

    def _rows(self, call: DateCall) -> Mapping[str, InvoiceSchedule]:
        table = self.tables.invoice_schedule
        return {row.id: row for row in read_by_ids(self.client, table, "id", call.rows)}

    def _drafts(self, snapshot: ContractSnapshot) -> list[Draft]:
        return read_drafts(self.client, self.tables, [snapshot.contract.id])

    def _ask(self, snapshot: ContractSnapshot, call: DateCall) -> None:
        definition = self.row_definition
        kind = f"Microsoft.Dynamics.CRM.{definition.logical_name}"
        rows = [{"@odata.type": kind, definition.primary_id: row} for row in call.rows]
        contract = (self.tables.project_contract.entity_set, snapshot.contract.id)
        self.client.action(ACTION, {PARAMETER: rows}, bound_to=contract)

    def look_back(
        self, snapshot: ContractSnapshot, call: DateCall, drafts: Sequence[Draft]
    ) -> tuple[Sequence[InvoiceOutcome], Sequence[Failure]] | None:
        """What became of a call whose end nobody saw; `drafts` are those that came after it was meant.

        None where nothing of it is to be seen: it did nothing, or is still at work.
        """
        rows = self._rows(call)
        if not drafts and not _has_moved(rows):
            return None
        comparison = compared(call.invoices, drafts)
        return _outcomes(comparison), failures_of(snapshot, call, comparison, rows)

    def _judge(
        self, snapshot: ContractSnapshot, call: DateCall, before: set[str], lost: DataverseError | None
    ) -> tuple[Sequence[InvoiceOutcome], Sequence[Failure]]:
        """What the call did, from what is there now. Without an answer nothing is asked for again."""
        try:
            created = [draft for draft in self._drafts(snapshot) if draft.invoice.id not in before]
            rows = self._rows(call)
        except OF_A_CONTRACT as error:
            message = f"The action was called, and what it did could not be read back: {told(error)}"
            return _unknown(call.invoices), (failure(snapshot, Reason.BLOCKED, message, call.run_date),)
        if lost is not None and not created and not _has_moved(rows):
            message = (
                f"The answer to the call was lost and nothing of it is to be seen yet ({told(lost)}). "
                "It may still be at work: look again before anything is asked for twice."
            )
            return _unknown(call.invoices), (failure(snapshot, Reason.BLOCKED, message, call.run_date),)
        comparison = compared(call.invoices, created)
        return _outcomes(comparison), failures_of(snapshot, call, comparison, rows)


def _outcomes(comparison: Comparison) -> list[InvoiceOutcome]:
    """A planned invoice without a draft was not created: it stands among the failures only."""
    return [
        InvoiceOutcome(
            match.planned,
            InvoiceState.UNKNOWN if match.differences else InvoiceState.CREATED,
            match.draft.invoice.id,
        )
        for match in comparison.matches
        if match.draft is not None
    ]


def failures_of(
    snapshot: ContractSnapshot,
    call: DateCall,
    comparison: Comparison,
    rows: Mapping[str, InvoiceSchedule],
) -> list[Failure]:
    messages: list[tuple[Reason, str]] = []
    for match in comparison.matches:
        if match.draft is None:
            customer = match.planned.customer
            text = f"The platform did not create the planned invoice for the customer {customer}."
            messages.append((Reason.BLOCKED, text))
        elif match.differences:
            text = (
                f"The platform created the invoice {match.draft.invoice.id} otherwise than planned: "
                f"{'; '.join(match.differences)}."
            )
            messages.append((Reason.CONFLICT, text))
    for draft in comparison.unplanned:
        text = f"The platform created the invoice {draft.invoice.id}, which was not planned."
        messages.append((Reason.CONFLICT, text))
    for id in call.rows:
        row = rows.get(id)
        if row is None or row.run_status != RunStatus.RUN_SUCCESSFUL:
            text = f"The schedule row {id} is {_status(row)} after the call, not Run Successful."
            messages.append((Reason.BLOCKED, text))
    return [failure(snapshot, reason, text, call.run_date) for reason, text in messages]


def _has_moved(rows: Mapping[str, InvoiceSchedule]) -> bool:
    return any(row.run_status != RunStatus.NOT_RUN for row in rows.values())


def _status(row: InvoiceSchedule | None) -> str:
    if row is None:
        return "gone"
    status = known(RunStatus, row.run_status)
    return status.name.replace("_", " ").title() if status else f"in run status {row.run_status}"


def _unknown(invoices: Sequence[CreateInvoice]) -> list[InvoiceOutcome]:
    return [InvoiceOutcome(invoice, InvoiceState.UNKNOWN) for invoice in invoices]


def _after_a_failure(snapshot: ContractSnapshot, call: DateCall) -> Failure:
    """A later date would take what the earlier one left: it waits (rule T7)."""
    message = "An earlier run date of this contract failed, so this one was not asked for."
    return failure(snapshot, Reason.BLOCKED, message, call.run_date)


def skips_without_rows(plan: ContractPlan) -> tuple[Skip, ...]:
    """Milestones that no schedule row stands for: the action cannot create them."""
    return tuple(
        Skip(
            contract=invoice.contract,
            reason=Reason.NEEDS_SCHEDULE_ROW,
            message=(
                f"Milestones of {invoice.invoice_run_date} are ready, but no schedule row stands for them, "
                "and the platform's action takes rows only: generate the invoice schedule of the line."
            ),
            contract_line=line.contract_line,
            name=line.name,
            count=len(without),
            amount=total(detail.amount for detail in without),
            currency_code=invoice.currency_code,
        )
        for invoice in plan.invoices
        for line in invoice.lines
        if (without := [detail for detail in line.details if not detail.is_by_row])
    )


def told(error: DataverseError) -> str:
    """The error in one line."""
    return " ".join(str(error).split())
