"""What a story needs beside the contract itself: which line is meant, its invoices, and what is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from connector.dataverse import DataverseClient, Query, TableDefinition, any_of, eq, guid, is_guid, quote
from connector.errors import UsageError
from connector.model.actual import BillingType, TransactionType
from connector.model.column_date import day_in
from connector.model.contract_line import BillingStatus, ContractLine
from connector.model.currency import Currency
from connector.model.invoice import Invoice
from connector.model.money import EXACT, ZERO
from connector.model.project_contract import OrderType, ProjectContract
from connector.model.tables import Tables
from connector.runner.explain import fact_of
from connector.runner.read_drafts import read_by_ids
from connector.runner.story import InvoiceFact, Past
from connector.workflow import ContractSnapshot

MOST_MATCHES = 20
CONTRACT_NUMBER = "ordernumber"
WAY_OUT = "Give its id, or its whole name: projops run -o csv lists both."


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be explained: lines of one contract; all of them where `lines` is empty."""

    contract: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finder:
    """Finds a contract or a contract line by what people call it.

    `contract_definition` says whether contracts have a number here.
    """

    client: DataverseClient
    tables: Tables
    contract_definition: TableDefinition | None

    def find(self, text: str) -> Subject:
        """The one contract or line with this id, number or name; else whose name has it in it.

        Raises UsageError when there is none, and when there are several, which it lists.
        """
        wanted = text.strip()
        if not wanted:
            raise UsageError("Nothing was named.", "Give a contract or a contract line: id, name or number.")
        if is_guid(wanted):
            return self._by_id(guid(wanted))
        for filters in (self._exactly(wanted), self._containing(wanted)):
            contracts, lines = self._contracts(filters[0]), self._lines(filters[1])
            if len(contracts) + len(lines) == 1:
                return Subject(contracts[0].id) if contracts else _of_line(lines[0])
            if contracts or lines:
                raise UsageError(
                    self._several(text, contracts, lines), "Give the id of the one that is meant."
                )
        raise UsageError(f"No project contract and no line of one is called {text!r}.", WAY_OUT)

    def _by_id(self, id: str) -> Subject:
        line_table, contract_table = self.tables.contract_line, self.tables.project_contract
        lines = self._lines(any_of(line_table.key, [id]))
        if lines:
            return _of_line(lines[0])
        if self._contracts(any_of(contract_table.key, [id])):
            return Subject(id)
        raise UsageError(
            f"There is no project contract and no contract line with the id {id}.",
            "The id stands in the address of the record's form.",
        )

    def _exactly(self, text: str) -> tuple[str, str]:
        by_name = eq(self.tables.project_contract.property_of("name"), text)
        if self.contract_definition is not None and CONTRACT_NUMBER in self.contract_definition.columns:
            by_name = f"({by_name} or {eq(CONTRACT_NUMBER, text)})"
        return by_name, eq(self.tables.contract_line.property_of("name"), text)

    def _containing(self, text: str) -> tuple[str, str]:
        named = quote(text)
        contract, line = self.tables.project_contract, self.tables.contract_line
        return (
            f"contains({contract.property_of('name')},{named})",
            f"contains({line.property_of('name')},{named})",
        )

    def _contracts(self, condition: str) -> list[ProjectContract]:
        table = self.tables.project_contract
        is_project = eq(table.property_of("order_type"), int(OrderType.WORK_BASED))
        query = Query(
            filter=f"{condition} and {is_project}", order_by=(table.property_of("name"),), top=MOST_MATCHES
        )
        return list(self.client.list(table, query))

    def _lines(self, condition: str) -> list[ContractLine]:
        """Lines of project contracts: other orders have lines too."""
        table = self.tables.contract_line
        query = Query(filter=condition, order_by=(table.property_of("name"),), top=MOST_MATCHES)
        found = list(self.client.list(table, query))
        parents = {row.id for row in self._parents(found)}
        return [line for line in found if line.contract in parents]

    def _parents(self, lines: Iterable[ContractLine]) -> list[ProjectContract]:
        wanted = sorted({line.contract for line in lines if line.contract})
        if not wanted:
            return []
        return self._contracts(any_of(self.tables.project_contract.key, wanted))

    def _several(self, text: str, contracts: Sequence[ProjectContract], lines: Sequence[ContractLine]) -> str:
        names = {row.id: row.name or row.id for row in self._parents(lines)}
        shown = [
            *(f"contract {row.name or ''}  {row.id}" for row in contracts),
            *(f"line {line.title} of {names.get(line.contract or '', '?')}  {line.id}" for line in lines),
        ]
        more = "\n  …" if max(len(contracts), len(lines)) == MOST_MATCHES else ""
        listed = "".join(f"\n  {one}" for one in shown)
        return f"{text!r} names more than one:{listed}{more}\n"


def _of_line(line: ContractLine) -> Subject:
    return Subject(line.contract or "", (line.id,))


def read_invoices(
    client: DataverseClient, tables: Tables, snapshot: ContractSnapshot, zone: ZoneInfo
) -> Mapping[str, InvoiceFact]:
    """The invoices that rows and transactions of a contract stand on, drafts and posted ones."""
    named = {
        id
        for line in snapshot.lines
        for id in (*(row.invoice for row in line.schedule), *(actual.invoice for actual in line.actuals))
        if id
    }
    wanted = sorted({*named, *snapshot.invoiced.values()})
    return {
        invoice.id: fact_of(invoice, _code(snapshot.currencies, invoice.currency), _day(invoice, zone))
        for invoice in read_by_ids(client, tables.invoice, "id", wanted)
    }


def read_past(
    client: DataverseClient, tables: Tables, snapshot: ContractSnapshot, lines: Sequence[str] = ()
) -> Mapping[str, Past]:
    """What of each line was posted or canceled: counted while it is read, none of it kept."""
    table = tables.actual
    wanted = [line.line.id for line in snapshot.lines if not lines or line.line.id in lines]
    status = table.property_of("billing_status")
    over = " or ".join(
        eq(status, int(one)) for one in (BillingStatus.CUSTOMER_INVOICE_POSTED, BillingStatus.CANCELED)
    )
    kind = eq(table.property_of("transaction_type"), int(TransactionType.UNBILLED_SALES))
    found: dict[str, Past] = {}
    for actual in read_by_ids(client, table, "contract_line", wanted, f"{kind} and ({over})"):
        before = found.get(actual.contract_line or "", Past())
        if actual.billing_status == BillingStatus.CANCELED:
            after = Past(before.posted, before.canceled + 1, before.amounts)
        else:
            code = _code(snapshot.currencies, actual.currency or snapshot.contract.currency)
            amount = ZERO
            if actual.billing_type == BillingType.CHARGEABLE and actual.amount is not None:
                amount = actual.amount
            amounts = {**before.amounts, code: EXACT.add(before.amounts.get(code, ZERO), amount)}
            after = Past(before.posted + 1, before.canceled, amounts)
        found[actual.contract_line or ""] = after
    return found


def _day(invoice: Invoice, zone: ZoneInfo) -> date | None:
    day = invoice.invoice_date or invoice.created_on
    return None if day is None else day_in(zone, day)


def _code(currencies: Mapping[str, Currency], currency: str | None) -> str:
    found = currencies.get(currency or "")
    return (found.iso_code or "") if found else ""
