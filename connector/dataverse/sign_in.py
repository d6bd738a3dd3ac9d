"""Tokens for an environment. The environment proposes where to sign in; it never decides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Protocol

from connector.dataverse.address import origin_of
from connector.dataverse.authority import Challenge, TrustedAuthorities, challenge_in, is_tenant
from connector.dataverse.faults import http_error
from connector.dataverse.guarded_http import GuardedHttp
from connector.dataverse.retrying import DEFAULT_POLICY, RetryPolicy, repeat
from connector.dataverse.secret_app import Hidden, SecretApp
from connector.dataverse.wire import Lost, NoCredentials, Request, Wire
from connector.errors import (
    ForeignOrigin,
    SettingsError,
    SignInError,
    Unreachable,
)

_NO_EXTRA = TrustedAuthorities()


@dataclass(frozen=True)
class TokenRequest:
    """For which environment a token is wanted, and how to talk on the way to it."""

    origin: str
    ca_file: Path | None = None
    retry: RetryPolicy = DEFAULT_POLICY
    user_agent: str = "projops-connector"


class TokenSource(Protocol):
    """Gives bearer tokens for an environment; called once for each request, so it caches."""

    def token(self, request: TokenRequest) -> str:
        """A token that is valid now. Raises DataverseError."""
        ...

    def forget(self) -> None:
        """Drop what is cached: the environment has refused it."""
        ...


class ClientSecret:
    """Signs an application in with its secret, by msal.

    `tenant_id` None takes the tenant from the environment's challenge, if that names a trusted authority;
    `authority_host` is used in place of the proposed one. Both have to be trusted. Nothing is checked
    before the first token is wanted: a traceback through here must not have the secret among its values.
    """

    def __init__(
        self,
        tenant_id: str | None,
        client_id: str,
        secret: str,
        *,
        authority_host: str | None = None,
        trusted: TrustedAuthorities = _NO_EXTRA,
    ) -> None:
        self._tenant_id = tenant_id or ""
        self._client_id = client_id
        self._secret = Hidden(secret)
        self._authority_host = authority_host or ""
        self._trusted = trusted
        self._lock = Lock()
        self._apps: dict[TokenRequest, SecretApp] = {}

    def __repr__(self) -> str:
        return f"ClientSecret(tenant_id={self._tenant_id!r}, client_id={self._client_id!r})"

    def token(self, request: TokenRequest) -> str:
        """A token for `<origin>/.default`, from msal's cache while it is good.

        Raises SignInError, UntrustedAuthority, ForeignOrigin, Unreachable or SettingsError.
        """
        with self._lock:
            if request not in self._apps:
                self._apps[request] = self._app(request)
            return self._apps[request].token()

    def forget(self) -> None:
        with self._lock:
            self._apps.clear()

    def _app(self, request: TokenRequest) -> SecretApp:
        if not self._client_id or not self._secret.value:
            raise SettingsError("The client id or its secret is empty.", "Set both.")
        wire = Wire(
            request.ca_file,
            (request.retry.connect_timeout_s, request.retry.answer_timeout_s),
            request.user_agent,
        )
        challenge = _ask(wire, request)
        authority = self._authority(challenge, request)
        http = GuardedHttp(wire, self._trusted, request.retry)
        return SecretApp(
            self._client_id,
            self._secret,
            authority,
            request.origin,
            http,
            is_emulator=self._trusted.is_emulator,
        )

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


def _ask(wire: Wire, request: TokenRequest) -> Challenge:
    """Ask the environment without a token, for its challenge, before anything secret is sent anywhere.

    Raises ForeignOrigin where it wants a token for somebody else.
    """
    question = Request("GET", f"{request.origin}/api/data/v9.2/", {"Accept": "application/json"})
    attempt = repeat(
        lambda number: wire.send(question, NoCredentials(), number), request.retry, is_repeatable=True
    ).last
    if isinstance(attempt, Lost):
        raise Unreachable(
            f"The environment {request.origin} cannot be reached ({attempt.reason}).",
            "Check the address, the network and the proxy.",
        )
    if attempt.status == 429 or attempt.status >= 500:
        raise http_error(attempt, f"GET {question.path}")
    if attempt.status != 401:
        raise SignInError(
            f"{request.origin} answered {attempt.status} where a Dataverse environment asks for a token.",
            "Check the environment's address.",
        )
    challenge = challenge_in(attempt.headers)
    if challenge.resource_id and str(origin_of(challenge.resource_id)) != request.origin:
        raise ForeignOrigin(
            f"The environment {request.origin} wants a token for another one, {challenge.resource_id!r}.",
            "No secret was sent. Check the environment's address.",
        )
    return challenge
