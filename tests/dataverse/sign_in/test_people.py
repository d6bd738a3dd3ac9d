"""People who sign in: by device code and by the browser."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import unquote

import pytest
import requests

from connector.dataverse import TokenRequest
from connector.emulator import RunningEmulator
from connector.emulator.identity.control import change_sign_in
from connector.errors import SignInError
from tests.dataverse.sign_in.signing_in import NOW, by_device, interactive, user_of


def test_a_person_signs_in_by_device_code(
    emulator: RunningEmulator, request_: TokenRequest, person: str, told: list[str]
) -> None:
    """The code and its page are told once, and the token is that person's."""
    source = by_device(emulator, told)
    token = source.token(request_)
    assert user_of(emulator, token) == person
    assert source.token(request_) == token
    assert len(told) == 1
    assert "/oauth2/deviceauth" in told[0]


@pytest.mark.parametrize("decision", ["approve", "decline"])
def test_a_device_code_waits_for_its_person(
    emulator: RunningEmulator, request_: TokenRequest, person: str, told: list[str], decision: str
) -> None:
    """Between the questions lies the interval that the authority asks for; a refusal is told as one."""
    change_sign_in(emulator.issuer, {"approves": False})
    pauses: list[float] = []

    def decide(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            code = emulator.issuer.tickets.waiting()[0].user_code
            change_sign_in(emulator.issuer, {decision: code})

    request = replace(request_, retry=replace(request_.retry, sleep=decide))
    source = by_device(emulator, told)
    if decision == "approve":
        assert user_of(emulator, source.token(request)) == person
    else:
        with pytest.raises(SignInError, match="was declined"):
            source.token(request)
    assert pauses == [5, 5, 5]


@pytest.mark.usefixtures("person")
def test_a_device_code_that_nobody_types_ends(
    emulator: RunningEmulator, request_: TokenRequest, pauses: list[float], told: list[str]
) -> None:
    """After the code's own lifetime the waiting ends with a sentence."""
    change_sign_in(emulator.issuer, {"approves": False})
    with pytest.raises(SignInError, match="not used in time"):
        by_device(emulator, told).token(request_)
    assert sum(pauses) == 900


def test_a_person_signs_in_by_the_browser(
    emulator: RunningEmulator, request_: TokenRequest, person: str
) -> None:
    """Authorization code with PKCE, the answer posted to a loopback port."""
    visited: list[str] = []
    source = interactive(emulator, visited)
    assert user_of(emulator, source.token(request_)) == person
    for part in ("code_challenge_method=S256", "response_mode=form_post", "user_impersonation"):
        assert part in visited[0]


def test_without_a_browser_another_way_is_named(emulator: RunningEmulator, request_: TokenRequest) -> None:
    """Where no browser opens, nobody waits for one."""
    with pytest.raises(SignInError, match="No browser") as caught:
        interactive(emulator, browser=lambda _: False).token(request_)
    assert "device code" in caught.value.hint


def test_an_answer_that_does_not_know_the_state_is_passed_over(
    emulator: RunningEmulator, request_: TokenRequest
) -> None:
    """What another program on this machine posts to the port signs nobody in."""

    def forged(address: str) -> bool:
        port = re.search(r"localhost:(\d+)", unquote(address))
        assert port is not None
        with requests.Session() as session:
            session.trust_env = False
            form = {"code": "stolen", "state": "guessed"}
            session.post(f"http://127.0.0.1:{port[1]}", data=form, timeout=30)
        return True

    with pytest.raises(SignInError, match="Nobody signed in within 0 seconds"):
        interactive(emulator, browser=forged, timeout_s=0.2).token(request_)


def test_a_person_who_cannot_sign_in_is_told_why(emulator: RunningEmulator, request_: TokenRequest) -> None:
    """An environment without such a user ends in Entra's words for it."""
    with pytest.raises(SignInError) as caught:
        interactive(emulator).token(request_)
    assert caught.value.code == "invalid_grant"


def test_a_persons_token_is_renewed_without_the_person(
    emulator: RunningEmulator, request_: TokenRequest, person: str, told: list[str]
) -> None:
    """The refresh token serves when the environment refuses the access token, and before it expires."""
    source = by_device(emulator, told)
    first = source.token(request_)
    emulator.issuer.expire_all()
    source.forget()
    second = source.token(request_)
    assert user_of(emulator, second) == person
    assert second != first
    assert len(told) == 1


@pytest.mark.usefixtures("person")
def test_a_refresh_token_that_has_expired_asks_the_person_again(
    emulator: RunningEmulator, request_: TokenRequest, told: list[str]
) -> None:
    """After ninety days of the emulator's clock the code is shown again."""
    source = by_device(emulator, told)
    source.token(request_)
    with emulator.store.transaction() as tx:
        tx.set_now(NOW.replace(year=2021))
    source.forget()
    source.token(request_)
    assert len(told) == 2
