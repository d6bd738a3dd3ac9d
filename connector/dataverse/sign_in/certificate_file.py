"""A private key and its certificate out of a PEM or PFX file, as msal takes them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from connector.dataverse.sign_in.tokens import Hidden
from connector.errors import SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

LARGEST_FILE_BYTES: Final = 1 << 20
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)
_WANTED = "Name a PEM file with private key and certificate, or a PFX (PKCS #12) file."
_PASSWORD = "Set AZURE_CLIENT_CERTIFICATE_PASSWORD."  # noqa: S105  # the name of a variable


def read_certificate(path: Path, password: Hidden) -> dict[str, object]:
    """msal's client_credential: `private_key` as PEM and the `public_certificate` that belongs to it.

    Raises SettingsError that names the file and what is wrong with it; nothing of its content is shown.
    """
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise SettingsError(f"The certificate file {path} is too large to be one.", _WANTED)
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"The certificate file {path} cannot be read: {error.strerror}.", _WANTED
        ) from None
    secret = password.value.encode() or None
    key, certificates = (
        _of_pem(path, content, secret) if b"-----BEGIN" in content else _of_pfx(path, content, secret)
    )
    return _credential(path, key, certificates)


def _of_pem(path: Path, content: bytes, secret: bytes | None) -> tuple[PrivateKeyTypes, list[Certificate]]:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    found = _KEY.search(content)
    if found is None:
        raise SettingsError(f"The certificate file {path} has no private key.", _WANTED)
    is_encrypted = b"ENCRYPTED" in found[0]
    if is_encrypted and secret is None:
        raise SettingsError(f"The private key in {path} is encrypted, and no password is set.", _PASSWORD)
    try:
        # A password for a key that has none does no harm: many set it for all their files.
        key = load_pem_private_key(found[0], secret if is_encrypted else None)
    except (ValueError, TypeError):
        raise _unreadable(path, is_encrypted) from None
    return key, [load_pem_x509_certificate(each) for each in _CERTIFICATE.findall(content)]


def _of_pfx(path: Path, content: bytes, secret: bytes | None) -> tuple[PrivateKeyTypes, list[Certificate]]:
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

    try:
        held = load_pkcs12(content, secret)
    except (ValueError, TypeError):
        raise _unreadable(path, is_encrypted=True) from None
    if held.key is None:
        raise SettingsError(f"The certificate file {path} has no private key.", _WANTED)
    own = [held.cert] if held.cert is not None else []
    return held.key, [each.certificate for each in (*own, *held.additional_certs)]


def _credential(path: Path, key: PrivateKeyTypes, certificates: list[Certificate]) -> dict[str, object]:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    if not isinstance(key, RSAPrivateKey):
        raise SettingsError(f"The private key in {path} is none of RSA.", "Entra takes RSA keys only.")

    def public(one: object) -> bytes:
        return one.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined, no-any-return]  # keys and certificates both have one

    own = next((one for one in certificates if public(one) == public(key)), None)
    if own is None:
        problem = "has no certificate" if not certificates else "has no certificate of its private key"
        raise SettingsError(f"The certificate file {path} {problem}.", _WANTED)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {"private_key": pem.decode(), "public_certificate": own.public_bytes(Encoding.PEM).decode()}


def _unreadable(path: Path, is_encrypted: bool) -> SettingsError:
    if is_encrypted:
        return SettingsError(
            f"The certificate file {path} cannot be opened with the password that is set, or is none.",
            f"{_PASSWORD} {_WANTED}",
        )
    return SettingsError(f"The private key in {path} cannot be read.", _WANTED)
