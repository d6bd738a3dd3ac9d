"""From what the lines of a contract bill to its invoices (rules G1 to G4, G6 and T8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from connector.model.contract_line import ContractLine, ProductType
from connector.model.invoice_schedule import RunStatus
from connector.model.invoicing_rules import EmptyLines, NothingToBill
from connector.model.reason import Reason
from connector.workflow import (
    ACTUAL,
    MILESTONE,
    PRODUCT_LINE,
    Bill,
    Charge,
    ContractDecision,
    ContractSnapshot,
    CreateInvoice,
    InvoiceDetail,
    InvoiceLine,
    Judgement,
    MarkScheduleRow,
    Run,
    Skip,
)
from projops_plugins.skips import Source, Told, Waiting, currency_code, judged, skip, told_by, with_amount


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A line, the name of the billing method that it fell to, and what that made of it."""

    line: ContractLine
    billing_method: str
    bill: Bill


@dataclass(frozen=True, slots=True)
class _Heading:
    """What charges have in common that share an invoice (rules G1 to G3)."""

    run_date: date
    customer: str
    currency: str


def decisions_for(
    lines: Sequence[BilledLine], contract: ContractSnapshot, run: Run
) -> Iterator[ContractDecision]:
    """Invoices first, then rows that are marked without one, then everything that is left out."""
    lines = sorted(lines, key=lambda item: (item.line.title, item.line.id))
    riding_on = _riding_on(lines)
    groups = _grouped(lines, riding_on)
    with_invoice: set[date] = set()
    for heading in sorted(groups, key=_order_of(contract)):
        is_by_row = any(map(_is_by_row, groups[heading]))
        is_first = is_by_row and heading.run_date not in with_invoice
        if is_first:
            with_invoice.add(heading.run_date)
        yield _invoice(heading, groups[heading], lines, contract, run, is_first=is_first)
    yield from _marks(lines, with_invoice, run)
    yield from _nothing_to_bill(lines, contract, run)
    for item in lines:
        yield from item.bill.skips
    if riding_on is None:
        yield from _waiting_products(lines, contract)


def judgements_for(
    lines: Sequence[BilledLine],
    decisions: Iterable[ContractDecision],
    contract: ContractSnapshot,
) -> Iterator[Judgement]:
    """One judgement for each source of the lines: first what is taken, by the invoices decided on."""
    skips = {}
    for decision in decisions:
        if isinstance(decision, CreateInvoice):
            yield from _taken(decision)
        elif isinstance(decision, Skip):
            skips[decision.contract_line] = decision
    is_waiting = _riding_on(lines) is None
    for item in lines:
        yield from item.bill.judgements
        for charge in item.bill.charges:
            if is_waiting and charge.invoice_run_date is None:
                yield _riding(charge, told_by(skips[item.line.id]), item.line, contract)


def _riding_on(lines: Iterable[BilledLine]) -> date | None:
    """The run date that products ride along on (rule T8)."""
    return min((run_date for item in lines for run_date in item.bill.due), default=None)


def _taken(invoice: CreateInvoice) -> Iterator[Judgement]:
    rules = {ACTUAL: "T1", MILESTONE: "L6", PRODUCT_LINE: "T8"}
    for line in invoice.lines:
        for detail in line.details:
            more = "" if detail.is_chargeable else f", {detail.billing_type.name.lower().replace('_', '-')}"
            yield Judgement(
                contract_line=line.contract_line,
                source=detail.source,
                source_id=detail.source_id,
                rule=rules.get(detail.source, ""),
                found=f"It is on the invoice of {invoice.invoice_run_date}{more}",
                invoice_run_date=invoice.invoice_run_date,
                customer=invoice.customer,
                name=detail.description,
                amount=detail.amount,
                currency_code=invoice.currency_code,
            )


def _riding(charge: Charge, told: Told, line: ContractLine, contract: ContractSnapshot) -> Judgement:
    detail = charge.detail
    code = currency_code(contract, charge.currency)
    return judged(line, told, Source(detail.source, detail.source_id, line.title, None, detail.amount, code))


def _order_of(contract: ContractSnapshot) -> Callable[[_Heading], tuple[date, str, str]]:
    def order(heading: _Heading) -> tuple[date, str, str]:
        code = currency_code(contract, heading.currency) or heading.currency
        return heading.run_date, heading.customer, code

    return order


def _grouped(lines: Iterable[BilledLine], riding_on: date | None) -> dict[_Heading, list[Charge]]:
    """Charges without a run date go with the contract's earliest due row, or wait when there is none."""
    groups: dict[_Heading, list[Charge]] = {}
    for item in lines:
        for charge in item.bill.charges:
            run_date = charge.invoice_run_date or riding_on
            if run_date is None:
                continue
            heading = _Heading(run_date, charge.customer, charge.currency)
            groups.setdefault(heading, []).append(charge)
    return groups


def _is_by_row(charge: Charge) -> bool:
    """A product that rides along goes with the rows of its date."""
    return bool(charge.schedule_rows) or charge.invoice_run_date is None


def _invoice(
    heading: _Heading,
    charges: Sequence[Charge],
    lines: Sequence[BilledLine],
    contract: ContractSnapshot,
    run: Run,
    *,
    is_first: bool,
) -> CreateInvoice:
    details: dict[str, list[InvoiceDetail]] = {}
    for charge in charges:
        detail, is_by_row = charge.detail, _is_by_row(charge)
        if detail.is_by_row is not is_by_row:
            detail = replace(detail, is_by_row=is_by_row)
        details.setdefault(charge.contract_line, []).append(detail)
    shown = [
        item
        for item in lines
        if item.line.id in details or _is_shown_empty(item, heading, run, is_first=is_first)
    ]
    return CreateInvoice(
        contract=contract.contract.id,
        contract_name=contract.contract.name or "",
        customer=heading.customer,
        currency=heading.currency,
        currency_code=currency_code(contract, heading.currency),
        invoice_run_date=heading.run_date,
        lines=tuple(
            InvoiceLine(
                contract_line=item.line.id,
                name=item.line.title,
                billing_method=item.billing_method,
                details=tuple(sorted(details.get(item.line.id, ()), key=_detail_order)),
            )
            for item in shown
        ),
        schedule_rows=_rows_settled(lines, heading.run_date, run) if is_first else (),
    )


def _detail_order(detail: InvoiceDetail) -> tuple[float, str]:
    return (detail.starts_at.timestamp() if detail.starts_at else 0.0, detail.source_id)


def _is_shown_empty(item: BilledLine, heading: _Heading, run: Run, *, is_first: bool) -> bool:
    """Rule G4: which lines stand on an invoice without anything to bill."""
    if run.rules.empty_lines is EmptyLines.ALL:
        return item.line.product_type != ProductType.PRODUCT
    return is_first and _is_due_with_nothing(item, heading.run_date)


def _is_due_with_nothing(item: BilledLine, run_date: date) -> bool:
    return run_date in item.bill.due and not _bills_on(item, run_date)


def _bills_on(item: BilledLine, run_date: date) -> bool:
    return any(charge.invoice_run_date == run_date and charge.schedule_rows for charge in item.bill.charges)


def _rows_settled(lines: Sequence[BilledLine], run_date: date, run: Run) -> tuple[str, ...]:
    """The rows of all lines that are due on a date; rule G6 decides about those with nothing to bill.

    Where a product line alone makes the invoice, it is theirs all the same.
    """
    takes_empty = run.rules.nothing_to_bill is NothingToBill.SUCCESSFUL
    due = [item for item in lines if run_date in item.bill.due]
    billing = due if takes_empty else [item for item in due if _bills_on(item, run_date)]
    return tuple(row for item in billing or due for row in item.bill.due[run_date])


def _marks(lines: Iterable[BilledLine], with_invoice: set[date], run: Run) -> Iterator[MarkScheduleRow]:
    """Rule G6: a row that was due with nothing to bill, on a date without an invoice."""
    if run.rules.nothing_to_bill is not NothingToBill.SUCCESSFUL:
        return
    for item in lines:
        for run_date, rows in sorted(item.bill.due.items()):
            if run_date not in with_invoice:
                for row in rows:
                    yield MarkScheduleRow(row, item.line.id, RunStatus.RUN_SUCCESSFUL)


def _nothing_to_bill(lines: Iterable[BilledLine], contract: ContractSnapshot, run: Run) -> Iterator[Skip]:
    """Rule G6; what kept its transactions back, if there are any, is told beside it."""
    is_marked = run.rules.nothing_to_bill is NothingToBill.SUCCESSFUL
    row = "its row is marked Run Successful all the same" if is_marked else "its row stays Not Run"
    for item in lines:
        for run_date in sorted(item.bill.due):
            if _is_due_with_nothing(item, run_date):
                found = f"The run date {run_date} has come with nothing of this line to bill"
                yield skip(contract, item.line, Told(Reason.NOTHING_TO_BILL, "G6", found, row))


def _waiting_products(lines: Iterable[BilledLine], contract: ContractSnapshot) -> Iterator[Skip]:
    """Rule T8: products that are ready while no row of the contract is due."""
    until = min((one.until for item in lines for one in item.bill.skips if one.until), default=None)
    when = f"the next one is {until}" if until else "none is scheduled"
    found = "This line is ready and rides along on a run date of its contract"
    told = Told(Reason.NOT_YET_DUE if until else Reason.NO_SCHEDULE, "T8", found, when, until)
    for item in lines:
        for charge in item.bill.charges:
            if charge.invoice_run_date is None:
                waiting = Waiting(1, charge.detail.amount, charge.currency)
                yield with_amount(skip(contract, item.line, told), contract, waiting)
