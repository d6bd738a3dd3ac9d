"""Reads: single records, pages, functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from connector.dataverse.exchange.decoding import decode_object, decode_record
from connector.dataverse.exchange.page import open_page
from connector.dataverse.exchange.watching import Watch
from connector.dataverse.exchange.wire import Answer, Request
from connector.dataverse.query.conditions import odata
from connector.dataverse.query.literals import name
from connector.dataverse.query.paths import callable_path, record_path
from connector.dataverse.query.query import (
    LARGEST_PAGE,
    LONGEST_BATCHED_URL,
    LONGEST_URL,
    Query,
    address,
    fits_one_page,
    options_of,
)
from connector.dataverse.reading.batched import answered, batched
from connector.dataverse.reading.next_link import Trail
from connector.dataverse.reading.paging import Pages
from connector.dataverse.reading.parallel import ParallelReading, PartsPlan
from connector.dataverse.transport.settling import settle
from connector.dataverse.transport.transport import Transport
from connector.errors import NotFound, UsageError

T = TypeVar("T")

# Microsoft's advice against stale expansions out of a cache.
_FRESH = {"If-None-Match": "null"}
# Pages that wait to be decoded while as many as are worthwhile are asked for.
_WAITING_PAGES = 2


class Reader:
    """Asks the environment and decodes what it says; repeats as often as the policy allows."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def record(self, entity_set: str, id: str, record: type[T], select: tuple[str, ...]) -> T:
        """One record. Raises NotFound."""
        path = record_path(entity_set, id)
        answer = self._get(address(self._transport.address(path), {"$select": ",".join(select)}))
        return decode_record(answer.content, record, path)

    def find(self, entity_set: str, id: str) -> Mapping[str, Any] | None:
        """All columns of a record as they come, or None where there is none."""
        path = record_path(entity_set, id)
        try:
            answer = self._get(self._transport.address(path))
        except NotFound:
            return None
        return decode_object(answer.content, path)

    def records(
        self, entity_set: str, record: type[T], select: tuple[str, ...], query: Query, page_size: int
    ) -> Iterator[T]:
        """All records that the query asks for, page after page, none of them kept."""
        url = self._address(entity_set, select, query, page_size)
        prefer = {} if fits_one_page(query, page_size) else {"Prefer": f"odata.maxpagesize={page_size}"}
        return self._pages(url, prefer, record, entity_set).records(query.top, page_size)

    def records_in_parts(
        self,
        entity_set: str,
        record: type[T],
        select: tuple[str, ...],
        questions: Iterator[Query],
        plan: PartsPlan,
    ) -> Iterator[T]:
        """All records that the questions ask for, several questions at a time."""
        page_size = plan.page_size
        trails = (
            Trail(self._transport.origin, self._address(entity_set, select, question, page_size), entity_set)
            for question in questions
        )
        pace = self._transport.pace
        reading = ParallelReading(
            partial(self._page, {"Prefer": f"odata.maxpagesize={page_size}"}),
            trails,
            width=lambda: pace.width,
            most_pages=lambda: plan.pages_in_flight or pace.width + _WAITING_PAGES,
            is_ordered=plan.is_ordered,
        )
        return reading.records(lambda content: open_page(content, record, entity_set))

    def asked_length(self, entity_set: str, select: tuple[str, ...], query: Query, page_size: int) -> int:
        """How long the address of a question is when it has one more condition, a short one."""
        return len(self._address(entity_set, select, query.where(odata("_")), page_size))

    def _address(self, entity_set: str, select: tuple[str, ...], query: Query, page_size: int) -> str:
        if type(page_size) is not int or not 1 <= page_size <= LARGEST_PAGE:
            raise UsageError(f"A page of {page_size!r} records cannot be.", f"Ask for 1 to {LARGEST_PAGE}.")
        options = options_of(query, select, page_size)
        return address(self._transport.address(name(entity_set)), options, LONGEST_BATCHED_URL)

    def rows(self, path: str, options: Mapping[str, str], record: type[T]) -> Iterator[T]:
        """All rows of something that is no table, such as EntityDefinitions."""
        return self._pages(address(self._transport.address(path), options), {}, record, path).records()

    def function(
        self, function: str, parameters: Mapping[str, str], bound_to: tuple[str, str] | None
    ) -> Mapping[str, Any]:
        """A function's answer; the parameters are OData text and go as aliases, where any text may stand."""
        for each, text in parameters.items():
            if not isinstance(text, str):
                raise UsageError(
                    f"The parameter {each} of {function} is no OData text: {text!r}.",
                    "Make it with quote(…) or guid(…).",
                )
        aliases = {f"@p{number}": text for number, text in enumerate(parameters.values(), start=1)}
        given = ",".join(f"{name(each)}={alias}" for each, alias in zip(parameters, aliases, strict=True))
        path = f"{callable_path(function, bound_to)}({given})"
        return decode_object(self._get(address(self._transport.address(path), aliases)).content, path)

    def _pages(self, url: str, prefer: Mapping[str, str], record: type[T], what: str) -> Pages[T]:
        ask = partial(self._page, prefer)
        trail = Trail(self._transport.origin, url, what)
        return Pages(ask, trail, lambda content: open_page(content, record, what))

    def _page(self, prefer: Mapping[str, str], url: str, watch: Watch | None) -> Answer:
        """A page by its address; one that is too long for a GET goes into a $batch."""
        question = Request("GET", url, {**_FRESH, **prefer}, watch=watch)
        if len(url) <= LONGEST_URL:
            return settle(*self._transport.call(question))
        members = replace(question, headers={**question.headers, **self._transport.caller_headers})
        sent, outcome = self._transport.call(batched(members, self._transport.address("$batch")), answered)
        return settle(sent, outcome, f"GET {question.path}")

    def _get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        sent, outcome = self._transport.call(Request("GET", url, {**_FRESH, **(headers or {})}))
        return settle(sent, outcome)
