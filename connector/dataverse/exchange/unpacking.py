"""The body of an answer, in one go and whole: what was cut off is told from what is malformed."""

from __future__ import annotations

import zlib

import requests
from urllib3.response import BaseHTTPResponse, HTTPResponse

# Asked for, and unpacked here: it says in its last bytes whether it is whole.
CONTENT_CODING = "gzip"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class CutOff(Exception):
    """The connection ended in good order and the answer did not."""


def content_of(answer: requests.Response) -> bytes:
    """The unpacked body of an answer that was requested with stream=True; its connection is free then.

    Raises CutOff where less came than was announced, and urllib3's HTTPError.
    """
    raw: BaseHTTPResponse = answer.raw
    is_gzip = answer.headers.get("Content-Encoding", "").strip().lower() in ("gzip", "x-gzip")
    try:
        # requests would read it in pieces of 10 kB.
        content: bytes = raw.read(decode_content=not is_gzip) or b""
    finally:
        # Without effect on a connection that has gone back to the pool.
        answer.close()
    missing = raw.length_remaining if isinstance(raw, HTTPResponse) else 0
    if missing:
        raise CutOff(f"{missing} bytes of the body are missing")
    return _unpacked(content) if is_gzip else content


def _unpacked(content: bytes) -> bytes:
    members: list[bytes] = []
    while content:
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            members.append(member.decompress(content))
        except zlib.error as error:
            raise CutOff(f"the compressed body is damaged: {error}") from error
        if not member.eof:
            raise CutOff("the compressed body ends in the middle")
        content = member.unused_data
    return members[0] if len(members) == 1 else b"".join(members)
