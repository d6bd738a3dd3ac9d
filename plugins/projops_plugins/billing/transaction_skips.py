"""The reasons of transactions in words, added up for each line, reason and currency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from connector.model.actual import Actual
from connector.model.contract_line import ContractLine
from connector.model.reason import Reason
from connector.workflow import ContractSnapshot, Skip
from projops_plugins.billing.transactions import Objection
from projops_plugins.skips import Told, Waiting, in_words, skip, waiting_of, with_amount

MOST_NAMED = 3
"""How many invoices, values or records one sentence names."""

SENTENCES: Mapping[Reason, tuple[str, str]] = {
    Reason.ALREADY_ON_INVOICE: ("{what} stand on an invoice already{detail}", "nothing is invoiced twice"),
    Reason.CLASS_NOT_INCLUDED: (
        "{what} are of a class that this line does not include{detail}",
        "include the class on the line, or move the transactions to the line that has it",
    ),
    Reason.ADJUSTED: (
        "{what} were adjusted{detail}",
        "only the transactions that replaced them are invoiced",
    ),
    Reason.NOT_TO_EXCEED_FAILED: (
        "{what} exceed a not-to-exceed limit",
        "raise it and evaluate them again",
    ),
    Reason.NOT_READY_TO_INVOICE: (
        "{what} are not marked Ready to Invoice",
        "mark them in the billing backlog",
    ),
    Reason.NO_CUSTOMER: (
        "{what} have no customer to bill{detail}",
        "give the contract line one that is active, with its share",
    ),
    Reason.BLOCKED: ("{what} cannot be invoiced{detail}", "correct records {records}"),
}
"""What was found, and the way out."""


@dataclass(frozen=True, slots=True)
class Objected:
    actual: Actual
    objection: Objection


def objection_skips(
    objected: Iterable[Objected], line: ContractLine, contract: ContractSnapshot
) -> list[Skip]:
    """One Skip for each reason and currency, in the order of the closed list of reasons."""
    by_reason: dict[Reason, list[Objected]] = {}
    for item in objected:
        by_reason.setdefault(item.objection.reason, []).append(item)
    return [
        one
        for reason in Reason
        if reason in by_reason
        for one in _skips(reason, by_reason[reason], line, contract)
    ]


def _skips(
    reason: Reason, items: Sequence[Objected], line: ContractLine, contract: ContractSnapshot
) -> Iterable[Skip]:
    for waiting in waiting_of((item.actual for item in items), contract):
        of = [item for item in items if item.actual.currency == waiting.currency]
        words = {
            "what": in_words(waiting, contract),
            "detail": _named(", ", {item.objection.detail for item in of if item.objection.detail}, " ({})"),
            "records": _named(", ", {item.actual.id for item in of}),
        }
        found, way_out = (_agreeing(text.format(**words), waiting.count) for text in SENTENCES[reason])
        told = Told(reason, of[0].objection.rule, found, way_out)
        yield with_amount(skip(contract, line, told), contract, waiting)


def _named(separator: str, words: set[str], frame: str = "{}") -> str:
    if not words:
        return ""
    named = sorted(words)
    rest = len(named) - MOST_NAMED
    text = separator.join(named[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
    return frame.format(text)


def _agreeing(message: str, count: int) -> str:
    """One transaction takes verbs in the singular."""
    if count != 1:
        return message
    for plural, singular in (
        (") stand ", ") stands "),
        (") are ", ") is "),
        (") were ", ") was "),
        (") exceed ", ") exceeds "),
        (") have ", ") has "),
        (") wait ", ") waits "),
        ("mark them", "mark it"),
        ("evaluate them", "evaluate it"),
        ("move the transactions", "move it"),
        ("transactions that replaced them are", "transaction that replaced it is"),
        ("correct records", "correct record"),
    ):
        message = message.replace(plural, singular)
    return message


def after_cut_off_skips(
    actuals: Iterable[Actual],
    line: ContractLine,
    contract: ContractSnapshot,
    cut_off: date,
    next_run_date: date | None,
) -> list[Skip]:
    """Rule T3: what is ready and comes too late for every run date that is due."""
    if next_run_date:
        outlook = f"the next run date is {next_run_date}"
    else:
        outlook = "no later run date is scheduled, so extend the invoice schedule"

    def told(waiting: Waiting) -> Told:
        found = f"{in_words(waiting, contract)} after the cut-off of {cut_off}"
        return Told(Reason.AFTER_CUT_OFF, "T3", found, outlook, next_run_date)

    return [
        with_amount(skip(contract, line, told(waiting)), contract, waiting)
        for waiting in waiting_of(actuals, contract)
    ]


def ahead_skips(
    actuals: Iterable[Actual],
    line: ContractLine,
    contract: ContractSnapshot,
    day: date,
    next_run_date: date | None,
) -> list[Skip]:
    """Rule T4: what is ready and dated after the day of the run, whatever the cut-off."""
    if next_run_date:
        outlook = f"the next run date is {next_run_date}"
    else:
        outlook = "no later run date is scheduled, so extend the invoice schedule"

    def told(waiting: Waiting) -> Told:
        found = _agreeing(
            f"{in_words(waiting, contract)} are dated after the day of the run, {day}", waiting.count
        )
        return Told(Reason.AFTER_CUT_OFF, "T4", found, outlook, next_run_date)

    return [
        with_amount(skip(contract, line, told(waiting)), contract, waiting)
        for waiting in waiting_of(actuals, contract)
    ]


def held_skips(
    held: Skip, waiting: Sequence[Actual], contract: ContractSnapshot, *, is_taken_over: bool = False
) -> list[Skip]:
    """A row that is not taken although its date has come, with what waits for it.

    `is_taken_over`: where nothing does, since a run date that is due covers it, that is said.
    """
    found = [with_amount(held, contract, one) for one in waiting_of(waiting, contract)]
    if found or not is_taken_over:
        return found or [held]
    return [
        replace(
            held, message=f"{held.message} Nothing waits for it: what it covers goes with a later run date."
        )
    ]


def not_due_skips(
    ready: Sequence[Actual], line: ContractLine, contract: ContractSnapshot, next_run_date: date
) -> list[Skip]:
    """A line whose next run date is still to come, with what waits for it."""
    found = f"The next run date of this line is {next_run_date}"
    if not ready:
        return [skip(contract, line, Told(Reason.NOT_YET_DUE, "L3", found, until=next_run_date))]

    def told(waiting: Waiting) -> Told:
        more = _agreeing(f"{in_words(waiting, contract)} wait until then", waiting.count)
        return Told(Reason.NOT_YET_DUE, "L3", f"{found}; {more}", until=next_run_date)

    return [
        with_amount(skip(contract, line, told(waiting)), contract, waiting)
        for waiting in waiting_of(ready, contract)
    ]
