"""Who pays which part of a milestone (rule G2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from connector.model.contract_customer import ContractCustomer, ContractLineCustomer
from connector.model.money import EXACT, ZERO, rounded, total
from connector.model.reason import Reason
from connector.workflow import ContractSnapshot, LineSnapshot

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Share:
    customer: str
    percent: Decimal
    is_rounding: bool = False


@dataclass(frozen=True, slots=True)
class NoShares:
    """Why an amount cannot be shared out."""

    reason: Reason
    message: str


def shares_of(line: LineSnapshot, contract: ContractSnapshot) -> tuple[Share, ...] | NoShares:
    """The customers of the line, else those of the contract, else the contract's own customer.

    The shares total 100 percent; exactly one is the rounding one: the one that says so, else the
    largest. A customer with zero percent pays nothing and is left out.
    """
    given = line.customers or contract.customers
    if not given:
        if contract.contract.customer is None:
            return NoShares(
                Reason.NO_CUSTOMER, "Neither the line nor its contract has a customer: enter one."
            )
        return (Share(contract.contract.customer, HUNDRED, is_rounding=True),)
    if any(item.customer is None for item in given):
        message = "A customer of this line or of its contract names no account and no contact: enter one."
        return NoShares(Reason.NO_CUSTOMER, message)
    if len(given) == 1 and given[0].split_percent is None:
        return (Share(given[0].customer or "", HUNDRED, is_rounding=True),)
    sum_of_percents = total(item.split_percent or ZERO for item in given)
    if sum_of_percents != HUNDRED:
        owner = "this line" if line.customers else "the contract"
        message = (
            f"The billing split percentages of {owner} total {sum_of_percents.normalize():f} instead of 100: "
            "correct them on its customers."
        )
        return NoShares(Reason.SPLIT_NOT_100, message)
    return _with_one_rounding(_merged(given))


def share_of(customer: str, line: LineSnapshot, contract: ContractSnapshot) -> tuple[Share, ...] | NoShares:
    """The one customer of a milestone that names its own: what is split already is not split again."""
    known: list[ContractCustomer | ContractLineCustomer] = [*line.customers, *contract.customers]
    if any(customer in {item.account, item.contact} for item in known):
        return (Share(customer, HUNDRED, is_rounding=True),)
    message = (
        f"It names the customer {customer}, which is no account or contact among those of the line and the "
        "contract: correct it, or the name of the role."
    )
    return NoShares(Reason.NO_CUSTOMER, message)


def split(amount: Decimal, shares: Sequence[Share], digits: int) -> tuple[Decimal, ...]:
    """One part for each share, rounded to the currency's digits; the rounding customer takes the rest."""
    parts = [
        ZERO
        if share.is_rounding
        else rounded(EXACT.divide(EXACT.multiply(amount, share.percent), HUNDRED), digits)
        for share in shares
    ]
    rest = EXACT.subtract(amount, total(parts))
    return tuple(rest if share.is_rounding else part for share, part in zip(shares, parts, strict=True))


def _merged(given: Sequence[ContractCustomer | ContractLineCustomer]) -> list[Share]:
    """One share for each customer, in the order of their ids."""
    found: dict[str, Share] = {}
    for item in given:
        customer = item.customer or ""
        before = found.get(customer, Share(customer, ZERO))
        found[customer] = Share(
            customer,
            EXACT.add(before.percent, item.split_percent or ZERO),
            before.is_rounding or bool(item.is_rounding),
        )
    return [found[customer] for customer in sorted(found) if found[customer].percent]


def _with_one_rounding(shares: Sequence[Share]) -> tuple[Share, ...]:
    marked = [share for share in shares if share.is_rounding]
    rounding = (
        marked[0] if marked else min(shares, key=lambda share: (EXACT.minus(share.percent), share.customer))
    )
    return tuple(Share(share.customer, share.percent, share is rounding) for share in shares)
