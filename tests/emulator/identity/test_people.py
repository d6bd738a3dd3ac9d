"""People who sign in: authorization code, device code, refresh token, and the user behind a token."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from connector.emulator import RunningEmulator

Post = Callable[..., requests.Response]
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
REDIRECT = "http://localhost:8400/back"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def authorize(emulator: RunningEmulator, session: requests.Session, scope: str) -> Post:
    """The page's answer, not followed."""

    def asked(**changes: str) -> requests.Response:
        query = {
            "client_id": emulator.client_id,
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "scope": scope,
            "state": "s",
            "nonce": "n",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        url = f"{emulator.authority}/oauth2/v2.0/authorize"
        return session.get(url, params=query, allow_redirects=False, timeout=30)

    return asked


def fields_of(answer: requests.Response) -> dict[str, str]:
    query = urlsplit(answer.headers["Location"]).query
    return {name: values[0] for name, values in parse_qs(query).items()}


@pytest.fixture
def code(authorize: Post, person: str) -> str:
    answer = authorize()
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(REDIRECT + "?")
    fields = fields_of(answer)
    assert fields["state"] == "s"
    return fields["code"]


def redeem(post: Post, code: str, /, **changes: str) -> requests.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **changes,
    }
    return post(**form)


def number_of(answer: requests.Response) -> tuple[str, int]:
    body = answer.json()
    return body["error"], body["error_codes"][0]


def test_a_code_gives_the_tokens_of_its_user(
    emulator: RunningEmulator, session: requests.Session, post: Post, code: str, person: str
) -> None:
    """Access token, refresh token, and an id token that the published key verifies."""
    body = redeem(post, code).json()
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    who = session.get(f"{emulator.url}/api/data/v9.2/WhoAmI", headers=headers, timeout=30)
    assert who.json()["UserId"] == person
    keys = session.get(f"{emulator.authority}/discovery/v2.0/keys", timeout=30).json()
    key = jwt.PyJWKSet.from_dict(keys).keys[0]
    claims: dict[str, Any] = jwt.decode(
        body["id_token"],
        key,
        algorithms=["RS256"],
        audience=emulator.client_id,
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    assert (claims["nonce"], claims["preferred_username"]) == ("n", "alex@x.invalid")
    assert claims["iss"] == f"{emulator.authority}/v2.0"


def test_a_code_serves_once(post: Post, code: str) -> None:
    """A code that was redeemed is known as that."""
    assert redeem(post, code).status_code == 200
    assert number_of(redeem(post, code)) == ("invalid_grant", 54005)


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"code_verifier": "w" * 43}, 50148),
        ({"code_verifier": ""}, 50148),
        ({"redirect_uri": "http://localhost:8401"}, 500112),
        ({"code": "invented"}, 70008),
        ({"code": ""}, 900144),
    ],
)
def test_a_code_is_bound_to_its_challenge_and_redirect(
    post: Post, code: str, changes: dict[str, str], number: int
) -> None:
    """Whoever has only the code has nothing (RFC 7636)."""
    assert number_of(redeem(post, code, **changes))[1] == number


def test_a_code_expires_by_the_emulators_clock(emulator: RunningEmulator, post: Post, code: str) -> None:
    """Ten minutes of the emulator's clock end it."""
    with emulator.store.transaction() as tx:
        tx.set_now(tx.now + timedelta(minutes=10))
    assert number_of(redeem(post, code)) == ("invalid_grant", 70008)


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(
    "redirect",
    ["https://evil.example/", "http://localhost.evil.example/", "http://localhost@evil.example", ""],
)
def test_only_loopback_redirects_are_registered(authorize: Post, redirect: str) -> None:
    """Another address is refused on the page itself: nothing is sent there."""
    answer = authorize(redirect_uri=redirect)
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [50011])


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "https://other.example/user_impersonation"}, "invalid_resource"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"login_hint": "nobody@x.invalid"}, "invalid_grant"),
    ],
)
def test_other_refusals_go_back_to_the_client(authorize: Post, changes: dict[str, str], error: str) -> None:
    """With the state, so that the client knows its own question (RFC 6749, 4.1.2.1)."""
    fields = fields_of(authorize(**changes))
    assert (fields["error"], fields["state"]) == (error, "s")
    assert "code" not in fields


@pytest.mark.usefixtures("person")
def test_the_answer_can_come_as_a_form(authorize: Post) -> None:
    """response_mode form_post gives a page that posts itself; what the client sent is escaped in it."""
    page = authorize(response_mode="form_post", state='"><script>')
    assert page.headers["Content-Type"].startswith("text/html")
    assert re.search(rf'<form method="post" action="{REDIRECT}">', page.text)
    assert "<script>" not in page.text
    assert "&quot;&gt;&lt;script&gt;" in page.text


def test_a_login_hint_chooses_the_user(
    emulator: RunningEmulator, authorize: Post, post: Post, session: requests.Session, person: str
) -> None:
    """Without a choice by the control endpoint the client's proposal counts."""
    code = fields_of(authorize(login_hint="alex@x.invalid"))["code"]
    assert redeem(post, code).status_code == 200


@pytest.fixture
def refresh_token(post: Post, code: str) -> str:
    return str(redeem(post, code).json()["refresh_token"])


def test_a_refresh_token_gives_new_tokens(emulator: RunningEmulator, post: Post, refresh_token: str) -> None:
    """Also after the access tokens have expired."""
    emulator.issuer.expire_all()
    body = post(grant_type="refresh_token", refresh_token=refresh_token).json()
    assert {"access_token", "refresh_token", "id_token"} <= set(body)


@pytest.mark.parametrize(("days", "token", "number"), [(90, "", 700082), (0, "invented", 9002313)])
def test_a_refresh_token_that_is_none_or_over_is_refused(
    emulator: RunningEmulator, post: Post, refresh_token: str, days: int, token: str, number: int
) -> None:
    """Ninety days of the emulator's clock end it."""
    with emulator.store.transaction() as tx:
        tx.set_now(tx.now + timedelta(days=days))
    answer = post(grant_type="refresh_token", refresh_token=token or refresh_token)
    assert number_of(answer) == ("invalid_grant", number)


def test_a_disabled_user_signs_in_no_more(
    emulator: RunningEmulator, post: Post, refresh_token: str, person: str
) -> None:
    """Neither by a refresh token nor anew; and a token that is held still is refused by the Web API."""
    with emulator.store.transaction() as tx:
        tx.update("systemuser", person, {"isdisabled": True})
    assert number_of(post(grant_type="refresh_token", refresh_token=refresh_token)) == (
        "invalid_grant",
        50057,
    )


@pytest.mark.parametrize("grant", [DEVICE, "device_code"])
def test_a_device_code_gives_tokens(post: Post, scope: str, person: str, grant: str) -> None:
    """As long as nobody says otherwise the person approves at once; the code serves once."""
    begun = post("oauth2/v2.0/devicecode", scope=scope).json()
    assert (begun["expires_in"], begun["interval"]) == (900, 5)
    assert begun["user_code"] in begun["message"]
    assert post(grant_type=grant, device_code=begun["device_code"]).status_code == 200
    again = post(grant_type=grant, device_code=begun["device_code"])
    assert number_of(again) == ("bad_verification_code", 70018)


def test_a_device_code_expires_by_the_emulators_clock(
    emulator: RunningEmulator, post: Post, scope: str, person: str
) -> None:
    """Fifteen minutes of the emulator's clock end it."""
    begun = post("oauth2/v2.0/devicecode", scope=scope).json()
    with emulator.store.transaction() as tx:
        tx.set_now(tx.now + timedelta(minutes=15))
    answer = post(grant_type=DEVICE, device_code=begun["device_code"])
    assert number_of(answer) == ("expired_token", 70019)


def test_other_grants_are_refused_by_name(post: Post) -> None:
    """Passwords are taken by nobody."""
    answer = post(grant_type="password", username="a", password="b")
    assert number_of(answer) == ("unsupported_grant_type", 70003)
    assert "password" in answer.json()["error_description"]
