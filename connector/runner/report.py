"""What a run has to say: as a stream of records for machines, and as lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import msgspec

from connector.model.money import EXACT, ZERO, total, with_digits
from connector.model.shown_text import one_line
from connector.runner.outcome import (
    ContractOutcome,
    Failure,
    Header,
    InvoiceOutcome,
    InvoiceRun,
    InvoiceState,
)
from connector.runner.rules_text import rules_in_words
from connector.runner.wording import NO_CONTRACT, folded, grouped, several, unknown_of, zone_text
from connector.workflow import CreateInvoice, InvoiceDetail, InvoiceLine, Skip

USUAL_DIGITS = 2
NO_CURRENCY = "?"
MOST_NAMED = 20
"""How many contracts that failed the last lines name once more; memory stays flat."""


def as_stream(run: InvoiceRun) -> Iterator[dict[str, Any]]:
    """One `result` with what holds for the run, then what there is of each contract, as they come."""
    yield {"kind": "result", **header_json(run.header)}
    for outcome in run.outcomes:
        for invoice in outcome.invoices:
            yield {"kind": "invoice", **_invoice_of(invoice, outcome)}
        for skip in outcome.skips:
            yield {
                "kind": "skipped",
                "contract_name": outcome.contract_name or None,
                "currency": skip.currency_code or None,
                **skip_json(skip, outcome.digits),
            }
        for failure in outcome.failures:
            yield {"kind": "failed", **failure_json(failure)}
        if outcome.on_apply is not None:
            yield {"kind": "on_apply", **on_apply_json(outcome, outcome.on_apply)}


def header_json(header: Header) -> dict[str, Any]:
    """`rules` holds every choice that was used, the time zone as it was found among them."""
    rules: dict[str, Any] = msgspec.to_builtins(header.rules)
    return {
        "on": header.on.isoformat(),
        "rules": {
            **rules,
            "time_zone": header.zone.zone.key if header.zone.is_known else None,
            "takes_missed": header.takes_missed,
            "unknown": list(unknown_of(header)),
        },
        "applied": header.is_applied,
    }


def _invoice_of(invoice: InvoiceOutcome, outcome: ContractOutcome) -> dict[str, Any]:
    name = outcome.customer_names.get(invoice.invoice.customer)
    return {"customer_name": name, **invoice_json(invoice, outcome.digits)}


def invoice_json(outcome: InvoiceOutcome, digits: Mapping[str, int]) -> dict[str, Any]:
    invoice = outcome.invoice
    places = digits.get(invoice.currency_code, USUAL_DIGITS)
    return {
        "id": outcome.id,
        "state": str(outcome.state),
        "contract": invoice.contract,
        "contract_name": invoice.contract_name,
        "customer": invoice.customer,
        "currency": invoice.currency_code or None,
        "invoice_run_date": invoice.invoice_run_date.isoformat(),
        "total": with_digits(invoice.total, places),
        "lines": [_line_json(line, places) for line in invoice.lines],
    }


def on_apply_json(outcome: ContractOutcome, invoices: Iterable[CreateInvoice]) -> dict[str, Any]:
    """What `--apply` would create for a contract, where the preview of the platform's run is not that."""
    return {
        "contract": outcome.contract,
        "contract_name": outcome.contract_name,
        "invoices": [_invoice_of(InvoiceOutcome(one), outcome) for one in invoices],
    }


def _line_json(line: InvoiceLine, places: int) -> dict[str, Any]:
    return {
        "contract_line": line.contract_line,
        "name": line.name,
        "billing_method": line.billing_method,
        "amount": with_digits(line.amount, places),
        "tax": with_digits(line.tax, places),
        "details": [_detail_json(detail, places) for detail in line.details],
    }


def _detail_json(detail: InvoiceDetail, places: int) -> dict[str, Any]:
    kind = detail.transaction_class
    return {
        "source": detail.source,
        "source_id": detail.source_id,
        "class": kind.name.lower() if kind is not None else None,
        "billing_type": detail.billing_type.name.lower(),
        "amount": with_digits(detail.amount, places),
    }


def skip_json(skip: Skip, digits: Mapping[str, int]) -> dict[str, Any]:
    places = digits.get(skip.currency_code, USUAL_DIGITS)
    return {
        "contract": skip.contract,
        "contract_line": skip.contract_line,
        "name": skip.name or None,
        "reason": str(skip.reason),
        "until": skip.until.isoformat() if skip.until else None,
        "count": skip.count or 0,
        "amount": None if skip.amount is None else with_digits(skip.amount, places),
        "message": skip.message,
    }


def failure_json(failure: Failure) -> dict[str, Any]:
    run_date = failure.invoice_run_date
    return {
        "contract": failure.contract,
        "contract_name": failure.contract_name,
        "invoice_run_date": run_date.isoformat() if run_date else None,
        "reason": str(failure.reason),
        "message": failure.message,
    }


@dataclass
class Totals:
    """What is added up while a run streams by: a few numbers, however many contracts."""

    contracts: int = 0
    invoices: int = 0
    unknown: int = 0
    skipped: int = 0
    failed: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    digits: dict[str, int] = field(default_factory=dict)
    on_apply: Totals | None = None
    """What a run that creates would create, in a preview of which that is not the same."""

    def add(self, outcome: ContractOutcome) -> None:
        if self.on_apply is None and outcome.on_apply is not None:
            self.on_apply = Totals(
                invoices=self.invoices, amounts=dict(self.amounts), digits=dict(self.digits)
            )
        if self.on_apply is not None:
            self.on_apply.add(_as_applied(outcome))
        self.contracts += 1
        self.invoices += len(outcome.invoices)
        self.unknown += sum(one.state is InvoiceState.UNKNOWN for one in outcome.invoices)
        self.skipped += len(outcome.skips)
        self.failed += len(outcome.failures)
        self.digits.update(outcome.digits)
        for one in outcome.invoices:
            code = one.invoice.currency_code or NO_CURRENCY
            self.amounts[code] = EXACT.add(self.amounts.get(code, ZERO), one.invoice.total)

    def in_words(self) -> str:
        """`3 invoices: 120.00 EUR, 5,333.63 USD`."""
        amounts = ", ".join(
            f"{grouped(amount, self.digits.get(code, USUAL_DIGITS))} {code}"
            for code, amount in sorted(self.amounts.items())
        )
        return f"{several(self.invoices, 'invoice')}{': ' if amounts else ''}{amounts}"


def _as_applied(outcome: ContractOutcome) -> ContractOutcome:
    if outcome.on_apply is None:
        return outcome
    return replace(outcome, invoices=tuple(map(InvoiceOutcome, outcome.on_apply)), on_apply=None)


def counted(run: InvoiceRun, totals: Totals) -> InvoiceRun:
    """The same run; `totals` is filled while it is iterated."""

    def outcomes() -> Iterator[ContractOutcome]:
        for outcome in run.outcomes:
            totals.add(outcome)
            yield outcome

    return InvoiceRun(run.header, outcomes())


def as_text(run: InvoiceRun) -> Iterator[str]:
    """Lines for people: what holds, then each contract that has something to say, then the sums."""
    totals, failed = Totals(), 0
    named: list[str] = []
    yield from _header_text(run.header)
    for outcome in counted(run, totals).outcomes:
        if outcome.failures:
            failed += 1
            named.extend([_name_of(outcome)] if failed <= MOST_NAMED else [])
        if outcome.invoices or outcome.skips or outcome.failures or outcome.on_apply:
            yield ""
            yield from _contract_text(outcome)
    more = f" and {failed - MOST_NAMED} more" if failed > MOST_NAMED else ""
    yield ""
    yield f"{_verb(run.header)}: {totals.in_words()}."
    if not totals.contracts:
        yield NO_CONTRACT
    if totals.on_apply is not None:
        yield f"With --apply would be created: {totals.on_apply.in_words()}."
    if totals.unknown:
        yield f"{totals.unknown} of them not as planned, or not certain."
    if totals.skipped:
        yield f"{several(totals.skipped, 'reason')} why something is not invoiced."
    if totals.failed:
        yield f"{several(totals.failed, 'failure')}, see above: {', '.join(named)}{more}."
    yield from folded(rules_in_words(run.header.rules, takes_missed=run.header.takes_missed))


def _verb(header: Header) -> str:
    return "Created" if header.is_applied else "Would be invoiced"


def _header_text(header: Header) -> Iterator[str]:
    what = "Invoices created for" if header.is_applied else "Preview of"
    yield f"{what} {header.on} ({zone_text(header.zone)})"
    if not header.is_applied:
        yield "This mirrors the platform's rules; the platform itself decides."
    for sentence in unknown_of(header):
        yield f"Unknown: {sentence}"


def _contract_text(outcome: ContractOutcome) -> Iterator[str]:
    yield _name_of(outcome)
    for one in outcome.invoices:
        yield from _invoice_text(one, outcome)
    if outcome.on_apply is not None:
        yield from _on_apply_text(outcome)
    for skip in outcome.skips:
        waiting = waiting_text(skip, outcome.digits.get(skip.currency_code, USUAL_DIGITS))
        yield f"  - {one_line(skip.name) or 'contract'}{waiting}: {one_line(skip.message)} [{skip.reason}]"
    for failure in outcome.failures:
        when = f" {failure.invoice_run_date}" if failure.invoice_run_date else ""
        yield f"  ! failed{when}: {one_line(failure.message)} [{failure.reason}]"


def _name_of(outcome: ContractOutcome) -> str:
    return one_line(outcome.contract_name) or outcome.contract


def waiting_text(skip: Skip, places: int) -> str:
    """` (312.60 USD)`, where an amount stands behind a reason whose sentence does not say it."""
    if skip.amount is None:
        return ""
    amount = grouped(skip.amount, places)
    return "" if amount in skip.message else f" ({amount} {skip.currency_code or NO_CURRENCY})"


def _on_apply_text(outcome: ContractOutcome) -> Iterator[str]:
    what = "this instead" if outcome.on_apply else "none of it"
    yield (
        f"  With --apply would be created {what}: missed run dates are taken up where catch_up says so, "
        "and the platform's action goes by schedule rows."
    )
    for one in _as_applied(outcome).invoices:
        yield from (f"  {line}" for line in _invoice_text(one, outcome))


def _invoice_text(outcome: InvoiceOutcome, of: ContractOutcome) -> Iterator[str]:
    invoice = outcome.invoice
    customer = of.customer_names.get(invoice.customer, f"customer {invoice.customer}")
    places = of.digits.get(invoice.currency_code, USUAL_DIGITS)
    code = invoice.currency_code or NO_CURRENCY
    state = "" if outcome.state is InvoiceState.PLANNED else f" {outcome.state.replace('_', ' ')}"
    which = f" {outcome.id}" if outcome.id else ""
    tax = total(EXACT.subtract(line.extended_amount, line.amount) for line in invoice.lines)
    of_tax = f", {grouped(tax, places)} of it tax" if tax else ""
    yield (
        f"  + invoice{which}{state} of {invoice.invoice_run_date}: "
        f"{grouped(invoice.total, places)} {code} for {one_line(customer)}{of_tax}"
    )
    names = [one_line(line.name) for line in invoice.lines]
    width = max(map(len, names), default=0)
    for name, line in zip(names, invoice.lines, strict=True):
        amount = grouped(line.extended_amount, places)
        yield f"      {name:<{width}}  {amount:>15} {code}  {_details_text(line)}"


def _details_text(line: InvoiceLine) -> str:
    """`4 details, 2 not chargeable`: those stand on the invoice and add nothing (rule T5)."""
    free = sum(not detail.is_chargeable for detail in line.details)
    return f"{several(len(line.details), 'detail')}{f', {free} not chargeable' if free else ''}"
