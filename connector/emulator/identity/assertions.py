"""Signed tokens in place of a secret: by the application's certificate, or of an issuer that it trusts.

Times are compared with the emulator's clock: a client whose clock is behind it is refused with 700024.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import Certificate

from connector.emulator.identity.pipelines import OWN_ISSUERS
from connector.emulator.identity.refusals import TokenRefused, invalid_client
from connector.emulator.identity.registrations import Federation, certificates_of, federations_of
from connector.emulator.identity.tokens import Issuer

KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS = ["RS256", "PS256"]
# PyJWT would take this machine's clock.
_SIGNATURE_ALONE = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}


def check_assertion(issuer: Issuer, client_id: str, assertion: str, audiences: tuple[str, ...]) -> None:
    """Raises TokenRefused unless the assertion proves that this application asks.

    `audiences` are this token endpoint's own names, which a certificate's assertion has to be meant for.
    """
    try:
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise invalid_client(50027, "JWT token is invalid or malformed.") from None
    if "x5t" in header or "x5t#S256" in header:
        _check_certificate(issuer, client_id, assertion, (header, claims), audiences)
    else:
        _check_federated(issuer, client_id, assertion, claims)
    _check_times(claims, issuer.now)


def _check_certificate(
    issuer: Issuer,
    client_id: str,
    assertion: str,
    parts: tuple[dict[str, Any], dict[str, Any]],
    audiences: tuple[str, ...],
) -> None:
    header, claims = parts
    with issuer.store.snapshot() as tx:
        registered = certificates_of(tx, client_id)
    found = next((one for one in registered if _is_named(one, header)), None)
    if found is None:
        raise invalid_client(700027, "The certificate with identifier used to sign is not registered.")
    _verify(assertion, found.public_key(), lambda: invalid_client(700027, "Key verification failed."))
    if {str(claims.get(name, "")).lower() for name in ("iss", "sub")} != {client_id.lower()}:
        text = "Client assertion application identifier doesn't match 'client_id' parameter."
        raise invalid_client(700021, text)
    if not _audiences_in(claims) & set(audiences):
        raise invalid_client(700023, "Client assertion audience claim does not match realm issuer.")


def _check_federated(issuer: Issuer, client_id: str, assertion: str, claims: dict[str, Any]) -> None:
    with issuer.store.snapshot() as tx:
        registered = federations_of(tx, client_id)
    found = _fitting(registered, claims)
    key = issuer.key.public if found.issuer in OWN_ISSUERS else load_pem_public_key(found.key.encode())
    _verify(assertion, key, lambda: invalid_client(50013, "Assertion failed signature validation."))


def _fitting(registered: list[Federation], claims: dict[str, Any]) -> Federation:
    by_issuer = [one for one in registered if one.issuer == claims.get("iss")]
    by_subject = [one for one in by_issuer if one.subject == claims.get("sub")]
    by_audience = [one for one in by_subject if one.audience in _audiences_in(claims)]
    for found, number, what in (
        (by_issuer, 700211, "issuer"),
        (by_subject, 700213, "subject"),
        (by_audience, 700212, "audience"),
    ):
        if not found:
            text = f"No matching federated identity record found for presented assertion {what}."
            raise invalid_client(number, text)
    return by_audience[0]


def _verify(assertion: str, key: Any, refusal: Callable[[], TokenRefused]) -> None:
    try:
        jwt.decode(assertion, key, algorithms=_ALGORITHMS, options=_SIGNATURE_ALONE)  # type: ignore[arg-type]  # a plain mapping
    except (jwt.PyJWTError, ValueError, TypeError):
        raise refusal() from None


def _check_times(claims: dict[str, Any], now: datetime) -> None:
    end, begin = claims.get("exp"), claims.get("nbf", 0)
    are_numbers = all(isinstance(one, int | float) for one in (end, begin))
    if not are_numbers or not float(begin) <= now.timestamp() < float(end or 0):
        raise invalid_client(700024, "Client assertion is not within its valid time range.")


def _is_named(certificate: Certificate, header: dict[str, Any]) -> bool:
    """Whether the header's thumbprint is this certificate's; the stronger one counts where both are given."""
    if "x5t#S256" in header:
        return _plain(header["x5t#S256"]) == _coded(certificate.fingerprint(SHA256()))
    return _plain(header["x5t"]) == _coded(certificate.fingerprint(SHA1()))  # noqa: S303  # JWS has it (RFC 7515)


def _coded(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _plain(text: object) -> str:
    return str(text).rstrip("=")


def _audiences_in(claims: dict[str, Any]) -> set[str]:
    found = claims.get("aud")
    return {str(one) for one in found} if isinstance(found, list) else {str(found)}
