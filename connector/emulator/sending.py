"""A response as ASGI messages, with the headers that every answer has."""

from __future__ import annotations

import uuid
from datetime import datetime
from email.utils import format_datetime

from starlette.types import Send

from connector.emulator.protocol.messages import Response


async def send_response(send: Send, response: Response, now: datetime) -> None:
    headers = {
        "Date": format_datetime(now, usegmt=True),
        "x-ms-service-request-id": str(uuid.uuid4()),
        **response.headers,
    }
    if response.status not in (204, 304):
        headers["Content-Length"] = str(len(response.body))
    raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    await send({"type": "http.response.body", "body": response.body})
