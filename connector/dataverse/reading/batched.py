"""A question too long for an address, asked as the one member of a $batch."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from email.message import Message
from email.parser import BytesParser
from urllib.parse import urlsplit

from requests.structures import CaseInsensitiveDict

from connector.dataverse.exchange.wire import Answer, Request
from connector.errors import MalformedAnswer

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"\s*HTTP/1\.[01] ([0-9]{3})[^\r\n]*")


def batched(question: Request, batch_url: str) -> Request:
    """The GET as a $batch, which has no effect either and may be repeated likewise."""
    boundary = f"batch_{uuid.uuid4()}"
    parts = urlsplit(question.url)
    lines = [
        f"--{boundary}",
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        "",
        f"GET {parts.path}?{parts.query} HTTP/1.1",
        "Accept: application/json",
        *(f"{name}: {value}" for name, value in question.headers.items()),
        "",
        "",
        f"--{boundary}--",
        "",
    ]
    return replace(
        question,
        method="POST",
        url=batch_url,
        headers={"Content-Type": f'multipart/mixed; boundary="{boundary}"'},
        body="\r\n".join(lines).encode(),
        is_reading=True,
    )


def answered(answer: Answer) -> Answer:
    """The member's answer, with what the batch's own headers say besides; an answer without parts as it is.

    Cut out rather than parsed: a page has megabytes, and email's parser takes them line by line.
    Raises MalformedAnswer for anything but one whole part.
    """
    boundary = _boundary(answer)
    if not boundary:
        if answer.status < 300:
            raise MalformedAnswer("A question in a $batch was answered without parts.", _IN_BETWEEN)
        return answer
    content, delimiter = answer.content, b"--" + boundary.encode("latin-1", "replace")
    opened = content.find(delimiter)
    head = _BLANK_LINE.search(content, max(opened, 0))
    status = _STATUS.match(content, head.end()) if head else None
    blank = _BLANK_LINE.search(content, status.end()) if status else None
    closed = content.find(b"\n" + delimiter, blank.end() - 1) if blank else -1
    if opened < 0 or status is None or blank is None or closed < 0:
        raise MalformedAnswer("The answer to a question in a $batch is not one whole part.", _IN_BETWEEN)
    inner = BytesParser().parsebytes(content[status.end() : blank.end()].lstrip(), headersonly=True)
    return replace(
        answer,
        status=int(status[1]),
        headers=CaseInsensitiveDict({**answer.headers, **dict(inner.items())}),
        content=content[blank.end() : closed].rstrip(b"\r"),
    )


_IN_BETWEEN = "A proxy may stand in between."


def _boundary(answer: Answer) -> str:
    kind = Message()
    kind["Content-Type"] = answer.headers.get("Content-Type", "")
    is_multipart = kind.get_content_maintype() == "multipart"
    return (kind.get_boundary() or "") if is_multipart else ""
