"""Trouble at a chosen request to the environment, made where requests meets the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest
import requests
from urllib3.exceptions import ProtocolError


class Fault(StrEnum):
    """`lost_before`: the request never arrives. `lost_after`: its answer never does."""

    LOST_BEFORE = "lost_before"
    LOST_AFTER = "lost_after"


@dataclass
class Line:
    """The line to one origin. `seen` are the requests that went over it, as METHOD path."""

    origin: str
    seen: list[str] = field(default_factory=list)
    fault: Fault | None = None
    at: int | None = None
    before: Callable[[], None] | None = None
    """Called before request number `at` is sent: what another machine does at that moment."""
    refuses_batches: bool = False
    """Answer every $batch like an environment that takes no action in a change set."""


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
        if line.refuses_batches and str(request.url).endswith("$batch"):
            return _refused(request)
        if number != line.at:
            return real(adapter, request, **more)
        if line.before is not None:
            line.at = None
            line.before()
        if line.fault is Fault.LOST_BEFORE:
            raise _lost()
        answer = real(adapter, request, **more)
        if line.fault is Fault.LOST_AFTER:
            raise _lost()
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.adapters.HTTPAdapter, "send", send)
        yield line


def _lost() -> requests.ConnectionError:
    return requests.ConnectionError(ProtocolError("Connection aborted."))


def _refused(request: requests.PreparedRequest) -> requests.Response:
    answer = requests.Response()
    answer.status_code = 400
    answer.headers["Content-Type"] = "application/json"
    answer._content = b'{"error": {"code": "0x80048d19", "message": "No action in a change set."}}'
    answer.request = request
    return answer
