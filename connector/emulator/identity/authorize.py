"""The page where a person would sign in: it answers at once, for the user who signs in here."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from connector.emulator.identity.clients import known_client
from connector.emulator.identity.people import ENDINGS
from connector.emulator.identity.refusals import TokenRefused, missing
from connector.emulator.identity.scopes import require_known, resource_of
from connector.emulator.identity.tickets import CODE_LIFETIME_S, Code
from connector.emulator.identity.tokens import Issuer
from connector.emulator.identity.users import user_signing_in

# What a desktop application registers, with any port (RFC 8252, 7.3); nothing else is registered here.
_REDIRECT = re.compile(r"http://(?:localhost|127\.0\.0\.1)(?::\d{1,5})?(?:/[\w./-]*)?", re.ASCII)


@dataclass(frozen=True)
class Page:
    """A redirect (`location`), or a page whose form posts itself."""

    location: str = ""
    body: str = ""


def authorize(issuer: Issuer, query: dict[str, str], resources: tuple[str, ...]) -> Page:
    """Raises TokenRefused for what must not be answered by a redirect: an unknown client or address."""
    client_id = known_client(issuer, query)
    redirect = query.get("redirect_uri", "")
    if not _REDIRECT.fullmatch(redirect):
        text = "The redirect URI specified in the request does not match those of the application."
        raise TokenRefused(400, "invalid_client", 50011, text)
    try:
        fields = {"code": _code(issuer, client_id, redirect, query, resources)}
    except TokenRefused as refused:
        fields = {"error": refused.error, "error_description": f"AADSTS{refused.number}: {refused.text}"}
    fields |= {"state": query["state"]} if "state" in query else {}
    if query.get("response_mode") == "form_post":
        return Page(body=_form(redirect, fields))
    return Page(location=f"{redirect}?{urlencode(fields)}")


def _code(
    issuer: Issuer, client_id: str, redirect: str, query: dict[str, str], resources: tuple[str, ...]
) -> str:
    if query.get("response_type") != "code":
        raise TokenRefused(400, "unsupported_response_type", 700054, "response_type has to be 'code'.")
    if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
        raise missing("code_challenge_method=S256")
    scope = query.get("scope", "")
    require_known(resource_of(scope, ENDINGS), resources)
    with issuer.store.snapshot() as tx:
        user_id = user_signing_in(tx, query.get("login_hint", ""))
    code = Code(
        client_id=client_id,
        user_id=user_id,
        scope=scope,
        redirect_uri=redirect,
        challenge=query.get("code_challenge", ""),
        nonce=query.get("nonce", ""),
        expires_at=issuer.now + timedelta(seconds=CODE_LIFETIME_S),
    )
    return issuer.tickets.keep_code(code)


def _form(action: str, fields: dict[str, str]) -> str:
    inputs = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in fields.items()
    )
    return (
        "<!doctype html><html><head><title>Working...</title></head>"
        '<body onload="document.forms[0].submit()">'
        f'<form method="post" action="{html.escape(action)}">{inputs}<button>Continue</button></form>'
        "</body></html>"
    )
