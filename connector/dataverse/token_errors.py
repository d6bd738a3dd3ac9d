"""What an authority refuses, in one sentence with the way out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from connector.errors import SignInError

# Hints only: by Microsoft's advice clients branch on `error`, not on these numbers.
_BY_NUMBER: Final[dict[str, str]] = {
    "7000215": "The secret is wrong. Often the secret's id was pasted in place of its value.",
    "7000222": "The secret has expired: make a new one for the app registration.",
    "7000218": "The authority got no secret: check that it is set.",
    "700016": "The application is not registered in this tenant: check client id and tenant.",
    "700011": "The application is not registered in this tenant: check client id and tenant.",
    "7000112": "The application is disabled in this tenant.",
    "70001": "The application is disabled or unknown in this tenant.",
    "90002": "The tenant does not exist in this cloud: check tenant id and cloud.",
    "90038": "Tenant and authority belong to different national clouds.",
    "900382": "Tenant and authority belong to different national clouds.",
    "900432": "Tenant and authority belong to different national clouds.",
    "500011": "The tenant does not know this environment: check the environment's address and the tenant.",
    "50001": "The tenant does not know this environment: check the environment's address and the tenant.",
    "650057": "The tenant does not know this environment: check the environment's address and the tenant.",
    "70011": "The scope is not valid: check the environment's address.",
    "53003": "A conditional access policy blocks the sign-in.",
    "50105": "The application is not assigned to this resource.",
    "50194": "The application belongs to one tenant: give that tenant's id.",
    "50196": "The authority sees a loop: wait some minutes.",
}
_BY_ERROR: Final[dict[str, tuple[str, str]]] = {
    "invalid_client": (
        "The authority refused the client secret.",
        "Check the secret's value (not its id), its expiry, and that it belongs to this application.",
    ),
    "unauthorized_client": (
        "The authority does not know the application in this tenant.",
        "Check the client id and the tenant id.",
    ),
    "invalid_tenant": (
        "The authority does not know the tenant.",
        "Check the tenant id, and that the environment is in the same cloud.",
    ),
    "invalid_resource": (
        "The authority does not know the environment.",
        "Check the environment's address and the tenant id.",
    ),
    "invalid_scope": ("The authority refused the scope.", "Check the environment's address."),
    "temporarily_unavailable": ("The authority is not available for now.", "Try again later."),
}


def unknown_tenant(tenant: str, authority: str) -> SignInError:
    message, hint = _BY_ERROR["invalid_tenant"]
    return SignInError(f"{message[:-1]} {tenant!r} ({authority}).", hint, code="invalid_tenant")


def refused(result: Mapping[str, Any], client_id: str, authority: str) -> SignInError:
    """The error for msal's answer without a token; the secret is in no part of it."""
    error = str(result.get("error") or "")
    number = _number(result)
    message, hint = _BY_ERROR.get(error, (f"The authority gave no token ({error or 'no reason'}).", ""))
    message = (
        f"{message[:-1]}: application {client_id!r} at {authority}{f', AADSTS{number}' if number else ''}."
    )
    return SignInError(
        message, _BY_NUMBER.get(number) or hint or "Check tenant, client id and secret.", code=error
    )


def _number(result: Mapping[str, Any]) -> str:
    numbers = result.get("error_codes")
    if isinstance(numbers, list) and numbers:
        return str(numbers[0])
    found = re.search(r"AADSTS([0-9]+)", str(result.get("error_description") or ""))
    return found[1] if found else ""
