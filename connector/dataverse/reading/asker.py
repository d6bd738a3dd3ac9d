"""Reads whose rows are no records of a table: aggregations, metadata, counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.dataverse.exchange.address import within
from connector.dataverse.exchange.decoding import decode_object
from connector.dataverse.exchange.wire import Answer, Request
from connector.dataverse.query.query import address
from connector.dataverse.transport.settling import settle
from connector.dataverse.transport.transport import Transport
from connector.errors import MalformedAnswer

# Microsoft's advice against stale expansions out of a cache.
_FRESH = {"If-None-Match": "null"}
NOT_MODIFIED = 304


class Asker:
    """Sends single GETs below the root of the Web API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def ask(self, path: str, options: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a GET; raises the typed error of everything that is none."""
        return self._get(address(self._transport.address(path), options), headers)

    def ask_if_changed(self, path: str, options: Mapping[str, str], etag: str) -> Answer | None:
        """None when what the etag stands for is still what there is."""
        url = address(self._transport.address(path), options)
        sent, outcome = self._transport.call(Request("GET", url, {"If-None-Match": etag}))
        if isinstance(outcome.last, Answer) and outcome.last.status == NOT_MODIFIED:
            return None
        return settle(sent, outcome)

    def object(self, path: str, options: Mapping[str, str]) -> Mapping[str, Any]:
        """A JSON object, with Decimal for every number that is not whole."""
        return decode_object(self.ask(path, options).content, path)

    def rows(self, path: str, options: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """The rows under "value", page after page, with Decimal for every number that is not whole."""
        url = address(self._transport.address(path), options)
        seen: set[str] = set()
        while url:
            seen.add(url)
            page = decode_object(self._get(url).content, path)
            rows = page.get("value")
            if not isinstance(rows, list):
                raise MalformedAnswer(f"{path} was answered without rows.", "Check the question.")
            yield from rows
            link = str(page.get("@odata.nextLink") or "")
            url = link and within(self._transport.origin, link, url, f"The next page of {path}")
            if url in seen:
                raise MalformedAnswer(f"The pages of {path} lead in a circle: {url} comes again.")

    def _get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        return settle(*self._transport.call(Request("GET", url, {**_FRESH, **(headers or {})})))
