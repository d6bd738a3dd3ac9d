"""Requests to one environment: its token, its clock, its origin, and repetition where it does no harm."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import requests
from requests.auth import AuthBase

from connector.dataverse.exchange.address import Origin, environment_origin, origin_of, shown_host, within
from connector.dataverse.exchange.clock import Clock
from connector.dataverse.exchange.retrying import Outcome, RetryPolicy, may_have_happened, repeat
from connector.dataverse.exchange.watching import Interest
from connector.dataverse.exchange.wire import Answer, Attempt, Request, Wire
from connector.dataverse.sign_in import TokenRequest, TokenSource
from connector.dataverse.transport.pace import CEILING, Pace
from connector.dataverse.transport.settling import outcome_unknown
from connector.dataverse.transport.tracing import CallSpan, call_span
from connector.errors import DataverseError, ForeignOrigin, MalformedAnswer, SignInError

_HEADERS = {"Accept": "application/json", "OData-MaxVersion": "4.0", "OData-Version": "4.0"}

# Sees the error of a member inside an answer to a batch as if it were the answer itself.
Reading = Callable[[Answer], Answer]


class _Bearer(AuthBase):
    """Puts the token on requests to the environment's origin, and on nothing else."""

    def __init__(self, tokens: TokenSource, wanted: TokenRequest, origin: Origin) -> None:
        self._tokens = tokens
        self._wanted = wanted
        self._origin = origin

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        within(self._origin, request.url or "", str(self._origin), "A request")
        request.headers["Authorization"] = f"Bearer {_plain(self._tokens.token(self._wanted))}"
        return request


def _plain(token: str) -> str:
    """Anything else would end up in the message of an error about headers."""
    if token and token.isascii() and token.isprintable() and " " not in token:
        return token
    # A traceback that shows local values must not show this one.
    del token
    raise SignInError("What was given as a token cannot be one.", "Check the source of the tokens.")


class Transport:
    """Sends requests and gives back what the last try brought. Errors of the service are answers here."""

    def __init__(
        self,
        url: str,
        tokens: TokenSource,
        ca_file: Path | None,
        policy: RetryPolicy,
        user_agent: str,
        ceiling: int = CEILING,
        most_per_minute: int | None = None,
    ) -> None:
        self.origin = environment_origin(url)
        self.caller_headers: Mapping[str, str] = {}
        self._watch: Interest | None = None
        self._seen = _Seen()
        self.policy = policy
        self.pace = Pace(Clock(policy.sleep), ceiling, most_per_minute)
        self._tokens = tokens
        self._wire = Wire(ca_file, (policy.connect_timeout_s, policy.answer_timeout_s), user_agent)
        wanted = TokenRequest(str(self.origin), ca_file, policy, user_agent)
        self._auth = _Bearer(tokens, wanted, self.origin)

    def close(self) -> None:
        self._wire.close()

    @property
    def now(self) -> datetime | None:
        """The Date of the latest answer."""
        return self._seen.date

    def acting(self, headers: Mapping[str, str]) -> Transport:
        """The same way out for another caller: all is shared, and every request carries these headers.

        So does every member of a batch (`caller_headers`): nobody documents that the outer ones count inside.
        """
        view = copy(self)
        view.caller_headers = dict(headers)
        return view

    def while_wanted(self, watch: Interest) -> Transport:
        """The same way out for a piece of work that may be given up: then nothing more of it is sent."""
        view = copy(self)
        view._watch = watch  # noqa: SLF001 - it is one of its own kind
        return view

    def address(self, path: str) -> str:
        return f"{self.origin}/api/data/v9.2/{path}"

    def call(
        self,
        request: Request,
        reading: Reading = lambda answer: answer,
        *,
        again: Callable[[], Request] | None = None,
        is_enough: Callable[[Attempt], bool] = lambda _: False,
        budget_s: float | None = None,
    ) -> tuple[Request, Outcome]:
        """Send with repetitions, each in its turn. The request comes back as it was sent last, with its id.

        `again` makes the request of each repetition, where it is not the same one; for `is_enough` see
        `repeat`; `budget_s` replaces the policy's. Raises ForeignOrigin where an answer leads elsewhere, and
        what the token source raises; OutcomeUnknown instead where an earlier try of a write may have taken
        effect.
        """
        identity = request.id or str(uuid.uuid4())
        watch = request.watch or self._watch
        policy = self.policy if budget_s is None else replace(self.policy, budget_s=budget_s)
        with call_span(request, self.origin, identity) as span:
            extra = {**self.caller_headers, **span.headers}
            dressing = partial(_dressed, identity=identity, extra=extra, watch=watch)
            remade = None if again is None else lambda: dressing(again())
            return self._call(dressing(request), reading, span, policy, remade, is_enough)

    def _call(
        self,
        sent: Request,
        reading: Reading,
        span: CallSpan,
        policy: RetryPolicy,
        again: Callable[[], Request] | None,
        is_enough: Callable[[Attempt], bool],
    ) -> tuple[Request, Outcome]:
        once = _Once(self._wire, self._auth, self._tokens)
        trail: list[Attempt] = []
        deadline_s = self.pace.clock.now_s() + policy.budget_s
        took_s = 0.0

        def send(number: int) -> Attempt:
            nonlocal sent, took_s
            if number > 1 and again is not None:
                sent = again()
            with self.pace.turn(deadline_s, sent.watch) as turn:
                if turn.refusal is not None:
                    return turn.refusal
                started = time.monotonic()
                attempt = self._read(once.send(sent, number), sent, reading)
                took_s = time.monotonic() - started
                trail.append(turn.told(attempt))
                span.tried(number, attempt, took_s)
            return attempt

        try:
            outcome = repeat(
                send,
                policy,
                is_repeatable=sent.is_repeatable,
                clock=self.pace.clock,
                is_enough=is_enough,
                watch=sent.watch,
            )
        except DataverseError as error:
            if sent.changes_nothing or not any(map(may_have_happened, trail)):
                raise
            what = f"{sent.method} {sent.path}"
            raise outcome_unknown(sent, what, f"and repeating it failed: {error.message}") from error
        return sent, replace(outcome, took_s=took_s)

    def _read(self, attempt: Attempt, request: Request, reading: Reading) -> Attempt:
        if not isinstance(attempt, Answer):
            return attempt
        self._seen.date = attempt.date or self._seen.date
        self._refuse_to_be_led_away(attempt, request)
        return reading(attempt)

    def _refuse_to_be_led_away(self, answer: Answer, request: Request) -> None:
        what = f"The answer to {request.method} {request.path}"
        if 300 <= answer.status < 400 and "Location" in answer.headers:
            target = within(self.origin, answer.headers["Location"], request.url, what)
            raise MalformedAnswer(
                f"{what} is a redirect to {target}, which is not followed.", "Check the address."
            )
        check_entity_id(self.origin, answer, what)


@dataclass
class _Seen:
    """What all views of one client have seen."""

    date: datetime | None = None


def _dressed(request: Request, identity: str, extra: Mapping[str, str], watch: Interest | None) -> Request:
    headers = {**_HEADERS, **request.headers, **extra, "x-ms-client-request-id": identity}
    return replace(request, headers=headers, id=identity, watch=watch)


def check_entity_id(origin: Origin, answer: Answer, what: str) -> None:
    """Raises ForeignOrigin when the record that was written is said to be in another place."""
    for header in ("OData-EntityId", "Location"):
        check_record_link(origin, answer.headers.get(header, ""), what)


def check_record_link(origin: Origin, link: str, what: str) -> None:
    """Raises ForeignOrigin for an address in another place; what is relative is in this one."""
    is_elsewhere = "://" in link or link.lstrip().startswith(("//", "\\\\", "/\\", "\\/"))
    if is_elsewhere and origin_of(link) != origin:
        raise ForeignOrigin(
            f"{what} names a record at {shown_host(link)}, outside of the environment {origin}.",
            "The write itself was answered as done. Check the environment's address.",
            target=shown_host(link),
            origin=str(origin),
        )


class _Once:
    """One try after the other of one request, of which one may renew the token."""

    def __init__(self, wire: Wire, auth: AuthBase, tokens: TokenSource) -> None:
        self._wire = wire
        self._auth = auth
        self._tokens = tokens
        self._is_renewed = False

    def send(self, request: Request, number: int) -> Attempt:
        attempt = self._wire.send(request, self._auth, number)
        if isinstance(attempt, Answer) and attempt.status == 401 and not self._is_renewed:
            self._is_renewed = True
            self._tokens.forget()
            attempt = self._wire.send(request, self._auth, number)
        return attempt
