"""Actions: the plans that a person confirms, and what came of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connector.console.page.readings import WorkSeen
from connector.console.page.work import State
from connector.model.money import EXACT, ZERO

MOST_CONTRACTS = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """A contract that has something ready."""

    contract: str
    name: str


def contracts_ready(seen: WorkSeen | None) -> list[Choice]:
    """Those of the next run, by name: what a run of today may find."""
    if seen is None:
        return []
    found = {row.contract: row.contract_name for row in seen.rows if row.state is State.READY}
    ordered = sorted(found.items(), key=lambda pair: (pair[1].casefold(), pair[0]))
    return [Choice(id, name) for id, name in ordered][:MOST_CONTRACTS]


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft invoice as a run plans or makes it; `digits` are those that its total is written with."""

    contract_name: str
    customer: str
    day: str
    total: Decimal
    digits: int
    currency: str
    state: str
    id: str | None


@dataclass(frozen=True, slots=True)
class RunView:
    drafts: tuple[Draft, ...]
    failures: tuple[Mapping[str, Any], ...]
    skipped: int
    sums: tuple[tuple[str, Decimal], ...]


def run_view(items: Iterable[Mapping[str, Any]], *, is_planned: bool) -> RunView:
    """From the stream of a run. Of a plan that differs from the preview, what would be created counts."""
    every = list(items)
    instead = {one["contract"]: one for one in every if one["kind"] == "on_apply"} if is_planned else {}
    plain = [one for one in every if one["kind"] == "invoice" and one["contract"] not in instead]
    replaced = [{"customer_name": None, **invoice} for one in instead.values() for invoice in one["invoices"]]
    drafts = tuple(_draft(one) for one in (*plain, *replaced))
    sums: dict[str, Decimal] = {}
    for draft in drafts:
        sums[draft.currency] = EXACT.add(sums.get(draft.currency, ZERO), draft.total)
    return RunView(
        drafts=drafts,
        failures=tuple(one for one in every if one["kind"] == "failed"),
        skipped=sum(one["kind"] == "skipped" for one in every),
        sums=tuple(sorted(sums.items())),
    )


def _draft(item: Mapping[str, Any]) -> Draft:
    total = str(item["total"])
    return Draft(
        contract_name=str(item["contract_name"] or item["contract"]),
        customer=str(item.get("customer_name") or item["customer"]),
        day=str(item["invoice_run_date"]),
        total=Decimal(total),
        digits=len(total.partition(".")[2]),
        currency=str(item["currency"] or ""),
        state=str(item["state"]).replace("_", " "),
        id=item["id"],
    )
