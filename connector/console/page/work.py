"""What the next run does with each contract line, as rows: state, amount, and why. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from connector.model.money import EXACT, ZERO
from connector.model.reason import Reason
from connector.runner.calendar import is_mere_end
from connector.runner.outcome import ContractOutcome
from connector.runner.overview import Overlooked
from connector.runner.report import USUAL_DIGITS
from connector.runner.wording import several
from connector.workflow import ContractSnapshot, Skip


class State(StrEnum):
    READY = "ready"
    NOT_YET_DUE = "not_yet_due"
    AWAITING_APPROVAL = "awaiting_approval"
    BLOCKED = "blocked"
    ON_DRAFT = "on_draft"
    UNCERTAIN = "uncertain"
    NOTHING = "nothing"


_STATES = {
    Reason.NOT_YET_DUE: State.NOT_YET_DUE,
    Reason.AFTER_CUT_OFF: State.NOT_YET_DUE,
    Reason.AWAITING_APPROVAL: State.AWAITING_APPROVAL,
    Reason.NOT_READY_TO_INVOICE: State.AWAITING_APPROVAL,
    Reason.MILESTONE_NOT_READY: State.AWAITING_APPROVAL,
    Reason.ALREADY_ON_INVOICE: State.ON_DRAFT,
    # Whether a run takes up a date that has passed is not documented (rule L4).
    Reason.PAST_DUE_UNCERTAIN: State.UNCERTAIN,
    Reason.ADJUSTED: State.NOTHING,
    Reason.ALREADY_RUN: State.NOTHING,
    Reason.NOTHING_TO_BILL: State.NOTHING,
}
"""All other reasons block: nothing but a person changes them."""


def state_of_reason(reason: Reason) -> State:
    return _STATES.get(reason, State.BLOCKED)


def state_of(skip: Skip) -> State:
    """A schedule that has ended with nothing left blocks nobody."""
    return State.NOTHING if is_mere_end(skip) else state_of_reason(skip.reason)


@dataclass(frozen=True, slots=True)
class Row:
    """A contract line, or a part of it, with what becomes of it in the next run.

    `line` is None for what concerns the contract as a whole. `amount` has the tax in it where the line is
    invoiced, and is None where none is known. `when` is the run date of what is ready, and otherwise the
    day on which it resolves by itself. `reason` is empty for what is ready.
    """

    state: State
    contract: str
    contract_name: str
    line: str | None
    line_name: str
    customer: str
    amount: Decimal | None
    currency: str
    digits: int
    when: date | None
    why: str
    reason: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """What stays the same when the state changes."""
        return self.line or self.contract, self.customer, self.currency


_ORDER = {state: number for number, state in enumerate(State)}


def by_state(row: Row) -> tuple[int, str, str]:
    """The usual order: what is ready first, then by contract and line."""
    return _ORDER[row.state], row.contract_name.casefold(), row.line_name.casefold()


def rows_of(seen: Overlooked) -> Iterator[Row]:
    """The lines of the drafts that the run creates, then what is left, with its reasons."""
    outcome = seen.outcome
    customers = customers_of(seen.snapshot)
    yield from _ready(outcome)
    for skip in outcome.skips:
        yield Row(
            state=state_of(skip),
            contract=outcome.contract,
            contract_name=outcome.contract_name or outcome.contract,
            line=skip.contract_line,
            line_name=skip.name,
            customer=customers,
            amount=skip.amount,
            currency=skip.currency_code,
            digits=outcome.digits.get(skip.currency_code, USUAL_DIGITS),
            when=skip.until,
            why=skip.message,
            reason=str(skip.reason),
        )
    for failure in outcome.failures:
        yield Row(
            state=State.BLOCKED,
            contract=failure.contract,
            contract_name=failure.contract_name or failure.contract,
            line=None,
            line_name="",
            customer=customers,
            amount=None,
            currency="",
            digits=USUAL_DIGITS,
            when=failure.invoice_run_date,
            why=failure.message,
            reason=str(failure.reason),
        )


def _ready(outcome: ContractOutcome) -> Iterator[Row]:
    for one in outcome.invoices:
        invoice = one.invoice
        customer = outcome.customer_names.get(invoice.customer, f"customer {invoice.customer}")
        for line in invoice.lines:
            yield Row(
                state=State.READY,
                contract=outcome.contract,
                contract_name=outcome.contract_name or outcome.contract,
                line=line.contract_line,
                line_name=line.name,
                customer=customer,
                amount=line.extended_amount,
                currency=invoice.currency_code,
                digits=outcome.digits.get(invoice.currency_code, USUAL_DIGITS),
                when=invoice.invoice_run_date,
                why=f"Goes on a draft invoice, from {several(len(line.details), 'transaction')}.",
            )


def customers_of(snapshot: ContractSnapshot) -> str:
    """The names of a contract's customers (rule G2)."""
    ids = [share.customer for share in snapshot.customers if share.customer]
    if not ids and snapshot.contract.customer:
        ids = [snapshot.contract.customer]
    return ", ".join(snapshot.customer_names.get(id, f"customer {id}") for id in dict.fromkeys(ids))


@dataclass(frozen=True, slots=True)
class Sum:
    currency: str
    amount: Decimal
    digits: int


def sums_of(rows: Iterable[Row]) -> list[Sum]:
    """What stands behind rows, by currency; rows without an amount add nothing."""
    amounts: dict[str, Decimal] = {}
    digits: dict[str, int] = {}
    for row in rows:
        if row.amount is not None:
            amounts[row.currency] = EXACT.add(amounts.get(row.currency, ZERO), row.amount)
            digits[row.currency] = max(row.digits, digits.get(row.currency, USUAL_DIGITS))
    return [Sum(code, amount, digits[code]) for code, amount in sorted(amounts.items())]


@dataclass(frozen=True, slots=True)
class StateTotal:
    """All rows of one state: how many, and what stands behind them by currency."""

    state: State
    count: int
    sums: list[Sum]


@dataclass(frozen=True, slots=True)
class Summary:
    """What is asked of all rows again and again: `totals` in the order of the states, those that occur.

    `contracts` and `customers` are how many have something ready, `currencies` the codes of all amounts.
    """

    totals: tuple[StateTotal, ...]
    contracts: int
    customers: int
    currencies: tuple[str, ...]

    def of(self, state: State) -> StateTotal:
        return next((one for one in self.totals if one.state is state), StateTotal(state, 0, []))


def summary_of(rows: Sequence[Row]) -> Summary:
    found: dict[State, list[Row]] = {}
    for row in rows:
        found.setdefault(row.state, []).append(row)
    ready = found.get(State.READY, [])
    return Summary(
        totals=tuple(
            StateTotal(state, len(found[state]), sums_of(found[state])) for state in State if state in found
        ),
        contracts=len({row.contract for row in ready}),
        customers=len({row.customer for row in ready}),
        currencies=tuple(sorted({row.currency for row in rows if row.currency})),
    )


def searched_in(row: Row) -> str:
    """The text in which a search looks for its words."""
    return f"{row.contract_name}\n{row.line_name}\n{row.customer}\n{row.why}\n{row.reason}".casefold()


@dataclass
class Whose:
    """Which contract a record belongs to, and who owns that contract; filled while contracts stream by."""

    contracts: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    def add(self, snapshot: ContractSnapshot) -> None:
        contract = snapshot.contract
        self.names[contract.id] = contract.name or contract.id
        if contract.owner:
            self.owners[contract.id] = contract.owner
        self.contracts[contract.id] = contract.id
        for line in snapshot.lines:
            self.contracts[line.line.id] = contract.id
            self.contracts.update((row.id, contract.id) for row in line.schedule)
            self.contracts.update((one.id, contract.id) for one in line.milestones)


@dataclass(frozen=True, slots=True)
class Change:
    """A row that came (`before` None), went (`after` None) or became another."""

    before: Row | None
    after: Row | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What two readings differ in; `items` holds the first of them, counts and sums are of all.

    `by_state` says how many rows more or fewer there are in a state, `ready` by how much the amounts of
    what is ready differ, by currency.
    """

    before_at: datetime
    after_at: datetime
    count: int
    items: tuple[Change, ...]
    by_state: Mapping[State, int]
    ready: Mapping[str, Decimal]


MOST_CHANGES_SHOWN = 100


def changes_between(
    before: Sequence[Row], after: Sequence[Row], before_at: datetime, after_at: datetime
) -> Changes | None:
    """None where nothing differs."""
    gone, come = Counter(before) - Counter(after), Counter(after) - Counter(before)
    if not gone and not come:
        return None
    found = list(_paired(gone.elements(), come.elements()))
    states = Counter(row.state for row in come.elements())
    states.subtract(row.state for row in gone.elements())
    ready: dict[str, Decimal] = {}
    for add, rows in ((EXACT.add, come), (EXACT.subtract, gone)):
        for row in rows.elements():
            if row.state is State.READY and row.amount is not None:
                ready[row.currency] = add(ready.get(row.currency, ZERO), row.amount)
    return Changes(
        before_at=before_at,
        after_at=after_at,
        count=len(found),
        items=tuple(found[:MOST_CHANGES_SHOWN]),
        by_state={state: states[state] for state in State if states[state]},
        ready={code: amount for code, amount in sorted(ready.items()) if amount},
    )


def _paired(gone: Iterable[Row], come: Iterable[Row]) -> Iterator[Change]:
    waiting: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in gone:
        waiting[row.place].append(row)
    for row in come:
        before = waiting[row.place].pop(0) if waiting[row.place] else None
        yield Change(before, row)
    for rows in waiting.values():
        yield from (Change(row, None) for row in rows)
