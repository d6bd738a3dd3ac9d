"""Every way to sign in through the command line, against a served emulator."""

from __future__ import annotations

import json
import os
import webbrowser
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from connector.console.sign_in import chosen_source
from connector.console.voice import Voice
from connector.dataverse import AzureCli, ManagedIdentity
from connector.emulator.identity import managed, pipelines
from connector.emulator.identity.registrations import Federation, register_certificate, register_federation
from connector.emulator.ownership import OpenEmulator
from connector.settings import load
from tests.console.outputs import Projops
from tests.dataverse.sign_in.signing_in import PASSWORD, browser, new_keys, put_az

CONNECTION = "7c2e2f0a-1111-4222-8333-444455556666"


@pytest.fixture
def served(emulator: OpenEmulator, monkeypatch: pytest.MonkeyPatch) -> OpenEmulator:
    """The emulator as a stranger meets it: by its addresses, without a word about who signs in."""
    parts = urlsplit(emulator.authority)
    given = {
        "DATAVERSE_URL": emulator.url,
        "AZURE_AUTHORITY_HOST": f"{parts.scheme}://{parts.netloc}",
        "PROJOPS_CA_FILE": str(emulator.ca_file),
        "AZURE_CLIENT_ID": emulator.client_id,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return emulator


def by_secret(emulator: OpenEmulator, folder: Path) -> dict[str, str]:
    return {"AZURE_CLIENT_SECRET": emulator.client_secret}


def by_certificate(emulator: OpenEmulator, folder: Path) -> dict[str, str]:
    keys = new_keys()
    with emulator.store.transaction() as tx:
        register_certificate(tx, emulator.client_id, keys.certificate_pem)
    path = folder / "own.pfx"
    path.write_bytes(keys.pfx(PASSWORD))
    return {"AZURE_CLIENT_CERTIFICATE_PATH": str(path), "AZURE_CLIENT_CERTIFICATE_PASSWORD": PASSWORD}


def by_github(emulator: OpenEmulator, folder: Path) -> dict[str, str]:
    trust(emulator, pipelines.GITHUB, pipelines.GITHUB_SUBJECT)
    assert emulator.running is not None
    issuer = emulator.running.issuer
    return {
        "ACTIONS_ID_TOKEN_REQUEST_URL": pipelines.addresses(issuer)["github_request_url"],
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": pipelines.request_token(issuer),
    }


def by_azure_devops(emulator: OpenEmulator, folder: Path) -> dict[str, str]:
    trust(emulator, pipelines.AZURE_DEVOPS, pipelines.subject_of_connection(CONNECTION))
    assert emulator.running is not None
    issuer = emulator.running.issuer
    return {
        "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": CONNECTION,
        "AZURESUBSCRIPTION_CLIENT_ID": emulator.client_id,
        "AZURESUBSCRIPTION_TENANT_ID": emulator.tenant_id,
        "SYSTEM_OIDCREQUESTURI": pipelines.addresses(issuer)["azure_devops_request_url"],
        "SYSTEM_ACCESSTOKEN": pipelines.request_token(issuer),
    }


def by_token_file(emulator: OpenEmulator, folder: Path) -> dict[str, str]:
    """A token that a cluster would put into the file; here it is GitHub's."""
    given = by_github(emulator, folder)
    answer = requests.get(
        f"{given['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=api://AzureADTokenExchange",
        headers={"Authorization": f"Bearer {given['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
        verify=str(emulator.ca_file),
        timeout=30,
    )
    path = folder / "token"
    path.write_text(answer.json()["value"])
    return {"AZURE_FEDERATED_TOKEN_FILE": str(path)}


def by_managed_identity(emulator: OpenEmulator, folder: Path) -> dict[str, str]:
    assert emulator.running is not None
    issuer = emulator.running.issuer
    return {
        "IDENTITY_ENDPOINT": managed.addresses(issuer)["app_endpoint"],
        "IDENTITY_HEADER": managed.identity_header(issuer),
    }


def by_azure_cli(emulator: OpenEmulator, folder: Path) -> dict[str, str]:
    """An az that has a token of the person who is logged in."""
    assert emulator.running is not None
    with emulator.store.snapshot() as tx:
        user = str(tx.find("systemuser", {"accessmode": 0})[0]["systemuserid"])
    token = emulator.running.issuer.issue(emulator.client_id, user)
    answer = json.dumps({"accessToken": token, "expires_on": 4102444800})
    place = put_az(folder / "bin", f"print({answer!r})")
    return {"PROJOPS_SIGN_IN": "azure-cli", "PATH": os.pathsep.join((str(place), os.environ["PATH"]))}


def by_device_code(emulator: OpenEmulator, folder: Path) -> dict[str, str]:
    return {"PROJOPS_SIGN_IN": "device-code", "PROJOPS_TOKEN_CACHE": "memory"}


def by_browser(emulator: OpenEmulator, folder: Path) -> dict[str, str]:
    return {"PROJOPS_SIGN_IN": "interactive", "PROJOPS_TOKEN_CACHE": "memory"}


def trust(emulator: OpenEmulator, issuer: str, subject: str) -> None:
    with emulator.store.transaction() as tx:
        register_federation(tx, emulator.client_id, Federation(issuer=issuer, subject=subject))


@pytest.mark.parametrize(
    ("way", "given", "person"),
    [
        ("client-secret", by_secret, False),
        ("certificate", by_certificate, False),
        ("federated", by_token_file, False),
        ("github", by_github, False),
        ("azure-devops", by_azure_devops, False),
        ("managed-identity", by_managed_identity, False),
        ("azure-cli", by_azure_cli, True),
        ("device-code", by_device_code, True),
        ("interactive", by_browser, True),
    ],
)
def test_a_command_signs_in_by_each_way(
    projops: Projops,
    served: OpenEmulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    given: Callable[[OpenEmulator, Path], dict[str, str]],
    person: bool,
) -> None:
    """With nothing but the variables that everybody knows a command gets to the environment."""
    opened = browser(served.ca_file)
    monkeypatch.setattr(webbrowser, "open", opened)
    for name, value in given(served, tmp_path).items():
        monkeypatch.setenv(name, value)
    done = projops("doctor", "-o", "json")
    assert done.code == 0, done.out + done.err
    assert done.json["sign_in"].startswith(f"{way}, because ")
    user = next(one["detail"] for one in done.json["steps"] if one["name"] == "application user")
    assert (served.running is not None and served.running.user_id in user) is not person
    for secret in ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "SYSTEM_ACCESSTOKEN"):
        if hidden := given(served, tmp_path).get(secret):
            assert hidden not in done.out + done.err


def test_the_code_is_told_on_stderr(
    projops: Projops, served: OpenEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where to type which code is said even with --quiet, and never among the results."""
    monkeypatch.setenv("PROJOPS_SIGN_IN", "device-code")
    monkeypatch.setenv("PROJOPS_TOKEN_CACHE", "memory")
    done = projops("status", "-o", "json", "--quiet")
    assert done.code == 0, done.err
    assert "enter the code" in done.err
    assert "enter the code" not in done.out


def test_a_hostile_env_file_changes_nobody_to_trust(
    projops: Projops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository that brings an authority along is refused before anything is sent anywhere."""
    (tmp_path / ".env").write_text("DATAVERSE_URL=https://evil.example\nAZURE_AUTHORITY_HOST=evil.example\n")
    monkeypatch.setenv("AZURE_CLIENT_ID", "app")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "do-not-show")
    done = projops("doctor")
    assert done.code == 1
    assert "AZURE_AUTHORITY_HOST" in done.err
    assert "do-not-show" not in done.out + done.err


def test_the_azure_clis_login_is_asked_through_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search path and the tenant come from the process environment."""
    monkeypatch.setenv("PROJOPS_SIGN_IN", "azure-cli")
    monkeypatch.setenv("AZURE_TENANT_ID", "contoso.example")
    source, choice = chosen_source(load(folder=tmp_path), Voice(), None, is_emulator=False)
    assert isinstance(source, AzureCli)
    assert repr(source) == "AzureCli(tenant_id='contoso.example')"
    assert choice.reason == "azure-cli, because PROJOPS_SIGN_IN says so (the environment)"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, "ManagedIdentity()"),
        ({"AZURE_CLIENT_ID": "c"}, "ManagedIdentity(client_id='c')"),
        (
            {"AZURE_CLIENT_ID": "c", "PROJOPS_MANAGED_IDENTITY_OBJECT_ID": "o"},
            "ManagedIdentity(object_id='o')",
        ),
        ({"PROJOPS_MANAGED_IDENTITY_RESOURCE_ID": "/r"}, "ManagedIdentity(resource_id='/r')"),
    ],
)
def test_a_managed_identity_is_named_by_what_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], shown: str
) -> None:
    """An object or resource id names the identity; else the client id; else it is the machine's own."""
    for name, value in {"PROJOPS_SIGN_IN": "managed-identity", **given}.items():
        monkeypatch.setenv(name, value)
    source, _ = chosen_source(load(folder=tmp_path), Voice(), None, is_emulator=False)
    assert isinstance(source, ManagedIdentity)
    assert repr(source) == shown
