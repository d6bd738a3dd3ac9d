from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from connector.console.connection import Target, _origin_of, _remote
from connector.console.voice import Voice
from connector.dataverse import ClientSecret
from connector.errors import SettingsError
from connector.settings import Settings, load

REAL, LOOPBACK = "https://org.crm.dynamics.com", "https://127.0.0.1:8443"


def settings(tmp_path: Path, **flags: str) -> Settings:
    given = {"client_id": "c", "tenant_id": "t", "client_secret": SecretStr("do-not-show"), **flags}
    return load(given, folder=tmp_path)


@pytest.mark.parametrize(
    ("url", "authority", "is_emulator"),
    [
        (LOOPBACK, "https://127.0.0.1:9000", True),
        (LOOPBACK, "localhost:9000", True),
        ("https://[::1]:8443", "https://[::1]:9000", True),
        (REAL, "https://127.0.0.1:9000", False),
        (LOOPBACK, "https://login.microsoftonline.com", False),
        (LOOPBACK, "", False),
        (REAL, "", False),
        (REAL, "https://127.0.0.1.evil.example", False),
        ("https://127.0.0.1@evil.example", "https://127.0.0.1:9000", False),
    ],
)
def test_only_a_loopback_pair_is_taken_for_an_emulator(
    tmp_path: Path, url: str, authority: str, is_emulator: bool
) -> None:
    """msal's own check of the authority is left out only if environment and authority are on this machine."""
    target = _remote(url, settings(tmp_path, authority_host=authority), Voice())
    assert target.is_emulator is is_emulator


def test_where_and_as_whom_shows_no_secret(tmp_path: Path) -> None:
    """The secret is in no representation of what is handed to the client."""
    assert "do-not-show" not in repr(_remote(REAL, settings(tmp_path), Voice()))


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ({"client_id": ""}, "AZURE_CLIENT_ID is not set"),
        ({"client_secret": SecretStr("")}, "AZURE_CLIENT_SECRET is not set"),
        (
            {"client_id": "", "client_secret": SecretStr("")},
            "AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are not set",
        ),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, flags: dict[str, str], named: str) -> None:
    """A sign-in without an application or its secret names what is missing, before anything is sent."""
    with pytest.raises(SettingsError, match=named):
        _remote(REAL, settings(tmp_path, **flags), Voice())


@pytest.mark.parametrize("text", [None, "no certificate\n"])
def test_what_is_no_file_of_certificates_is_named(tmp_path: Path, text: str | None) -> None:
    """A missing PROJOPS_CA_FILE, or one without certificates, is named before any request is made."""
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    given = load({"client_id": "c", "client_secret": SecretStr("x"), "ca_file": path}, folder=tmp_path)
    with pytest.raises(SettingsError, match=r"PROJOPS_CA_FILE=.*ca\.pem"):
        _remote(REAL, given, Voice())


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://127.0.0.1:9000/tenant", "https://127.0.0.1:9000"),
        ("https://login.microsoftonline.us/", "https://login.microsoftonline.us"),
        ("login.microsoftonline.us", "login.microsoftonline.us"),
    ],
)
def test_an_authority_is_its_origin(address: str, origin: str) -> None:
    """An authority that is given with its tenant is trusted as a host, not as a longer text."""
    assert _origin_of(address) == origin


def test_a_target_is_told_apart_by_its_address() -> None:
    """What is shown of a target is where it leads."""
    tokens = ClientSecret("t", "c", "do-not-show")
    target = Target(REAL, tokens, None, is_emulator=False, reason="client-secret, because it is set")
    assert repr(target) == f"Target('{REAL}')"
