"""Who pays which part of a milestone (rule G2)."""

from __future__ import annotations

from collections.abc import Sequence

from connector.model.contract_customer import ContractCustomer, ContractLineCustomer
from connector.model.money import EXACT, ZERO, total
from connector.model.progress import HUNDRED, Share
from connector.model.reason import Reason
from connector.workflow import ContractSnapshot, LineSnapshot, Run
from projops_plugins.billing.transactions import is_inactive, name_of
from projops_plugins.skips import Told


def shares_of(line: LineSnapshot, contract: ContractSnapshot, run: Run) -> tuple[Share, ...] | Told:
    """The customers of the line, else those of the contract, else the contract's own customer.

    The shares total 100 percent; exactly one is the rounding one: the one that says so, else the
    largest. A customer with zero percent pays nothing and is left out. What cannot be shared out is
    told instead.
    """
    given = line.customers or contract.customers
    if not given:
        return _of_one(contract.contract.customer, contract, run)
    if any(item.customer is None for item in given):
        found = "A customer of this line or of its contract names no account and no contact"
        return Told(Reason.NO_CUSTOMER, "G2", found, "enter one")
    if len(given) == 1 and given[0].split_percent is None:
        return _of_one(given[0].customer, contract, run)
    sum_of_percents = total(item.split_percent or ZERO for item in given)
    if sum_of_percents != HUNDRED:
        owner = "this line" if line.customers else "the contract"
        found = (
            f"The billing split percentages of {owner} total {sum_of_percents.normalize():f} instead of 100"
        )
        return Told(Reason.SPLIT_NOT_100, "G2", found, "correct them on its customers")
    shares = _with_one_rounding(_merged(given))
    return _inactive(shares, contract, run) or shares


def share_of(
    customer: str, line: LineSnapshot, contract: ContractSnapshot, run: Run
) -> tuple[Share, ...] | Told:
    """The one customer of a milestone that names its own: what is split already is not split again.

    It names an account, a contact, or the customer of the line that stands for one.
    """
    known: list[ContractCustomer | ContractLineCustomer] = [*line.customers, *contract.customers]
    for item in known:
        if customer == item.id:
            return _of_one(item.customer, contract, run)
        if customer in {item.account, item.contact}:
            return _of_one(customer, contract, run)
    found = (
        f"It names the customer {customer}, which is no account or contact among those of the line and the "
        "contract"
    )
    return Told(Reason.NO_CUSTOMER, "G2", found, "correct it, or the name of the role")


def _of_one(customer: str | None, contract: ContractSnapshot, run: Run) -> tuple[Share, ...] | Told:
    if customer is None:
        found = "Neither the line nor its contract has a customer"
        return Told(Reason.NO_CUSTOMER, "G2", found, "enter one")
    shares = (Share(customer, HUNDRED, is_rounding=True),)
    return _inactive(shares, contract, run) or shares


def _inactive(shares: Sequence[Share], contract: ContractSnapshot, run: Run) -> Told | None:
    """Rule G2: with one customer deactivated none is invoiced, or their parts would not add up."""
    names = sorted(
        name_of(share.customer, contract) for share in shares if is_inactive(share.customer, contract, run)
    )
    if not names:
        return None
    found = f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} deactivated"
    return Told(Reason.NO_CUSTOMER, "G2", found, "activate the customer, or give its share to another")


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
