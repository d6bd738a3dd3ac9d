"""Requests to one environment: its token, its clock, its origin, and repetition where it does no harm."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import requests
from requests.auth import AuthBase

from connector.dataverse.address import Origin, environment_origin, origin_of, shown_host, within
from connector.dataverse.retrying import Outcome, RetryPolicy, may_have_happened, repeat
from connector.dataverse.settling import outcome_unknown
from connector.dataverse.sign_in import TokenRequest, TokenSource
from connector.dataverse.wire import Answer, Attempt, Request, Wire
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
    raise SignInError("What was given as a token cannot be one.", "Check the source of the tokens.")


class Transport:
    """Sends requests and gives back what the last try brought. Errors of the service are answers here."""

    def __init__(
        self, url: str, tokens: TokenSource, ca_file: Path | None, policy: RetryPolicy, user_agent: str
    ) -> None:
        self.origin = environment_origin(url)
        self.now: datetime | None = None
        self._policy = policy
        self._tokens = tokens
        self._wire = Wire(ca_file, (policy.connect_timeout_s, policy.answer_timeout_s), user_agent)
        wanted = TokenRequest(str(self.origin), ca_file, policy, user_agent)
        self._auth = _Bearer(tokens, wanted, self.origin)

    def close(self) -> None:
        self._wire.close()

    def address(self, path: str) -> str:
        return f"{self.origin}/api/data/v9.2/{path}"

    def call(self, request: Request, reading: Reading = lambda answer: answer) -> tuple[Request, Outcome]:
        """Send with repetitions. The request comes back as it was sent, with the id that it was given.

        Raises ForeignOrigin where an answer leads elsewhere, and what the token source raises; OutcomeUnknown
        instead where an earlier try of a write may have taken effect.
        """
        identity = request.id or str(uuid.uuid4())
        headers = {**_HEADERS, **request.headers, "x-ms-client-request-id": identity}
        sent = replace(request, headers=headers, id=identity)
        once = _Once(self._wire, self._auth, self._tokens, sent)

        trail: list[Attempt] = []

        def send(number: int) -> Attempt:
            trail.append(self._read(once.send(number), sent, reading))
            return trail[-1]

        try:
            outcome = repeat(send, self._policy, is_repeatable=request.is_repeatable)
        except DataverseError as error:
            if request.method == "GET" or not any(map(may_have_happened, trail)):
                raise
            what = f"{sent.method} {sent.path}"
            raise outcome_unknown(sent, what, f"and repeating it failed: {error.message}") from error
        return sent, outcome

    def _read(self, attempt: Attempt, request: Request, reading: Reading) -> Attempt:
        if not isinstance(attempt, Answer):
            return attempt
        self.now = attempt.date or self.now
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


def check_entity_id(origin: Origin, answer: Answer, what: str) -> None:
    """Raises ForeignOrigin when the record that was written is said to be in another place."""
    link = answer.headers.get("OData-EntityId", "")
    if "://" in link and origin_of(link) != origin:
        raise ForeignOrigin(
            f"{what} names a record at {shown_host(link)}, outside of the environment {origin}.",
            "The write itself was answered as done. Check the environment's address.",
        )


class _Once:
    """One try after the other of one request, of which one may renew the token."""

    def __init__(self, wire: Wire, auth: AuthBase, tokens: TokenSource, request: Request) -> None:
        self._wire = wire
        self._auth = auth
        self._tokens = tokens
        self._request = request
        self._is_renewed = False

    def send(self, number: int) -> Attempt:
        attempt = self._wire.send(self._request, self._auth, number)
        if isinstance(attempt, Answer) and attempt.status == 401 and not self._is_renewed:
            self._is_renewed = True
            self._tokens.forget()
            attempt = self._wire.send(self._request, self._auth, number)
        return attempt
