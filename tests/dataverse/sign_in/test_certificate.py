"""Signing in by certificate, against the emulator over real HTTPS."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.dataverse import ClientCertificate, TokenRequest
from connector.emulator import RunningEmulator
from connector.emulator.identity.registrations import register_certificate
from connector.errors import SettingsError, SignInError
from tests.dataverse.sign_in.signing_in import PASSWORD, Keys, certificate, new_keys, trusted, user_of


@pytest.mark.usefixtures("certified")
@pytest.mark.parametrize(
    ("form", "password"), [("pem", None), ("pem", PASSWORD), ("pfx", None), ("pfx", PASSWORD)]
)
def test_a_certificate_signs_its_application_in(
    emulator: RunningEmulator,
    request_: TokenRequest,
    keys: Keys,
    tmp_path: Path,
    form: str,
    password: str | None,
) -> None:
    """PEM and PFX, with a password and without, give the application's token."""
    content = keys.pem(password) if form == "pem" else keys.pfx(password)
    source = certificate(emulator, tmp_path / f"own.{form}", content, password)
    assert user_of(emulator, source.token(request_)) == emulator.user_id


def test_the_certificate_of_the_key_is_picked_out_of_a_chain(
    emulator: RunningEmulator, request_: TokenRequest, keys: Keys, strange_keys: Keys, tmp_path: Path
) -> None:
    """A file may hold the issuer's certificates too, in any order."""
    with emulator.store.transaction() as tx:
        register_certificate(tx, emulator.client_id, keys.certificate_pem)
    content = strange_keys.certificate_pem.encode() + keys.pem()
    source = certificate(emulator, tmp_path / "chain.pem", content)
    assert user_of(emulator, source.token(request_)) == emulator.user_id


@pytest.mark.usefixtures("certified")
def test_a_certificate_that_is_not_registered_is_refused(
    emulator: RunningEmulator, request_: TokenRequest, strange_keys: Keys, tmp_path: Path
) -> None:
    """The message speaks of the certificate and not of a secret."""
    source = certificate(emulator, tmp_path / "strange.pem", strange_keys.pem())
    with pytest.raises(SignInError, match=r"refused the certificate.*AADSTS700027") as caught:
        source.token(request_)
    assert "registered with the application" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "password", "message"),
    [
        (lambda keys: keys.key_pem(), None, "has no certificate"),
        (lambda keys: keys.certificate_pem.encode(), None, "has no private key"),
        (lambda keys: keys.pem(PASSWORD), None, "encrypted, and no password is set"),
        (lambda keys: keys.pem(PASSWORD), "wrong", "cannot be opened with the password"),
        (lambda keys: keys.pfx(PASSWORD), "wrong", "cannot be opened with the password"),
        (lambda keys: keys.key_pem() + new_keys().certificate_pem.encode(), None, "of its private key"),
        (lambda _: b"no certificate", None, "cannot be opened"),
        (lambda _: b"x" * (2 << 20), None, "too large"),
    ],
)
def test_a_certificate_file_that_cannot_be_used_is_named(
    emulator: RunningEmulator,
    request_: TokenRequest,
    keys: Keys,
    tmp_path: Path,
    content: Callable[[Keys], bytes],
    password: str | None,
    message: str,
) -> None:
    """File and fault are said before anybody is asked; nothing of key and password is shown anywhere."""
    source = certificate(emulator, tmp_path / "own.pem", content(keys), password)
    with pytest.raises(SettingsError, match=message) as caught:
        source.token(request_)
    assert str(tmp_path) in caught.value.message
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown = "".join(line for line in trace.format() if "tests/" not in line)
    assert "PRIVATE KEY" not in shown
    assert PASSWORD not in shown


def test_a_missing_certificate_file_is_named(
    emulator: RunningEmulator, request_: TokenRequest, tmp_path: Path
) -> None:
    """A path that leads nowhere is a setting that is wrong."""
    source = ClientCertificate(None, emulator.client_id, tmp_path / "no.pem", trusted=trusted(emulator))
    with pytest.raises(SettingsError, match=r"no\.pem cannot be read"):
        source.token(request_)
