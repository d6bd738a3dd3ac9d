"""One line: the story that `projops explain` tells, with transactions of the same fate together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from connector.console.page.work import State, Sum, state_of, state_of_reason
from connector.model.money import EXACT, ZERO
from connector.runner.report import USUAL_DIGITS
from connector.runner.story import Explanation, InvoiceFact, LineStory, TransactionFact
from connector.runner.wording import unknown_of, zone_text

SHOWN_OF_A_FATE = 100


@dataclass(frozen=True, slots=True)
class Fate:
    """Transactions that fare alike: taken, on an invoice, or left for one reason with one way out."""

    state: State
    is_taken: bool
    reason: str
    rule: str
    found: tuple[str, ...]
    way_out: str
    invoice: InvoiceFact | None
    count: int
    sums: tuple[Sum, ...]
    transactions: tuple[TransactionFact, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One line's story; `reasons` are states, reasons and sentences with dates in the place of ids."""

    story: LineStory
    reasons: tuple[tuple[State, str, str], ...]
    fates: tuple[Fate, ...]


def line_view(seen: Explanation) -> Mapping[str, Any]:
    return {
        "told": [told(story) for story in seen.stories],
        "header": seen.header,
        "zone": zone_text(seen.header.zone),
        "unknown": list(unknown_of(seen.header)),
        "job": seen.job,
        "contract": seen.stories[0].contract_name or seen.stories[0].contract if seen.stories else "",
        "contract_id": seen.stories[0].contract if seen.stories else "",
    }


def told(story: LineStory) -> Told:
    return Told(
        story=story,
        reasons=tuple(
            (state_of(skip), str(skip.reason), _plain(skip.message, story.names)) for skip in story.reasons
        ),
        fates=tuple(_fates(story)),
    )


def _fates(story: LineStory) -> Iterable[Fate]:
    for _, of in groupby(sorted(story.transactions, key=_fate), key=_fate):
        same = list(of)
        first = same[0].judgement
        yield Fate(
            state=_state(same[0]),
            is_taken=first.is_taken,
            reason="" if first.reason is None else str(first.reason),
            rule=first.rule,
            found=tuple(dict.fromkeys(_plain(one.judgement.found, story.names) for one in same))[:5],
            way_out=first.way_out,
            invoice=same[0].invoice,
            count=len(same),
            sums=tuple(_sums(same, story)),
            transactions=tuple(same[:SHOWN_OF_A_FATE]),
        )


def _state(one: TransactionFact) -> State:
    if one.invoice is not None:
        return State.ON_DRAFT
    reason = one.judgement.reason
    return State.READY if reason is None else state_of_reason(reason)


def _fate(one: TransactionFact) -> tuple[object, ...]:
    judgement = one.judgement
    on = one.invoice.id if one.invoice is not None else ""
    return not judgement.is_taken, str(judgement.reason or ""), judgement.rule, judgement.way_out, on


def _sums(same: Iterable[TransactionFact], story: LineStory) -> Iterable[Sum]:
    amounts: dict[str, Decimal] = {}
    for one in same:
        if (amount := one.judgement.amount) is not None:
            code = one.judgement.currency_code
            amounts[code] = EXACT.add(amounts.get(code, ZERO), amount)
    for code, amount in sorted(amounts.items()):
        yield Sum(code, amount, story.digits.get(code, USUAL_DIGITS))


def _plain(text: str, names: Mapping[str, str]) -> str:
    for id, name in names.items():
        text = text.replace(id, name)
    return text
