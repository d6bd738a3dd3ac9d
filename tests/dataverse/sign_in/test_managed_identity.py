"""Signing in by the identity that Azure gives a machine or an app."""

from __future__ import annotations

import traceback

import pytest

from connector.dataverse import ManagedIdentity, TokenRequest
from connector.emulator import RunningEmulator
from connector.emulator.identity import managed
from connector.emulator.identity.registrations import register_resource
from connector.errors import SettingsError, SignInError, UntrustedAuthority
from tests.dataverse.sign_in.signing_in import user_of


@pytest.fixture
def machine(emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A virtual machine whose metadata endpoint is the emulator."""
    endpoint = managed.addresses(emulator.issuer)["machine_endpoint"]
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", endpoint)


@pytest.mark.parametrize("place", ["app_service", "machine"])
@pytest.mark.parametrize("named_by", ["", "client_id", "object_id", "resource_id"])
def test_a_managed_identity_signs_in(
    emulator: RunningEmulator,
    request_: TokenRequest,
    request: pytest.FixtureRequest,
    place: str,
    named_by: str,
) -> None:
    """System-assigned, and user-assigned by each of its three ids, on a machine and in an app."""
    request.getfixturevalue(place)
    resource_id = "/subscriptions/1/resourcegroups/jobs/providers/x/userAssignedIdentities/invoicing"
    with emulator.store.transaction() as tx:
        register_resource(tx, emulator.client_id, resource_id)
        user = tx.get("systemuser", emulator.user_id) or {}
    ids = {
        "client_id": emulator.client_id,
        "object_id": str(user["azureactivedirectoryobjectid"]),
        "resource_id": resource_id,
    }
    source = ManagedIdentity(**({named_by: ids[named_by]} if named_by else {}))
    assert user_of(emulator, source.token(request_)) == emulator.user_id


@pytest.mark.usefixtures("machine")
def test_an_identity_that_is_not_there_is_named(request_: TokenRequest) -> None:
    """The id that was asked for stands in the message."""
    with pytest.raises(SignInError, match="nobody got no token"):
        ManagedIdentity(client_id="nobody").token(request_)


def test_a_managed_identity_is_named_by_one_id(request_: TokenRequest) -> None:
    """Two ids could be two identities."""
    with pytest.raises(SettingsError, match="client_id and object_id"):
        ManagedIdentity(client_id="a", object_id="b").token(request_)


@pytest.mark.parametrize(
    "endpoint", ["http://evil.example/msi/token", "http://10.0.0.1/token", "https://127.0.0.1.evil.example/t"]
)
def test_an_endpoint_elsewhere_is_sent_no_header(
    request_: TokenRequest, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    """Managed identity endpoints are on this machine or on its link; another one is refused unasked."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", "s3cret-header")
    with pytest.raises(UntrustedAuthority, match="not on this machine") as caught:
        ManagedIdentity().token(request_)
    assert "s3cret-header" not in "".join(traceback.format_exception(caught.value))


def test_where_there_is_no_managed_identity_it_is_said(
    request_: TokenRequest, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    """Outside of Azure nobody answers: few tries, and a sentence about managed identities."""
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1")
    with pytest.raises(SignInError, match="No managed identity answers here"):
        ManagedIdentity().token(request_)
    assert len(pauses) == 2
