"""Stories for people, as text that fits 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby

from connector.model.money import total
from connector.model.reason import Reason
from connector.runner.report import USUAL_DIGITS, waiting_text
from connector.runner.rules_text import rules_in_words
from connector.runner.story import Explanation, InvoiceFact, LineStory, TransactionFact
from connector.runner.wording import folded, grouped, several, unknown_of, zone_text
from connector.workflow import ACTUAL

MOST_OF_A_GROUP = 12
"""Transactions with the same fate that a text shows one by one."""
LABEL = 14


def as_text(explanation: Explanation) -> Iterator[str]:
    header = explanation.header
    when = "today" if header.on == header.today else f"today is {header.today}"
    yield from folded(f"As a run on {header.on} sees it ({when}; {zone_text(header.zone)}).")
    yield from folded("This mirrors the platform's rules; the platform itself decides.")
    yield from folded(rules_in_words(header.rules, takes_missed=header.takes_missed))
    yield from folded(f"Job: {explanation.job}")
    for sentence in unknown_of(header):
        yield from folded(f"Unknown: {sentence}", hanging="  ")
    for story in explanation.stories:
        yield ""
        yield from story_text(story)


def story_text(story: LineStory) -> Iterator[str]:
    """One line's story: what it is, what the run does with it, and what everything of it is waiting for."""
    yield from folded(story.name)
    yield from _labelled("Contract", f"{story.contract_name or story.contract} ({story.contract_status})")
    classes = f": {', '.join(story.classes)}" if story.classes else ""
    yield from _labelled("Billing", f"{story.billing_method.replace('_', ' ')}{classes}")
    if story.customers:
        yield from _labelled("Customers", ", ".join(story.customers))
    yield from _verdict(story)
    yield from _labelled("Next run", story.next_look.sentence)
    yield from _rows_text(story)
    yield from _milestones_text(story)
    yield from _transactions_text(story)
    yield from _past_text(story)


def _labelled(label: str, text: str) -> list[str]:
    return folded(text, f"  {label:<{LABEL}}", " " * (LABEL + 2))


def _verdict(story: LineStory) -> Iterator[str]:
    for share in story.shares:
        amount = _grouped(share.amount, share.currency_code, story)
        yield from _labelled(
            "Invoiced",
            f"{amount} for {share.customer}, run date {share.run_date}, "
            f"from {several(share.count, 'transaction')}",
        )
    for skip in story.reasons:
        waiting = waiting_text(skip, story.digits.get(skip.currency_code, USUAL_DIGITS)).strip(" ()")
        sentence = _plain(_sentence(skip.message), story)
        yield from _labelled("Not invoiced", f"{f'{waiting}: ' if waiting else ''}{sentence} [{skip.reason}]")
    if not story.shares and not story.reasons:
        yield from _labelled("Not invoiced", f"Nothing of it waits to be invoiced on {story.on}.")


def _plain(text: str, story: LineStory) -> str:
    """A sentence for people: with dates in the place of ids."""
    for id, name in story.names.items():
        text = text.replace(id, name)
    return text


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _rows_text(story: LineStory) -> Iterator[str]:
    if not story.rows:
        return
    yield ""
    yield "  Schedule"
    yield "    Run date    Cut-off     Status          Invoice"
    for row in story.rows:
        invoice = _invoice_text(row.invoice, story)
        line = (
            f"{_day_text(row.run_date)}  {_day_text(row.cut_off, '-         ')}  {row.status:<14}  {invoice}"
        )
        yield from folded_columns(line.rstrip(), 44)


def _milestones_text(story: LineStory) -> Iterator[str]:
    if not story.milestones:
        return
    yield ""
    yield "  Milestones"
    for one in story.milestones:
        amount = "no amount" if one.amount is None else _grouped(one.amount, one.currency_code, story)
        line = f"{_day_text(one.day)}  {amount:>20}  {one.name}: {one.status}"
        yield from folded_columns(line, 38)


def _transactions_text(story: LineStory) -> Iterator[str]:
    """Those with the same fate stand together, under what it is."""
    taken = [one for one in story.transactions if one.judgement.is_taken]
    left = [one for one in story.transactions if not one.judgement.is_taken]
    for fate, of in groupby(sorted(taken, key=_fate), key=_fate):
        same = list(of)
        yield ""
        rule = f" (rule {fate[1]})" if fate[1] else ""
        yield f"  Taken, run date {fate[2]}: {_counted(same)}{rule}"
        yield from _group_text(same, story)
    for fate, of in groupby(sorted(left, key=_fate), key=_fate):
        same = list(of)
        yield ""
        if (invoice := same[0].invoice) is not None:
            yield from folded(f"On the {_invoice_text(invoice, story)}: {_counted(same)} (rule G8)", "  ")
            yield from _group_text(same, story)
            continue
        rule = f", rule {fate[1]}" if fate[1] else ""
        yield f"  Not taken, {fate[0]}{rule}: {_counted(same)}"
        way_out = same[0].judgement.way_out
        founds = dict.fromkeys(one.judgement.found for one in same[:MOST_OF_A_GROUP])
        is_each_its_own = len(founds) > 1
        if not is_each_its_own:
            yield from folded(_plain(_sentence(same[0].judgement.found), story), "    ")
        if way_out:
            yield from folded(f"What to do: {way_out.rstrip('.')}.", "    ")
        yield from _group_text(same, story, is_with_found=is_each_its_own)


def _fate(one: TransactionFact) -> tuple[str, ...]:
    judgement = one.judgement
    if judgement.is_taken:
        return "", judgement.rule, _day_text(judgement.invoice_run_date)
    on = one.invoice.id if one.invoice is not None else ""
    return str(judgement.reason), judgement.rule, judgement.way_out, on


def _counted(same: Iterable[TransactionFact]) -> str:
    return several(len(list(same)), "transaction")


def _group_text(
    same: list[TransactionFact], story: LineStory, *, is_with_found: bool = False
) -> Iterator[str]:
    """`is_with_found`: what was found differs from one to the next and stands with each."""
    for one in same[:MOST_OF_A_GROUP]:
        judgement = one.judgement
        amount = (
            "" if judgement.amount is None else _grouped(judgement.amount, judgement.currency_code, story)
        )
        notes = [judgement.name or one.kind]
        if one.billing_type not in {None, "chargeable"}:
            notes.append(str(one.billing_type).replace("_", "-"))
        if judgement.is_taken and one.expected_on is not None and one.expected_on < story.on:
            notes.append(f"unless the run of {one.expected_on} takes it")
        elif not judgement.is_taken and one.expected_on is not None:
            notes.append(f"expected on {one.expected_on}")
        if is_with_found:
            notes[0] = f"{notes[0]}: {_plain(judgement.found, story)}"
        if judgement.reason is Reason.BLOCKED and judgement.source == ACTUAL:
            notes.append(f"record {judgement.source_id}")
        yield from folded_columns(f"{_day_text(one.day)}  {amount:>20}  {', '.join(notes)}", 38)
    if rest := same[MOST_OF_A_GROUP:]:
        sums = ", ".join(_sums(rest, story))
        yield f"    … and {several(len(rest), 'more transaction')}{': ' if sums else ''}{sums}"


def _sums(of: list[TransactionFact], story: LineStory) -> Iterator[str]:
    codes = sorted({one.judgement.currency_code for one in of if one.judgement.amount is not None})
    for code in codes:
        amounts = (one.judgement.amount for one in of if one.judgement.currency_code == code)
        yield _grouped(total(amount for amount in amounts if amount is not None), code, story)


def _past_text(story: LineStory) -> Iterator[str]:
    past = story.past
    if not (past.posted or past.canceled):
        return
    sums = ", ".join(_grouped(amount, code, story) for code, amount in sorted(past.amounts.items()))
    parts = []
    if past.posted:
        parts.append(
            f"{several(past.posted, 'transaction')} on posted invoices{f' ({sums})' if sums else ''}"
        )
    if past.canceled:
        parts.append(f"{several(past.canceled, 'transaction')} canceled by corrections")
    yield ""
    yield from folded(f"Over: {', '.join(parts)}.", "  ", "    ")


def _invoice_text(invoice: InvoiceFact | None, story: LineStory) -> str:
    if invoice is None:
        return ""
    day = f" of {invoice.day}" if invoice.day is not None else ""
    name = f" {invoice.name}" if invoice.name not in {"", story.contract_name} else ""
    amount = "" if invoice.amount is None else f", {_grouped(invoice.amount, invoice.currency_code, story)}"
    return f"{invoice.status} invoice{day}{name}{amount}"


def folded_columns(line: str, hanging: int) -> list[str]:
    """A row of a table; what does not fit goes on below its last column."""
    return folded(line, "    ", " " * hanging, is_keeping_spaces=True)


def _day_text(day: date | None, without: str = "no date   ") -> str:
    return day.isoformat() if day is not None else without


def _grouped(amount: Decimal, code: str, story: LineStory) -> str:
    return f"{grouped(amount, story.digits.get(code, USUAL_DIGITS))} {code or '?'}"
