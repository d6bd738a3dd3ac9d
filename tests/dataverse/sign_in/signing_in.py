"""What the tests of signing in share: an emulator with a person in it, certificates, and a browser."""

from __future__ import annotations

import html
import os
import re
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509 import Certificate, CertificateBuilder, Name, NameAttribute, random_serial_number
from cryptography.x509.oid import NameOID

from connector.dataverse import (
    ClientCertificate,
    DeviceCode,
    FederatedIdentity,
    Interactive,
    RetryPolicy,
    TokenRequest,
    TrustedAuthorities,
)
from connector.emulator import RunningEmulator
from connector.emulator.bootstrap import BUSINESS_UNIT
from connector.emulator.identity.registrations import Federation, register_federation

NOW = datetime(2020, 10, 4, 6, tzinfo=UTC)
PASSWORD = "s3cret~Pass"


@dataclass(frozen=True)
class Keys:
    """A key with its certificate, in the forms that files hold them in."""

    key: RSAPrivateKey
    certificate: Certificate

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def key_pem(self, password: str | None = None) -> bytes:
        encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)

    def pem(self, password: str | None = None) -> bytes:
        return self.key_pem(password) + self.certificate_pem.encode()

    def pfx(self, password: str | None = None) -> bytes:
        encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        return serialize_key_and_certificates(b"own", self.key, self.certificate, None, encryption)


def new_keys() -> Keys:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    name = Name([NameAttribute(NameOID.COMMON_NAME, "invoicing")])
    builder = CertificateBuilder(name, name, key.public_key(), random_serial_number())
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    return Keys(key, builder.not_valid_after(datetime(2050, 1, 1, tzinfo=UTC)).sign(key, SHA256()))


def add_person(emulator: RunningEmulator, name: str = "alex.admin@emulator.invalid") -> str:
    """A user who may sign in; the systemuserid."""
    with emulator.store.transaction() as tx:
        unit = tx.setting(BUSINESS_UNIT)
        row = {
            "fullname": name.partition("@")[0],
            "domainname": name,
            "businessunitid": unit,
            "accessmode": 0,
        }
        return tx.insert("systemuser", row)


def trusted(emulator: RunningEmulator) -> TrustedAuthorities:
    return TrustedAuthorities(extra=(emulator.authority,), is_emulator=True)


def wanted(emulator: RunningEmulator, pauses: list[float]) -> TokenRequest:
    """A request for a token of this emulator; nobody sleeps."""
    return TokenRequest(emulator.url, emulator.ca_file, RetryPolicy(sleep=pauses.append))


def user_of(emulator: RunningEmulator, token: str) -> str:
    """Whom the emulator's Web API takes the bearer of this token for."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(
            f"{emulator.url}/api/data/v9.2/WhoAmI",
            headers={"Authorization": f"Bearer {token}"},
            verify=str(emulator.ca_file),
            timeout=30,
        )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["UserId"])


def browser(ca_file: Path, visited: list[str] | None = None) -> Callable[[str], bool]:
    """A stand-in for a browser: opens the page and posts the form on it, as a script on it would."""

    def opened(address: str) -> bool:
        if visited is not None:
            visited.append(address)
        with requests.Session() as session:
            session.trust_env = False
            page = session.get(address, verify=str(ca_file), timeout=30)
            action = re.search(r'action="([^"]*)"', page.text)
            assert action is not None, page.text
            fields = dict(re.findall(r'name="([^"]*)" value="([^"]*)"', page.text))
            form = {name: html.unescape(value) for name, value in fields.items()}
            session.post(html.unescape(action[1]), data=form, timeout=30)
        return True

    return opened


def put_az(folder: Path, script: str) -> Path:
    """Put a program named az into a folder, which is given back; the script is Python."""
    folder.mkdir(exist_ok=True)
    code = folder / "az.py"
    code.write_text("import sys, json, os\n" + textwrap.dedent(script), encoding="utf-8")
    if os.name == "nt":
        (folder / "az.cmd").write_text(f'@"{sys.executable}" "{code}" %*\n', encoding="utf-8")
    else:
        program = folder / "az"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{code}" "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    return folder


def certificate(
    emulator: RunningEmulator, path: Path, content: bytes, password: str | None = None
) -> ClientCertificate:
    path.write_bytes(content)
    return ClientCertificate(None, emulator.client_id, path, password, trusted=trusted(emulator))


def federated(emulator: RunningEmulator, assertions: Any) -> FederatedIdentity:
    return FederatedIdentity(None, emulator.client_id, assertions, trusted=trusted(emulator))


def trust(emulator: RunningEmulator, issuer: str, subject: str, key: str = "") -> None:
    with emulator.store.transaction() as tx:
        register_federation(tx, emulator.client_id, Federation(issuer=issuer, subject=subject, key=key))


def by_device(emulator: RunningEmulator, told: list[str], **more: Any) -> DeviceCode:
    return DeviceCode(None, emulator.client_id, told.append, trusted=trusted(emulator), **more)


def interactive(emulator: RunningEmulator, visited: list[str] | None = None, **more: Any) -> Interactive:
    given = {"browser": browser(emulator.ca_file, visited), **more}
    return Interactive(None, emulator.client_id, trusted=trusted(emulator), **given)
