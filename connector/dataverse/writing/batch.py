"""The body of $batch, and its answer taken apart. Multipart of OData 4.0, CRLF throughout."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser

from requests.structures import CaseInsensitiveDict

from connector.dataverse.exchange.decoding import decode_object
from connector.dataverse.exchange.wire import Answer
from connector.dataverse.writing.operations import Member, OperationResult
from connector.errors import MalformedAnswer, UsageError

LARGEST_BATCH = 1_000
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: [^\r\n]*)?\r?\n")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True)
class Part:
    """The answer to one member; `content_id` counts from 1 and is None where the answer does not say."""

    content_id: int | None
    answer: Answer


def encode_batch(members: Sequence[Member], root: str) -> tuple[str, bytes]:
    """Content type and body of a $batch of members that are independent of each other.

    The members' answers come in their order. Raises UsageError for no members and for more than 1000.
    """
    _check_count(members, "batch")
    batch = f"batch_{uuid.uuid4()}"
    parts = (
        _lines([f"--{batch}", *_member_head(number, member, root)]) + (member.body or b"")
        for number, member in enumerate(members, start=1)
    )
    return f'multipart/mixed; boundary="{batch}"', b"\r\n".join([*parts, _lines([f"--{batch}--"])])


def encode_change_set(members: Sequence[Member], root: str) -> tuple[str, bytes]:
    """Content type and body of a $batch with one change set; `root` is the API's path on the server.

    Raises UsageError for no members and for more than 1000.
    """
    _check_count(members, "change set")
    batch, changes = f"batch_{uuid.uuid4()}", f"changeset_{uuid.uuid4()}"
    lines = [f"--{batch}", f'Content-Type: multipart/mixed; boundary="{changes}"', ""]
    body = _lines(lines)
    for number, member in enumerate(members, start=1):
        body += _lines([f"--{changes}", *_member_head(number, member, root)]) + (member.body or b"") + b"\r\n"
    body += _lines([f"--{changes}--", f"--{batch}--"])
    return f'multipart/mixed; boundary="{batch}"', body


def parts_of(answer: Answer) -> list[Part]:
    """The members' answers in their order, nested or not; none where the answer is not multipart.

    Raises MalformedAnswer where a part is not an HTTP answer.
    """
    kind = answer.headers.get("Content-Type", "")
    if not kind.lower().startswith("multipart/"):
        return []
    head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser().parsebytes(head + answer.content)
    return [_part(leaf) for leaf in _leaves(message)]


def result_of(answer: Answer) -> OperationResult:
    """What a member was answered. Raises MalformedAnswer for a body that is no JSON object."""
    body = decode_object(answer.content, "A member of a batch") if answer.content else None
    etag = answer.headers.get("ETag") or (body or {}).get("@odata.etag")
    return OperationResult(answer.status, body, etag)


def failing_part(parts: Sequence[Part]) -> Part | None:
    return next((part for part in parts if part.answer.status >= 400), None)


def _check_count(members: Sequence[Member], what: str) -> None:
    if not 1 <= len(members) <= LARGEST_BATCH:
        raise UsageError(
            f"A {what} of {len(members)} members cannot be sent.", f"It holds 1 to {LARGEST_BATCH} of them."
        )


def _member_head(number: int, member: Member, root: str) -> list[str]:
    head = [
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        f"Content-ID: {number}",
        "",
        f"{member.method} {root}{member.path} HTTP/1.1",
        "Accept: application/json",
        *(f"{name}: {value}" for name, value in member.headers.items()),
    ]
    return [*head, *(["Content-Type: application/json"] if member.body is not None else []), ""]


def _lines(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


def _leaves(message: Message) -> Iterator[Message]:
    payload = message.get_payload()
    if not isinstance(payload, list):
        if message.get_content_type() == "application/http":
            yield message
        return
    for child in payload:
        if isinstance(child, Message):
            yield from _leaves(child)


def _part(leaf: Message) -> Part:
    payload = leaf.get_payload(decode=True)
    content = payload.lstrip(b"\r\n") if isinstance(payload, bytes) else b""
    status = _STATUS_LINE.match(content)
    if status is None:
        raise MalformedAnswer("A part of the answer to $batch is not an HTTP answer.")
    head, *rest = _BLANK_LINE.split(b"\r\n" + content[status.end() :], maxsplit=1)
    headers = BytesParser().parsebytes(head.lstrip() + b"\r\n\r\n", headersonly=True)
    named = leaf.get("Content-ID") or headers.get("Content-ID") or ""
    return Part(
        int(named) if named.isdigit() else None,
        Answer(int(status[1]), CaseInsensitiveDict(headers.items()), b"".join(rest).rstrip(b"\r\n")),
    )
