"""Trouble at a chosen request to the environment, made where requests meets the network."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest
import requests
from urllib3 import HTTPResponse
from urllib3.exceptions import ProtocolError


class Fault(StrEnum):
    """`lost_before`: the request never arrives. `lost_after`: its answer never does. `garbled`: the answer
    is none of the protocol. `down`: the answer is lost, and nothing gets through any more."""

    LOST_BEFORE = "lost_before"
    LOST_AFTER = "lost_after"
    GARBLED = "garbled"
    DOWN = "down"


@dataclass
class Line:
    """The line to one origin. `seen` are the requests that went over it, as METHOD path."""

    origin: str
    seen: list[str] = field(default_factory=list)
    fault: Fault | None = None
    at: int | None = None
    before: Callable[[], None] | None = None
    """Called before request number `at` is sent: what another machine does at that moment."""
    forbidden: str | None = None
    """Answer 403 to every request for what begins with this word."""
    refuses_batches: bool = False
    """Answer every $batch like an environment that takes no action in a change set."""

    takes_no_etags: bool = False
    """Refuse every etag, inside $batch too, like a table without optimistic concurrency."""

    def refusal_of(self, request: requests.PreparedRequest) -> tuple[int, str] | None:
        url = str(request.url)
        has_etag = request.headers.get("If-Match", "*") != "*"
        if self.takes_no_etags and (has_etag or url.endswith("$batch")):
            return 400, "0x8006088d"
        if self.refuses_batches and url.endswith("$batch"):
            return 400, "0x80048d19"
        return (403, "0x80040220") if self.forbidden and f"/{self.forbidden}" in url else None


@contextmanager
def watched(origin: str) -> Iterator[Line]:
    """All requests to `origin` pass here while the context lasts."""
    line = Line(origin)
    real = requests.adapters.HTTPAdapter.send

    def send(adapter: Any, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        if not str(request.url).startswith(origin):
            return real(adapter, request, **more)
        number = len(line.seen)
        line.seen.append(f"{request.method} {request.path_url}")
        if refusal := line.refusal_of(request):
            return _refused(request, *refusal)
        if line.fault is Fault.DOWN and line.at is not None and number > line.at:
            raise _lost()
        if number != line.at:
            return real(adapter, request, **more)
        if line.before is not None:
            line.at = None
            line.before()
        if line.fault is Fault.LOST_BEFORE:
            raise _lost()
        answer = real(adapter, request, **more)
        if line.fault in {Fault.LOST_AFTER, Fault.DOWN}:
            raise _lost()
        if line.fault is Fault.GARBLED:
            answer.raw.read()
            answer.raw = HTTPResponse(body=io.BytesIO(b""), preload_content=False)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.adapters.HTTPAdapter, "send", send)
        yield line


def _lost() -> requests.ConnectionError:
    return requests.ConnectionError(ProtocolError("Connection aborted."))


def _refused(request: requests.PreparedRequest, status: int, code: str) -> requests.Response:
    answer = requests.Response()
    answer.status_code = status
    answer.headers["Content-Type"] = "application/json"
    body = f'{{"error": {{"code": "{code}", "message": "Refused."}}}}'.encode()
    answer.raw = HTTPResponse(body=io.BytesIO(body), preload_content=False)
    answer.request = request
    return answer
