"""The faults of the matrix: each kind, where it strikes, and what the client is given for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.emulator.trouble import Cut, ExpiredToken, Fault, Slow, Sql, Status, Throttle
from connector.emulator.trouble.rule import Place


@dataclass(frozen=True)
class Kind:
    """`policy` are members of the RetryPolicy, `is_paused` whether the client pauses after it."""

    name: str
    fault: Fault
    place: Place = "web_api"
    policy: Mapping[str, Any] = field(default_factory=dict)


KINDS = (
    Kind("429 for requests, seconds", Throttle(limit="requests", retry_after_s=30)),
    Kind("429 for time, a date", Throttle(limit="time", retry_after_s=30, retry_after_form="date")),
    Kind("429 for concurrency, at once", Throttle(limit="concurrency", retry_after_s=0)),
    Kind("429 without Retry-After", Throttle(limit="concurrency", retry_after_s=None)),
    Kind("429 with a date in the past", Throttle(retry_after_s=-60, retry_after_form="date")),
    Kind("429 with a decimal code", Throttle(limit="time", is_decimal=True)),
    Kind("502 as HTML", Status(status=502)),
    Kind("502 as HTML after the effect", Status(status=502, is_after=True)),
    Kind("503 without a body, with Retry-After", Status(status=503, body="empty", retry_after_s=30)),
    Kind("503 as JSON after the effect", Status(status=503, body="json", is_after=True)),
    Kind("504 as HTML", Status(status=504)),
    Kind("504 without a body after the effect", Status(status=504, body="empty", is_after=True)),
    Kind("408 as HTML", Status(status=408)),
    Kind("network trouble of the service", Status(status=500, body="json", code="0x8005F104")),
    Kind("cut before", Cut(moment="before")),
    Kind("reset before", Cut(moment="before", is_reset=True)),
    Kind("cut after", Cut(moment="after")),
    Kind("reset after", Cut(moment="after", is_reset=True)),
    Kind("cut in the body", Cut(moment="body")),
    Kind("cut in the compressed body", Cut(moment="body", is_gzip=True)),
    Kind("slow", Slow(first_byte_s=0.01, body_s=0.01)),
    Kind("too slow", Slow(first_byte_s=600), policy={"answer_timeout_s": 1.0}),
    Kind("expired token", ExpiredToken()),
    Kind("deadlock", Sql(problem="deadlock")),
    Kind("SQL timeout", Sql(problem="timeout")),
    Kind("lock", Sql(problem="lock", status=503)),
    Kind("429 of an operation", Throttle(retry_after_s=30), "batch_item"),
    Kind("deadlock of an operation", Sql(problem="deadlock"), "batch_item"),
    Kind("503 of an operation", Status(status=503, body="json"), "batch_item"),
    Kind("429 for a token", Status(status=429, body="json", retry_after_s=30), "token"),
    Kind("503 for a token", Status(status=503), "token"),
    Kind("cut before a token", Cut(moment="before"), "token"),
    Kind("cut after a token", Cut(moment="after"), "token"),
    Kind("cut in a token", Cut(moment="body"), "token"),
)
