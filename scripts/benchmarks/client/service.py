"""What the server answers. It is no Dataverse: it knows the requests that the contenders make, no others."""

from __future__ import annotations

import gzip
import json
import re
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate

from benchmarks.client.budget import SlidingWindow
from benchmarks.client.rows import ENTITY_SET, KEY, LOGICAL_NAME, PAGE_SIZE, page_of
from benchmarks.client.tally import Tally

API = "/api/data/v9.2/"
DISTINCT_PAGES = 20
_CONTEXT = '{"@odata.context":"%s%s$metadata#%s","value":['
_PAGE = re.compile(r"&\$skiptoken=page(\d+)")
_ID = re.compile(rb'"%s": ?"([0-9a-f-]{36})"' % KEY.encode())
_TOO_MANY = b'{"error":{"code":"0x80072322","message":"Number of requests exceeded the limit."}}'
_DEFINITION = {
    "LogicalName": LOGICAL_NAME,
    "EntitySetName": ENTITY_SET,
    "PrimaryIdAttribute": KEY,
    "PrimaryNameAttribute": "msdyn_description",
    "MetadataId": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
}
_JSON = "Content-Type: application/json; odata.metadata=minimal\r\nOData-Version: 4.0\r\n"


@dataclass(frozen=True)
class Asked:
    """A request: its target as it came, whether it takes gzip, its body."""

    method: str
    target: str
    takes_gzip: bool = False
    body: bytes = b""


@dataclass(frozen=True)
class Answered:
    """Status line and headers of one's own, and the body in parts that need not be put together."""

    status: str = "200 OK"
    headers: str = _JSON
    parts: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Behaviour:
    """How one port behaves. `limit` is (requests, seconds of the window); `pages` is how many a list has."""

    is_tls: bool = False
    latency_s: float = 0.0
    is_gzip: bool = False
    pages: int = DISTINCT_PAGES
    limit: tuple[int, float] | None = None
    page_size: int = PAGE_SIZE
    dop_hint: int = 8


@dataclass
class Pages:
    """The records of the pages, made once for all ports, and packed where a port wants that."""

    _rows: dict[tuple[int, int], bytes] = field(default_factory=dict)
    _packed: dict[tuple[str, int, int], bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rows(self, number: int, size: int) -> bytes:
        key = (number % DISTINCT_PAGES, size)
        with self._lock:
            if key not in self._rows:
                self._rows[key] = page_of(*key)
            return self._rows[key]

    def packed(self, head: bytes, number: int, size: int, tail: bytes) -> bytes:
        key = (tail.decode(), number, size)
        if key not in self._packed:
            self._packed[key] = gzip.compress(head + self.rows(number, size) + tail, 6, mtime=0)
        return self._packed[key]


class Service:
    """The answers of one port."""

    def __init__(self, behaviour: Behaviour, origin: str, pages: Pages) -> None:
        self.behaviour = behaviour
        self.tally = Tally()
        self._origin = origin
        self._pages = pages
        self._window = SlidingWindow(*behaviour.limit) if behaviour.limit else None

    def answer(self, asked: Asked, now_s: float) -> Answered:
        """The answer to a request that came at `now_s` by a clock that only goes forward."""
        path = asked.target.partition("?")[0].removeprefix(API)
        if path == "bench/tally":
            return _json(self.tally.report())
        if path == "bench/reset":
            self.tally = Tally()
            return _json({})
        if self._window is not None and (wait_s := self._window.ask(now_s)):
            self.tally.was_refused()
            return Answered("429 Too Many Requests", f"{_JSON}Retry-After: {wait_s}\r\n", (_TOO_MANY,))
        if asked.method == "GET":
            return self._page(asked) if path == ENTITY_SET else _metadata(path)
        self.tally.accepted(asked.body, now_s)
        return self._written(asked, path)

    def _page(self, asked: Asked) -> Answered:
        found = _PAGE.search(asked.target)
        number = int(found[1]) if found else 0
        first = asked.target.partition("&$skiptoken")[0]
        link = f'],"@odata.nextLink":"{self._origin}{first}&$skiptoken=page{number + 1}"}}'
        tail = (link if number + 1 < self.behaviour.pages else "]}").encode()
        head = (_CONTEXT % (self._origin, API, ENTITY_SET)).encode()
        size = self.behaviour.page_size
        if self.behaviour.is_gzip and asked.takes_gzip:
            packed = self._pages.packed(head, number, size, tail)
            return Answered(headers=f"{_JSON}Content-Encoding: gzip\r\n", parts=(packed,))
        return Answered(parts=(head, self._pages.rows(number, size), tail))

    def _written(self, asked: Asked, path: str) -> Answered:
        if path.endswith("CreateMultiple"):
            ids = [each.decode() for each in _ID.findall(asked.body)]
            return _json({"Ids": ids or _new_ids(asked.body.count(b'"@odata.type"'))})
        given = path.partition("(")[2].rstrip(")")
        record = f"{self._origin}{API}{ENTITY_SET}({given or uuid.uuid4()})"
        return Answered("204 No Content", f"OData-Version: 4.0\r\nOData-EntityId: {record}\r\n")


def encode(answered: Answered, behaviour: Behaviour) -> tuple[bytes, ...]:
    """The answer as it goes over the network: the head, then the body's parts."""
    head = (
        f"HTTP/1.1 {answered.status}\r\nDate: {formatdate(usegmt=True)}\r\n{answered.headers}"
        f"Content-Length: {sum(map(len, answered.parts))}\r\nx-ms-dop-hint: {behaviour.dop_hint}\r\n"
        f"x-ms-service-request-id: 5f1d7a0e-3f0b-4b52-9a55-8e7a4f1c2d30\r\n\r\n"
    ).encode()
    if sum(map(len, answered.parts)) < 65_536:
        return (head + b"".join(answered.parts),)
    return (head, *answered.parts)


def _metadata(path: str) -> Answered:
    """What Microsoft's client asks before its first read and write, and ours before it writes in bulk."""
    if path in {"WhoAmI()", "WhoAmI"}:
        user = "00000000-0000-4000-8000-000000000001"
        return _json({"UserId": user, "BusinessUnitId": user, "OrganizationId": user})
    if path == "EntityDefinitions":
        return _json({"value": [_DEFINITION]})
    if path.endswith("PicklistAttributeMetadata"):
        return _json({"value": [_picklist("msdyn_transactiontypecode"), _picklist("msdyn_billingtype")]})
    return Answered("404 Not Found", parts=(b'{"error":{"code":"0x8006088a","message":"Not here."}}',))


def _picklist(name: str) -> Mapping[str, object]:
    options = [
        {"Value": 192350000 + each, "Label": {"LocalizedLabels": [{"Label": f"Option {each}"}]}}
        for each in range(8)
    ]
    return {"LogicalName": name, "OptionSet": {"Options": options}}


def _json(value: Mapping[str, object]) -> Answered:
    return Answered(parts=(json.dumps(value).encode(),))


def _new_ids(count: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(count)]
