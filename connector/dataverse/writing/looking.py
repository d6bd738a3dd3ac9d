"""After a lost answer: reading whether records are what was sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from connector.dataverse.exchange.decoding import decode_object
from connector.dataverse.exchange.wire import Request
from connector.dataverse.query.literals import any_of, name
from connector.dataverse.query.query import address
from connector.dataverse.reading.reader import Reader
from connector.dataverse.transport.settling import settle
from connector.dataverse.transport.transport import Transport
from connector.dataverse.writing.confirming import is_as_sent, tells
from connector.dataverse.writing.operations import Action, Delete, Operation, OperationResult, Update

# An address takes 32 KB; an id with what stands around it takes up to 50 bytes of it.
_IDS_AT_ONCE: Final = 200


class Looker:
    """Reads records back and compares them with what was sent."""

    def __init__(self, transport: Transport, reader: Reader) -> None:
        self._transport = transport
        self._reader = reader

    def answer_to(self, operation: Operation) -> OperationResult | None:
        """What the operation must have been answered, if the record is what it would have made of it."""
        if isinstance(operation, Action):
            return None
        record = self._reader.find(operation.entity_set, operation.id)
        if isinstance(operation, Delete):
            return OperationResult(204) if record is None else None
        if record is None or not is_as_sent(record, operation.values):
            return None
        if isinstance(operation, Update) and not tells(record, operation.values):
            return None
        return OperationResult(204, etag=record.get("@odata.etag"))

    def as_sent(
        self,
        entity_set: str,
        key: str,
        wanted: Mapping[str, Mapping[str, object]],
        budget_s: float | None = None,
    ) -> set[str]:
        """Of the wanted values by id: the ids of the records that hold them. The budget is a question's."""
        ids = iter(wanted)
        found: set[str] = set()
        while some := list(islice(ids, _IDS_AT_ONCE)):
            for record in self._records(entity_set, key, some, budget_s):
                id = str(record.get(key, "")).lower()
                if id in wanted and is_as_sent(record, wanted[id]):
                    found.add(id)
        return found

    def _records(
        self, entity_set: str, key: str, ids: Sequence[str], budget_s: float | None
    ) -> Iterator[Mapping[str, Any]]:
        url = address(self._transport.address(name(entity_set)), {"$filter": any_of(key, ids)})
        sent, outcome = self._transport.call(
            Request("GET", url, {"If-None-Match": "null"}), budget_s=budget_s
        )
        yield from decode_object(settle(sent, outcome).content, entity_set).get("value", ())
