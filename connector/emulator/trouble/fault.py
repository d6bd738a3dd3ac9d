"""What can go wrong with a request, as values.

Codes and their meaning are those of Microsoft's pages on service protection limits and on web service
errors. Which HTTP status the SQL codes come with is not documented: it is a part of the fault.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from connector.errors import UsageError

Seconds = Annotated[float, Meta(ge=0, le=3600)]
RetryAfterForm = Literal["seconds", "date"]
Limit = Literal["requests", "time", "concurrency"]


class Throttle(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="throttle"
):
    """429 by one of the three limits; nothing takes effect.

    `retry_after_s` is the pause that is asked for, None for no such header; as a date it is counted from
    the emulator's clock, and below 0 lies in the past. With `is_decimal` the code comes as a signed
    decimal instead of hex.
    """

    limit: Limit = "requests"
    retry_after_s: int | None = 5
    retry_after_form: RetryAfterForm = "seconds"
    is_decimal: bool = False

    def __post_init__(self) -> None:
        _check_retry_after(self.retry_after_s, self.retry_after_form)


class Status(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="status"):
    """An error status as gateways give it: with an HTML page, nothing, or a JSON error.

    With `is_after` the request has taken effect before. `code` is the service code of a JSON error.
    """

    status: Annotated[int, Meta(ge=400, le=599)] = 503
    body: Literal["html", "empty", "json"] = "html"
    is_after: bool = False
    code: Annotated[str, Meta(pattern=r"^(0[xX][0-9a-fA-F]{1,8}|-?[0-9]{1,10})?$")] = ""
    retry_after_s: int | None = None
    retry_after_form: RetryAfterForm = "seconds"

    def __post_init__(self) -> None:
        _check_retry_after(self.retry_after_s, self.retry_after_form)


class Cut(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="cut"):
    """The connection is cut: before the request takes effect, after it and before the answer, or in the
    middle of the answer's body.

    With `is_gzip` that body is compressed, where the client accepts it. An answer without a body is cut
    inside of its first line. With `is_reset` the client meets a reset instead of the end of the stream,
    where the system can do that.
    """

    moment: Literal["before", "after", "body"] = "before"
    is_gzip: bool = False
    is_reset: bool = False

    def __post_init__(self) -> None:
        if self.is_reset and self.moment == "body":
            raise UsageError("A reset would throw the half answer away.", "Cut without is_reset.")


class Slow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="slow"):
    """The answer is kept back: all of it, and then the second half of its body. The request takes effect
    at once."""

    first_byte_s: Seconds = 0
    body_s: Seconds = 0


class ExpiredToken(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="expired_token"
):
    """All tokens that were issued so far have expired: 401 until the client has fetched another."""


class Sql(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="sql"):
    """The database gave up and rolled back: deadlock 0x80044150, timeout 0x80044151, lock 0x80044339."""

    problem: Literal["deadlock", "timeout", "lock"] = "deadlock"
    status: Annotated[int, Meta(ge=400, le=599)] = 500


Fault = Throttle | Status | Cut | Slow | ExpiredToken | Sql


def kind_of(fault: Fault) -> str:
    """The word for it in JSON and on the command line: throttle, status, cut …"""
    return str(type(fault).__struct_config__.tag)


def _check_retry_after(seconds: int | None, form: str) -> None:
    if seconds is not None and seconds < 0 and form != "date":
        raise UsageError(
            f"retry_after_s = {seconds} cannot be said in seconds.", 'Give retry_after_form "date" with it.'
        )
