"""The token endpoint: as much of Entra as msal needs for a client secret.

Errors have Entra's form, with the AADSTS numbers of its list of error codes.
"""

from __future__ import annotations

import base64
import contextlib
import json
import uuid
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector.emulator.identity.tokens import TOKEN_LIFETIME_S, Issuer

MAX_FORM_BYTES = 100_000


class TokenRefused(Exception):
    """An error of the token endpoint: Entra's error word, its number and text."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
        self.number = number
        self.text = text


def token_app(
    issuer: Issuer,
    now: Callable[[], datetime],
    base_url: str,
    resources: Callable[[], tuple[str, ...]],
) -> Starlette:
    """`base_url` is this endpoint's own origin; `resources` the origins that tokens are issued for."""

    async def configuration(request: Request) -> Response:
        return await run_in_threadpool(
            _answer, now, lambda: _configuration(issuer, base_url, request.path_params["tenant"])
        )

    async def token(request: Request) -> Response:
        return await answer(request, _scoped)

    async def older_token(request: Request) -> Response:
        return await answer(request, _by_resource)

    async def answer(request: Request, resource_of: Callable[[dict[str, str]], str]) -> Response:
        form = _form(await request.body(), request.headers.get("authorization", ""))
        tenant = request.path_params["tenant"]
        return await run_in_threadpool(
            _answer, now, lambda: _token(issuer, tenant, form, resource_of, resources())
        )

    return Starlette(
        routes=[
            Route("/{tenant}/v2.0/.well-known/openid-configuration", configuration),
            Route("/{tenant}/oauth2/v2.0/token", token, methods=["POST"]),
            Route("/{tenant}/oauth2/token", older_token, methods=["POST"]),
        ]
    )


def _answer(now: Callable[[], datetime], work: Callable[[], dict[str, Any]]) -> Response:
    status = 200
    try:
        content = work()
    except TokenRefused as refused:
        status, content = refused.status, _error_body(refused, now())
    headers = {"Date": format_datetime(now(), usegmt=True), "Cache-Control": "no-store"}
    return Response(json.dumps(content), status, headers, media_type="application/json")


def _error_body(refused: TokenRefused, now: datetime) -> dict[str, Any]:
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    stamp = f"{now:%Y-%m-%d %H:%M:%SZ}"
    return {
        "error": refused.error,
        "error_description": f"AADSTS{refused.number}: {refused.text} Trace ID: {trace} "
        f"Correlation ID: {correlation} Timestamp: {stamp}",
        "error_codes": [refused.number],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
    }


def _configuration(issuer: Issuer, base_url: str, tenant: str) -> dict[str, Any]:
    _check_tenant(issuer, tenant)
    root = f"{base_url}/{tenant}"
    return {
        "issuer": f"{root}/v2.0",
        "token_endpoint": f"{root}/oauth2/v2.0/token",
        "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{root}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": None,
    }


def _check_tenant(issuer: Issuer, tenant: str) -> None:
    if tenant.lower() != issuer.tenant_id:
        raise TokenRefused(
            400,
            "invalid_tenant",
            90002,
            f"Tenant '{tenant[:100]}' not found. Check to make sure it is the right one.",
        )


def _form(body: bytes, authorization: str) -> dict[str, str]:
    """The fields of the body; id and secret may come as basic authentication (RFC 6749, 2.3.1)."""
    text = body[:MAX_FORM_BYTES].decode("utf-8", "replace")
    form = {name: values[-1] for name, values in parse_qs(text).items()}
    scheme, _, coded = authorization.partition(" ")
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):
            client_id, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
            form = {"client_id": unquote_plus(client_id), "client_secret": unquote_plus(secret)} | form
    return form


def _token(
    issuer: Issuer,
    tenant: str,
    form: dict[str, str],
    resource_of: Callable[[dict[str, str]], str],
    resources: tuple[str, ...],
) -> dict[str, Any]:
    _check_tenant(issuer, tenant)
    grant = form.get("grant_type", "")
    if grant != "client_credentials":
        text = f"The emulator issues tokens for client_credentials only, not for '{grant[:50]}'."
        raise TokenRefused(400, "unsupported_grant_type", 70003, text)
    client_id = form.get("client_id", "")
    if not issuer.has_application(client_id):
        text = f"Application with identifier '{client_id[:100]}' was not found in the directory."
        raise TokenRefused(400, "unauthorized_client", 700016, text)
    if "client_secret" not in form:
        text = "The request body must contain 'client_secret'; the emulator knows no assertions."
        raise TokenRefused(401, "invalid_client", 7000218, text)
    if not issuer.is_secret_right(client_id, form["client_secret"]):
        text = f"Invalid client secret provided for application '{client_id}'."
        raise TokenRefused(401, "invalid_client", 7000215, text)
    resource = resource_of(form).rstrip("/")
    if resource.lower() not in resources:
        text = f"The resource principal named {resource[:200]} was not found in the tenant."
        raise TokenRefused(400, "invalid_resource", 500011, text)
    return {
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFETIME_S,
        "ext_expires_in": TOKEN_LIFETIME_S,
        "access_token": issuer.issue(client_id),
    }


def _by_resource(form: dict[str, str]) -> str:
    """What the older endpoint asks for: `resource`, an address and no scope."""
    if "resource" not in form:
        text = "The request body must contain the following parameter: 'resource'."
        raise TokenRefused(400, "invalid_request", 900144, text)
    return form["resource"]


def _scoped(form: dict[str, str]) -> str:
    scope = form.get("scope", "")
    if "resource" in form and not scope:
        text = "The 'resource' request parameter is not supported here; send a scope, <environment>/.default."
        raise TokenRefused(400, "invalid_request", 901002, text)
    wanted = [s for s in scope.split() if s not in ("openid", "profile", "offline_access")]
    if len(wanted) != 1 or not wanted[0].endswith("/.default"):
        text = f"The scope '{scope[:200]}' is not of the form <environment>/.default."
        raise TokenRefused(400, "invalid_scope", 70011, text)
    return wanted[0].removesuffix("/.default")
