"""Why a line is not on an invoice, put into words: what was found, and what would change it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from connector.model.actual import Actual, BillingType
from connector.model.contract_line import ContractLine
from connector.model.money import ZERO, total, with_digits
from connector.model.reason import Reason
from connector.workflow import ContractSnapshot, Skip

USUAL_DIGITS = 2
"""The decimals of an amount whose currency record does not tell."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Transactions or milestones that stand behind a reason: how many, and what they would bill."""

    count: int
    amount: Decimal
    currency: str | None


def skip(contract: ContractSnapshot, line: ContractLine, reason: Reason, message: str) -> Skip:
    return Skip(
        contract=contract.contract.id,
        reason=reason,
        message=message,
        contract_line=line.id,
        name=line.title,
    )


def with_amount(given: Skip, contract: ContractSnapshot, waiting: Waiting) -> Skip:
    return replace(
        given,
        count=waiting.count,
        amount=waiting.amount,
        currency_code=currency_code(contract, waiting.currency),
    )


def later(given: Skip, until: date | None) -> Skip:
    return replace(given, until=until)


def currency_code(contract: ContractSnapshot, currency: str | None) -> str:
    """The ISO code of a currency's id, empty where its record was not given."""
    known = contract.currencies.get(currency or "")
    return (known.iso_code or "") if known else ""


def digits_of(contract: ContractSnapshot, currency: str | None) -> int:
    """The decimals of a currency (rule T9)."""
    known = contract.currencies.get(currency or "")
    if known is None or known.precision is None:
        return USUAL_DIGITS
    return known.precision


def currency_of(actual: Actual, contract: ContractSnapshot) -> str | None:
    """An actual's own currency, else its contract's."""
    return actual.currency or contract.contract.currency


def chargeable_amount(actual: Actual) -> Decimal:
    """What an actual adds to an invoice (rule T5)."""
    if actual.billing_type == BillingType.CHARGEABLE and actual.amount is not None:
        return actual.amount
    return ZERO


def waiting_of(actuals: Iterable[Actual], contract: ContractSnapshot) -> list[Waiting]:
    """Actuals added up for each currency, in the order of the currencies' codes."""
    by_currency: dict[str | None, list[Actual]] = {}
    for actual in actuals:
        by_currency.setdefault(currency_of(actual, contract), []).append(actual)
    return [
        Waiting(len(items), total(map(chargeable_amount, items)), currency)
        for currency, items in sorted(
            by_currency.items(), key=lambda pair: (currency_code(contract, pair[0]), pair[0] or "")
        )
    ]


def in_words(waiting: Waiting, contract: ContractSnapshot) -> str:
    """`3 transactions (1,250.00 USD)`."""
    noun = "transaction" if waiting.count == 1 else "transactions"
    amount = Decimal(with_digits(waiting.amount, digits_of(contract, waiting.currency)))
    return f"{waiting.count} {noun} ({amount:,f} {currency_code(contract, waiting.currency)})".replace(
        " )", ")"
    )
