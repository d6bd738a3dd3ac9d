"""Who tries to get a secret, and gets nothing: environments, authorities, pipelines, redirects."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import responses

from connector.dataverse import (
    AzurePipelinesAssertion,
    ClientCertificate,
    ClientSecret,
    DeviceCode,
    FederatedIdentity,
    GitHubAssertion,
    Interactive,
    ManagedIdentity,
    RetryPolicy,
    TokenRequest,
    TokenSource,
)
from connector.dataverse.exchange.address import is_on_this_link
from connector.errors import (
    DataverseError,
    ForeignOrigin,
    MalformedAnswer,
    SettingsError,
    SignInError,
    UntrustedAuthority,
)
from tests.dataverse.sign_in.signing_in import new_keys

ENVIRONMENT = "https://contoso.crm4.dynamics.com"
API = f"{ENVIRONMENT}/api/data/v9.2/"
TENANT = "11111111-2222-3333-4444-555555555555"
LOGIN = f"https://login.microsoftonline.com/{TENANT}"
GITHUB = "https://run.actions.example/token?api-version=2.0"
GITHUB_ASKED = f"{GITHUB}&audience=api%3A%2F%2FAzureADTokenExchange"
AZURE_DEVOPS = "https://dev.azure.example/contoso/oidctoken"
SECRET = "s3cret~Value"
JWT = "aaaa.bbbb.s3cret_signature"


@pytest.fixture
def wanted(policy: RetryPolicy) -> TokenRequest:
    return TokenRequest(ENVIRONMENT, retry=policy)


def challenge(service: responses.RequestsMock, text: str = "") -> None:
    proposed = text or f"Bearer authorization_uri={LOGIN}/oauth2/authorize, resource_id={ENVIRONMENT}/"
    service.get(API, status=401, headers={"WWW-Authenticate": proposed})


def discovery(service: responses.RequestsMock, **changed: str) -> None:
    document = {
        "issuer": f"{LOGIN}/v2.0",
        "authorization_endpoint": f"{LOGIN}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{LOGIN}/oauth2/v2.0/devicecode",
        "token_endpoint": f"{LOGIN}/oauth2/v2.0/token",
        **changed,
    }
    service.get(f"{LOGIN}/v2.0/.well-known/openid-configuration", json=document)


def sent(service: responses.RequestsMock) -> str:
    return "".join(f"{one.request.url} {one.request.headers} {one.request.body!r}" for one in service.calls)


class _Given:
    """An assertion that is there already."""

    def assertion(self, request: TokenRequest) -> str:
        return JWT


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "own.pem"
    path.write_bytes(new_keys().pem())
    return path


def secret(_: Path) -> TokenSource:
    return ClientSecret(None, "app", SECRET)


def certificate(pem: Path) -> TokenSource:
    return ClientCertificate(None, "app", pem)


def federated(_: Path) -> TokenSource:
    return FederatedIdentity(None, "app", _Given())


def device_code(_: Path) -> TokenSource:
    return DeviceCode(None, "app", lambda _: None)


def interactive(_: Path) -> TokenSource:
    return Interactive(None, "app", browser=lambda _: pytest.fail("a page was opened"))


FLOWS = (secret, certificate, federated, device_code, interactive)
Make = Callable[[Path], TokenSource]


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize(
    "authority",
    [
        f"https://evil.example/{TENANT}/oauth2/authorize",
        f"https://login.microsoftonline.com.evil.example/{TENANT}/oauth2/authorize",
        f"https://login.microsoftonline.com@evil.example/{TENANT}/oauth2/authorize",
        f"http://login.microsoftonline.com/{TENANT}/oauth2/authorize",
        f"//evil.example/{TENANT}/oauth2/authorize",
        "/oauth2/authorize",
        "evil.example",
        "https://",
        "javascript:alert(1)",
        f"https://login.microsoftonline.com\\@evil.example/{TENANT}",
    ],
)
def test_no_flow_follows_a_challenge_to_an_unknown_authority(
    service: responses.RequestsMock, wanted: TokenRequest, pem: Path, flow: Make, authority: str
) -> None:
    """Whatever the environment proposes, relative and odd addresses included: one request, and no more."""
    challenge(service, f"Bearer authorization_uri={authority}, resource_id={ENVIRONMENT}/")
    with pytest.raises(UntrustedAuthority):
        flow(pem).token(wanted)
    assert len(service.calls) == 1


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize(
    "resource", ["https://graph.microsoft.com/", "https://other.crm4.dynamics.com/", "//x", "x"]
)
def test_no_flow_asks_for_another_resource(
    service: responses.RequestsMock, wanted: TokenRequest, pem: Path, flow: Make, resource: str
) -> None:
    """A challenge that names another resource ends before the authority is asked."""
    challenge(service, f"Bearer authorization_uri={LOGIN}/oauth2/authorize, resource_id={resource}")
    with pytest.raises(ForeignOrigin):
        flow(pem).token(wanted)
    assert len(service.calls) == 1


@pytest.mark.parametrize(
    ("flow", "endpoint"),
    [
        (secret, "token_endpoint"),
        (certificate, "token_endpoint"),
        (federated, "token_endpoint"),
        (device_code, "device_authorization_endpoint"),
        (interactive, "authorization_endpoint"),
    ],
)
def test_no_flow_follows_a_discovery_document_elsewhere(
    service: responses.RequestsMock, wanted: TokenRequest, pem: Path, flow: Make, endpoint: str
) -> None:
    """Neither a secret nor a person is sent to an endpoint that is not a known authority's."""
    challenge(service)
    discovery(service, **{endpoint: f"https://evil.example/{TENANT}/x"})
    with pytest.raises(UntrustedAuthority, match=r"evil\.example"):
        flow(pem).token(wanted)
    assert len(service.calls) == 2
    assert "s3cret" not in sent(service)


@pytest.mark.parametrize("flow", [secret, certificate, federated])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_of_the_token_endpoint_is_not_followed(
    service: responses.RequestsMock, wanted: TokenRequest, pem: Path, flow: Make, status: int
) -> None:
    """Also with a body that looks like a token: the secret went to the authority and goes no farther."""
    challenge(service)
    discovery(service)
    service.post(
        f"{LOGIN}/oauth2/v2.0/token",
        status=status,
        headers={"Location": "https://evil.example/token"},
        json={"access_token": "stolen", "expires_in": 3600},
    )
    with pytest.raises(MalformedAnswer, match="redirect"):
        flow(pem).token(wanted)
    assert "evil.example" not in "".join(str(one.request.url) for one in service.calls)


def github(url: str = GITHUB) -> GitHubAssertion:
    return GitHubAssertion(url, SECRET)


def azure_devops(url: str = AZURE_DEVOPS) -> AzurePipelinesAssertion:
    return AzurePipelinesAssertion(url, SECRET, "connection-1")


def test_github_is_asked_for_the_exchange_audience(
    service: responses.RequestsMock, wanted: TokenRequest
) -> None:
    """The audience joins the address's own parameters, and the request token goes in the header."""
    service.get(GITHUB_ASKED, json={"count": 1, "value": JWT})
    assert github().assertion(wanted) == JWT
    request = service.calls[0].request
    assert request.url == GITHUB_ASKED
    assert request.headers["Authorization"] == f"Bearer {SECRET}"


def test_azure_devops_is_asked_for_the_service_connection(
    service: responses.RequestsMock, wanted: TokenRequest
) -> None:
    """A POST with the API's version and the connection's id, as Microsoft's own library asks."""
    service.post(AZURE_DEVOPS, json={"oidcToken": JWT})
    assert azure_devops().assertion(wanted) == JWT
    request = service.calls[0].request
    assert request.url == f"{AZURE_DEVOPS}?api-version=7.1&serviceConnectionId=connection-1"
    assert request.headers["Authorization"] == f"Bearer {SECRET}"
    assert not request.body


@pytest.mark.parametrize("make", [github, azure_devops])
@pytest.mark.parametrize(
    "url",
    [
        "http://run.actions.example/token",
        "run.actions.example/token",
        "https://user@run.actions.example/token",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_pipelines_address_has_to_be_https(
    service: responses.RequestsMock, wanted: TokenRequest, make: Callable[[str], Any], url: str
) -> None:
    """The request token is worth as much as a secret: it leaves over TLS or not at all."""
    with pytest.raises(SettingsError, match="is no https address"):
        make(url).assertion(wanted)
    assert len(service.calls) == 0


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 302, "headers": {"Location": "https://evil.example/"}, "json": {}}, MalformedAnswer),
        ({"status": 403, "json": {"message": "private"}}, SignInError),
        ({"json": {"value": "private text", "oidcToken": "private text"}}, SignInError),
        ({"json": {}}, SignInError),
        ({"body": "<html>private</html>"}, MalformedAnswer),
    ],
)
def test_a_strange_answer_of_a_pipeline_is_not_shown(
    service: responses.RequestsMock,
    wanted: TokenRequest,
    caplog: pytest.LogCaptureFixture,
    answer: dict[str, Any],
    error: type[DataverseError],
) -> None:
    """Redirects are not followed, and neither the answer nor the request token is in message or log."""
    caplog.set_level(logging.DEBUG)
    service.get(GITHUB_ASKED, **answer)
    service.post(AZURE_DEVOPS, **answer)
    for assertion in (github(), azure_devops()):
        with pytest.raises(error) as caught:
            assertion.assertion(wanted)
        trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        shown = [line for line in trace.format() if "tests" not in line]
        for text in (str(caught.value), "".join(shown), caplog.text, repr(assertion)):
            assert "private" not in text
            assert SECRET not in text
    assert len(service.calls) == 2


@pytest.mark.parametrize("flow", [certificate, federated])
def test_a_refused_proof_is_in_no_message_log_or_frame(
    service: responses.RequestsMock,
    wanted: TokenRequest,
    pem: Path,
    flow: Make,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An assertion is a secret for as long as it lives, and a key for longer."""
    caplog.set_level(logging.DEBUG)
    challenge(service)
    discovery(service)
    refusal = {"error": "invalid_client", "error_description": "AADSTS700027: no.", "error_codes": [700027]}
    service.post(f"{LOGIN}/oauth2/v2.0/token", json=refusal, status=401)
    service.get("https://login.microsoftonline.com/common/discovery/instance", json={"metadata": []})
    with pytest.raises(SignInError) as caught:
        flow(pem).token(wanted)
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    for text in (str(caught.value), "".join(trace.format()), caplog.text):
        assert JWT not in text
        assert "PRIVATE KEY" not in text
        assert "client_assertion=" not in text
    assert "client_assertion=" in sent(service)


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("169.254.169.254", True),
        ("127.0.0.1", True),
        ("localhost", True),
        ("fe80::1", True),
        ("10.0.0.1", False),
        ("169.254.169.254.evil.example", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_what_lies_on_this_link_is_told_by_its_address(host: str, is_here: bool) -> None:
    """No proxy is asked for these, and no managed identity's header goes anywhere else."""
    assert is_on_this_link(host) is is_here


@pytest.mark.parametrize("body", ["", "private", "{}"])
def test_azure_arcs_question_for_its_key_reaches_msal(
    service: responses.RequestsMock, wanted: TokenRequest, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    """The 401 that names a file is an answer of Arc's protocol; without that file there is no token."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://localhost:40342/metadata/identity/oauth2/token")
    monkeypatch.setenv("IMDS_ENDPOINT", "http://localhost:40342")
    question = {"WWW-Authenticate": "Basic realm=/var/opt/azcmagent/tokens/not-there.key"}
    service.get(
        "http://localhost:40342/metadata/identity/oauth2/token", status=401, body=body, headers=question
    )
    with pytest.raises(MalformedAnswer, match="managed identity's endpoint does not answer as documented"):
        ManagedIdentity().token(wanted)
    assert len(service.calls) == 1
