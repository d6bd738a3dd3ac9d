"""A look ahead added up: drafts and amounts for each run date, currency and customer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import TypeVar

from connector.model.money import EXACT, ZERO
from connector.model.reason import Reason
from connector.runner.look_ahead import LookAhead, Outlook, PlannedDay
from connector.runner.outcome import Failure
from connector.workflow import CreateInvoice, Skip

NO_CURRENCY = "?"
USUAL_DIGITS = 2
K = TypeVar("K")
T = TypeVar("T")


@dataclass(slots=True)
class Sum:
    """Drafts and their amounts, tax included, in one currency."""

    drafts: int = 0
    amount: Decimal = ZERO

    def add(self, amount: Decimal, drafts: int = 1) -> None:
        self.drafts += drafts
        self.amount = EXACT.add(self.amount, amount)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one customer is invoiced on one run date in one currency."""

    day: date
    currency: str
    customer: str
    drafts: int
    amount: Decimal


@dataclass
class Told:
    """What a page or a text tells one by one: the first of each, so that memory stays flat.

    Reasons come with the name of their contract; `ended` are lines with no later run date on which nothing
    waits: nobody misses an invoice there.
    """

    most: int = 200
    drafts: list[tuple[date, CreateInvoice]] = field(default_factory=list)
    uncertain: list[tuple[str, Skip]] = field(default_factory=list)
    left: list[tuple[str, Skip]] = field(default_factory=list)
    ended: list[tuple[str, Skip]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def add(self, outlook: Outlook) -> None:
        name = outlook.facts.contract_name or outlook.facts.contract
        drafts = ((planned.day, one) for planned in outlook.days for one in planned.invoices)
        self._keep(self.drafts, drafts)
        self._keep(self.uncertain, ((name, skip) for skip in outlook.uncertain))
        self._keep(self.left, ((name, skip) for skip in outlook.left if not is_mere_end(skip)))
        self._keep(self.ended, ((name, skip) for skip in outlook.left if is_mere_end(skip)))
        self._keep(self.failures, outlook.failures)

    def _keep(self, into: list[T], items: Iterable[T]) -> None:
        into.extend(islice(items, self.most - len(into)))


@dataclass
class Calendar:
    """Filled while a look ahead streams by: a sum for each day, currency and customer, no contract.

    `names` maps customers to their names, `digits` currencies to their decimals, `uncertain` holds what
    may be invoiced besides, by currency (drafts there count reasons).
    """

    contracts: int = 0
    drafts: int = 0
    empty_rows: int = 0
    failed: int = 0
    left: int = 0
    unsure: int = 0
    sums: dict[tuple[date, str, str], Sum] = field(default_factory=dict)
    uncertain: dict[str, Sum] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    digits: dict[str, int] = field(default_factory=dict)
    told: Told = field(default_factory=Told)

    def add(self, outlook: Outlook) -> None:
        self.told.add(outlook)
        self.contracts += 1
        self.left += sum(not is_mere_end(skip) for skip in outlook.left)
        self.unsure += len(outlook.uncertain)
        self.failed += len(outlook.failures)
        self.digits.update(outlook.facts.digits)
        for planned in outlook.days:
            self.empty_rows += planned.empty_rows
            for invoice in planned.invoices:
                self._add_invoice(planned, invoice, outlook)
        for skip in outlook.uncertain:
            if skip.amount is not None:
                code = skip.currency_code or NO_CURRENCY
                self.uncertain.setdefault(code, Sum()).add(skip.amount)

    def _add_invoice(self, planned: PlannedDay, invoice: CreateInvoice, outlook: Outlook) -> None:
        self.drafts += 1
        key = (planned.day, invoice.currency_code or NO_CURRENCY, invoice.customer)
        self.sums.setdefault(key, Sum()).add(invoice.total)
        if name := outlook.facts.customer_names.get(invoice.customer):
            self.names[invoice.customer] = name

    @property
    def currencies(self) -> list[str]:
        return sorted({currency for _, currency, _ in self.sums})

    def entries(self, of: str | None = None) -> list[Entry]:
        """By day, currency and customer's name; `of` one currency alone."""
        return sorted(
            (
                Entry(day, currency, customer, total.drafts, total.amount)
                for (day, currency, customer), total in self.sums.items()
                if of in {None, currency}
            ),
            key=lambda one: (one.day, one.currency, self.name_of(one.customer), one.customer),
        )

    def by_day(self, currency: str) -> dict[date, Sum]:
        """The sums of one currency, by run date in their order."""
        return _summed((one.day, one) for one in self.entries(currency))

    def by_customer(self, currency: str) -> dict[str, Sum]:
        """The sums of one currency, by customer, the largest amount first."""
        found = _summed((one.customer, one) for one in self.entries(currency))
        ranked = sorted(found.items(), key=lambda pair: (EXACT.minus(pair[1].amount), self.name_of(pair[0])))
        return dict(ranked)

    def total(self, currency: str) -> Sum:
        result = Sum()
        for one in self.by_day(currency).values():
            result.add(one.amount, one.drafts)
        return result

    def name_of(self, customer: str) -> str:
        return self.names.get(customer, f"customer {customer}")

    def digits_of(self, currency: str) -> int:
        return self.digits.get(currency, USUAL_DIGITS)


def counted(ahead: LookAhead, calendar: Calendar) -> LookAhead:
    """The same look ahead; `calendar` is filled while it is iterated."""

    def outlooks() -> Iterator[Outlook]:
        for outlook in ahead.outlooks:
            calendar.add(outlook)
            yield outlook

    return replace(ahead, outlooks=outlooks())


def is_mere_end(skip: Skip) -> bool:
    """Whether a schedule has ended with nothing left to invoice."""
    return skip.reason is Reason.SCHEDULE_ENDED and not skip.count


def _summed(pairs: Iterable[tuple[K, Entry]]) -> dict[K, Sum]:
    found: dict[K, Sum] = {}
    for key, entry in pairs:
        found.setdefault(key, Sum()).add(entry.amount, entry.drafts)
    return found
