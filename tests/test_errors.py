"""The tree of exceptions: what each class tells, beside its message and its hint."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from connector import errors
from connector.errors import Conflict, HttpError, OutcomeUnknown, ProjopsError, SignInError

HTTP = {
    "status": 400,
    "code": "0x0",
    "service_message": "no",
    "request_id": "r",
    "retry_after_s": 1.5,
}
SENT = {"method": "POST", "url": "https://x", "request_id": "r"}
PARTS: dict[str, dict[str, Any]] = {
    "SignInError": {"code": "invalid_client"},
    "ForeignOrigin": {"target": "https://evil.example", "origin": "https://x"},
    "Unreachable": {**SENT, "reason": "reset"},
    "OutcomeUnknown": {**SENT, "happened": True},
    **dict.fromkeys(
        ("HttpError", "Unauthorized", "AccessDenied", "NotFound", "Conflict", "Throttled", "ServerFault"),
        HTTP,
    ),
}
EVERY = {
    name: kind
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, ProjopsError)
}


@pytest.mark.parametrize("name", EVERY)
def test_every_part_of_an_error_is_an_attribute(name: str) -> None:
    """Message, hint and what the class adds: nobody has to take a sentence apart."""
    parts = PARTS.get(name, {})
    error = EVERY[name]("What.", "Why.", **parts)
    assert (error.message, error.hint, str(error)) == ("What.", "Why.", "What. Why.")
    assert {part: getattr(error, part) for part in parts} == parts
    assert isinstance(error.exit_code, int)


@pytest.mark.parametrize("name", EVERY)
def test_every_class_stands_in_the_drawing(name: str) -> None:
    """With its exit code, so that the picture stays true."""
    (line,) = [each for each in (errors.__doc__ or "").splitlines() if f" {name} " in each]
    assert str(EVERY[name].exit_code) in line.partition(name)[2]


def test_parts_that_nobody_gave_say_so() -> None:
    """A conflict that nobody looked into claims nothing about the record."""
    error = Conflict("What.", status=412)
    assert (error.entity_set, error.id, error.sent_etag, error.current) == ("", "", None, None)
    assert (error.current_etag, error.is_gone, error.member) == (None, None, None)
    assert SignInError("What.").code == ""
    assert (HttpError("What.", status=400).code, HttpError("What.", status=400).retry_after_s) == ("", None)
    unknown = OutcomeUnknown("What.", method="", url="", request_id="")
    assert (unknown.happened, unknown.sent) == (None, ())
