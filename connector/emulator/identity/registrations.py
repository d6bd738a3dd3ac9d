"""What an application is registered with beside its secret: certificates, federated credentials, users.

They are settings of the state file, so they outlive the process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import Certificate, load_pem_x509_certificate

from connector.emulator.store import Transaction
from connector.errors import UsageError

AUDIENCE = "api://AzureADTokenExchange"
_CERTIFICATES = "identity:certificates"
_FEDERATIONS = "identity:federations"
_RESOURCES = "identity:resources"


class Federation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose tokens count for an application; `key` is the issuer's public one (PEM), "" for our own."""

    issuer: str
    subject: str
    audience: str = AUDIENCE
    key: str = ""


# Looked into here, not by whichever requests come first (see platform/switches.py).
msgspec.json.Decoder(Federation)


def register_certificate(tx: Transaction, client_id: str, pem: str) -> None:
    """Let an application sign in with this certificate. Raises UsageError for what is none."""
    try:
        load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise UsageError("certificate: a certificate in PEM is expected.") from None
    _add(tx, _CERTIFICATES, client_id, pem)


def certificates_of(tx: Transaction, client_id: str) -> list[Certificate]:
    return [load_pem_x509_certificate(pem.encode()) for pem in _of(tx, _CERTIFICATES, client_id)]


def register_federation(tx: Transaction, client_id: str, federation: Federation) -> None:
    """Let an application sign in with tokens of an outside issuer. Raises UsageError for a broken key."""
    try:
        if federation.key:
            load_pem_public_key(federation.key.encode())
    except ValueError:
        raise UsageError("federated.key: a public key in PEM is expected.") from None
    _add(tx, _FEDERATIONS, client_id, msgspec.to_builtins(federation))


def federations_of(tx: Transaction, client_id: str) -> list[Federation]:
    return msgspec.convert(_of(tx, _FEDERATIONS, client_id), list[Federation])


def register_resource(tx: Transaction, client_id: str, resource_id: str) -> None:
    """Name an application's managed identity by the id of an Azure resource."""
    tx.set_setting(_RESOURCES, {**tx.setting(_RESOURCES, {}), resource_id.lower(): client_id.lower()})


def client_of_resource(tx: Transaction, resource_id: str) -> str:
    return str(tx.setting(_RESOURCES, {}).get(resource_id.lower(), ""))


def _add(tx: Transaction, name: str, client_id: str, value: Any) -> None:
    known: Mapping[str, list[Any]] = tx.setting(name, {})
    key = client_id.lower()
    tx.set_setting(name, {**known, key: [*known.get(key, []), value]})


def _of(tx: Transaction, name: str, client_id: str) -> list[Any]:
    return list(tx.setting(name, {}).get(client_id.lower(), []))
