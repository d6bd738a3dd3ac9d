"""What an authority refuses, in one sentence with the way out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from connector.dataverse.sign_in.aadsts import HINTS
from connector.errors import SignInError


class Proof(StrEnum):
    """What was shown to the authority, in words."""

    SECRET = "client secret"  # noqa: S105  # words, not a secret
    CERTIFICATE = "certificate"
    FEDERATED = "federated token"
    USER = "user's sign-in"


_CHECK: Final[dict[Proof, str]] = {
    Proof.SECRET: (
        "Check the secret's value (not its id), its expiry, and that it belongs to this application."
    ),
    Proof.CERTIFICATE: "Check that this certificate is uploaded to the application and has not expired.",
    Proof.FEDERATED: "Check issuer, subject and audience of the application's federated credential.",
    Proof.USER: "Check that the application allows public client flows.",
}
_BY_ERROR: Final[dict[str, tuple[str, str]]] = {
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
    "access_denied": ("The sign-in was declined.", "Try again, and accept what the page asks."),
    "authorization_declined": ("The sign-in was declined.", "Try again, and accept what the page asks."),
    "expired_token": ("The code was not used in time.", "Try again."),
    "code_expired": ("The code was not used in time.", "Try again."),
}


def unknown_tenant(tenant: str, authority: str) -> SignInError:
    message, hint = _BY_ERROR["invalid_tenant"]
    return SignInError(f"{message[:-1]} {tenant!r} ({authority}).", hint, code="invalid_tenant")


def refused(result: Mapping[str, Any], client_id: str, authority: str, proof: Proof) -> SignInError:
    """The error for msal's answer without a token; no secret is in any part of it."""
    error = str(result.get("error") or "")
    number = _number(result)
    message, hint = _sentence(error, proof)
    message = (
        f"{message[:-1]}: application {client_id!r} at {authority}{f', AADSTS{number}' if number else ''}."
    )
    return SignInError(
        message, HINTS.get(number) or hint or f"Check tenant, client id and {proof}.", code=error
    )


def _sentence(error: str, proof: Proof) -> tuple[str, str]:
    if error == "invalid_client":
        return f"The authority refused the {proof}.", _CHECK[proof]
    return _BY_ERROR.get(error, (f"The authority gave no token ({error or 'no reason'}).", ""))


def _number(result: Mapping[str, Any]) -> str:
    numbers = result.get("error_codes")
    if isinstance(numbers, list) and numbers:
        return str(numbers[0])
    found = re.search(r"AADSTS([0-9]+)", str(result.get("error_description") or ""))
    return found[1] if found else ""
