"""Nothing secret in any error, in any form in which somebody may look at it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import responses

from connector.dataverse import (
    EVERYTHING,
    Action,
    ClientSecret,
    Create,
    DataverseClient,
    RetryPolicy,
    TokenRequest,
    TrustedAuthorities,
)
from connector.errors import (
    AccessDenied,
    Conflict,
    DataverseError,
    ForeignOrigin,
    HttpError,
    MalformedAnswer,
    NotFound,
    OutcomeUnknown,
    ServerFault,
    SignInError,
    Throttled,
    Unauthorized,
    Unreachable,
    UntrustedAuthority,
)
from tests.dataverse.conftest import Table

ID = "0f7d4c1a-1111-2222-3333-444455556666"
TENANT = "11111111-2222-3333-4444-555555555555"
HOME = "https://contoso.crm4.dynamics.com"
ROOT = f"{HOME}/api/data/v9.2"
LOGIN = f"https://login.microsoftonline.com/{TENANT}"
# Parts, so that no line of this file that a traceback quotes holds the whole.
TOKEN, REFRESH, SECRET = (f"{kind}.s3cret.value" for kind in ("eyJhbGciOi", "0.AXoA", "8Q8"))

Call = Callable[[DataverseClient, Table, responses.RequestsMock], object]


class LeakyTokens:
    """A source that would show its token to whoever prints it: the client must not."""

    def token(self, request: TokenRequest) -> str:
        return TOKEN

    def forget(self) -> None:
        """Nothing is kept."""


def get(answer: dict[str, Any]) -> Call:
    def call(client: DataverseClient, table: Table, service: responses.RequestsMock) -> object:
        service.get(f"{ROOT}/accounts({ID})", **answer)
        return client.retrieve(table, ID)

    return call


def listed_elsewhere(client: DataverseClient, table: Table, service: responses.RequestsMock) -> object:
    service.get(f"{ROOT}/accounts", json={"value": [], "@odata.nextLink": "https://evil.example/x"})
    return list(client.list(table, EVERYTHING))


def lost_action(client: DataverseClient, table: Table, service: responses.RequestsMock) -> object:
    service.post(f"{ROOT}/Do", body=requests.ConnectionError("reset"))
    return client.action("Do", {"x": 1})


def lost_change_set(client: DataverseClient, table: Table, service: responses.RequestsMock) -> object:
    service.post(f"{ROOT}/$batch", body=requests.ReadTimeout("late"))
    return client.change_set([Create("accounts", ID, {}), Action("Do")])


def conflicting(client: DataverseClient, table: Table, service: responses.RequestsMock) -> object:
    service.patch(f"{ROOT}/accounts({ID})", status=412)
    service.get(f"{ROOT}/accounts({ID})", json={"name": "x"})
    client.create("accounts", ID, {})
    return None


PROVOKED: dict[type[DataverseError], list[Call]] = {
    ForeignOrigin: [listed_elsewhere, get({"status": 302, "headers": {"Location": "https://evil.example"}})],
    Unreachable: [get({"body": requests.ConnectionError("reset")}), get({"body": OSError("cut")})],
    MalformedAnswer: [get({"body": "<html>"}), get({"json": {"accountid": 5}}), get({"status": 304})],
    OutcomeUnknown: [lost_action, lost_change_set],
    HttpError: [get({"status": 400, "json": {"error": {"code": "0x0", "message": "no"}}})],
    Unauthorized: [get({"status": 401})],
    AccessDenied: [get({"status": 403})],
    NotFound: [get({"status": 404})],
    Conflict: [conflicting],
    Throttled: [get({"status": 429, "headers": {"Retry-After": "1000"}})],
    ServerFault: [get({"status": 503})],
}


def shown(error: BaseException) -> str:
    """The error as a log, a debugger, a crash report and a careless print would show it."""
    trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    seen: list[str] = []
    following: BaseException | None = error
    while following is not None:
        seen += [repr(following), str(following), repr(following.args), repr(vars(following))]
        following = following.__cause__ or following.__context__
    return "\n".join([*trace.format(), *seen])


@pytest.fixture
def leaky(policy: RetryPolicy, caplog: pytest.LogCaptureFixture) -> Iterator[DataverseClient]:
    caplog.set_level(logging.DEBUG)
    with DataverseClient(HOME, LeakyTokens(), retry=policy) as client:
        yield client


def test_every_class_of_the_tree_is_provoked_here() -> None:
    """Those that have to do with signing in are provoked below."""
    classes: set[type[DataverseError]] = set()
    waiting: list[type[DataverseError]] = list(DataverseError.__subclasses__())
    while waiting:
        kind = waiting.pop()
        classes.add(kind)
        waiting += kind.__subclasses__()
    assert classes == {*PROVOKED, SignInError, UntrustedAuthority}


@pytest.mark.parametrize(
    ("kind", "call"),
    [(kind, call) for kind, calls in PROVOKED.items() for call in calls],
    ids=[f"{kind.__name__}-{number}" for kind, calls in PROVOKED.items() for number in range(len(calls))],
)
def test_no_error_shows_the_token(
    leaky: DataverseClient,
    accounts: Table,
    service: responses.RequestsMock,
    caplog: pytest.LogCaptureFixture,
    kind: type[DataverseError],
    call: Call,
) -> None:
    """Neither its text nor its parts, nor a traceback with all local values, nor any log at debug."""
    with pytest.raises(kind) as caught:
        call(leaky, accounts, service)
    assert type(caught.value) is kind
    assert service.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in shown(caught.value)
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(leaky)


def test_a_token_that_cannot_be_one_is_not_quoted(
    policy: RetryPolicy, accounts: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a source gives is taken for a secret."""
    monkeypatch.setattr(LeakyTokens, "token", lambda *_: f"{TOKEN} with a blank")
    with DataverseClient(HOME, LeakyTokens(), retry=policy) as client, pytest.raises(SignInError) as caught:
        client.retrieve(accounts, ID)
    assert TOKEN not in shown(caught.value)


def signing_in(service: responses.RequestsMock, token_answer: str) -> None:
    """The environment's challenge, the authority's document, and what it says when asked for a token."""
    challenge = f"Bearer authorization_uri={LOGIN}/oauth2/authorize, resource_id={HOME}/"
    service.get(f"{ROOT}/", status=401, headers={"WWW-Authenticate": challenge})
    document = {
        "issuer": f"{LOGIN}/v2.0",
        "authorization_endpoint": f"{LOGIN}/oauth2/v2.0/authorize",
        "token_endpoint": f"{LOGIN}/oauth2/v2.0/token",
    }
    service.get(f"{LOGIN}/v2.0/.well-known/openid-configuration", json=document)
    service.post(f"{LOGIN}/oauth2/v2.0/token", **TOKEN_ANSWERS[token_answer])


GOOD = {"access_token": TOKEN, "refresh_token": REFRESH, "token_type": "Bearer", "expires_in": 3600}
# By name, so that no test has a secret among its own local values.
TOKEN_ANSWERS: dict[str, dict[str, Any]] = {
    "a token, and then no answer": {"json": GOOD},
    "no token": {"json": {**GOOD, "access_token": f"{TOKEN} x"}},
    "no answer of an authority": {"body": "<html>"},
    "lost": {"body": requests.ConnectionError("reset")},
    "half an answer": {"json": {"refresh_token": REFRESH}},
}


@pytest.mark.parametrize("token_answer", TOKEN_ANSWERS)
def test_no_error_shows_the_secret_or_what_came_for_it(
    service: responses.RequestsMock,
    policy: RetryPolicy,
    accounts: Table,
    caplog: pytest.LogCaptureFixture,
    token_answer: str,
) -> None:
    """The client secret, the token and a refresh token stay out of errors, logs and repr of all objects."""
    caplog.set_level(logging.DEBUG)
    service.assert_all_requests_are_fired = False
    signing_in(service, token_answer)
    service.get(f"{ROOT}/accounts({ID})", body=requests.ConnectionError("reset"))
    source = ClientSecret(TENANT, ID, SECRET)
    with DataverseClient(HOME, source, retry=policy) as client, pytest.raises(DataverseError) as caught:
        client.retrieve(accounts, ID)
    text = "\n".join([shown(caught.value), caplog.text, repr(source), repr(client)])
    for secret in (SECRET, TOKEN, REFRESH):
        assert secret not in text


def test_an_authority_that_nobody_trusts_is_named_and_the_secret_is_not(
    service: responses.RequestsMock, policy: RetryPolicy, accounts: Table
) -> None:
    """The error names the host, and nothing was sent there."""
    challenge = f"Bearer authorization_uri=https://login.evil.example/{TENANT}/oauth2/authorize"
    service.get(f"{ROOT}/", status=401, headers={"WWW-Authenticate": challenge})
    source = ClientSecret(None, ID, SECRET, trusted=TrustedAuthorities())
    with DataverseClient(HOME, source, retry=policy) as client, pytest.raises(UntrustedAuthority) as caught:
        client.retrieve(accounts, ID)
    assert "login.evil.example" in caught.value.message
    assert SECRET not in shown(caught.value)


def test_the_search_would_find_a_secret() -> None:
    """A local value, a part of an error and the cause of a cause are all looked at."""

    def fail(secret: str) -> None:
        raise Unreachable("x", reason=secret)

    with pytest.raises(Unreachable) as caught:
        fail(TOKEN)
    assert TOKEN in shown(caught.value)
    outer = ValueError("y")
    outer.__cause__ = caught.value
    assert TOKEN in shown(outer)
