"""Contracts as they stand in the environment, streamed: a chunk of them in memory, never all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TypeVar

from connector.dataverse import EVERYTHING, DataverseClient, Query, any_of, eq, guid
from connector.errors import HttpError, UsageError
from connector.model.account import Account
from connector.model.actual import Actual, TransactionType
from connector.model.contract_customer import ContractCustomer, ContractLineCustomer
from connector.model.contract_line import BillingStatus, ContractLine
from connector.model.currency import Currency
from connector.model.project_contract import OrderType, ProjectContract
from connector.model.table import Record, Table
from connector.model.tables import Tables
from connector.runner.read_drafts import in_batches, read_by_ids, read_drafts
from connector.runner.read_unapproved import read_unapproved
from connector.workflow import (
    CONTRACT_LINE_CUSTOMER_OF_ACTUAL,
    CUSTOMERS_OF_CONTRACT,
    CUSTOMERS_OF_LINE,
    EXPENSES,
    HEADER_OF_MILESTONE,
    NOT_TO_EXCEED_STATUS_OF_ACTUAL,
    TIME_ENTRIES,
    ContractSnapshot,
    LineSnapshot,
)

CONTRACTS_AT_ONCE = 100
INACTIVE = 1
"""statecode of a deactivated account."""
PAST = (BillingStatus.CUSTOMER_INVOICE_POSTED, BillingStatus.CANCELED)
"""Billing statuses of actuals that no run will look at again; they are not read."""

R = TypeVar("R", bound=Record)


def is_emulator(client: DataverseClient) -> bool:
    """Whether the environment offers the function that only our emulator has."""
    try:
        return "Name" in client.function("projops_EmulatorInfo")
    except HttpError as error:
        if error.status in {400, 404, 405, 501}:
            return False
        raise


def unknown_roles(tables: Tables) -> frozenset[str]:
    """Those of `connector.workflow.ROLES` that this environment did not resolve."""
    shares, line_shares = tables.contract_customer, tables.contract_line_customer
    known = {
        CONTRACT_LINE_CUSTOMER_OF_ACTUAL: tables.actual.has("contract_line_customer"),
        NOT_TO_EXCEED_STATUS_OF_ACTUAL: tables.actual.has("not_to_exceed_status"),
        CUSTOMERS_OF_CONTRACT: tables.has("contract_customer")
        and all(shares.has(name) for name in ("contract", "account", "split_percent")),
        CUSTOMERS_OF_LINE: tables.has("contract_line_customer")
        and all(line_shares.has(name) for name in ("contract_line", "account", "split_percent")),
        HEADER_OF_MILESTONE: tables.milestone.has("header"),
        TIME_ENTRIES: tables.has("time_entry"),
        EXPENSES: tables.has("expense"),
    }
    return frozenset(role for role, is_known in known.items() if not is_known)


def stream_contracts(
    client: DataverseClient, tables: Tables, contracts: Sequence[str] = (), *, may_be_gone: bool = False
) -> Iterator[ContractSnapshot]:
    """All project contracts, or those with the given ids, by name.

    Raises UsageError, before anything is yielded, for an id that is no project contract, unless they
    `may_be_gone` since their ids were listed.
    """
    reader = _Reader(client, tables)
    rows = reader.named(contracts, may_be_gone=may_be_gone) if contracts else reader.all()
    while chunk := list(islice(rows, CONTRACTS_AT_ONCE)):
        yield from reader.snapshots(chunk)


def stream_contract_ids(
    client: DataverseClient, tables: Tables, contracts: Sequence[str] = ()
) -> Iterator[str]:
    """The ids of the contracts that `stream_contracts` would read, in its order.

    Raises UsageError, before anything is yielded, for an id that is no project contract.
    """
    reader = _Reader(client, tables)
    return (row.id for row in (reader.named(contracts) if contracts else reader.all()))


@dataclass
class _Reader:
    client: DataverseClient
    tables: Tables
    _currencies: Mapping[str, Currency] | None = None

    def all(self) -> Iterator[ProjectContract]:
        table = self.tables.project_contract
        is_project = eq(table.property_of("order_type"), int(OrderType.WORK_BASED))
        return self.client.list(
            table, Query(filter=is_project, order_by=(table.property_of("name"), table.key))
        )

    def named(self, contracts: Sequence[str], *, may_be_gone: bool = False) -> Iterator[ProjectContract]:
        """All of them before the first is worked on: a wrong id must not be found half-way."""
        table = self.tables.project_contract
        wanted = list(dict.fromkeys(str(guid(contract)) for contract in contracts))
        found = {
            row.id: row
            for batch in in_batches(wanted)
            for row in self.client.list(table, Query(filter=any_of(table.key, batch)))
        }
        missing = [contract for contract in wanted if contract not in found]
        if missing and not may_be_gone:
            raise UsageError(
                f"There is no contract with the id {', '.join(missing)}.",
                "The id stands in the address of the contract's form.",
            )
        return iter(sorted(found.values(), key=lambda row: (row.name or "", row.id)))

    def snapshots(self, contracts: Sequence[ProjectContract]) -> Iterator[ContractSnapshot]:
        """One chunk: a request for each table, however many contracts."""
        ids = [contract.id for contract in contracts]
        lines = list(read_by_ids(self.client, self.tables.contract_line, "contract", ids))
        by_contract = _grouped(lines, lambda line: line.contract)
        parts = self._parts(lines)
        customers = _grouped(self._contract_customers(ids), lambda item: item.contract)
        invoiced = self._invoiced(ids)
        snapshots = {id: tuple(map(parts, by_contract.get(id, ()))) for id in ids}
        accounts = self._accounts(_customers(contracts, customers.values(), snapshots.values()))
        names = {account.id: account.name for account in accounts if account.name}
        inactive = frozenset(account.id for account in accounts if account.state == INACTIVE)
        for contract in contracts:
            yield ContractSnapshot(
                contract=contract,
                lines=snapshots[contract.id],
                customers=tuple(customers.get(contract.id, ())),
                currencies=self.currencies,
                invoiced=invoiced,
                customer_names=names,
                unknown=self.unknown,
                inactive_customers=inactive,
            )

    def _accounts(self, customers: Iterable[str]) -> list[Account]:
        """Those customers who are accounts; of a contact nothing but its id is known."""
        return list(read_by_ids(self.client, self.tables.account, "id", sorted(set(customers))))

    @property
    def currencies(self) -> Mapping[str, Currency]:
        """Read once. Up to Python 3.11 a cached property has one lock for all readers of the process: they
        would wait for each other's requests."""
        if self._currencies is None:
            found = self.client.list(self.tables.currency, EVERYTHING)
            self._currencies = {currency.id: currency for currency in found}
        return self._currencies

    @cached_property
    def unknown(self) -> frozenset[str]:
        return unknown_roles(self.tables)

    def _parts(self, of: Sequence[ContractLine]) -> Callable[[ContractLine], LineSnapshot]:
        lines = [line.id for line in of]
        unapproved = read_unapproved(self.client, self.tables, of)
        schedule = self._by_line(self.tables.invoice_schedule, lines)
        milestones = self._by_line(self.tables.milestone, lines)
        actuals = _grouped(
            read_by_ids(self.client, self.tables.actual, "contract_line", lines, self._unbilled()),
            lambda actual: actual.contract_line,
        )
        customers = _grouped(self._line_customers(lines), lambda item: item.contract_line)

        def parts(line: ContractLine) -> LineSnapshot:
            return LineSnapshot(
                line=line,
                schedule=tuple(schedule.get(line.id, ())),
                milestones=tuple(milestones.get(line.id, ())),
                actuals=tuple(actuals.get(line.id, ())),
                customers=tuple(customers.get(line.id, ())),
                unapproved=unapproved(line),
            )

        return parts

    def _by_line(self, table: Table[R], lines: Sequence[str]) -> Mapping[str, list[R]]:
        rows = read_by_ids(self.client, table, "contract_line", lines)
        return _grouped(rows, lambda row: getattr(row, "contract_line", None))

    def _unbilled(self) -> str:
        """Unbilled sales whose story is not over; a status that is empty is none of the past."""
        table: Table[Actual] = self.tables.actual
        status = table.property_of("billing_status")
        is_open = " and ".join(f"{status} ne {int(past)}" for past in PAST)
        kind = eq(table.property_of("transaction_type"), int(TransactionType.UNBILLED_SALES))
        return f"{kind} and ({eq(status, None)} or ({is_open}))"

    def _contract_customers(self, contracts: Sequence[str]) -> Iterator[ContractCustomer]:
        if CUSTOMERS_OF_CONTRACT in self.unknown:
            return iter(())
        return read_by_ids(self.client, self.tables.contract_customer, "contract", contracts)

    def _line_customers(self, lines: Sequence[str]) -> Iterator[ContractLineCustomer]:
        if CUSTOMERS_OF_LINE in self.unknown:
            return iter(())
        return read_by_ids(self.client, self.tables.contract_line_customer, "contract_line", lines)

    def _invoiced(self, contracts: Sequence[str]) -> Mapping[str, str]:
        """Rule G8: what stands on a draft of these contracts, whatever its own status says."""
        return {
            source: draft.invoice.id
            for draft in read_drafts(self.client, self.tables, contracts)
            for source in draft.sources
        }


def _customers(
    contracts: Iterable[ProjectContract],
    shares: Iterable[Iterable[ContractCustomer]],
    lines: Iterable[Iterable[LineSnapshot]],
) -> Iterator[str]:
    """Everybody who may be billed: customers of contracts, of lines, and of transactions."""
    yield from (contract.customer for contract in contracts if contract.customer)
    yield from (item.customer for rows in shares for item in rows if item.customer)
    for line in (line for group in lines for line in group):
        yield from (item.customer for item in line.customers if item.customer)
        yield from {actual.account_customer for actual in line.actuals if actual.account_customer}


def _grouped(rows: Iterable[R], owner: Callable[[R], str | None]) -> dict[str, list[R]]:
    found: dict[str, list[R]] = {}
    for row in rows:
        found.setdefault(owner(row) or "", []).append(row)
    return found
