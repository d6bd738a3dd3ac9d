"""Why a line is not on an invoice, put into words: what was found, and what would change it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from connector.model.actual import Actual, BillingType
from connector.model.contract_line import ContractLine
from connector.model.money import ZERO, total, with_digits
from connector.model.reason import Reason
from connector.workflow import ACTUAL, MILESTONE, ContractSnapshot, Judgement, LineSnapshot, Skip

USUAL_DIGITS = 2
"""The decimals that an amount is shown with where its currency record does not tell; never rounded to."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Transactions or milestones that stand behind a reason: how many, and what they would bill."""

    count: int
    amount: Decimal
    currency: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """Why something is not invoiced: by which rule, what was found, and what a person can do about it.

    `until` is the day on which it resolves by itself.
    """

    reason: Reason
    rule: str
    found: str
    way_out: str = ""
    until: date | None = None

    @property
    def message(self) -> str:
        return f"{self.found}: {self.way_out}." if self.way_out else f"{self.found}."


def skip(contract: ContractSnapshot, line: ContractLine, told: Told) -> Skip:
    return Skip(
        contract=contract.contract.id,
        reason=told.reason,
        message=told.message,
        contract_line=line.id,
        name=line.title,
        until=told.until,
        rule=told.rule,
        found=told.found,
        way_out=told.way_out,
    )


@dataclass(frozen=True, slots=True)
class Source:
    """What a judgement is about; `day` and `amount` as its own rules have them."""

    table: str
    id: str
    name: str = ""
    day: date | None = None
    amount: Decimal | None = None
    currency_code: str = ""
    invoice: str | None = None


def judged(line: ContractLine, told: Told, source: Source) -> Judgement:
    """Why one source is not taken, where a run explains itself."""
    return Judgement(
        contract_line=line.id,
        source=source.table,
        source_id=source.id,
        rule=told.rule,
        found=told.found,
        reason=told.reason,
        way_out=told.way_out,
        until=told.until,
        invoice=source.invoice,
        name=source.name,
        day=source.day,
        amount=source.amount,
        currency_code=source.currency_code,
    )


def sources_judged(line: LineSnapshot, told: Told, contract: ContractSnapshot) -> Iterator[Judgement]:
    """One reason for all that a line could bill."""
    for actual in line.actuals:
        code = currency_code(contract, actual.currency)
        name = actual.description or ""
        source = Source(ACTUAL, actual.id, name, None, actual.amount, code)
        yield judged(line.line, told, source)
    for milestone in line.milestones:
        code = currency_code(contract, milestone.currency or contract.contract.currency)
        source = Source(MILESTONE, milestone.id, milestone.name or "", None, milestone.amount, code)
        yield judged(line.line, told, source)


def told_by(given: Skip) -> Told:
    """The reason of a Skip, for a source that stands behind it."""
    return Told(given.reason, given.rule, given.found or given.message, given.way_out, given.until)


def with_amount(given: Skip, contract: ContractSnapshot, waiting: Waiting) -> Skip:
    return replace(
        given,
        count=waiting.count,
        amount=waiting.amount,
        currency_code=currency_code(contract, waiting.currency),
    )


def currency_code(contract: ContractSnapshot, currency: str | None) -> str:
    """The ISO code of a currency's id, empty where its record was not given."""
    known = contract.currencies.get(currency or "")
    return (known.iso_code or "") if known else ""


def digits_of(contract: ContractSnapshot, currency: str | None) -> int | None:
    """The decimals of a currency, from its record (rule T9); None where the record does not tell."""
    known = contract.currencies.get(currency or "")
    return known.precision if known else None


def chargeable_amount(actual: Actual) -> Decimal:
    """What an actual adds to an invoice (rule T5)."""
    if actual.billing_type == BillingType.CHARGEABLE and actual.amount is not None:
        return actual.amount
    return ZERO


def waiting_of(actuals: Iterable[Actual], contract: ContractSnapshot) -> list[Waiting]:
    """Actuals added up for each currency, in the order of the currencies' codes."""
    by_currency: dict[str | None, list[Actual]] = {}
    for actual in actuals:
        by_currency.setdefault(actual.currency, []).append(actual)
    return [
        Waiting(len(items), total(map(chargeable_amount, items)), currency)
        for currency, items in sorted(
            by_currency.items(), key=lambda pair: (currency_code(contract, pair[0]), pair[0] or "")
        )
    ]


def in_words(waiting: Waiting, contract: ContractSnapshot) -> str:
    """`3 transactions (1,250.00 USD)`."""
    noun = "transaction" if waiting.count == 1 else "transactions"
    return f"{waiting.count} {noun} ({money_in_words(waiting.amount, waiting.currency, contract)})"


def money_in_words(amount: Decimal, currency: str | None, contract: ContractSnapshot) -> str:
    """`1,250.00 USD`; a currency whose record does not tell its decimals shows two at least."""
    digits = digits_of(contract, currency)
    shown = Decimal(with_digits(amount, USUAL_DIGITS if digits is None else digits))
    return f"{shown:,f} {currency_code(contract, currency)}".rstrip()
