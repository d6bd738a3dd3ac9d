"""Signing in with Entra: which authority is asked, and how its answers are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.dataverse.exchange.address import origin_of
from connector.dataverse.exchange.faults import http_error
from connector.dataverse.exchange.hints import unreachable_hint
from connector.dataverse.exchange.retrying import repeat
from connector.dataverse.exchange.wire import Lost, NoCredentials, Request, Wire
from connector.dataverse.sign_in.authority import Challenge, TrustedAuthorities, challenge_in, is_tenant
from connector.dataverse.sign_in.guarded_http import GuardedHttp
from connector.dataverse.sign_in.kept import KeptTokens
from connector.dataverse.sign_in.refusals import unknown_tenant
from connector.dataverse.sign_in.tokens import TokenRequest
from connector.errors import (
    DataverseError,
    ForeignOrigin,
    MalformedAnswer,
    SettingsError,
    SignInError,
    Unreachable,
    UntrustedAuthority,
)

NO_EXTRA = TrustedAuthorities()


@dataclass(frozen=True)
class Site:
    """One environment's authority, https://host/tenant, and the only way to talk to it."""

    authority: str
    origin: str
    http: GuardedHttp
    request: TokenRequest
    is_emulator: bool

    def strange(self, error: Exception) -> DataverseError:
        """Our error for what msal raises over this authority; its text is not shown."""
        host, _, tenant = self.authority.rpartition("/")
        if "invalid_instance" in str(error):
            return UntrustedAuthority(f"Microsoft does not know the authority {host}.", "Check the setting.")
        if isinstance(error, ValueError) and "authority configuration" in str(error):
            return unknown_tenant(tenant, host)
        return MalformedAnswer(f"The authority {self.authority} does not answer as OpenID Connect wants it.")


class EntraTokens(KeptTokens):
    """A TokenSource that asks Entra.

    `tenant_id` None takes the tenant from the environment's challenge, if that names a trusted authority;
    `authority_host` is used in place of the proposed one. Both have to be trusted. Nothing is checked
    before the first token is wanted: a traceback through here must not have a secret among its values.
    """

    def __init__(
        self,
        tenant_id: str | None,
        client_id: str,
        *,
        authority_host: str | None,
        trusted: TrustedAuthorities,
    ) -> None:
        super().__init__()
        self._tenant_id = tenant_id or ""
        self._client_id = client_id
        self._authority_host = authority_host or ""
        self._trusted = trusted

    def __repr__(self) -> str:
        return f"{type(self).__name__}(tenant_id={self._tenant_id!r}, client_id={self._client_id!r})"

    def authority(self, request: TokenRequest) -> str:
        """Where this environment's sign-in goes, https://host/tenant. No secret is needed or sent.

        Raises SignInError, UntrustedAuthority, ForeignOrigin, Unreachable.
        """
        wire = wire_of(request)
        try:
            return self._authority(ask(wire, request), request)
        finally:
            wire.close()

    def _site(self, request: TokenRequest) -> Site:
        wire = wire_of(request)
        authority = self._authority(ask(wire, request), request)
        http = GuardedHttp(wire, self._trusted, request.retry)
        return Site(authority, request.origin, http, request, self._trusted.is_emulator)

    def _authority(self, challenge: Challenge, request: TokenRequest) -> str:
        """https://host/tenant, rebuilt from parts that were judged: never the text of the challenge."""
        proposed = challenge.authorization_uri
        if not (self._authority_host or proposed):
            raise SignInError(
                f"{request.origin} does not say where to sign in; it may not be a Dataverse environment.",
                "Check the address, or name the authority.",
            )
        if self._authority_host:
            host = self._trusted.require(self._authority_host, "The setting of the authority")
        else:
            host = self._trusted.require(proposed, f"The environment {request.origin}")
        tenant = self._tenant_id
        if not tenant and proposed:
            self._trusted.require(proposed, f"The environment {request.origin}")
            tenant = challenge.tenant
        if not is_tenant(tenant):
            problem = f"{tenant!r} is not a tenant" if tenant else "No tenant is given, and none is proposed"
            raise SignInError(f"{problem}.", "Set the tenant's id or domain name.", code="invalid_tenant")
        return f"{host}/{tenant}"

    def _require_client_id(self) -> None:
        if not self._client_id:
            raise SettingsError("The client id is empty.", "Set the id of the application.")


def wire_of(request: TokenRequest) -> Wire:
    policy = request.retry
    return Wire(request.ca_file, (policy.connect_timeout_s, policy.answer_timeout_s), request.user_agent)


def ask(wire: Wire, request: TokenRequest) -> Challenge:
    """Ask the environment without a token, for its challenge, before anything secret is sent anywhere.

    Raises ForeignOrigin where it wants a token for somebody else, SignInError where it asks for none.
    """
    question = Request("GET", f"{request.origin}/api/data/v9.2/", {"Accept": "application/json"})
    attempt = repeat(
        lambda number: wire.send(question, NoCredentials(), number), request.retry, is_repeatable=True
    ).last
    if isinstance(attempt, Lost):
        raise Unreachable(
            f"The environment {request.origin} cannot be reached ({attempt.reason}).",
            unreachable_hint(attempt.reason),
        )
    if attempt.status == 429 or attempt.status >= 500:
        raise http_error(attempt, f"GET {question.path}")
    if attempt.status != 401:
        raise SignInError(
            f"{request.origin} answered {attempt.status} where a Dataverse environment asks for a token.",
            "Check the environment's address.",
        )
    return _judged(challenge_in(attempt.headers), request)


def challenge_of(request: TokenRequest) -> Challenge:
    """What the environment says to somebody without a token; see `ask`."""
    wire = wire_of(request)
    try:
        return ask(wire, request)
    finally:
        wire.close()


def _judged(challenge: Challenge, request: TokenRequest) -> Challenge:
    if challenge.resource_id and str(origin_of(challenge.resource_id)) != request.origin:
        raise ForeignOrigin(
            f"The environment {request.origin} wants a token for another one, {challenge.resource_id!r}.",
            "No secret was sent. Check the environment's address.",
        )
    return challenge


def lifetime_s(result: Mapping[str, Any]) -> float:
    """How long msal's answer says that its token lives; 0, which is renewed at once, where it does not."""
    try:
        return max(0.0, float(result.get("expires_in", 0)))
    except (TypeError, ValueError):
        return 0.0
