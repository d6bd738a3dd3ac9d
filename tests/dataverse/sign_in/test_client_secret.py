"""Signing in with a client secret: who gets the secret, and what goes wrong."""

from __future__ import annotations

import logging
import traceback
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
import responses

from connector.dataverse import ClientSecret, RetryPolicy, TokenRequest, TrustedAuthorities
from connector.errors import (
    DataverseError,
    ForeignOrigin,
    MalformedAnswer,
    ServerFault,
    SettingsError,
    SignInError,
    Unreachable,
    UntrustedAuthority,
)

ENVIRONMENT = "https://contoso.crm4.dynamics.com"
API = f"{ENVIRONMENT}/api/data/v9.2/"
TENANT = "11111111-2222-3333-4444-555555555555"
LOGIN = "https://login.microsoftonline.com"
SECRET = "s3cret~Value+/="


def challenge(
    service: responses.RequestsMock, authority: str = f"{LOGIN}/{TENANT}", resource: str = f"{ENVIRONMENT}/"
) -> None:
    text = f"Bearer authorization_uri={authority}/oauth2/authorize, resource_id={resource}"
    service.get(API, status=401, headers={"WWW-Authenticate": text})


def discovery(service: responses.RequestsMock, authority: str = f"{LOGIN}/{TENANT}", **changed: str) -> None:
    document = {
        "issuer": f"{authority}/v2.0",
        "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
        "token_endpoint": f"{authority}/oauth2/v2.0/token",
        **changed,
    }
    service.get(f"{authority}/v2.0/.well-known/openid-configuration", json=document)


def token(service: responses.RequestsMock, authority: str = f"{LOGIN}/{TENANT}", **answer: Any) -> None:
    service.post(
        f"{authority}/oauth2/v2.0/token",
        json={"access_token": "the-token", "token_type": "Bearer", "expires_in": 3600, **answer},
    )


def refusal(service: responses.RequestsMock, error: str, number: int) -> None:
    body = {"error": error, "error_description": f"AADSTS{number}: no.\r\nTrace: 1", "error_codes": [number]}
    service.post(f"{LOGIN}/{TENANT}/oauth2/v2.0/token", json=body, status=401)
    # After a refusal msal asks Microsoft under which other names the authority is known.
    service.get(f"{LOGIN}/common/discovery/instance", json={"metadata": []})


@pytest.fixture
def wanted(policy: RetryPolicy) -> TokenRequest:
    return TokenRequest(ENVIRONMENT, retry=policy)


@pytest.fixture
def source() -> ClientSecret:
    return ClientSecret(TENANT, "app-1", SECRET)


def was_sent(service: responses.RequestsMock, text: str) -> bool:
    return any(
        text in f"{call.request.url} {call.request.headers} {call.request.body!r}" for call in service.calls
    )


def test_the_secret_goes_to_the_tenants_token_endpoint(
    service: responses.RequestsMock, source: ClientSecret, wanted: TokenRequest
) -> None:
    """The scope is the environment's origin, and a second token comes out of the cache."""
    challenge(service)
    discovery(service)
    token(service)
    assert source.token(wanted) == "the-token"
    assert source.token(wanted) == "the-token"
    form = parse_qs(str(service.calls[-1].request.body, "ascii"))  # type: ignore[arg-type]  # bytes, as we sent
    assert form["scope"] == [f"{ENVIRONMENT}/.default"]
    assert form["client_secret"] == [SECRET]
    assert len(service.calls) == 3


def test_without_a_tenant_the_challenges_is_taken(
    service: responses.RequestsMock, wanted: TokenRequest
) -> None:
    """The environment knows its tenant; when its authority is trusted, nobody has to type it."""
    challenge(service)
    discovery(service)
    token(service)
    assert ClientSecret(None, "app-1", SECRET).token(wanted) == "the-token"


def test_the_authority_that_is_set_wins_over_the_proposed_one(
    service: responses.RequestsMock, wanted: TokenRequest
) -> None:
    """The environment proposes and does not decide: even an untrusted proposal is harmless then."""
    challenge(service, "https://evil.example/x")
    authority = f"https://login.microsoftonline.us/{TENANT}"
    discovery(service, authority)
    token(service, authority)
    source = ClientSecret(TENANT, "app-1", SECRET, authority_host="https://login.microsoftonline.us")
    assert source.token(wanted) == "the-token"


@pytest.mark.parametrize(
    "authority",
    [
        f"https://evil.example/{TENANT}",
        f"https://login.microsoftonline.com.evil.example/{TENANT}",
        f"https://login.microsoftonline.com@evil.example/{TENANT}",
        f"http://login.microsoftonline.com/{TENANT}",
        f"https://login.microsoftonline.com:444/{TENANT}",
    ],
)
def test_a_hostile_authority_gets_nothing(
    service: responses.RequestsMock, source: ClientSecret, wanted: TokenRequest, authority: str
) -> None:
    """An environment that proposes an unknown authority is refused before anything is sent there."""
    challenge(service, authority)
    with pytest.raises(UntrustedAuthority, match="not a known authority"):
        source.token(wanted)
    assert len(service.calls) == 1
    assert not was_sent(service, "s3cret")


def test_a_hostile_authority_cannot_give_the_tenant_either(
    service: responses.RequestsMock, wanted: TokenRequest
) -> None:
    """A tenant out of an untrusted proposal could be anybody's."""
    challenge(service, f"https://evil.example/{TENANT}")
    source = ClientSecret(None, "app-1", SECRET, authority_host="login.microsoftonline.com")
    with pytest.raises(UntrustedAuthority):
        source.token(wanted)


@pytest.mark.parametrize("host", ["evil.example", "https://login.microsoftonline.com.evil.example"])
def test_a_setting_alone_does_not_make_an_authority_trusted(
    service: responses.RequestsMock, wanted: TokenRequest, host: str
) -> None:
    """A host out of a file in a cloned repository is as little trusted as a proposed one."""
    challenge(service)
    with pytest.raises(UntrustedAuthority, match="The setting of the authority"):
        ClientSecret(TENANT, "app-1", SECRET, authority_host=host).token(wanted)


@pytest.mark.parametrize(
    "resource",
    [
        "https://graph.microsoft.com/",
        "https://fabrikam.crm4.dynamics.com/",
        "https://contoso.crm4.dynamics.com.evil.example/",
        "http://contoso.crm4.dynamics.com/",
    ],
)
def test_a_hostile_resource_is_refused(
    service: responses.RequestsMock, source: ClientSecret, wanted: TokenRequest, resource: str
) -> None:
    """A token for somebody else's resource is not even asked for."""
    challenge(service, resource=resource)
    with pytest.raises(ForeignOrigin, match="wants a token for another"):
        source.token(wanted)
    assert len(service.calls) == 1


def test_a_discovery_document_cannot_lead_the_secret_away(
    service: responses.RequestsMock, source: ClientSecret, wanted: TokenRequest
) -> None:
    """The token endpoint is judged like the authority, whoever names it."""
    challenge(service)
    discovery(service, token_endpoint="https://evil.example/token")
    with pytest.raises(UntrustedAuthority, match=r"evil\.example"):
        source.token(wanted)
    assert not was_sent(service, "s3cret")


def test_an_emulators_authority_is_used_without_microsofts_discovery(
    service: responses.RequestsMock, policy: RetryPolicy
) -> None:
    """Only for an emulator of ours msal does not ask Microsoft whether the authority is known."""
    challenge(service, f"https://127.0.0.1:5001/{TENANT}")
    authority = f"https://127.0.0.1:5001/{TENANT}"
    discovery(service, authority)
    token(service, authority)
    trusted = TrustedAuthorities(extra=("https://127.0.0.1:5001",), is_emulator=True)
    assert ClientSecret(TENANT, "app", SECRET, trusted=trusted).token(TokenRequest(ENVIRONMENT, retry=policy))
    assert not was_sent(service, "common/discovery/instance")


def test_another_authority_of_the_callers_is_checked_with_microsoft(
    service: responses.RequestsMock, wanted: TokenRequest
) -> None:
    """Without the emulator's flag, msal's instance discovery stays on."""
    challenge(service, f"https://login.corp.example/{TENANT}")
    service.get(
        f"{LOGIN}/common/discovery/instance",
        json={
            "tenant_discovery_endpoint": f"https://login.corp.example/{TENANT}/v2.0/.well-known/openid-configuration"
        },
    )
    discovery(service, f"https://login.corp.example/{TENANT}")
    token(service, f"https://login.corp.example/{TENANT}")
    source = ClientSecret(TENANT, "app", SECRET, trusted=TrustedAuthorities(extra=("login.corp.example",)))
    assert source.token(wanted) == "the-token"


@pytest.mark.parametrize(
    ("error", "number", "message", "hint"),
    [
        ("invalid_client", 7000215, "refused the client secret", "The secret is wrong"),
        ("invalid_client", 7000222, "refused the client secret", "expired"),
        ("invalid_client", 1, "refused the client secret", "value"),
        ("unauthorized_client", 700016, "does not know the application", "not registered in this tenant"),
        ("unauthorized_client", 1, "does not know the application", "client id"),
        ("invalid_resource", 500011, "does not know the environment", "environment's address"),
        ("invalid_request", 90002, "gave no token", "tenant does not exist"),
        ("surprise", 1, "gave no token (surprise)", "client id"),
    ],
)
def test_a_refusal_says_what_to_do(
    service: responses.RequestsMock,
    source: ClientSecret,
    wanted: TokenRequest,
    error: str,
    number: int,
    message: str,
    hint: str,
) -> None:
    """The service's error word decides the sentence, its number only the hint."""
    challenge(service)
    discovery(service)
    refusal(service, error, number)
    with pytest.raises(SignInError) as caught:
        source.token(wanted)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.code == error


def test_an_unknown_tenant_is_named(
    service: responses.RequestsMock, source: ClientSecret, wanted: TokenRequest
) -> None:
    """The authority has no description of a tenant that it does not know."""
    challenge(service)
    service.get(
        f"{LOGIN}/{TENANT}/v2.0/.well-known/openid-configuration",
        status=400,
        json={"error": "invalid_tenant"},
    )
    with pytest.raises(SignInError, match=f"does not know the tenant '{TENANT}'") as caught:
        source.token(wanted)
    assert caught.value.code == "invalid_tenant"


def test_an_authority_that_microsoft_does_not_know_is_not_trusted(
    service: responses.RequestsMock, wanted: TokenRequest
) -> None:
    """Being named by the caller is not enough outside of an emulator: msal's own check still counts."""
    challenge(service, f"https://login.corp.example/{TENANT}")
    service.get(f"{LOGIN}/common/discovery/instance", status=400, json={"error": "invalid_instance"})
    source = ClientSecret(TENANT, "app", SECRET, trusted=TrustedAuthorities(extra=("login.corp.example",)))
    with pytest.raises(UntrustedAuthority, match="Microsoft does not know"):
        source.token(wanted)


@pytest.mark.parametrize("document", [{}, {"authorization_endpoint": "x"}, []])
def test_a_strange_discovery_document_is_malformed(
    service: responses.RequestsMock, source: ClientSecret, wanted: TokenRequest, document: object
) -> None:
    """What an authority leaves out is said, not a fault of ours."""
    challenge(service)
    service.get(f"{LOGIN}/{TENANT}/v2.0/.well-known/openid-configuration", json=document)
    with pytest.raises(MalformedAnswer):
        source.token(wanted)


@pytest.mark.parametrize("tenant", ["../evil", "a/b", "a b", "t?x=1"])
def test_what_cannot_be_a_tenant_is_not_sent(
    service: responses.RequestsMock, wanted: TokenRequest, tenant: str
) -> None:
    """A tenant becomes part of an address, so it may not have punctuation of one."""
    challenge(service)
    with pytest.raises(SignInError, match="is not a tenant"):
        ClientSecret(tenant, "app-1", SECRET).token(wanted)


def test_a_shared_authority_needs_a_tenant(service: responses.RequestsMock, wanted: TokenRequest) -> None:
    """From /common nobody learns the tenant."""
    challenge(service, f"{LOGIN}/common")
    with pytest.raises(SignInError, match="No tenant is given"):
        ClientSecret(None, "app-1", SECRET).token(wanted)


@pytest.mark.parametrize("status", [200, 302, 400, 404])
def test_an_address_that_asks_for_no_token_is_no_environment(
    service: responses.RequestsMock, source: ClientSecret, wanted: TokenRequest, status: int
) -> None:
    """A web page, a redirect or a 404 means that the address is wrong: nothing is signed in to."""
    service.get(API, status=status, headers={"Location": "https://evil.example/"})
    with pytest.raises(SignInError, match=f"answered {status}"):
        source.token(wanted)
    assert len(service.calls) == 1


def test_an_environment_without_a_challenge_needs_an_authority(
    service: responses.RequestsMock, source: ClientSecret, wanted: TokenRequest
) -> None:
    """Where to sign in is never guessed."""
    service.get(API, status=401)
    with pytest.raises(SignInError, match="does not say where to sign in"):
        source.token(wanted)


def test_token_requests_are_repeated(
    service: responses.RequestsMock, source: ClientSecret, wanted: TokenRequest, pauses: list[float]
) -> None:
    """Limits, faults and lost answers on the way to a token are waited out."""
    challenge(service)
    discovery(service)
    url = f"{LOGIN}/{TENANT}/oauth2/v2.0/token"
    service.post(url, status=429, headers={"Retry-After": "7"})
    service.post(url, status=503)
    service.post(url, body=requests.ConnectionError("reset"))
    token(service)
    assert source.token(wanted) == "the-token"
    assert 7 <= pauses[0] <= 8
    assert len(pauses) == 3


def test_an_authority_that_stays_away_is_said_to_be(
    service: responses.RequestsMock, source: ClientSecret, wanted: TokenRequest
) -> None:
    """Faults that do not pass end in the usual errors, not in one of msal's."""
    challenge(service)
    discovery(service)
    url = f"{LOGIN}/{TENANT}/oauth2/v2.0/token"
    service.post(url, status=503)
    with pytest.raises(ServerFault):
        source.token(wanted)
    service.replace("POST", url, body=requests.ConnectionError("reset"))
    with pytest.raises(Unreachable, match="cannot be reached"):
        source.token(wanted)


def test_a_token_answer_that_is_no_json_is_not_shown(
    service: responses.RequestsMock,
    source: ClientSecret,
    wanted: TokenRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What a proxy answers in place of the authority goes into no log and no message."""
    caplog.set_level(logging.DEBUG)
    challenge(service)
    discovery(service)
    service.post(f"{LOGIN}/{TENANT}/oauth2/v2.0/token", body="<html>private</html>", content_type="text/html")
    with pytest.raises(MalformedAnswer, match="not a JSON object"):
        source.token(wanted)
    assert "private" not in caplog.text


def test_forget_signs_in_anew(
    service: responses.RequestsMock, source: ClientSecret, wanted: TokenRequest
) -> None:
    """After the environment has refused a token, the next one does not come out of the cache."""
    challenge(service)
    discovery(service)
    token(service)
    token(service, access_token="another")
    assert source.token(wanted) == "the-token"
    source.forget()
    assert source.token(wanted) == "another"


def test_an_empty_secret_is_named_before_anything_is_sent(wanted: TokenRequest) -> None:
    """Nothing to sign in with is a setting that is missing."""
    with pytest.raises(SettingsError, match="empty"):
        ClientSecret(TENANT, "app-1", "").token(wanted)


@pytest.mark.parametrize("failing", ["refused", "lost", "html", "led_away"])
def test_the_secret_is_in_no_repr_log_or_traceback(
    service: responses.RequestsMock,
    source: ClientSecret,
    wanted: TokenRequest,
    caplog: pytest.LogCaptureFixture,
    failing: str,
) -> None:
    """Also not in tracebacks that show the values of variables, nor in msal's logs."""
    caplog.set_level(logging.DEBUG)
    url = f"{LOGIN}/{TENANT}/oauth2/v2.0/token"
    challenge(service)
    discovery(service, **({"token_endpoint": "https://evil.example/t"} if failing == "led_away" else {}))
    if failing == "refused":
        refusal(service, "invalid_client", 7000215)
    if failing == "lost":
        service.post(url, body=requests.ConnectionError("reset"))
    if failing == "html":
        service.post(url, body="<html>")
    with pytest.raises(DataverseError) as caught:
        source.token(wanted)
    trace = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    in_tests = [line for line in trace.splitlines() if "SECRET" not in line]
    for text in (repr(source), caplog.text, str(caught.value), "\n".join(in_tests)):
        assert "s3cret" not in text
