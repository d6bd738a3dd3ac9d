"""A process with a server that does nothing but answer: constant bytes, or rows encoded anew each time.

It stands on the same uvicorn as the emulator, so that what differs is the emulator's own work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

from benchmarks.worker import Job, work_for
from connector.emulator.serving import BackgroundServers, listen, origin_of

_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Bare:
    """`/encoded` encodes a page; any other path is answered with the bytes that are kept for it."""

    def __init__(self, answers: Mapping[str, bytes], page: dict[str, Any]) -> None:
        self._answers = answers
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body", False):
            pass
        name = scope["path"].lstrip("/")
        body = _ENCODER.encode(self._page) if name == "encoded" else self._answers[name]
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def start(job: Job) -> Mapping[str, Any]:
    """`folder` has the answers of the emulator, each in a file; `page` is among them."""
    answers = {path.name: path.read_bytes() for path in Path(job["folder"]).iterdir()}
    page = json.loads(answers["page"], parse_float=Decimal)
    held = listen(0)
    servers = BackgroundServers()
    servers.add(Bare(answers, page), held)
    servers.run()
    # The same bytes: amounts with all their zeros are exact numbers, not binary ones.
    return {"url": origin_of(held, https=False), "is_same": _ENCODER.encode(page) == answers["page"]}


if __name__ == "__main__":
    work_for({"start": start})
