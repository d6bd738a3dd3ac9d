"""All contracts with what belongs to them: each table asked for once, several at the same time.

A table is read page by page and handed to a Spill, so that memory holds the pages on their way, however
many lines there are. Contracts and lines come first: whatever is created meanwhile then has its owner later
than its parts and is left out, instead of looking like a line that lacks something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, cast

import msgspec

from connector.dataverse import DataverseClient, Query, eq
from connector.errors import HttpError, MalformedAnswer, Unauthorized
from connector.model.actual import Actual, TransactionType
from connector.model.contract_line import BillingStatus, ContractLine
from connector.model.invoice import Invoice
from connector.model.milestone import Milestone
from connector.model.project_contract import ContractState, OrderType, ProjectContract
from connector.model.table import Record, Table
from connector.model.tables import Tables
from connector.verification.contract_case import ContractCase, InvoiceCase, LineCase
from connector.verification.evidence import READ, Need, NotRead, Piece, Read, Unread
from connector.verification.read_invoices import InvoiceReader
from connector.verification.spill import Spill, frugal, in_chunks

AT_ONCE = 6
"""How many tables are read at the same time; the client's pace may allow fewer requests."""
ROWS_AT_A_TIME = 1000
_ACTIVE = 0
_OVER = (BillingStatus.CUSTOMER_INVOICE_POSTED, BillingStatus.CANCELED)
Told = Callable[[str, int], None]
"""Is told a table's name and how many rows of it have come since."""


class Kind(IntEnum):
    """What a part of a contract is. The numbers give the order in which the parts come out."""

    CONTRACT = 0
    LINE = 1
    SCHEDULE_ROW = 2
    MILESTONE = 3
    ACTUAL = 4
    CONTRACT_CUSTOMER = 5
    LINE_CUSTOMER = 6
    PRICE_LIST = 7
    INVOICE = 8
    SOURCE = 9


@dataclass(frozen=True)
class Part:
    """One table as it is read: the columns that are taken, those it cannot do without, and who owns a row."""

    need: Need
    kind: Kind
    field: str
    columns: tuple[str, ...]
    must: tuple[str, ...]
    owners: Callable[[Any], Sequence[str | None]]
    filter: Callable[[Table[Any]], str] = lambda _: ""

    def table(self, tables: Tables) -> Table[Any]:
        """The table. Raises NotRead where it, or a column that it cannot do without, is not there."""
        table: Table[Any] = getattr(tables, self.field)
        if not tables.has(self.field):
            raise NotRead(f"The environment has no table {table.logical_name or self.field}.")
        for name in self.must:
            if not table.has(name):
                column = table.column_of(name).lstrip("?:")
                raise NotRead(f"The table {table.logical_name} has no column {column}.")
        return table


def _is_active(table: Table[Any]) -> str:
    return eq(table.property_of("state"), _ACTIVE) if table.has("state") else ""


def _unbilled(table: Table[Any]) -> str:
    """Unbilled sales whose billing is not over; a status that is empty is none that is over."""
    status = table.property_of("billing_status")
    is_open = " and ".join(f"{status} ne {int(one)}" for one in _OVER)
    kind = eq(table.property_of("transaction_type"), TransactionType.UNBILLED_SALES.value)
    return f"{kind} and ({eq(status, None)} or ({is_open}))"


def _first(*names: str) -> Callable[[Any], Sequence[str | None]]:
    if len(names) == 1:
        return lambda row: (getattr(row, names[0]), None)
    return lambda row: (getattr(row, names[0]), getattr(row, names[1]))


_ACTUAL_COLUMNS = (
    "description",
    "transaction_type",
    "transaction_class",
    "billing_type",
    "billing_status",
    "adjustment_status",
    "amount",
    "price",
    "document_date",
    "transaction_date",
    "contract",
    "contract_line",
    "account_customer",
    "contact_customer",
    "project",
    "task",
    "resource_role",
    "currency",
    "contract_line_customer",
    "not_to_exceed_status",
)
_SHARE_COLUMNS = ("account", "contact", "split_percent", "is_rounding")
PARTS = (
    Part(
        Need.SCHEDULE_ROWS,
        Kind.SCHEDULE_ROW,
        "invoice_schedule",
        (
            "name",
            "contract_line",
            "invoice_run_date",
            "transaction_cutoff_date",
            "run_status",
            "milestone",
            "invoice",
            "created_on",
        ),
        ("contract_line", "invoice_run_date", "run_status"),
        _first("contract_line"),
        _is_active,
    ),
    Part(
        Need.MILESTONES,
        Kind.MILESTONE,
        "milestone",
        (
            "name",
            "contract",
            "contract_line",
            "project",
            "amount",
            "tax",
            "milestone_date",
            "zone_independent_date",
            "invoice_status",
            "header",
            "header_status",
            "next_invoice_percent",
            "next_invoice_amount",
            "next_invoice_status",
        ),
        ("contract_line", "invoice_status"),
        _first("contract_line", "contract"),
        _is_active,
    ),
    Part(
        Need.ACTUALS,
        Kind.ACTUAL,
        "actual",
        _ACTUAL_COLUMNS,
        ("contract_line", "billing_status", "transaction_type"),
        _first("contract_line", "contract"),
        _unbilled,
    ),
    Part(
        Need.CONTRACT_CUSTOMERS,
        Kind.CONTRACT_CUSTOMER,
        "contract_customer",
        ("contract", *_SHARE_COLUMNS),
        ("contract", "account"),
        _first("contract"),
    ),
    Part(
        Need.LINE_CUSTOMERS,
        Kind.LINE_CUSTOMER,
        "contract_line_customer",
        ("contract_line", *_SHARE_COLUMNS),
        ("contract_line", "account", "split_percent"),
        _first("contract_line"),
    ),
    Part(
        Need.CONTRACT_PRICE_LISTS,
        Kind.PRICE_LIST,
        "contract_price_list",
        ("contract", "price_list"),
        ("contract", "price_list"),
        _first("contract"),
    ),
)
_CONTRACTS = Part(
    Need.CONTRACTS,
    Kind.CONTRACT,
    "project_contract",
    (
        "name",
        "contract_state",
        "contract_status_reason",
        "requested_delivery_date",
        "customer",
        "currency",
        "price_list",
        "contracting_unit",
    ),
    ("order_type", "contract_state"),
    _first("id"),
    lambda table: eq(table.property_of("order_type"), OrderType.WORK_BASED.value),
)
_LINES = Part(
    Need.CONTRACTS,
    Kind.LINE,
    "contract_line",
    (
        "contract",
        "name",
        "description",
        "product_type",
        "billing_method",
        "billing_status",
        "billing_start_date",
        "includes_time",
        "includes_expense",
        "includes_material",
        "includes_fee",
        "base_amount",
        "extended_amount",
        "tax",
        "project",
        "invoice_frequency",
        "invoice_schedule_type",
    ),
    ("contract", "product_type", "billing_method"),
    _first("contract"),
)


def read_contracts(
    client: DataverseClient, tables: Tables, needs: Iterable[Need], told: Told = lambda _name, _count: None
) -> Mapping[Need, Piece[Any]]:
    """CONTRACTS, and of the parts those that are needed; each Unread where it could not be read.

    Raises Unauthorized and Unreachable.
    """
    return _Reading(client, tables, frozenset(needs), told).read()


@dataclass(frozen=True)
class _Reading:
    client: DataverseClient
    tables: Tables
    needs: frozenset[Need]
    told: Told

    def read(self) -> Mapping[Need, Piece[Any]]:
        spill = Spill()
        kinds: dict[Kind, Table[Any]] = {}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            first = [pool.submit(self._part, part, spill, kinds) for part in (_CONTRACTS, _LINES)]
            for found in [one.result() for one in first]:
                if isinstance(found, Unread):
                    wanted = {part.need for part in PARTS} | {Need.INVOICES, Need.INVOICE_SOURCES}
                    return {Need.CONTRACTS: found, **dict.fromkeys(wanted & self.needs, found)}
            parts = [part for part in PARTS if part.need in self.needs]
            rest = {part.need: pool.submit(self._part, part, spill, kinds) for part in parts}
            invoices = pool.submit(self._invoices, spill, kinds)
            pieces: dict[Need, Piece[Any]] = {need: one.result() for need, one in rest.items()}
            pieces.update(invoices.result())
        return pieces | {Need.CONTRACTS: StoredContracts(spill, kinds)}

    def _part(self, part: Part, spill: Spill, kinds: dict[Kind, Table[Any]]) -> Piece[Read]:
        def read() -> None:
            table = kinds[part.kind] = frugal(part.table(self.tables))
            text = part.filter(table) if part is not _LINES else self._of_open_contracts()
            select = (table.key, *(table.property_of(one) for one in part.columns if table.has(one)))
            query = Query(filter=text, select=select, is_unbounded=not text)
            for rows in in_chunks(self.client.list(table, query), ROWS_AT_A_TIME):
                if part.kind is Kind.LINE:
                    spill.own(_owned_through(rows))
                elif part.kind is Kind.CONTRACT:
                    spill.own((row.id, row.id) for row in rows)
                self._keep(part, spill, rows)
                self.told(table.logical_name, len(rows))

        return tried(read)

    def _keep(self, part: Part, spill: Spill, rows: Iterable[Record]) -> None:
        encode = msgspec.json.Encoder().encode
        spill.add(part.kind, ((part.owners(row), encode(row)) for row in rows))

    def _of_open_contracts(self) -> str:
        """Lines of project contracts that are not closed, by the lookup that every line has."""
        contracts = self.tables.project_contract
        state = f"salesorderid/{contracts.property_of('contract_state')}"
        conditions = (
            eq(f"salesorderid/{contracts.property_of('order_type')}", OrderType.WORK_BASED.value),
            f"({eq(state, None)} or {state} ne {ContractState.CLOSED.value})",
        )
        return " and ".join(conditions)

    def _invoices(self, spill: Spill, kinds: dict[Kind, Table[Any]]) -> Mapping[Need, Piece[Any]]:
        if not self.needs & {Need.INVOICES, Need.INVOICE_SOURCES}:
            return {}
        reader = InvoiceReader(self.client, self.tables, spill, self.told)
        kinds[Kind.INVOICE] = reader.table
        encode = msgspec.json.Encoder().encode

        def keep(invoices: Iterable[Invoice]) -> None:
            spill.add(Kind.INVOICE, (((one.contract, None), encode(one)) for one in invoices))

        drafts = tried(lambda: reader.drafts(keep))
        found: dict[Need, Piece[Any]] = {Need.INVOICES: drafts}
        if Need.INVOICE_SOURCES in self.needs:
            sources = drafts if isinstance(drafts, Unread) else tried(lambda: reader.sources(keep))
            found[Need.INVOICE_SOURCES] = sources
            for pairs in reader.pairs():
                spill.add(Kind.SOURCE, (((invoice, None), encode((invoice, one))) for invoice, one in pairs))
        return found


def _owned_through(lines: Iterable[ContractLine]) -> Iterator[tuple[str, str]]:
    """Whose the lines are, and their contracts too: a page of lines may come before that of its contract."""
    for line in lines:
        if line.contract:
            yield line.contract, line.contract
            yield line.id, line.contract


def tried(read: Callable[[], None]) -> Piece[Read]:
    """READ, or why not. Raises Unauthorized."""
    try:
        read()
    except Unauthorized:
        raise
    except NotRead as error:
        return Unread(error.reason)
    except (HttpError, MalformedAnswer) as error:
        return Unread(error.message)
    return READ


class StoredContracts:
    """Contracts out of a Spill, one at a time; it can be gone through again."""

    def __init__(self, spill: Spill, kinds: Mapping[Kind, Table[Any]]) -> None:
        self._spill = spill
        self._decoders: dict[int, Callable[[bytes], Any]] = {
            kind.value: msgspec.json.Decoder(table.record, dec_hook=_from_json).decode
            for kind, table in kinds.items()
        }
        self._decoders[Kind.SOURCE.value] = msgspec.json.Decoder(tuple[str, str | None]).decode

    def __iter__(self) -> Iterator[ContractCase]:
        for parts in self._spill.contracts():
            found: dict[int, list[Any]] = {kind.value: [] for kind in Kind}
            for kind, body in parts:
                found[kind].append(self._decoders[kind](body))
            if found[Kind.CONTRACT]:
                yield _case(found)


def _from_json(kind: type, value: object) -> object:
    read = cast("Any", kind).from_json
    return read(value)


def _case(found: Mapping[int, list[Any]]) -> ContractCase:
    contract: ProjectContract = found[Kind.CONTRACT][0]
    lines: list[ContractLine] = found[Kind.LINE]
    ids = {line.id for line in lines}
    milestones: list[Milestone] = found[Kind.MILESTONE]
    actuals: list[Actual] = found[Kind.ACTUAL]
    rows = _by_line(found[Kind.SCHEDULE_ROW])
    of_line, shares, work = _by_line(milestones), _by_line(found[Kind.LINE_CUSTOMER]), _by_line(actuals)
    return ContractCase(
        contract=contract,
        lines=tuple(
            LineCase(
                line,
                schedule=tuple(rows.get(line.id, ())),
                milestones=tuple(of_line.get(line.id, ())),
                customers=tuple(shares.get(line.id, ())),
                actuals=tuple(work.get(line.id, ())),
            )
            for line in lines
        ),
        customers=tuple(found[Kind.CONTRACT_CUSTOMER]),
        price_lists=tuple(item.price_list for item in found[Kind.PRICE_LIST] if item.price_list),
        actuals=tuple(actual for actual in actuals if actual.contract_line not in ids),
        milestones=tuple(item for item in milestones if item.contract_line not in ids),
        invoices=tuple(_invoices(found[Kind.INVOICE], found[Kind.SOURCE])),
    )


def _invoices(invoices: list[Invoice], pairs: list[tuple[str, str | None]]) -> Iterator[InvoiceCase]:
    sources: dict[str, set[str | None]] = {}
    for invoice, source in pairs:
        sources.setdefault(invoice, set()).add(source)
    for one in invoices:
        found = sources.get(one.id, set())
        yield InvoiceCase(one, frozenset(item for item in found if item), is_complete=None not in found)


def _by_line(rows: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.contract_line or "", []).append(row)
    return found
