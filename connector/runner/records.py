"""Invoices as the operations of one change set: pure. For the emulator only (see guard.check_records).

The guard against doing it twice is the etag of every source; the invoice's id is made of all that the
invoice is made of, so that the same plan makes the same invoice and another plan another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID, uuid5

from connector.dataverse import Create, Operation, Update
from connector.model.actual import BillingType, TransactionType
from connector.model.contract_line import BillingStatus, ContractLine, ProductType
from connector.model.invoice import ProjectInvoiceStatus
from connector.model.invoice_schedule import RunStatus
from connector.model.milestone import InvoiceStatus
from connector.model.money import total
from connector.model.project_contract import OrderType
from connector.model.reason import Reason
from connector.model.tables import Tables
from connector.runner.compare import sources_of
from connector.runner.outcome import Failure
from connector.runner.plan import ContractPlan, failure
from connector.workflow import (
    ACTUAL,
    MILESTONE,
    PRODUCT_LINE,
    SCHEDULE_ROW,
    CreateInvoice,
    InvoiceDetail,
    InvoiceLine,
)

MOST_OPERATIONS = 1000
"""What a change set holds."""
NAMESPACE = UUID("9f0d5f0e-3a52-5c0f-9a55-0d3b7d0e6c11")
DETAILS_OF_LINE = "msdyn_invoicedetail_msdyn_invoicelinetransactio"
"""The collection of an invoice line's details, as the published relationship has it."""


@dataclass(frozen=True)
class Recorder:
    """Turns the plan of one contract into operations. `customers` maps each customer to its table."""

    tables: Tables
    organization: str
    customers: Mapping[str, str]

    def operations(self, plan: ContractPlan) -> list[Operation]:
        """All of them; whether they fit into one change set is the caller's question."""
        sources = _Sources(plan)
        found: list[Operation] = []
        settled: dict[tuple[str, str], Update] = {}
        for invoice in plan.invoices:
            id = self.invoice_id(invoice)
            found.append(self._invoice(plan, invoice, id, sources))
            found.extend(self._connections(invoice, id))
            for update in self._settling(invoice, id, sources):
                settled.setdefault((update.entity_set, update.id), update)
        for mark in plan.marks:
            values = {"msdyn_invoicerunstatus": int(mark.run_status)}
            update = sources.update(self.tables.invoice_schedule.entity_set, mark.schedule_row, values)
            settled.setdefault((update.entity_set, update.id), update)
        return [*found, *settled.values()]

    def too_large(self, plan: ContractPlan) -> Failure | None:
        """Whether the contract needs more operations than a change set holds, with their count."""
        count = len(self.operations(plan))
        if count <= MOST_OPERATIONS:
            return None
        message = (
            f"Its invoices take {count} operations, and a change set holds {MOST_OPERATIONS}: nothing is "
            "created. The platform's own action knows no such limit."
        )
        return failure(plan.snapshot, Reason.TOO_LARGE, message)

    def invoice_id(self, invoice: CreateInvoice) -> str:
        """UUIDv5 of organization, contract, customer, currency, run date and the sorted source ids."""
        parts = (
            self.organization,
            invoice.contract,
            invoice.customer,
            invoice.currency,
            invoice.invoice_run_date.isoformat(),
            *sorted(sources_of(invoice)),
        )
        return str(uuid5(NAMESPACE, "\n".join(parts)))

    def _invoice(self, plan: ContractPlan, invoice: CreateInvoice, id: str, sources: _Sources) -> Create:
        """Rule G5, with lines and details as one deep insert."""
        contract = plan.snapshot.contract
        customer = self.customers[invoice.customer]
        values: dict[str, Any] = {
            "name": invoice.contract_name,
            "msdyn_ordertype": int(OrderType.WORK_BASED),
            "msdyn_projectinvoicestatus": int(ProjectInvoiceStatus.DRAFT),
            "msdyn_invoicedate": datetime.combine(invoice.invoice_run_date, time(), UTC),
            "salesorderid@odata.bind": self._bind("project_contract", invoice.contract),
            f"customerid_{customer}@odata.bind": f"/{customer}s({invoice.customer})",
            "transactioncurrencyid@odata.bind": self._bind("currency", invoice.currency),
            "invoice_details": [
                self._line(invoice, line, id, number, sources)
                for number, line in enumerate(invoice.lines, start=1)
            ],
        }
        if contract.price_list:
            values["pricelevelid@odata.bind"] = f"/pricelevels({contract.price_list})"
        if contract.opportunity:
            values["opportunityid@odata.bind"] = f"/opportunities({contract.opportunity})"
        return Create(self.tables.invoice.entity_set, id, values)

    def _line(
        self, invoice: CreateInvoice, line: InvoiceLine, invoice_id: str, number: int, sources: _Sources
    ) -> dict[str, Any]:
        contract_line = sources.lines[line.contract_line]
        id = line_id(invoice_id, line)
        is_product = contract_line.product_type == ProductType.PRODUCT
        values: dict[str, Any] = {
            "invoicedetailid": id,
            "invoicedetailname": line.name,
            "lineitemnumber": number,
            "producttypecode": contract_line.product_type or int(ProductType.PROJECT_BASED_SERVICE),
            "msdyn_billingmethod": contract_line.billing_method,
            "msdyn_linetype": contract_line.line_type,
            "quantity": contract_line.quantity if is_product else 1,
            "priceperunit": contract_line.price_per_unit if is_product else line.amount,
            "tax": line.tax,
            "msdyn_chargeableamount": _sum_of(line, BillingType.CHARGEABLE),
            "msdyn_complimentaryamount": _sum_of(line, BillingType.COMPLIMENTARY),
            "msdyn_nonchargeableamount": _sum_of(line, BillingType.NON_CHARGEABLE),
            "salesorderdetailid@odata.bind": self._bind("contract_line", line.contract_line),
            "transactioncurrencyid@odata.bind": self._bind("currency", invoice.currency),
        }
        if contract_line.project:
            values["msdyn_Project@odata.bind"] = f"/msdyn_projects({contract_line.project})"
        if contract_line.product:
            values["productid@odata.bind"] = f"/products({contract_line.product})"
        details = [
            self._detail(invoice, line, detail, invoice_id) for detail in line.details if _has_detail(detail)
        ]
        return {**_given(values), DETAILS_OF_LINE: details}

    def _detail(
        self, invoice: CreateInvoice, line: InvoiceLine, detail: InvoiceDetail, invoice_id: str
    ) -> dict[str, Any]:
        day = detail.starts_at
        customer = self.customers[invoice.customer]
        column = {"account": "msdyn_AccountCustomer", "contact": "msdyn_ContactCustomer"}[customer]
        values: dict[str, Any] = {
            "msdyn_invoicelinetransactionid": detail_id(invoice_id, line, detail),
            "msdyn_description": detail.description or None,
            "msdyn_transactiontypecode": int(TransactionType.BILLED_SALES),
            "msdyn_transactionclassification": detail.transaction_class,
            "msdyn_billingtype": int(detail.billing_type),
            "msdyn_amount": detail.amount,
            "msdyn_quantity": detail.quantity,
            "msdyn_price": detail.price,
            "msdyn_documentdate": day,
            "msdyn_startdatetime": day,
            "msdyn_enddatetime": day,
            "msdyn_Invoice@odata.bind": self._bind("invoice", invoice_id),
            "msdyn_SalesContract@odata.bind": self._bind("project_contract", invoice.contract),
            "msdyn_SalesContractLineId@odata.bind": self._bind("contract_line", line.contract_line),
            f"{column}@odata.bind": f"/{customer}s({invoice.customer})",
            "transactioncurrencyid@odata.bind": self._bind("currency", invoice.currency),
        }
        return _given(values)

    def _connections(self, invoice: CreateInvoice, invoice_id: str) -> Iterator[Create]:
        roles = {ACTUAL: "Unbilled Sales", MILESTONE: "Milestone", SCHEDULE_ROW: "Invoice Schedule"}
        for line in invoice.lines:
            for detail in filter(_has_detail, line.details):
                billed = detail_id(invoice_id, line, detail)
                values = {
                    "msdyn_transaction1": billed,
                    "msdyn_transaction1role": "Billed Sales",
                    "msdyn_transaction1type": self.tables.invoice_line_detail.logical_name,
                    "msdyn_transaction2": detail.source_id,
                    "msdyn_transaction2role": roles[detail.source],
                    "msdyn_transaction2type": detail.source,
                }
                table = self.tables.transaction_connection
                yield Create(table.entity_set, str(uuid5(NAMESPACE, f"connection\n{billed}")), values)

    def _settling(self, invoice: CreateInvoice, id: str, sources: _Sources) -> Iterator[Update]:
        """Rule G6, each under the etag that its source was planned with."""
        tables = self.tables
        link = {"msdyn_Invoice@odata.bind": self._bind("invoice", id)}
        created = int(BillingStatus.CUSTOMER_INVOICE_CREATED)
        for row in invoice.schedule_rows:
            run = {"msdyn_invoicerunstatus": int(RunStatus.RUN_SUCCESSFUL), **link}
            yield sources.update(tables.invoice_schedule.entity_set, row, run)
        for line in invoice.lines:
            for detail in line.details:
                if detail.source == ACTUAL:
                    billed = {"msdyn_billingstatus": created, **link}
                    yield sources.update(tables.actual.entity_set, detail.source_id, billed)
                elif detail.source == MILESTONE:
                    status = {"msdyn_invoicestatus": int(InvoiceStatus.CUSTOMER_INVOICE_CREATED)}
                    yield sources.update(tables.milestone.entity_set, detail.source_id, status)
                elif detail.source == PRODUCT_LINE:
                    line_status = {"msdyn_billingstatus": created}
                    yield sources.update(tables.contract_line.entity_set, detail.source_id, line_status)

    def _bind(self, table: str, id: str) -> str:
        return f"/{getattr(self.tables, table).entity_set}({id})"


def line_id(invoice_id: str, line: InvoiceLine) -> str:
    return str(uuid5(UUID(invoice_id), f"line\n{line.contract_line}"))


def detail_id(invoice_id: str, line: InvoiceLine, detail: InvoiceDetail) -> str:
    return str(uuid5(UUID(line_id(invoice_id, line)), f"detail\n{detail.source_id}"))


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _has_detail(detail: InvoiceDetail) -> bool:
    """A product stands on its invoice line itself."""
    return detail.source != PRODUCT_LINE


def _sum_of(line: InvoiceLine, kind: BillingType) -> object:
    return total(detail.amount for detail in line.details if detail.billing_type is kind)


class _Sources:
    """The records that a plan was made from, with their etags."""

    def __init__(self, plan: ContractPlan) -> None:
        lines = plan.snapshot.lines
        self.lines: Mapping[str, ContractLine] = {item.line.id: item.line for item in lines}
        self._etags: dict[str, str | None] = {}
        for item in lines:
            self._etags[item.line.id] = item.line.etag
            self._etags.update((row.id, row.etag) for row in item.schedule)
            self._etags.update((milestone.id, milestone.etag) for milestone in item.milestones)
            self._etags.update((actual.id, actual.etag) for actual in item.actuals)

    def update(self, entity_set: str, id: str, values: Mapping[str, object]) -> Update:
        return Update(entity_set, id, values, self._etags[id] or "")
