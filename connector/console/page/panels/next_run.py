"""Next run: what will be invoiced, and what becomes of everything else; filtered, sorted, paged, as CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connector.console.output import cell
from connector.console.page.panels.health import Sum, sums_of
from connector.console.page.panels.paging import PAGE_ROWS, Paged, number_of, paged, rows_of
from connector.console.page.readings import WorkSeen
from connector.console.page.work import Row, State, by_state
from connector.model.money import with_digits

WORDS: Mapping[State, str] = {
    State.READY: "Ready",
    State.NOT_YET_DUE: "Not yet due",
    State.AWAITING_APPROVAL: "Awaiting approval",
    State.BLOCKED: "Blocked",
    State.ON_DRAFT: "Already on a draft",
    State.UNCERTAIN: "Uncertain",
    State.NOTHING: "Nothing to bill",
}
COLUMNS = (
    "state", "contract", "contract_name", "contract_line", "line_name", "customer", "manager", "amount",
    "currency", "date", "reason", "why",
)  # fmt: skip
_NO_DAY = date.max
_NO_AMOUNT = Decimal("-Infinity")
_KEYS: Mapping[str, Callable[[Row], tuple[object, ...]]] = {
    "state": by_state,
    "contract": lambda row: (row.contract_name.casefold(), row.line_name.casefold()),
    "customer": lambda row: (row.customer.casefold(), row.contract_name.casefold()),
    "amount": lambda row: (_NO_AMOUNT if row.amount is None else row.amount,),
    "date": lambda row: (row.when or _NO_DAY, row.contract_name.casefold()),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; `sort` is a column, with a minus before it for the other direction."""

    state: State | None = None
    q: str = ""
    currency: str = ""
    sort: str = "state"
    page: int = 1
    rows: int = PAGE_ROWS

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """Words that are none are left out: an address may be old, or typed."""
        state, sort = query.get("state", ""), query.get("sort", "")
        return cls(
            state=State(state) if state in set(State) else None,
            q=query.get("q", "").strip()[:200],
            currency=query.get("currency", "")[:10],
            sort=sort if sort.removeprefix("-") in _KEYS else "state",
            page=number_of(query.get("page", "")),
            rows=rows_of(query),
        )

    def as_query(self) -> dict[str, str]:
        """Without the page: other questions begin with the first one."""
        sort = "" if self.sort == "state" else self.sort
        return {"state": self.state or "", "q": self.q, "currency": self.currency, "sort": sort}

    def sorted_by(self, column: str) -> str:
        """What a click on a column's heading asks for."""
        return f"-{column}" if self.sort == column else column


@dataclass(frozen=True, slots=True)
class NextRunView:
    """`ready`, `contracts` and `customers` are of what will be invoiced, `sums` of what is shown."""

    ready: list[Sum]
    drafts: int
    contracts: int
    customers: int
    counts: dict[State, int]
    currencies: list[str]
    sums: list[Sum]
    rows: Paged[Row]
    asked: Asked


def next_run_view(seen: WorkSeen, asked: Asked) -> NextRunView:
    ready = [row for row in seen.rows if row.state is State.READY]
    within = [row for row in seen.rows if _is_within(row, asked)]
    found = Counter(row.state for row in within)
    chosen = [row for row in within if asked.state in {None, row.state}]
    return NextRunView(
        ready=sums_of(ready),
        drafts=seen.drafts,
        contracts=len({row.contract for row in ready}),
        customers=len({row.customer for row in ready}),
        counts={state: found[state] for state in State if found[state] or state is asked.state},
        currencies=sorted({row.currency for row in seen.rows if row.currency}),
        sums=sums_of(chosen),
        rows=paged(_sorted(chosen, asked.sort), asked.page, asked.rows),
        asked=asked,
    )


@dataclass(frozen=True, slots=True)
class StateTotal:
    """All rows of one state: how many, and what stands behind them by currency."""

    state: State
    count: int
    sums: list[Sum]


def totals_by_state(rows: Sequence[Row]) -> list[StateTotal]:
    """Of everything, in the order of the states: what a table that is cut short is told with."""
    found: dict[State, list[Row]] = {}
    for row in rows:
        found.setdefault(row.state, []).append(row)
    return [StateTotal(state, len(found[state]), sums_of(found[state])) for state in State if state in found]


def as_csv(seen: WorkSeen, asked: Asked) -> Iterator[str]:
    """All rows that are asked for, page or not; amounts are plain numbers, text is no formula."""
    yield _line(COLUMNS)
    chosen = [row for row in seen.rows if _is_within(row, asked) and asked.state in {None, row.state}]
    for row in _sorted(chosen, asked.sort):
        amount = None if row.amount is None else with_digits(row.amount, row.digits)
        manager = seen.managers.get(row.contract)
        yield _line(
            cell(value)
            for value in (
                row.state, row.contract, row.contract_name, row.line, row.line_name, row.customer, manager,
                amount, row.currency, row.when, row.reason, row.why,
            )
        )  # fmt: skip


def _is_within(row: Row, asked: Asked) -> bool:
    if asked.currency and row.currency != asked.currency:
        return False
    if not asked.q:
        return True
    text = f"{row.contract_name}\n{row.line_name}\n{row.customer}\n{row.why}\n{row.reason}".casefold()
    return all(word in text for word in asked.q.casefold().split())


def _sorted(rows: list[Row], sort: str) -> list[Row]:
    if sort == "state":
        return rows
    return sorted(rows, key=_KEYS[sort.removeprefix("-")], reverse=sort.startswith("-"))


def _line(values: Iterable[str]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerow(values)
    return file.getvalue()
