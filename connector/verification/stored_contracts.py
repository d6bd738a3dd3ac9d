"""Parts of contracts, as a Spill holds them, put together: one contract at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

import msgspec

from connector.model.actual import Actual
from connector.model.contract_line import ContractLine
from connector.model.invoice import Invoice
from connector.model.milestone import Milestone
from connector.model.project_contract import ProjectContract
from connector.model.table import Table
from connector.verification.contract_case import ContractCase, InvoiceCase, LineCase
from connector.verification.contract_parts import Kind
from connector.verification.spill import Spill


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
