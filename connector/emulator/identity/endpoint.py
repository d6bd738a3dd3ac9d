"""The identity endpoints over HTTP: as much of Entra as msal needs for the ways to sign in.

Errors have Entra's form, with the AADSTS numbers of its list of error codes. Beside the tenant's own
addresses stand those of the pipelines and machines whose tokens are played here.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from connector.emulator.identity.authorize import authorize
from connector.emulator.identity.clients import proven_client
from connector.emulator.identity.managed import app_token, machine_token
from connector.emulator.identity.people import begin_device, by_code, by_device, by_refresh_token
from connector.emulator.identity.pipelines import Asked, azure_devops_token, github_token
from connector.emulator.identity.refusals import TokenRefused, error_body
from connector.emulator.identity.scopes import require_known, resource_in, scoped
from connector.emulator.identity.tokens import TOKEN_LIFETIME_S, Issuer

MAX_FORM_BYTES = 100_000
Form = dict[str, str]
Body = dict[str, Any]
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_FOR_PEOPLE: dict[str, Callable[[Issuer, Form, tuple[str, ...]], Body]] = {
    "authorization_code": by_code,
    "refresh_token": by_refresh_token,
    _DEVICE: by_device,
    "device_code": by_device,
}
_DEVICE_PAGE = "Codes are approved through the emulator's control endpoint, or at once where it says so.\n"


def token_app(
    issuer: Issuer,
    now: Callable[[], datetime],
    base_url: str,
    resources: Callable[[], tuple[str, ...]],
) -> Starlette:
    """`base_url` is this endpoint's own origin; `resources` the origins that tokens are issued for."""
    pages = _Pages(issuer, now, base_url, resources)
    tenant = "/{tenant}"
    return Starlette(
        routes=[
            Route(f"{tenant}/v2.0/.well-known/openid-configuration", pages.configuration),
            Route(f"{tenant}/discovery/v2.0/keys", pages.keys),
            Route(f"{tenant}/oauth2/v2.0/token", pages.token, methods=["POST"]),
            Route(f"{tenant}/oauth2/token", pages.older_token, methods=["POST"]),
            Route(f"{tenant}/oauth2/v2.0/devicecode", pages.device_code, methods=["POST"]),
            Route(f"{tenant}/oauth2/deviceauth", pages.device_page),
            Route(f"{tenant}/oauth2/v2.0/authorize", pages.authorize),
            Route("/pipelines/github", pages.github),
            Route("/pipelines/azure-devops/oidctoken", pages.azure_devops, methods=["POST"]),
            Route("/metadata/identity/oauth2/token", pages.machine),
            Route("/msi/token", pages.app),
        ]
    )


class _Pages:
    def __init__(
        self,
        issuer: Issuer,
        now: Callable[[], datetime],
        base_url: str,
        resources: Callable[[], tuple[str, ...]],
    ) -> None:
        self._issuer = issuer
        self._now = now
        self._base_url = base_url
        self._resources = resources

    async def configuration(self, request: Request) -> Response:
        return await self._answer(request, lambda: _configuration(self._base_url, request))

    async def keys(self, request: Request) -> Response:
        return await self._answer(request, self._issuer.key.key_set)

    async def token(self, request: Request) -> Response:
        form = await _form(request)
        return await self._answer(request, lambda: self._token(form, scoped))

    async def older_token(self, request: Request) -> Response:
        form = await _form(request)
        return await self._answer(request, lambda: self._token(form, resource_in))

    async def device_code(self, request: Request) -> Response:
        form = await _form(request)
        return await self._answer(request, lambda: begin_device(self._issuer, form, self._resources()))

    async def device_page(self, _: Request) -> Response:
        return Response(_DEVICE_PAGE, headers=self._headers(), media_type="text/plain")

    async def authorize(self, request: Request) -> Response:
        def work() -> Response:
            _check_tenant(self._issuer, request)
            page = authorize(self._issuer, dict(request.query_params), self._resources())
            headers = self._headers()
            if page.location:
                return RedirectResponse(page.location, 302, headers)
            return HTMLResponse(page.body, headers=headers)

        return await run_in_threadpool(self._refusing, work)

    async def github(self, request: Request) -> Response:
        return await self._plain(lambda: github_token(self._issuer, _asked(request)))

    async def azure_devops(self, request: Request) -> Response:
        return await self._plain(lambda: azure_devops_token(self._issuer, _asked(request)))

    async def machine(self, request: Request) -> Response:
        query, headers = dict(request.query_params), request.headers
        return await self._plain(lambda: machine_token(self._issuer, query, headers, self._resources()))

    async def app(self, request: Request) -> Response:
        query, headers = dict(request.query_params), request.headers
        return await self._plain(lambda: app_token(self._issuer, query, headers, self._resources()))

    async def _answer(self, request: Request, work: Callable[[], Body]) -> Response:
        def checked() -> Response:
            _check_tenant(self._issuer, request)
            return self._json(200, work())

        return await run_in_threadpool(self._refusing, checked)

    async def _plain(self, work: Callable[[], tuple[int, Body]]) -> Response:
        return await run_in_threadpool(self._refusing, lambda: self._json(*work()))

    def _refusing(self, work: Callable[[], Response]) -> Response:
        try:
            return work()
        except TokenRefused as refused:
            return self._json(refused.status, error_body(refused, self._now()))

    def _json(self, status: int, content: Body) -> Response:
        return Response(json.dumps(content), status, self._headers(), media_type="application/json")

    def _headers(self) -> dict[str, str]:
        return {"Date": format_datetime(self._now(), usegmt=True), "Cache-Control": "no-store"}

    def _token(self, form: Form, resource_of: Callable[[Form], str]) -> Body:
        grant = form.get("grant_type", "")
        if grant in _FOR_PEOPLE:
            return _FOR_PEOPLE[grant](self._issuer, form, self._resources())
        if grant != "client_credentials":
            text = f"The emulator does not know the grant '{grant[:50]}'."
            raise TokenRefused(400, "unsupported_grant_type", 70003, text)
        client_id = proven_client(self._issuer, form)
        require_known(resource_of(form), self._resources())
        return {
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME_S,
            "ext_expires_in": TOKEN_LIFETIME_S,
            "access_token": self._issuer.issue(client_id),
        }


def _asked(request: Request) -> Asked:
    return Asked(request.headers.get("authorization", ""), dict(request.query_params))


def _configuration(base_url: str, request: Request) -> Body:
    root = f"{base_url}/{request.path_params['tenant']}"
    return {
        "issuer": f"{root}/v2.0",
        "token_endpoint": f"{root}/oauth2/v2.0/token",
        "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{root}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "client_secret_basic",
            "private_key_jwt",
        ],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": None,
    }


def _check_tenant(issuer: Issuer, request: Request) -> None:
    tenant = str(request.path_params["tenant"])
    if tenant.lower() != issuer.tenant_id:
        text = f"Tenant '{tenant[:100]}' not found. Check to make sure it is the right one."
        raise TokenRefused(400, "invalid_tenant", 90002, text)


async def _form(request: Request) -> Form:
    """The fields of the body; id and secret may come as basic authentication (RFC 6749, 2.3.1)."""
    body = await request.body()
    text = body[:MAX_FORM_BYTES].decode("utf-8", "replace")
    form = {name: values[-1] for name, values in parse_qs(text).items()}
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):
            client_id, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
            form = {"client_id": unquote_plus(client_id), "client_secret": unquote_plus(secret)} | form
    return form
