"""What happens at a chosen request: the process dies, or somebody else does something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

ACTION = "msdyn_createinvoicefrominvoiceschedule"


class Died(BaseException):
    """What a killed process leaves behind: nothing is tidied up by it."""


def die() -> None:
    raise Died


@dataclass
class Wire:
    """All requests to one environment. At number `at`, or at the first whose address has `path` in it,
    `then` is called, before it is sent or after it was answered."""

    seen: list[str] = field(default_factory=list)
    at: int | None = None
    path: str = ""
    is_after: bool = False
    then: Callable[[], None] = die

    def is_here(self, number: int, request: str) -> bool:
        is_this = number == self.at or bool(self.path and self.path in request)
        if is_this:
            self.at, self.path = None, ""
        return is_this

    def number_of(self, path: str) -> int:
        return sum(path in one for one in self.seen)


@contextmanager
def tapped(origin: str) -> Iterator[Wire]:
    wire = Wire()
    real = requests.adapters.HTTPAdapter.send

    def send(adapter: Any, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        if not str(request.url).startswith(origin):
            return real(adapter, request, **more)
        wire.seen.append(f"{request.method} {request.path_url}")
        is_here = wire.is_here(len(wire.seen) - 1, wire.seen[-1])
        if is_here and not wire.is_after:
            wire.then()
        answer = real(adapter, request, **more)
        if is_here and wire.is_after:
            answer.content  # noqa: B018  # received as a whole
            wire.then()
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.adapters.HTTPAdapter, "send", send)
        yield wire
