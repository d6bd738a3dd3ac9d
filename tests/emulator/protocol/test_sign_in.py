"""Who may call: msal's own sign-in, Entra's refusals, and the application user behind a token."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msal  # type: ignore[import-untyped]
import pytest
import requests

from connector.emulator import RunningEmulator, start
from connector.emulator.identity.tokens import create_application
from tests.emulator.protocol.caller import NOW, Api, code_of


@pytest.fixture
def own() -> Iterator[RunningEmulator]:
    """An emulator for one test that changes users or the clock."""
    with start(None, now=NOW) as running:
        yield running


def session_for(emulator: RunningEmulator) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = str(emulator.ca_file)
    return session


def sign_in(emulator: RunningEmulator, **changes: Any) -> dict[str, Any]:
    settings = {
        "client_id": emulator.client_id,
        "client_credential": emulator.client_secret,
        "authority": emulator.authority,
        **changes,
    }
    scope = settings.pop("scope", f"{emulator.url}/.default")
    with session_for(emulator) as session:
        app = msal.ConfidentialClientApplication(**settings, instance_discovery=False, http_client=session)
        answer: dict[str, Any] = app.acquire_token_for_client([scope])
        return answer


def test_msal_signs_in_and_the_token_opens_the_web_api(emulator: RunningEmulator) -> None:
    """A client secret gives a bearer token through msal, and the environment takes it."""
    answer = sign_in(emulator)
    with session_for(emulator) as session:
        who = session.get(
            f"{emulator.url}/api/data/v9.2/WhoAmI",
            headers={"Authorization": f"Bearer {answer['access_token']}"},
            timeout=30,
        )
    assert who.status_code == 200
    assert who.json()["UserId"] == emulator.user_id


@pytest.mark.parametrize(
    ("changes", "error", "number"),
    [
        ({"client_credential": "wrong"}, "invalid_client", 7000215),
        ({"client_id": "11111111-1111-1111-1111-111111111111"}, "unauthorized_client", 700016),
        ({"scope": "https://127.0.0.1:1/.default"}, "invalid_resource", 500011),
    ],
)
def test_entra_words_for_a_refused_sign_in(
    emulator: RunningEmulator, changes: dict[str, str], error: str, number: int
) -> None:
    """Wrong secret, unknown application and unknown resource are told apart as Entra does."""
    answer = sign_in(emulator, **changes)
    assert (answer["error"], answer["error_codes"]) == (error, [number])
    assert f"AADSTS{number}" in answer["error_description"]
    assert emulator.client_secret not in answer["error_description"]


def token_of(emulator: RunningEmulator, address: str = "", **form: str) -> requests.Response:
    """The answer of a token endpoint to a form; id and secret go in the Authorization header."""
    fields = {"grant_type": "client_credentials", **form}
    login = (emulator.client_id, emulator.client_secret)
    with session_for(emulator) as session:
        return session.post(address or emulator.token_url, data=fields, auth=login, timeout=30)


@pytest.mark.parametrize("ending", ["/.default", "//.default", "/.default openid offline_access"])
def test_a_client_may_sign_in_with_basic_authentication(emulator: RunningEmulator, ending: str) -> None:
    """Id and secret count in the Authorization header too, and a slash more in the scope is forgiven."""
    answer = token_of(emulator, scope=emulator.url + ending)
    assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")


@pytest.mark.parametrize("ending", ["", "/"])
def test_the_older_endpoint_takes_a_resource(emulator: RunningEmulator, ending: str) -> None:
    """Clients of the endpoint without v2.0 name the environment as `resource`; the token is as good."""
    older = emulator.token_url.replace("/v2.0/", "/")
    answer = token_of(emulator, older, resource=emulator.url + ending)
    with session_for(emulator) as session:
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        who = session.get(f"{emulator.url}/api/data/v9.2/WhoAmI", headers=headers, timeout=30)
    assert who.status_code == 200


def test_scope_and_resource_are_told_apart(emulator: RunningEmulator) -> None:
    """Each endpoint refuses the other's parameter by a number of its own, as it does foreign resources."""
    older = emulator.token_url.replace("/v2.0/", "/")
    numbers = [
        token_of(emulator, resource=emulator.url).json()["error_codes"],
        token_of(emulator, older, scope=f"{emulator.url}/.default").json()["error_codes"],
        token_of(emulator, older, resource="https://127.0.0.1:1").json()["error_codes"],
    ]
    assert numbers == [[901002], [900144], [500011]]


def test_an_unknown_tenant_is_refused(emulator: RunningEmulator) -> None:
    """The discovery of another tenant fails with AADSTS90002; msal makes a ValueError of it."""
    other = emulator.authority.rpartition("/")[0] + "/22222222-2222-2222-2222-222222222222"
    with session_for(emulator) as session:
        answer = session.get(f"{other}/v2.0/.well-known/openid-configuration", timeout=30)
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])
    with pytest.raises(ValueError, match="authority"):
        sign_in(emulator, authority=other)


def test_no_token_meets_a_challenge_that_names_authority_and_resource(emulator: RunningEmulator) -> None:
    """Without a token every address answers 401 with authorization_uri and resource_id."""
    with session_for(emulator) as session:
        answer = session.get(f"{emulator.url}/api/data/v9.2/", timeout=30)
    challenge = answer.headers["WWW-Authenticate"]
    assert answer.status_code == 401
    assert challenge == (
        f"Bearer authorization_uri={emulator.authority}/oauth2/authorize, resource_id={emulator.url}"
    )


def test_an_invented_token_is_refused(emulator: RunningEmulator) -> None:
    """Only tokens that the endpoint issued count: the emulator is strict."""
    with session_for(emulator) as session:
        answer = session.get(
            f"{emulator.url}/api/data/v9.2/WhoAmI", headers={"Authorization": "Bearer me"}, timeout=30
        )
    assert answer.status_code == 401


def test_tokens_expire_by_the_emulators_clock(own: RunningEmulator) -> None:
    """An hour on the emulator's clock ends a token, whatever the machine's clock says."""
    api = Api(own)
    assert api.get("WhoAmI").status_code == 200
    with own.store.transaction() as tx:
        tx.set_now(NOW + timedelta(hours=1))
    assert api.get("WhoAmI").status_code == 401
    api.renew()
    assert api.get("WhoAmI").status_code == 200
    api.session.close()


def test_a_token_without_application_user_is_forbidden(own: RunningEmulator) -> None:
    """An application that the tenant knows and the environment does not: 403, 0x80072560."""
    with own.store.transaction() as tx:
        stranger = create_application(tx)
    answer = sign_in(own, client_id=stranger.client_id, client_credential=stranger.secret)
    api = Api(own)
    api.session.headers["Authorization"] = f"Bearer {answer['access_token']}"
    assert code_of(api.get("WhoAmI")) == (403, "0x80072560")
    api.session.close()


def test_a_disabled_application_user_is_forbidden(own: RunningEmulator) -> None:
    """A disabled user keeps its token and is refused all the same."""
    api = Api(own)
    with own.store.transaction() as tx:
        tx.update("systemuser", own.user_id, {"isdisabled": True})
    assert api.get("WhoAmI").status_code == 403
    api.session.close()


def test_every_answer_carries_the_emulators_date(own: RunningEmulator) -> None:
    """The Date header is the emulator's clock, on the Web API and on the token endpoint."""
    api = Api(own)
    wanted = "Sun, 04 Oct 2020 06:00:00 GMT"
    with session_for(own) as session:
        configuration = session.get(f"{own.authority}/v2.0/.well-known/openid-configuration", timeout=30)
    assert api.get("WhoAmI").headers["Date"] == wanted
    assert api.get("nothing").headers["Date"] == wanted
    assert configuration.headers["Date"] == wanted
    api.session.close()


def test_secrets_stay_out_of_representations(emulator: RunningEmulator) -> None:
    """Neither the running object nor an application shows its secret."""
    with emulator.store.snapshot() as tx:
        assert emulator.client_secret in str(tx.setting("applications"))
    assert emulator.client_secret not in repr(emulator)
