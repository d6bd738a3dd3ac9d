"""How many records fulfil a condition. Source: `webapi/query/count-rows`."""

from __future__ import annotations

import msgspec

from connector.dataverse.query.literals import name
from connector.dataverse.query.query import LARGEST_PAGE, Query
from connector.dataverse.reading.asker import Asker
from connector.dataverse.reading.reader import Reader
from connector.errors import MalformedAnswer

# The service counts no further.
COUNTED = 5_000


class _Row(msgspec.Struct):
    """A record of which nobody wants anything."""


def count_of(asker: Asker, reader: Reader, entity_set: str, filter: str, select: tuple[str, ...]) -> int:
    """Exact: what the service does not count is read, with the columns `select` and the key alone."""
    answer = asker.ask(f"{name(entity_set)}/$count", {"$filter": filter})
    text = answer.content.decode("utf-8-sig", "replace").strip()
    if not (text.isascii() and text.isdigit()):
        raise MalformedAnswer(f"The count of {entity_set} was answered with {text[:40]!r}.")
    if int(text) < COUNTED:
        return int(text)
    query = Query(filter=filter, is_unbounded=True)
    return sum(1 for _ in reader.records(entity_set, _Row, select, query, LARGEST_PAGE))
