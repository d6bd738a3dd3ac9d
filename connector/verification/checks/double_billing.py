"""TRX05, TRX07, TRX09 to TRX11: what is left out on purpose, what is billed twice, what is billed nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from msgspec import structs

from connector.model.actual import Actual, AdjustmentStatus, BillingType
from connector.model.choice import known as choice_of
from connector.model.contract_line import BillingStatus, ProductType
from connector.verification.check import FINE, PROJECT_OPERATIONS, Check, EachContract, Example
from connector.verification.checks.transactions import BACKLOG, counted
from connector.verification.contract_case import ContractCase, InvoiceCase
from connector.verification.evidence import Evidence, Need
from connector.verification.example_contract import DRAFT, HARDWARE, HARDWARE_ID, READY
from connector.verification.examples import FORBIDDEN, HEALTHY, with_case, with_contract, with_line, with_work
from connector.verification.finding import Finding, Outcome, Record, Severity, failed, passed, unknown

_TYPES = {
    BillingType.NON_CHARGEABLE: "non-chargeable",
    BillingType.COMPLIMENTARY: "complimentary",
    BillingType.NOT_AVAILABLE: "not available",
}
_ADJUSTMENTS = {
    AdjustmentStatus.IN_PROCESS: "being adjusted",
    AdjustmentStatus.ADJUSTED: "adjusted",
    AdjustmentStatus.UNADJUSTABLE: "unadjustable",
}
_NOTHING = "There is no unbilled transaction."


def _unbilled(case: ContractCase, evidence: Evidence) -> list[Actual]:
    if not case.is_taken(evidence.rules):
        return []
    drafted = BillingStatus.CUSTOMER_INVOICE_CREATED
    return [one for one in case.all_actuals() if one.billing_status != drafted]


def _told(case: ContractCase, words: Iterable[str | None], sentence: str) -> Iterator[Finding]:
    counts = Counter(word for word in words if word)
    if counts:
        what = ", ".join(f"{count} {word}" for word, count in counts.items())
        seen = {word: str(count) for word, count in counts.items()}
        yield passed(f"{case.name!r}: {what}: {sentence}.", case.record, seen)
    else:
        yield FINE


def _not_charged(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    if actuals := _unbilled(case, evidence):
        words = (
            _TYPES.get(kind) if (kind := choice_of(BillingType, one.billing_type)) else None
            for one in actuals
        )
        yield from _told(case, words, "they add nothing to an invoice")


def _adjusted(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    if actuals := _unbilled(case, evidence):
        words = (
            _ADJUSTMENTS.get(kind)
            if (kind := choice_of(AdjustmentStatus, one.adjustment_status)) is not None
            else None
            for one in actuals
        )
        yield from _told(case, words, "they are not invoiced, by design")


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
_UNREAD = Example("transactions that may not be read", replace(HEALTHY, actuals=FORBIDDEN), Outcome.UNKNOWN)
_UNSEEN = Example(
    "details that may not be read", replace(HEALTHY, invoice_sources=FORBIDDEN), Outcome.UNKNOWN
)
_CHARGEABILITY = PROJECT_OPERATIONS + "pro/sales/configure-chargeable-components-contract-line"
_DUPLICATES = "https://learn.microsoft.com/dynamics365/project-operations/proforma-invoicing/configure-automated-invoice-creation"
TRX05 = Check(
    code="TRX05",
    severity=Severity.INFO,
    title="What is not charged",
    question="Which contracts have unbilled transactions that are non-chargeable or complimentary?",
    why="They stand on an invoice and add nothing: that explains a total that looks too small.",
    fix="Nothing is wrong. Where they should be charged, change the chargeability of task, role or category.",
    link=_CHARGEABILITY,
    needs=(Need.CONTRACTS, Need.ACTUALS),
    judge=EachContract(_not_charged, "Contracts that charge all their unbilled transactions", _NOTHING),
    examples=(
        Example("all chargeable", HEALTHY, Outcome.PASS),
        Example(
            "one complimentary",
            with_work(actuals=(structs.replace(READY, billing_type=BillingType.COMPLIMENTARY),)),
            Outcome.PASS,
        ),
        Example("none at all", with_work(actuals=()), Outcome.NOT_APPLICABLE),
        _UNREAD,
    ),
)
TRX07 = Check(
    code="TRX07",
    severity=Severity.INFO,
    title="What is left out because it was adjusted",
    question="Which contracts have unbilled transactions that are adjusted or unadjustable?",
    why="They are excluded by design, and their corrections stand in for them.",
    fix="Nothing is wrong.",
    link=BACKLOG,
    needs=(Need.CONTRACTS, Need.ACTUALS),
    judge=EachContract(_adjusted, "Contracts without adjusted transactions", _NOTHING),
    examples=(
        Example("none adjusted", HEALTHY, Outcome.PASS),
        Example(
            "one adjusted",
            with_work(actuals=(structs.replace(READY, adjustment_status=AdjustmentStatus.ADJUSTED),)),
            Outcome.PASS,
        ),
        Example("none at all", with_work(actuals=()), Outcome.NOT_APPLICABLE),
        _UNREAD,
    ),
)
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
CHECKS = (TRX05, TRX07, TRX09, TRX10, TRX11)
