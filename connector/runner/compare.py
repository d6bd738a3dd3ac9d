"""What the platform created beside what was planned: equal, or named differences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from connector.model.money import with_digits
from connector.runner.read_drafts import Draft
from connector.workflow import CreateInvoice


@dataclass(frozen=True, slots=True)
class Match:
    """A planned invoice and the draft that it became, if any, with what differs."""

    planned: CreateInvoice
    draft: Draft | None
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    matches: tuple[Match, ...]
    unplanned: tuple[Draft, ...]

    @property
    def is_equal(self) -> bool:
        return not self.unplanned and all(
            match.draft is not None and not match.differences for match in self.matches
        )


def compared(planned: Sequence[CreateInvoice], created: Iterable[Draft]) -> Comparison:
    """Drafts go to the plan of the same customer and currency; where several fit, to the likest."""
    left = list(created)
    matches = []
    for invoice in planned:
        fitting = [draft for draft in left if _is_for(invoice, draft)]
        best = min(fitting, key=lambda draft: len(differences(invoice, draft)), default=None)
        if best is not None:
            left.remove(best)
        matches.append(Match(invoice, best, differences(invoice, best) if best else ()))
    return Comparison(tuple(matches), tuple(left))


def _is_for(invoice: CreateInvoice, draft: Draft) -> bool:
    return draft.invoice.customer == invoice.customer and draft.invoice.currency in {None, invoice.currency}


def differences(invoice: CreateInvoice, draft: Draft) -> tuple[str, ...]:
    """What differs, as far as the draft tells; a sum that is not there is not compared."""
    found = []
    total = draft.invoice.total_amount
    if total is not None and total != invoice.total:
        found.append(f"total {_amount(total)} instead of {_amount(invoice.total)}")
    lines = frozenset(line.contract_line for line in draft.lines if line.contract_line)
    planned = frozenset(line.contract_line for line in invoice.lines)
    if more := lines - planned:
        found.append(f"contract lines not planned: {_named(more)}")
    if fewer := planned - lines:
        found.append(f"contract lines missing: {_named(fewer)}")
    found.extend(_different_sources(invoice, draft))
    return tuple(found)


def sources_of(invoice: CreateInvoice) -> frozenset[str]:
    return frozenset(detail.source_id for line in invoice.lines for detail in line.details)


def _different_sources(invoice: CreateInvoice, draft: Draft) -> Iterable[str]:
    planned = sources_of(invoice)
    if more := draft.sources - planned:
        yield f"sources not planned: {_named(more)}"
    if draft.has_sources and (fewer := planned - draft.sources):
        yield f"sources missing: {_named(fewer)}"


def _named(ids: frozenset[str]) -> str:
    shown = sorted(ids)[:3]
    return ", ".join(shown) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")


def _amount(amount: Decimal) -> str:
    return with_digits(amount, 2)
