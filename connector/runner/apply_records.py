"""Creating drafts record by record, one change set for each contract: for the emulator only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connector.dataverse import DataverseClient
from connector.errors import Conflict, DataverseError, NotFound, Unauthorized
from connector.model.reason import Reason
from connector.model.tables import Tables
from connector.runner.apply import OF_A_CONTRACT, SENT_AND_NOT_TOLD, told
from connector.runner.compare import sources_of
from connector.runner.outcome import ContractOutcome, Failure, InvoiceOutcome, InvoiceState
from connector.runner.plan import ContractPlan, failure, outcome_of, previewed
from connector.runner.read_drafts import read_by_ids, with_contents
from connector.runner.records import Recorder
from connector.workflow import CreateInvoice


def nothing(_plan: ContractPlan) -> None:
    pass


@dataclass(frozen=True)
class ByRecords:
    """`about_to_write` is told just before a change set is sent; what it raises stops it."""

    client: DataverseClient
    tables: Tables
    organization: str
    about_to_write: Callable[[ContractPlan], None] = nothing

    def apply(self, plan: ContractPlan) -> ContractOutcome:
        """All invoices of a contract or none; what goes wrong ends in `failures`."""
        if not plan.invoices and not plan.marks:
            return outcome_of(plan, (), ())
        try:
            invoices, failures = self._create(plan)
        except Unauthorized:
            raise
        except OF_A_CONTRACT as error:
            invoices, failures = (), (failure(plan.snapshot, Reason.BLOCKED, told(error)),)
        return outcome_of(plan, tuple(invoices), tuple(failures))

    def preview(self, plan: ContractPlan) -> ContractOutcome:
        """The plan, less what could not be created: the operations are counted before anything is sent."""
        customers = {invoice.customer: "account" for invoice in plan.invoices}
        too_large = Recorder(self.tables, self.organization, customers).too_large(plan)
        return outcome_of(plan, (), (too_large,)) if too_large else previewed(plan)

    def look_back(self, invoices: Sequence[CreateInvoice]) -> Sequence[InvoiceOutcome]:
        """Invoices of a change set whose end nobody saw: all of them, or none where it did not happen."""
        recorder = Recorder(self.tables, self.organization, {})
        if invoices and all(self._is_there(recorder, invoice) for invoice in invoices):
            return [self._made(recorder, one, InvoiceState.CREATED) for one in invoices]
        return ()

    def _create(self, plan: ContractPlan) -> tuple[Sequence[InvoiceOutcome], Sequence[Failure]]:
        recorder = Recorder(self.tables, self.organization, self._customers(plan.invoices))
        if too_large := recorder.too_large(plan):
            return (), (too_large,)
        self.about_to_write(plan)
        try:
            self.client.change_set(recorder.operations(plan))
        except Conflict as conflict:
            return self._already_there(plan, recorder, conflict)
        except SENT_AND_NOT_TOLD as lost:
            return self._looked_for(plan, recorder, lost)
        return [self._made(recorder, one, InvoiceState.CREATED) for one in plan.invoices], ()

    def _looked_for(
        self, plan: ContractPlan, recorder: Recorder, lost: DataverseError
    ) -> tuple[Sequence[InvoiceOutcome], Sequence[Failure]]:
        """The answer was lost or says nothing: the invoices are there, or it is not known."""
        try:
            if plan.invoices and all(self._is_there(recorder, invoice) for invoice in plan.invoices):
                return [self._made(recorder, one, InvoiceState.CREATED) for one in plan.invoices], ()
        except OF_A_CONTRACT as error:
            lost = error
        unknown = [self._made(recorder, one, InvoiceState.UNKNOWN) for one in plan.invoices]
        message = f"Whether it was invoiced is not known: {told(lost)}"
        return unknown, (failure(plan.snapshot, Reason.BLOCKED, message),)

    def _already_there(
        self, plan: ContractPlan, recorder: Recorder, conflict: Conflict
    ) -> tuple[Sequence[InvoiceOutcome], Sequence[Failure]]:
        """Done before only if each invoice exists and holds exactly the planned sources."""
        if plan.invoices and all(self._is_there(recorder, invoice) for invoice in plan.invoices):
            return [self._made(recorder, one, InvoiceState.ALREADY_THERE) for one in plan.invoices], ()
        message = (
            "A record that the plan was made from was changed in the meantime; nothing was created. "
            f"Plan again. ({told(conflict)})"
        )
        return (), (failure(plan.snapshot, Reason.CONFLICT, message),)

    def _is_there(self, recorder: Recorder, invoice: CreateInvoice) -> bool:
        try:
            found = self.client.retrieve(self.tables.invoice, recorder.invoice_id(invoice))
        except NotFound:
            return False
        draft = with_contents(self.client, self.tables, [found])[0]
        return draft.has_sources and draft.sources == sources_of(invoice)

    def _made(self, recorder: Recorder, invoice: CreateInvoice, state: InvoiceState) -> InvoiceOutcome:
        return InvoiceOutcome(invoice, state, recorder.invoice_id(invoice))

    def _customers(self, invoices: Sequence[CreateInvoice]) -> dict[str, str]:
        """Which customers are accounts; the others are contacts."""
        wanted = {invoice.customer for invoice in invoices}
        accounts = {row.id for row in read_by_ids(self.client, self.tables.account, "id", sorted(wanted))}
        return {customer: "account" if customer in accounts else "contact" for customer in wanted}
