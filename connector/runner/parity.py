"""What the platform created for a run date beside what the mirror would have created: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from connector.model.choice import known
from connector.model.currency import Currency
from connector.model.invoice_schedule import RunStatus
from connector.runner.before_run import Created, rows_on
from connector.runner.compare import sources_of
from connector.runner.plan import ContractPlan
from connector.runner.read_drafts import Draft
from connector.runner.wording import grouped, several
from connector.workflow import ContractSnapshot, CreateInvoice, Run

HUNDREDTHS = Decimal("0.01")
USUAL_DIGITS = 2
MOST_NAMED = 3
"""How many records one sentence names."""


class Verdict(StrEnum):
    EQUAL = "equal"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class Aspect(StrEnum):
    """In what a plan and an invoice differ."""

    INVOICE_MISSING = "invoice_missing"
    INVOICE_EXTRA = "invoice_extra"
    CUSTOMER = "customer"
    CURRENCY = "currency"
    LINE = "line"
    SOURCE_MISSING = "source_missing"
    SOURCE_EXTRA = "source_extra"
    AMOUNT = "amount"
    RUN_DATE = "run_date"
    RUN_STATUS = "run_status"


@dataclass(frozen=True, slots=True)
class Difference:
    """`planned` is the mirror's, `created` the platform's; empty where one of them has nothing there."""

    aspect: Aspect
    message: str
    rule: str
    planned: str = ""
    created: str = ""


@dataclass(frozen=True, slots=True)
class ContractParity:
    """`notes` say what had to be assumed, or why nothing can be said."""

    contract: str
    contract_name: str
    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    planned: int = 0
    created: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """Contracts that agree among those that could be compared. Kept in the history, it says how far a
    preview can be trusted; from an emulator, whose plug-ins are ours, it proves wiring only."""

    on: date
    equal: int = 0
    compared: int = 0
    unknown: int = 0

    @property
    def share(self) -> Decimal | None:
        """Between 0 and 1, rounded down to hundredths: 1 means all of them. None without a comparison."""
        if not self.compared:
            return None
        return (Decimal(self.equal) / self.compared).quantize(HUNDREDTHS, rounding="ROUND_DOWN")

    def counting(self, parity: ContractParity) -> Score:
        is_known = parity.verdict is not Verdict.UNKNOWN
        return replace(
            self,
            equal=self.equal + (parity.verdict is Verdict.EQUAL),
            compared=self.compared + is_known,
            unknown=self.unknown + (not is_known),
        )


def compared_contract(
    plan: ContractPlan, now: ContractSnapshot, created: Created, run: Run, notes: Sequence[str] = ()
) -> ContractParity:
    """A plan over the state before the run, beside what the run left in the contract as it is `now`."""
    names = _Names.of(plan.snapshot)
    differences = (
        *_invoice_differences(plan.invoices, created.invoices, names),
        *_run_date_differences(now, created, run),
        *_row_differences(plan, now, run),
    )
    return ContractParity(
        contract=now.contract.id,
        contract_name=now.contract.name or "",
        verdict=Verdict.DIFFERENT if differences else Verdict.EQUAL,
        differences=differences,
        notes=tuple(notes),
        planned=len(plan.invoices),
        created=len(created.invoices),
    )


@dataclass(frozen=True)
class _Names:
    """What people call the records of a contract."""

    names: Mapping[str, str]
    currencies: Mapping[str, Currency]

    @classmethod
    def of(cls, snapshot: ContractSnapshot) -> _Names:
        names = dict(snapshot.customer_names)
        for line in snapshot.lines:
            names[line.line.id] = line.line.title
            names.update((one.id, one.name or one.description or one.id) for one in line.milestones)
            names.update((one.id, one.description or one.id) for one in line.actuals)
        return cls(names, snapshot.currencies)

    def of_all(self, ids: Iterable[str]) -> str:
        named = sorted(self.names.get(id, id) for id in ids)
        rest = len(named) - MOST_NAMED
        return ", ".join(named[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")

    def code(self, currency: str | None) -> str:
        found = self.currencies.get(currency or "")
        return (found.iso_code if found else None) or currency or "?"

    def money(self, amount: Decimal, currency: str | None) -> str:
        found = self.currencies.get(currency or "")
        digits = found.precision if found is not None else None
        return f"{grouped(amount, USUAL_DIGITS if digits is None else digits)} {self.code(currency)}"


def _invoice_differences(
    planned: Iterable[CreateInvoice], created: Iterable[Draft], names: _Names
) -> Iterator[Difference]:
    """Each planned invoice beside the one that shares most sources with it; then what is left of both."""
    left = list(created)
    for invoice in planned:
        best = max(left, key=lambda draft: _likeness(invoice, draft), default=None)
        if best is None or not any(_likeness(invoice, best)):
            yield Difference(
                Aspect.INVOICE_MISSING,
                f"The platform has no invoice for {names.of_all([invoice.customer])}.",
                "G1",
                planned=names.money(invoice.total, invoice.currency),
            )
            continue
        left.remove(best)
        yield from _pair_differences(invoice, best, names)
    for draft in left:
        total = draft.invoice.total_amount
        yield Difference(
            Aspect.INVOICE_EXTRA,
            f"The platform has the invoice {draft.invoice.name or draft.invoice.id} that was not planned.",
            "G1",
            created="" if total is None else names.money(total, draft.invoice.currency),
        )


def _likeness(invoice: CreateInvoice, draft: Draft) -> tuple[int, bool]:
    shared = len(sources_of(invoice) & draft.sources)
    is_for = draft.invoice.customer == invoice.customer and draft.invoice.currency == invoice.currency
    return shared, is_for


def _pair_differences(invoice: CreateInvoice, draft: Draft, names: _Names) -> Iterator[Difference]:
    there = draft.invoice
    if there.customer != invoice.customer:
        yield Difference(
            Aspect.CUSTOMER,
            "The invoice is for another customer.",
            "G2",
            names.of_all([invoice.customer]),
            names.of_all([there.customer or "nobody"]),
        )
    if there.currency not in {None, invoice.currency}:
        yield Difference(
            Aspect.CURRENCY,
            "The invoice has another currency.",
            "G3",
            names.code(invoice.currency),
            names.code(there.currency),
        )
    yield from _line_differences(invoice, draft, names)
    yield from _source_differences(invoice, draft, names)
    if there.total_amount is not None and there.total_amount != invoice.total:
        yield Difference(
            Aspect.AMOUNT,
            "The invoice has another total.",
            "T9",
            names.money(invoice.total, invoice.currency),
            names.money(there.total_amount, there.currency),
        )


def _line_differences(invoice: CreateInvoice, draft: Draft, names: _Names) -> Iterator[Difference]:
    planned = {line.contract_line: line for line in invoice.lines}
    created = {line.contract_line: line for line in draft.lines if line.contract_line}
    if missing := planned.keys() - created.keys():
        text = f"Contract lines are missing: {names.of_all(missing)}."
        yield Difference(Aspect.LINE, text, "G4", planned=names.of_all(missing))
    if extra := created.keys() - planned.keys():
        text = f"Contract lines were not planned: {names.of_all(extra)}."
        yield Difference(Aspect.LINE, text, "G4", created=names.of_all(extra))
    for id in sorted(planned.keys() & created.keys()):
        amount = created[id].extended_amount
        if amount is not None and amount != planned[id].extended_amount:
            yield Difference(
                Aspect.AMOUNT,
                f"The line {planned[id].name} has another amount.",
                "T9",
                names.money(planned[id].extended_amount, invoice.currency),
                names.money(amount, draft.invoice.currency),
            )


def _source_differences(invoice: CreateInvoice, draft: Draft, names: _Names) -> Iterator[Difference]:
    planned = sources_of(invoice)
    if missing := planned - draft.sources:
        text = f"{several(len(missing), 'transaction')} planned and not taken: {names.of_all(missing)}."
        yield Difference(Aspect.SOURCE_MISSING, text, "T1", planned=names.of_all(missing))
    if extra := draft.sources - planned:
        text = f"{several(len(extra), 'transaction')} taken and not planned: {names.of_all(extra)}."
        yield Difference(Aspect.SOURCE_EXTRA, text, "T1", created=names.of_all(extra))


def _run_date_differences(now: ContractSnapshot, created: Created, run: Run) -> Iterator[Difference]:
    """Rule G1: every run date has an invoice of its own."""
    for draft in created.invoices:
        days = {
            run.day_of(row.invoice_run_date)
            for line in now.lines
            for row in line.schedule
            if row.invoice == draft.invoice.id and row.invoice_run_date is not None
        }
        if others := sorted(day.isoformat() for day in days if day != run.day):
            name = draft.invoice.name or draft.invoice.id
            text = f"The invoice {name} stands for other run dates, too: {', '.join(others)}."
            yield Difference(Aspect.RUN_DATE, text, "G1", run.day.isoformat(), ", ".join(others))


def _row_differences(plan: ContractPlan, now: ContractSnapshot, run: Run) -> Iterator[Difference]:
    """Rule G6: the run status that the rows of the date should have, and the one that they have."""
    settled = {row: RunStatus.RUN_SUCCESSFUL for invoice in plan.invoices for row in invoice.schedule_rows}
    settled.update((mark.schedule_row, mark.run_status) for mark in plan.marks)
    titles = {row.id: line.line.title for line in now.lines for row in line.schedule}
    before = {row.id: row.run_status for line in plan.snapshot.lines for row in line.schedule}
    for id, row in sorted(rows_on(now, run).items()):
        wanted = settled.get(id, before.get(id, RunStatus.NOT_RUN))
        if row.run_status != wanted:
            yield Difference(
                Aspect.RUN_STATUS,
                f"The schedule row of {titles[id]} has another run status.",
                "G6",
                _status(wanted),
                _status(row.run_status),
            )


def _status(status: int | None) -> str:
    named = known(RunStatus, status)
    return str(status) if named is None else named.name.replace("_", " ").title()
