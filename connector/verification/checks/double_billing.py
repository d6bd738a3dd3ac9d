"""TRX09 to TRX11: what is billed twice, and what is billed nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from msgspec import structs

from connector.model.contract_line import BillingStatus, ProductType
from connector.verification.check import BACKLOG, FINE, PROJECT_OPERATIONS, Check, EachContract, Example
from connector.verification.contract_case import ContractCase, InvoiceCase
from connector.verification.evidence import Evidence, Need
from connector.verification.example_contract import DRAFT, HARDWARE, HARDWARE_ID, READY
from connector.verification.examples import FORBIDDEN, HEALTHY, with_case, with_contract, with_line, with_work
from connector.verification.finding import Finding, Outcome, Record, Severity, failed, unknown
from connector.verification.wording import counted


def _once(case: ContractCase, _: Evidence) -> Iterator[Finding]:
    """A schedule row may make an invoice for each customer, and so may a milestone; an actual is billed once
    only. Products are TRX11's."""
    rows = {row.id for line in case.lines for row in line.schedule}
    milestones = {item.id for line in case.lines for item in line.milestones} | {
        item.id for item in case.milestones
    }
    invoices: dict[tuple[str, str | None], list[InvoiceCase]] = {}
    for invoice in case.invoices:
        for source in invoice.sources - rows:
            customer = invoice.invoice.customer if source in milestones else None
            invoices.setdefault((source, customer), []).append(invoice)
    products = {line.line.id for line in case.lines if not line.is_project_based}
    for (source, _customer), found in sorted(
        invoices.items(), key=lambda item: (item[0][0], item[0][1] or "")
    ):
        if source in products:
            continue
        if len(found) == 1:
            yield FINE
            continue
        is_milestone = source in milestones
        table = "msdyn_contractlinescheduleofvalue" if is_milestone else "msdyn_actual"
        names = " and ".join(sorted(repr(one.invoice.name or one.invoice.id) for one in found))
        what = "A milestone" if is_milestone else "A transaction"
        text = f"{what} of the contract {case.name!r} stands on {len(found)} invoices: {names}."
        seen = {"invoices": ", ".join(one.invoice.id for one in found)}
        yield failed(text, Record(table, source), seen)


def _somewhere(case: ContractCase, _: Evidence) -> Iterator[Finding]:
    drafted = [
        one for one in case.all_actuals() if one.billing_status == BillingStatus.CUSTOMER_INVOICE_CREATED
    ]
    billed = frozenset(source for draft in case.drafts for source in draft.sources)
    is_complete = all(draft.is_complete for draft in case.drafts)
    lost = [one for one in drafted if one.id not in billed]
    yield from (FINE for _ in range(len(drafted) - len(lost)))
    if lost and case.drafts and not is_complete:
        text = f"{case.name!r}: {counted(len(lost))} may be on a draft: not every detail tells what it bills."
        yield unknown(text, case.record)
        return
    for one in lost:
        text = f"A transaction of the contract {case.name!r} counts as invoiced and stands on no draft."
        seen = {"msdyn_billingstatus": "Customer Invoice Created"}
        yield failed(text, Record("msdyn_actual", one.id, one.description or ""), seen)


def _products(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    if not case.is_taken(evidence.rules):
        return
    for line in case.lines:
        if line.line.product_type != ProductType.PRODUCT:
            continue
        found = [one for one in case.invoices if line.line.id in one.sources]
        status = line.line.billing_status
        if len(found) > 1:
            text = f"The product {case.where(line)} stands on {len(found)} invoices."
            yield failed(text, line.record, {"invoices": ", ".join(one.invoice.id for one in found)})
        elif status in {None, BillingStatus.UNBILLED_SALES_CREATED}:
            text = f"The product {case.where(line)} is not Ready to Invoice."
            yield failed(text, line.record, {"msdyn_billingstatus": "not ready"})
        else:
            yield FINE


_SECOND = replace(
    DRAFT, invoice=structs.replace(DRAFT.invoice, id="00000000-0000-0000-0000-0000000000aa", name="Again")
)

_UNSEEN = Example(
    "details that may not be read", replace(HEALTHY, invoice_sources=FORBIDDEN), Outcome.UNKNOWN
)

_DUPLICATES = "https://learn.microsoft.com/dynamics365/project-operations/proforma-invoicing/configure-automated-invoice-creation"


TRX09 = Check(
    code="TRX09",
    severity=Severity.ERROR,
    title="Nothing stands on two invoices",
    question="Does everything on a draft stand on no other live invoice?",
    why="Two instances of the job, or a draft made by hand, bill the same work twice.",
    fix="Delete the draft that is too many before anything is confirmed, and see RUN01.",
    link=_DUPLICATES,
    needs=(Need.CONTRACTS, Need.SCHEDULE_ROWS, Need.MILESTONES, Need.INVOICES, Need.INVOICE_SOURCES),
    judge=EachContract(_once, "Transactions and milestones on one invoice", "No draft tells what it bills."),
    examples=(
        Example("each once", HEALTHY, Outcome.PASS),
        Example("all twice", with_case(invoices=(DRAFT, _SECOND)), Outcome.FAIL),
        Example("no drafts", with_case(invoices=()), Outcome.NOT_APPLICABLE),
        _UNSEEN,
    ),
)
TRX10 = Check(
    code="TRX10",
    severity=Severity.WARNING,
    title="Every drafted transaction stands on a draft",
    question="Does every transaction with Customer Invoice Created stand on a draft invoice?",
    why="Deleted duplicates can leave transactions behind that are billed nowhere and never taken again.",
    fix="Have the product put the status right; never change it by plain writes.",
    link=BACKLOG,
    needs=(Need.CONTRACTS, Need.ACTUALS, Need.INVOICES, Need.INVOICE_SOURCES),
    judge=EachContract(_somewhere, "Drafted transactions on a draft", "No transaction is drafted."),
    examples=(
        Example("on a draft", HEALTHY, Outcome.PASS),
        Example("on none", with_case(invoices=()), Outcome.FAIL),
        Example(
            "a draft that does not tell",
            with_case(invoices=(replace(DRAFT, sources=frozenset(), is_complete=False),)),
            Outcome.UNKNOWN,
        ),
        Example("nothing drafted", with_work(actuals=(READY,)), Outcome.NOT_APPLICABLE),
        _UNSEEN,
    ),
)
TRX11 = Check(
    code="TRX11",
    severity=Severity.WARNING,
    title="Products are ready, and billed once",
    question="Is every product line Ready to Invoice, and on at most one invoice?",
    why="Products are billed once they are ready; with several customers each once got them all (4232463).",
    fix="Mark the product line Ready to Invoice, or delete the draft that bills it again.",
    link=PROJECT_OPERATIONS + "pro/proforma-invoicing/manage-billing-backlog-sales",
    needs=(Need.CONTRACTS, Need.INVOICES, Need.INVOICE_SOURCES),
    judge=EachContract(
        _products, "Product lines that are ready", "No contract that the job takes has a product line."
    ),
    examples=(
        Example("ready", HEALTHY, Outcome.PASS),
        Example(
            "not ready",
            with_line(HARDWARE, billing_status=BillingStatus.UNBILLED_SALES_CREATED),
            Outcome.FAIL,
        ),
        Example(
            "on two invoices",
            with_case(
                invoices=(
                    replace(DRAFT, sources=frozenset({HARDWARE_ID})),
                    replace(_SECOND, sources=frozenset({HARDWARE_ID})),
                )
            ),
            Outcome.FAIL,
        ),
        Example("no products", with_contract(lines=()), Outcome.NOT_APPLICABLE),
        _UNSEEN,
    ),
)
CHECKS = (TRX09, TRX10, TRX11)
