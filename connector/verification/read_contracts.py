"""All contracts with what belongs to them: each table asked for once, several at the same time.

A table is read page by page and handed to a Spill, so that memory holds the pages on their way, however
many lines there are. Contracts and lines come first: whatever is created meanwhile then has its owner later
than its parts and is left out, instead of looking like a line that lacks something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec

from connector.dataverse import DataverseClient, Query, eq
from connector.errors import HttpError, MalformedAnswer, Unauthorized
from connector.model.contract_line import ContractLine
from connector.model.invoice import Invoice
from connector.model.project_contract import ContractState, OrderType
from connector.model.table import Record, Table
from connector.model.tables import Tables
from connector.verification.contract_parts import CONTRACTS, LINES, PARTS, Kind, Part
from connector.verification.evidence import READ, Need, NotRead, Piece, Read, Unread
from connector.verification.read_invoices import InvoiceReader
from connector.verification.spill import Spill, frugal, in_chunks
from connector.verification.stored_contracts import StoredContracts

AT_ONCE = 6
"""How many tables are read at the same time; the client's pace may allow fewer requests."""
ROWS_AT_A_TIME = 1000
Told = Callable[[str, int], None]
"""Is told a table's name and how many rows of it have come since."""


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
            first = [pool.submit(self._part, part, spill, kinds) for part in (CONTRACTS, LINES)]
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
            text = part.filter(table) if part is not LINES else self._of_open_contracts()
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
        return error.unread
    except (HttpError, MalformedAnswer) as error:
        return Unread.because(error.message)
    return READ
