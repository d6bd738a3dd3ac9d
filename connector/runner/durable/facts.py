"""What a durable run writes down, as values: what was asked, what is fixed, what came of each contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from connector.errors import StateUnusable
from connector.model.invoicing_rules import InvoicingRules
from connector.model.money import EXACT, ZERO, with_digits
from connector.runner.durable.engine import Facts
from connector.runner.outcome import ContractOutcome, Failure, InvoiceOutcome, InvoiceState
from connector.runner.plan import DateCall
from connector.workflow import CreateInvoice

S = TypeVar("S", bound=msgspec.Struct)
USUAL_DIGITS = 2


class DurableRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is asked for; kept with the run, so that whoever resumes it does the same.

    `on` is the day, None for the environment's today at its beginning. `limit` is the number of contracts
    that are gone through at most. `is_chained`: one of a recurring job, whose end plans the next one; `due`
    is the environment's instant before which it does not begin. `is_reviewed`: it does what is kept as
    reviewed (`connector.state.reviews`) and nothing else.
    """

    rules: InvoicingRules
    on: date | None = None
    contracts: tuple[str, ...] = ()
    user: str | None = None
    is_by_records: bool = False
    limit: int | None = None
    is_beside_chain: bool = False
    guard_min: int = 30
    is_chained: bool = False
    due: datetime | None = None
    is_reviewed: bool = False


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a whole run, whenever its parts are done: fixed by its first step."""

    on: date
    today: date
    zone: str
    takes_missed: bool

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """A write that is about to be sent. `drafts` are the ids of the drafts that were there before."""

    call: DateCall | None = None
    drafts: tuple[str, ...] = ()
    invoices: tuple[CreateInvoice, ...] = ()


# What a struct holds msgspec finds out at its first use, and two threads at once can crash the process
# there (0.22): a worker goes through several chunks at a time. Here, at import, is one thread.
for _kind in (DurableRequest, Frozen, Intent):
    msgspec.json.Decoder(_kind)


def as_facts(value: msgspec.Struct) -> Facts:
    return dict(msgspec.to_builtins(value, builtin_types=()))


def request_of(facts: Facts) -> DurableRequest:
    """Raises StateUnusable for a request that this version of the program does not understand."""
    return _understood(facts, DurableRequest, "asked for")


def frozen_of(facts: Facts | None) -> Frozen:
    """Raises StateUnusable, also for a run that was never begun."""
    return _understood(facts or {}, Frozen, "begun")


def intent_of(facts: Facts) -> Intent:
    return _understood(facts, Intent, "written")


def _understood(facts: Facts, kind: type[S], what: str) -> S:
    try:
        return msgspec.convert(facts, kind, strict=False)
    except msgspec.ValidationError as error:
        raise StateUnusable(
            f"Another version of projops has {what} this run, and this one does not understand it: {error}.",
            "Resume it with that version, or cancel it with projops runs cancel.",
        ) from None


def outcome_facts(outcome: ContractOutcome) -> Facts:
    return {
        "name": outcome.contract_name,
        "invoices": [_invoice(one, outcome.digits) for one in outcome.invoices],
        "failures": [_failure(one) for one in outcome.failures],
    }


def joined(earlier: Facts | None, later: Facts) -> Facts:
    """What came of a contract in several goes at it."""
    if earlier is None:
        return later
    return {
        **later,
        "invoices": [*earlier["invoices"], *later["invoices"]],
        "failures": [*earlier["failures"], *later["failures"]],
    }


def is_failed(facts: Facts) -> bool:
    return bool(facts["failures"]) or any(one["state"] == InvoiceState.UNKNOWN for one in facts["invoices"])


def _invoice(one: InvoiceOutcome, digits: Mapping[str, int]) -> Facts:
    places = digits.get(one.invoice.currency_code, USUAL_DIGITS)
    return {
        "id": one.id,
        "customer": one.invoice.customer,
        "currency": one.invoice.currency_code,
        "invoice_run_date": one.invoice.invoice_run_date.isoformat(),
        "total": with_digits(one.invoice.total, places),
        "state": str(one.state),
    }


def _failure(one: Failure) -> Facts:
    run_date = one.invoice_run_date
    return {
        "reason": str(one.reason),
        "message": one.message,
        "invoice_run_date": run_date.isoformat() if run_date else None,
    }


@dataclass(frozen=True)
class Figures:
    """How much of a run is done: contracts and contract lines gone through, and what came of them."""

    contracts: int = 0
    lines: int = 0
    invoices: int = 0
    failed: int = 0
    unknown: int = 0
    amounts: Mapping[str, Decimal] = field(default_factory=dict)

    def plus(self, other: Figures) -> Figures:
        return self._with(other, EXACT.add, 1)

    def minus(self, other: Figures) -> Figures:
        """What is left of a sum without one that is in it."""
        return self._with(other, EXACT.subtract, -1)

    def _with(self, other: Figures, of_amounts: Callable[[Decimal, Decimal], Decimal], sign: int) -> Figures:
        counts: dict[str, Any] = {name: getattr(self, name) + sign * getattr(other, name) for name in _COUNTS}
        amounts = {
            code: of_amounts(self.amounts.get(code, ZERO), other.amounts.get(code, ZERO))
            for code in sorted({*self.amounts, *other.amounts})
        }
        return Figures(**counts, amounts=amounts)

    def as_facts(self) -> Facts:
        return {
            **{name: getattr(self, name) for name in _COUNTS},
            "amounts": {code: with_digits(amount, USUAL_DIGITS) for code, amount in self.amounts.items()},
        }


_COUNTS = ("contracts", "lines", "invoices", "failed", "unknown")


def figures_of(facts: Facts) -> Figures:
    counts: dict[str, Any] = {name: int(facts[name]) for name in _COUNTS}
    return Figures(**counts, amounts={code: Decimal(text) for code, text in facts["amounts"].items()})


def summed(all_of_them: Iterable[Facts]) -> Figures:
    return sum_of(figures_of(facts) for facts in all_of_them)


def sum_less(added: Iterable[Facts], taken: Iterable[Facts]) -> Facts:
    """The first figures added up, less the second ones, as they are kept."""
    return summed(added).minus(summed(taken)).as_facts()


def sum_of(figures: Iterable[Figures]) -> Figures:
    total = Figures()
    for one in figures:
        total = total.plus(one)
    return total


def counted(facts: Facts) -> Figures:
    """What one contract adds."""
    known = [one for one in facts["invoices"] if one["state"] != InvoiceState.UNKNOWN]
    amounts: dict[str, Decimal] = {}
    for one in known:
        amounts[one["currency"]] = EXACT.add(amounts.get(one["currency"], ZERO), Decimal(one["total"]))
    return Figures(
        contracts=1,
        lines=facts["lines"],
        invoices=len(known),
        failed=int(bool(facts["failures"])),
        unknown=len(facts["invoices"]) - len(known),
        amounts=amounts,
    )
