"""A look ahead for machines, as a stream, and for people, as text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from itertools import groupby
from typing import Any

from connector.model.money import with_digits
from connector.model.time_text import moment
from connector.runner.calendar import Calendar, Sum, counted
from connector.runner.look_ahead import LookAhead, Outlook
from connector.runner.outcome import InvoiceOutcome
from connector.runner.report import failure_json, header_json, invoice_json, skip_json, waiting_text
from connector.runner.rules_text import rules_in_words
from connector.runner.wording import NO_CONTRACT, folded, folded_all, grouped, several, unknown_of, zone_text
from connector.workflow import Skip

MIRROR = "A preview: this mirrors the platform's rules, and the platform itself decides."
RECORDED = (
    "Only what is recorded by now is counted: what is worked, approved or marked ready later comes on top."
)


def as_stream(ahead: LookAhead, calendar: Calendar) -> Iterator[dict[str, Any]]:
    """`result` with what holds, then drafts and reasons contract by contract, at the end the sums."""
    yield {"kind": "result", **range_json(ahead)}
    for outlook in counted(ahead, calendar).outlooks:
        yield from _outlook_items(outlook)
    for entry in calendar.entries():
        yield {
            "kind": "day",
            "day": entry.day.isoformat(),
            "currency": entry.currency,
            "customer": entry.customer,
            "customer_name": calendar.names.get(entry.customer),
            "drafts": entry.drafts,
            "amount": with_digits(entry.amount, calendar.digits_of(entry.currency)),
        }
    for currency in sorted({*calendar.currencies, *calendar.uncertain}):
        yield {"kind": "total", **_total_json(currency, calendar)}


def range_json(ahead: LookAhead) -> dict[str, Any]:
    header = header_json(ahead.header)
    return {
        "from": ahead.period.first.isoformat(),
        "to": ahead.period.last.isoformat(),
        "today": ahead.header.today.isoformat(),
        "first_run": ahead.first_run.isoformat(),
        "is_preview": True,
        "rules": header["rules"],
    }


def _total_json(currency: str, calendar: Calendar) -> dict[str, Any]:
    places = calendar.digits_of(currency)
    total, uncertain = calendar.total(currency), calendar.uncertain.get(currency, Sum())
    return {
        "currency": currency,
        "drafts": total.drafts,
        "amount": with_digits(total.amount, places),
        "uncertain": with_digits(uncertain.amount, places),
    }


def _outlook_items(outlook: Outlook) -> Iterator[dict[str, Any]]:
    facts = outlook.facts
    for planned in outlook.days:
        for invoice in planned.invoices:
            yield {
                "kind": "invoice",
                "day": planned.day.isoformat(),
                "customer_name": facts.customer_names.get(invoice.customer),
                **invoice_json(InvoiceOutcome(invoice), facts.digits),
            }
    for is_uncertain, skips in ((True, outlook.uncertain), (False, outlook.left)):
        for skip in skips:
            yield {
                "kind": "skipped",
                "contract_name": facts.contract_name or None,
                "currency": skip.currency_code or None,
                "uncertain": is_uncertain,
                **skip_json(skip, facts.digits),
            }
    for failure in outlook.failures:
        yield {"kind": "failed", **failure_json(failure)}


def as_text(ahead: LookAhead, calendar: Calendar, now: datetime) -> Iterator[str]:
    """What holds, the calendar, what is uncertain, what is left: in 80 columns."""
    for _ in counted(ahead, calendar).outlooks:
        pass
    told = calendar.told
    yield from _header_text(ahead, now)
    yield from _calendar_text(calendar)
    yield ""
    yield from folded(f"Expected: {expected(calendar)}.")
    if unseen := unseen_text(calendar):
        yield from folded(unseen)
    if besides := besides_text(calendar):
        yield from folded(f"Not in these sums, but possible: {besides}.")
    if calendar.empty_rows:
        yield f"{several(calendar.empty_rows, 'schedule row')} would run with nothing to bill."
    yield from _reasons_text("Uncertain", told.uncertain, calendar, calendar.unsure)
    yield from _reasons_text(
        f"Not invoiced by {ahead.period.last}, and why", told.left, calendar, calendar.left
    )
    yield from _ended_text(told.ended)
    if told.failures:
        yield from ("", "Failed")
        for failure in told.failures:
            text = f"! {failure.contract_name or failure.contract}: {failure.message} [{failure.reason}]"
            yield from folded(text, "  ", "    ")


def _header_text(ahead: LookAhead, now: datetime) -> Iterator[str]:
    header = ahead.header
    yield f"Run dates from {ahead.period.first} to {ahead.period.last}, as of {moment(now)}"
    yield from folded(f"Days are those of {zone_text(header.zone)}.")
    yield from folded(MIRROR)
    yield from folded(RECORDED)
    yield from folded(rules_in_words(header.rules, takes_missed=header.takes_missed))
    if told := passed_text(ahead.first_run, ahead.period.first):
        yield from folded(told)
    yield from folded_all((f"Unknown: {sentence}" for sentence in unknown_of(header)), hanging="  ")


def passed_text(first_run: date, first: date) -> str:
    """What becomes of the days before the first run; empty where there are none."""
    if first >= first_run:
        return ""
    return (
        f"The next run is that of {first_run}: what is dated before it and has not been run stands under "
        "Uncertain."
    )


def _calendar_text(calendar: Calendar) -> Iterator[str]:
    width = min(max((len(calendar.name_of(one.customer)) for one in calendar.entries()), default=8), 38)
    for currency in calendar.currencies:
        places = calendar.digits_of(currency)
        yield ""
        yield f"{'Run date':<10}  {'Customer':<{width}}  {'Drafts':>6}  {'Amount ' + currency:>18}"
        before: date | None = None
        for one in calendar.entries():
            if one.currency != currency:
                continue
            day = "" if one.day == before else one.day.isoformat()
            name = _cut(calendar.name_of(one.customer), width)
            yield f"{day:<10}  {name:<{width}}  {one.drafts:>6}  {grouped(one.amount, places):>18}"
            before = one.day
        total = calendar.total(currency)
        yield f"{'':<10}  {'Total':<{width}}  {total.drafts:>6}  {grouped(total.amount, places):>18}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def expected(calendar: Calendar) -> str:
    """`4 drafts: 120.00 EUR, 5,333.63 USD`."""
    sums = ", ".join(
        f"{grouped(calendar.total(code).amount, calendar.digits_of(code))} {code}"
        for code in calendar.currencies
    )
    return f"{several(calendar.drafts, 'draft')}{': ' if sums else ''}{sums}"


def besides_text(calendar: Calendar) -> str:
    return ", ".join(
        f"{grouped(one.amount, calendar.digits_of(code))} {code}"
        for code, one in sorted(calendar.uncertain.items())
    )


def unseen_text(calendar: Calendar) -> str:
    """What tells nothing to invoice from nothing to see; empty where contracts were seen."""
    return "" if calendar.contracts else NO_CONTRACT


def _ended_text(ended: list[tuple[str, Skip]]) -> Iterator[str]:
    if not ended:
        return
    yield from ("", "No later run date, and nothing recorded that is left to invoice")
    for name, skips in groupby(ended, key=lambda pair: pair[0]):
        yield from folded(f"{name}: {', '.join(skip.name for _, skip in skips)}", "  ", "    ")


def _reasons_text(
    title: str, reasons: list[tuple[str, Skip]], calendar: Calendar, count: int
) -> Iterator[str]:
    if not reasons:
        return
    yield ""
    yield title
    contract = ""
    for name, skip in reasons:
        if name != contract:
            yield from folded(name, "  ", "    ")
            contract = name
        waiting = waiting_text(skip, calendar.digits_of(skip.currency_code))
        line = f"- {skip.name or 'contract'}{waiting}: {skip.message} [{skip.reason}]"
        yield from folded(line, "    ", "      ")
    if count > len(reasons):
        yield f"  … and {count - len(reasons):,} more: -o jsonl tells all of them."
