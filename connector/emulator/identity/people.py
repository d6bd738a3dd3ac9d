"""Tokens for people: by an authorization code, a device code or a refresh token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from connector.emulator.identity.clients import known_client
from connector.emulator.identity.refusals import TokenRefused, invalid_grant, missing
from connector.emulator.identity.scopes import DEFAULT, DELEGATED, require_known, resource_of
from connector.emulator.identity.tickets import Code, Decision, Device
from connector.emulator.identity.tokens import TOKEN_LIFETIME_S, Issuer
from connector.emulator.identity.users import is_approving, require_user, user_signing_in

Form = dict[str, str]
Body = dict[str, Any]
ENDINGS = (DELEGATED, DEFAULT)


def by_code(issuer: Issuer, form: Form, resources: tuple[str, ...]) -> Body:
    """authorization_code (RFC 6749, 4.1.3) with PKCE (RFC 7636, 4.6)."""
    client_id, text = known_client(issuer, form), _required(form, "code")
    if issuer.tickets.is_spent(text):
        raise invalid_grant(54005, "OAuth2 authorization code was already redeemed.")
    code = issuer.tickets.take_code(text)
    if code is None or code.client_id != client_id or code.expires_at <= issuer.now:
        raise invalid_grant(70008, "The provided authorization code has expired or is unknown.")
    if form.get("redirect_uri", "") != code.redirect_uri:
        raise invalid_grant(500112, "The reply address does not match the one that the code was asked with.")
    if not _is_challenge_met(code, form.get("code_verifier", "")):
        raise invalid_grant(50148, "The code_verifier does not match the code_challenge.")
    scope = form.get("scope") or code.scope
    return _tokens(issuer, (client_id, code.user_id), scope, resources, nonce=code.nonce)


def by_device(issuer: Issuer, form: Form, resources: tuple[str, ...]) -> Body:
    """The device code grant (RFC 8628, 3.4)."""
    client_id, text = known_client(issuer, form), _required(form, "device_code")
    device = issuer.tickets.device(text)
    if device is None or device.client_id != client_id:
        raise TokenRefused(400, "bad_verification_code", 70018, "The device code is unknown.")
    if device.expires_at <= issuer.now:
        issuer.tickets.drop_device(text)
        raise TokenRefused(400, "expired_token", 70019, "The device code has expired.")
    if device.decision is Decision.DECLINED:
        issuer.tickets.drop_device(text)
        raise TokenRefused(400, "authorization_declined", 70000, "The user declined the sign-in.")
    user_id = _approved(issuer, device)
    issuer.tickets.drop_device(text)
    return _tokens(issuer, (client_id, user_id), device.scope, resources)


def by_refresh_token(issuer: Issuer, form: Form, resources: tuple[str, ...]) -> Body:
    """refresh_token (RFC 6749, 6)."""
    client_id, text = known_client(issuer, form), _required(form, "refresh_token")
    held = issuer.tickets.refresh(text)
    if held is None or held.client_id != client_id:
        raise invalid_grant(9002313, "The refresh token is unknown or was issued to another application.")
    if held.expires_at <= issuer.now:
        raise invalid_grant(700082, "The refresh token has expired due to inactivity.")
    with issuer.store.snapshot() as tx:
        user_id = require_user(tx, held.user_id)
    return _tokens(issuer, (client_id, user_id), form.get("scope") or held.scope, resources)


def begin_device(issuer: Issuer, form: Form, resources: tuple[str, ...]) -> Body:
    """A new device code, and what a person is told to do with it (RFC 8628, 3.2)."""
    client_id, scope = known_client(issuer, form), form.get("scope", "")
    require_known(resource_of(scope, ENDINGS), resources)
    text, device = issuer.tickets.keep_device(client_id, scope, issuer.now)
    page = f"{issuer.origin}/{issuer.tenant_id}/oauth2/deviceauth"
    return {
        "user_code": device.user_code,
        "device_code": text,
        "verification_uri": page,
        "expires_in": int((device.expires_at - issuer.now).total_seconds()),
        "interval": 5,
        "message": f"To sign in, use a web browser to open the page {page} and enter the code "
        f"{device.user_code} to authenticate.",
    }


def _approved(issuer: Issuer, device: Device) -> str:
    """Who signs in. Raises TokenRefused as long as nobody has."""
    with issuer.store.snapshot() as tx:
        if device.decision is Decision.APPROVED or is_approving(tx):
            return user_signing_in(tx)
    raise TokenRefused(400, "authorization_pending", 70016, "Authorization is pending. Continue polling.")


def _is_challenge_met(code: Code, verifier: str) -> bool:
    if not code.challenge:
        return True
    digest = hashlib.sha256(verifier.encode("ascii", "replace")).digest()
    found = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return hmac.compare_digest(found, code.challenge)


def _tokens(
    issuer: Issuer, whose: tuple[str, str], scope: str, resources: tuple[str, ...], *, nonce: str = ""
) -> Body:
    client_id, user_id = whose
    resource = resource_of(scope, ENDINGS)
    require_known(resource, resources)
    body: Body = {
        "token_type": "Bearer",
        "scope": f"{resource.rstrip('/')}{DELEGATED}",
        "expires_in": TOKEN_LIFETIME_S,
        "ext_expires_in": TOKEN_LIFETIME_S,
        "access_token": issuer.issue(client_id, user_id),
        "client_info": _coded({"uid": user_id, "utid": issuer.tenant_id}),
    }
    asked = scope.split()
    if "offline_access" in asked:
        body["refresh_token"] = issuer.tickets.keep_refresh(client_id, user_id, scope, issuer.now)
    if "openid" in asked:
        body["id_token"] = issuer.key.sign(_id_claims(issuer, client_id, user_id, nonce, issuer.now))
    return body


def _id_claims(issuer: Issuer, client_id: str, user_id: str, nonce: str, now: datetime) -> dict[str, Any]:
    with issuer.store.snapshot() as tx:
        user = tx.get("systemuser", user_id) or {}
        tenant = issuer_of(issuer.origin, str(tx.setting("tenant_id")))
    at = int(now.timestamp())
    return {
        "iss": tenant[0],
        "tid": tenant[1],
        "aud": client_id,
        "sub": user_id,
        "oid": user_id,
        "name": str(user.get("fullname") or ""),
        "preferred_username": str(user.get("domainname") or ""),
        "iat": at,
        "nbf": at,
        "exp": at + TOKEN_LIFETIME_S,
        **({"nonce": nonce} if nonce else {}),
    }


def issuer_of(origin: str, tenant_id: str) -> tuple[str, str]:
    return f"{origin}/{tenant_id}/v2.0", tenant_id


def _coded(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _required(form: Form, name: str) -> str:
    if not form.get(name):
        raise missing(name)
    return form[name]
