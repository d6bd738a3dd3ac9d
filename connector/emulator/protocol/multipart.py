"""The multipart form of batches: lenient about line ends when read, strict when written."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from connector.emulator.problems import payload_error
from connector.emulator.protocol.messages import Response

CRLF = "\r\n"
_BOUNDARY = re.compile(r'boundary=(?:"([^"\r\n]{1,200})"|([^\s;,"]{1,200}))', re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """One part: header names are lower-case."""

    headers: Mapping[str, str]
    content: bytes


def boundary_of(content_type: str) -> str | None:
    """The boundary that a multipart content type names; None when it is no multipart."""
    if not content_type.lower().startswith("multipart/mixed"):
        return None
    found = _BOUNDARY.search(content_type)
    return (found.group(1) or found.group(2)) if found else None


def split_parts(body: bytes, boundary: str) -> list[Part]:
    """The parts between the delimiters; what stands before the first and after the last is dropped."""
    delimiter = rb"(?:\A|\r?\n)--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*(?=\r?\n|\Z)"
    marks = list(re.finditer(delimiter, body))
    if not marks:
        raise payload_error("the batch body does not hold its boundary.")
    parts = []
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        if mark.group(1):
            break
        end = following.start() if following else len(body)
        parts.append(_part(body[mark.end() : end]))
    return parts


def _part(raw: bytes) -> Part:
    raw = re.sub(rb"\A\r?\n", b"", raw, count=1)
    headers, content = split_headers(raw)
    return Part(headers, content)


def split_headers(raw: bytes) -> tuple[dict[str, str], bytes]:
    """Header lines up to the first empty line, and what follows it."""
    if raw.startswith((b"\r\n", b"\n")):
        return {}, raw.lstrip(b"\r").removeprefix(b"\n")
    head, *rest = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)
    headers: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if not colon and line.strip():
            raise payload_error(f"'{line[:100]}' in the batch is not a header.")
        key = name.strip().lower()
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    return headers, rest[0] if rest else b""


@dataclass(frozen=True)
class Answered:
    """The answer of one operation, or of the operations of a change set."""

    response: Response | None = None
    content_id: str | None = None
    change_set: Sequence[Answered] = ()


def write_parts(answers: Sequence[Answered], boundary: str) -> bytes:
    lines = b"".join(_write_part(answer, boundary) for answer in answers)
    return lines + f"--{boundary}--{CRLF}".encode()


def _write_part(answer: Answered, boundary: str) -> bytes:
    opening = f"--{boundary}{CRLF}"
    if answer.response is None:
        inner = f"changesetresponse_{uuid.uuid4()}"
        head = f"{opening}Content-Type: multipart/mixed; boundary={inner}{CRLF}{CRLF}"
        return head.encode() + write_parts(answer.change_set, inner) + CRLF.encode()
    head = f"{opening}Content-Type: application/http{CRLF}Content-Transfer-Encoding: binary{CRLF}"
    if answer.content_id is not None:
        head += f"Content-ID: {answer.content_id}{CRLF}"
    return head.encode() + CRLF.encode() + _http(answer.response) + CRLF.encode()


def _http(response: Response) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    return (CRLF.join(lines) + CRLF + CRLF).encode() + response.body
