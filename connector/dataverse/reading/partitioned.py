"""Large reads in parts: by keys and by creation dates; ranges over ids are not documented."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

import msgspec

from connector.dataverse.query.arguments import refuse_text
from connector.dataverse.query.conditions import odata
from connector.dataverse.query.query import Query
from connector.dataverse.reading.partitions import (
    check_bounds,
    creation_filters,
    even_cuts,
    key_filters,
    key_groups,
)
from connector.dataverse.reading.reader import Reader
from connector.errors import UsageError

CREATED_ON = "createdon"


class _Created(msgspec.Struct):
    createdon: datetime | None = None


def by_keys(
    query: Query, column: str, keys: Iterable[object], asked_length: int, most_keys: int
) -> Iterator[Query]:
    """The question for lists of keys; `asked_length` is that of the question's address without them.

    Raises UsageError at once for keys that cannot stand in a filter.
    """
    _refuse_top(query)
    refuse_text(keys, f"The list of keys for {column}", '["A", "B"]')
    if most_keys < 1:
        raise UsageError(f"Lists of {most_keys} keys cannot be.", "Ask for 1 or more.")
    groups = key_groups(column, keys)
    return (query.where(odata(text)) for text in key_filters(column, groups, asked_length, most_keys))


def by_creation(
    reader: Reader, entity_set: str, query: Query, parts: int, bounds: tuple[datetime | None, datetime | None]
) -> Iterator[Query]:
    """The question for ranges of creation dates; where they are cut follows from the oldest and the newest
    record when `bounds` has None, which is asked for when the first range is taken.
    """
    _refuse_top(query)
    check_bounds(*bounds, parts)
    return _ranges(reader, entity_set, query, parts, bounds)


def _ranges(
    reader: Reader, entity_set: str, query: Query, parts: int, bounds: tuple[datetime | None, datetime | None]
) -> Iterator[Query]:
    since, until = bounds
    oldest = since or _end(reader, entity_set, query, "asc")
    newest = until or _end(reader, entity_set, query, "desc")
    cuts = [] if oldest is None or newest is None else even_cuts(oldest, newest, parts)
    for text in creation_filters(CREATED_ON, [since, *cuts, until]):
        yield query.where(odata(text)) if text else replace(query, is_unbounded=True)


def _end(reader: Reader, entity_set: str, query: Query, order: str) -> datetime | None:
    """The creation date of the oldest or newest record, None where no record has one."""
    dated = query.where(odata(f"{CREATED_ON} ne null"))
    question = replace(dated, top=1, order_by=(f"{CREATED_ON} {order}",), select=(CREATED_ON,), expand=())
    found = next(reader.records(entity_set, _Created, (), question, 1), None)
    return None if found is None else found.createdon


def _refuse_top(query: Query) -> None:
    if query.top is not None:
        raise UsageError(
            "A read in parts has no top: which records would be the first is not settled.",
            "Use client.list, or stop taking records.",
        )
