"""Reads: single records, pages, functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from connector.dataverse.address import within
from connector.dataverse.decoding import decode_object, decode_page, decode_record
from connector.dataverse.literals import name
from connector.dataverse.operations import callable_path, record_path
from connector.dataverse.query import LARGEST_PAGE, Query, address, fits_one_page, options_of
from connector.dataverse.settling import settle
from connector.dataverse.transport import Transport
from connector.dataverse.wire import Answer, Request
from connector.errors import MalformedAnswer, NotFound, UsageError

T = TypeVar("T")

# Microsoft's advice against stale expansions out of a cache.
_FRESH = {"If-None-Match": "null"}


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
        if not 1 <= page_size <= LARGEST_PAGE:
            raise UsageError(f"A page of {page_size} records cannot be.", f"Ask for 1 to {LARGEST_PAGE}.")
        url = address(self._transport.address(name(entity_set)), options_of(query, select, page_size))
        prefer = {} if fits_one_page(query, page_size) else {"Prefer": f"odata.maxpagesize={page_size}"}
        return islice(self._pages(url, prefer, record, entity_set), query.top)

    def rows(self, path: str, options: Mapping[str, str], record: type[T]) -> Iterator[T]:
        """All rows of something that is no table, such as EntityDefinitions."""
        return self._pages(address(self._transport.address(path), options), {}, record, path)

    def function(
        self, function: str, parameters: Mapping[str, str], bound_to: tuple[str, str] | None
    ) -> Mapping[str, Any]:
        """A function's answer; the parameters are OData text and go as aliases, where any text may stand."""
        aliases = {f"@p{number}": text for number, text in enumerate(parameters.values(), start=1)}
        given = ",".join(f"{name(each)}={alias}" for each, alias in zip(parameters, aliases, strict=True))
        path = f"{callable_path(function, bound_to)}({given})"
        return decode_object(self._get(address(self._transport.address(path), aliases)).content, path)

    def _pages(self, url: str, prefer: Mapping[str, str], record: type[T], what: str) -> Iterator[T]:
        link: str | None = url
        mark, count, lap = "", 0, 1
        while link is not None:
            page = decode_page(self._get(link, prefer).content, record, what)
            yield from page.records
            following = page.next_link and within(
                self._transport.origin, page.next_link, link, f"The next page of {what}"
            )
            if following in {link, mark}:
                raise MalformedAnswer(f"The pages of {what} lead in a circle: {following} comes again.")
            count += 1
            if count == lap:
                # Brent's marks find a circle of any length, and keep one address.
                mark, lap = link, 2 * lap
            link = following or None

    def _get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        sent, outcome = self._transport.call(Request("GET", url, {**_FRESH, **(headers or {})}))
        return settle(sent, outcome)
