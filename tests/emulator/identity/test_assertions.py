"""Client assertions: what of a signed token is looked at, each by its own refusal."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from connector.emulator import RunningEmulator
from connector.emulator.identity.registrations import Federation, register_certificate, register_federation
from tests.dataverse.sign_in.signing_in import Keys, new_keys

KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Post = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def keys() -> Keys:
    return new_keys()


def thumbprint(keys: Keys, kind: SHA1 | SHA256) -> str:
    return base64.urlsafe_b64encode(keys.certificate.fingerprint(kind)).decode().rstrip("=")


@pytest.fixture
def assertion(emulator: RunningEmulator, keys: Keys) -> Callable[..., str]:
    """An assertion as a client makes it with its certificate; parts of it can be changed."""
    with emulator.store.transaction() as tx:
        register_certificate(tx, emulator.client_id, keys.certificate_pem)

    def made(header: dict[str, Any] | None = None, *, by: Keys = keys, **changes: Any) -> str:
        now = int(emulator.store.now.timestamp())
        claims = {
            "iss": emulator.client_id,
            "sub": emulator.client_id,
            "aud": emulator.token_url,
            "exp": now + 600,
            "iat": int(time.time()),
            **changes,
        }
        headers = header if header is not None else {"x5t#S256": thumbprint(keys, SHA256())}
        return jwt.encode(claims, by.key_pem(), algorithm="PS256", headers=headers)

    return made


@pytest.fixture
def numbers(emulator: RunningEmulator, post: Post) -> Callable[[str], list[int]]:
    """The numbers of the refusal of an assertion; none where it was accepted."""

    def shown(text: str, **more: str) -> list[int]:
        form = {"grant_type": "client_credentials", "scope": f"{emulator.url}/.default", **more}
        answer = post(client_assertion=text, client_assertion_type=KIND, **form)
        body = answer.json()
        assert answer.status_code == 200 or body["error"] == "invalid_client"
        assert ("access_token" in body) is (answer.status_code == 200)
        return list(body.get("error_codes", []))

    return shown


Numbers = Callable[[str], list[int]]
Made = Callable[..., str]


@pytest.mark.parametrize("kind", ["x5t", "x5t#S256", "both"])
def test_the_certificate_is_known_by_either_thumbprint(
    keys: Keys, assertion: Made, numbers: Numbers, kind: str
) -> None:
    """SHA-1 as older clients send it, SHA-256 as newer ones do."""
    both = {"x5t": thumbprint(keys, SHA1()), "x5t#S256": thumbprint(keys, SHA256())}
    assert numbers(assertion(both if kind == "both" else {kind: both[kind]})) == []


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"header": {"x5t#S256": "AAAA"}}, 700027),
        ({"header": {"x5t": "AAAA"}}, 700027),
        ({"iss": "somebody"}, 700021),
        ({"sub": "somebody"}, 700021),
        ({"aud": "https://login.microsoftonline.com/x/oauth2/v2.0/token"}, 700023),
        ({"exp": 1}, 700024),
        ({"exp": None}, 700024),
        ({"nbf": 4102444800}, 700024),
        ({"header": {}}, 700211),
    ],
)
def test_each_part_of_an_assertion_is_looked_at(
    assertion: Made, numbers: Numbers, changes: dict[str, Any], number: int
) -> None:
    """Thumbprint, application, audience and times, each with the number that Entra gives it."""
    assert numbers(assertion(**changes)) == [number]


def test_a_signature_of_another_key_is_refused(assertion: Made, numbers: Numbers) -> None:
    """A thumbprint alone proves nothing."""
    assert numbers(assertion(by=new_keys())) == [700027]


@pytest.mark.parametrize("text", ["x", "a.b.c", ""])
def test_what_is_no_jwt_is_refused(numbers: Numbers, text: str) -> None:
    """Malformed assertions have a number of their own; an empty one counts as none."""
    assert numbers(text) == ([50027] if text else [7000218])


def test_an_unsigned_assertion_is_refused(
    emulator: RunningEmulator, keys: Keys, assertion: Made, numbers: Numbers
) -> None:
    """alg none, with everything else right, is no proof."""
    claims = jwt.decode(assertion(), options={"verify_signature": False})
    header = {"x5t#S256": thumbprint(keys, SHA256())}
    assert numbers(jwt.encode(claims, "", algorithm="none", headers=header)) == [700027]


def test_the_time_of_an_assertion_is_the_emulators(
    emulator: RunningEmulator, assertion: Made, numbers: Numbers
) -> None:
    """An assertion ends by the emulator's clock, whatever this machine's says."""
    text = assertion()
    assert numbers(text) == []
    with emulator.store.transaction() as tx:
        tx.set_now(tx.now + timedelta(seconds=600))
    assert numbers(text) == [700024]


def test_a_federated_assertion_of_our_own_issuer_needs_our_key(
    emulator: RunningEmulator, keys: Keys, numbers: Numbers
) -> None:
    """Whoever names the issuer that the emulator plays has to be it."""
    own = "https://github.emulator.invalid"
    with emulator.store.transaction() as tx:
        register_federation(tx, emulator.client_id, Federation(issuer=own, subject="repo"))
    claims = {"iss": own, "sub": "repo", "aud": "api://AzureADTokenExchange", "exp": 4102444800}
    assert numbers(jwt.encode(claims, keys.key_pem(), algorithm="RS256")) == [50013]
    assert numbers(emulator.issuer.key.sign(claims)) == []
