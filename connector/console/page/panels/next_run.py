"""Next run: what will be invoiced, and what becomes of everything else; filtered, sorted, paged, as CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice

from connector.console.output import cell
from connector.console.page.panels.paging import PAGE_ROWS, Paged, number_of, paged, rows_of
from connector.console.page.readings import WorkSeen
from connector.console.page.work import Row, State, Sum, by_state
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
ROWS_OF_A_BLOCK = 500
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
    """`ready`, `contracts` and `customers` are of all that is ready, `counts` of what a search leaves."""

    ready: list[Sum]
    drafts: int
    contracts: int
    customers: int
    counts: dict[State, int]
    currencies: tuple[str, ...]
    rows: Paged[Row]
    asked: Asked


def next_run_view(seen: WorkSeen, asked: Asked) -> NextRunView:
    summary = seen.summary
    is_all = not asked.q and not asked.currency
    within = seen.rows if is_all else _within(seen, asked)
    found = (
        {one.state: one.count for one in summary.totals} if is_all else Counter(row.state for row in within)
    )
    chosen = within if asked.state is None else [row for row in within if row.state is asked.state]
    return NextRunView(
        ready=summary.of(State.READY).sums,
        drafts=seen.drafts,
        contracts=summary.contracts,
        customers=summary.customers,
        counts={state: found.get(state, 0) for state in State if state in found or state is asked.state},
        currencies=summary.currencies,
        rows=paged(_sorted(chosen, asked.sort), asked.page, asked.rows),
        asked=asked,
    )


def as_csv(seen: WorkSeen, asked: Asked) -> Iterator[str]:
    """All rows that are asked for, page or not, in blocks; amounts are plain numbers, texts no formulas."""
    chosen = [row for row in _within(seen, asked) if asked.state in {None, row.state}]
    rows = iter(_sorted(chosen, asked.sort))
    yield _lines([COLUMNS])
    while block := list(islice(rows, ROWS_OF_A_BLOCK)):
        yield _lines(_cells(row, seen.managers.get(row.contract)) for row in block)


def _cells(row: Row, manager: str | None) -> list[str]:
    amount = None if row.amount is None else with_digits(row.amount, row.digits)
    return [
        cell(value)
        for value in (
            row.state, row.contract, row.contract_name, row.line, row.line_name, row.customer, manager,
            amount, row.currency, row.when, row.reason, row.why,
        )
    ]  # fmt: skip


def _within(seen: WorkSeen, asked: Asked) -> Sequence[Row]:
    """The rows of a currency in which all words occur."""
    rows = seen.rows
    if words := asked.q.casefold().split():
        texts = zip(rows, seen.texts, strict=True)
        rows = tuple(row for row, text in texts if all(word in text for word in words))
    return [row for row in rows if row.currency == asked.currency] if asked.currency else rows


def _sorted(rows: Sequence[Row], sort: str) -> Sequence[Row]:
    if sort == "state":
        return rows
    return sorted(rows, key=_KEYS[sort.removeprefix("-")], reverse=sort.startswith("-"))


def _lines(rows: Iterable[Iterable[str]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerows(rows)
    return file.getvalue()
