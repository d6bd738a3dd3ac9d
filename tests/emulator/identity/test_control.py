"""What the control endpoint says and changes about signing in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from connector.emulator.ownership import OpenEmulator, open_emulator
from tests.dataverse.sign_in.signing_in import new_keys

Control = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def emulator() -> Iterator[OpenEmulator]:
    with open_emulator(None, seed="none") as opened:
        yield opened


@pytest.fixture
def control(emulator: OpenEmulator) -> Control:
    def asked(path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        with requests.Session() as session:
            session.trust_env = False
            url = f"{emulator.control_url}/{path}"
            answer = (
                session.get(url, timeout=30) if body is None else session.post(url, json=body, timeout=30)
            )
        return answer.status_code, answer.json()

    return asked


def begin(emulator: OpenEmulator) -> dict[str, Any]:
    form = {"client_id": emulator.client_id, "scope": f"{emulator.url}/user_impersonation"}
    url = f"{emulator.authority}/oauth2/v2.0/devicecode"
    found: dict[str, Any] = requests.post(url, form, verify=str(emulator.ca_file), timeout=30).json()
    return found


def redeem(emulator: OpenEmulator, begun: dict[str, Any]) -> dict[str, Any]:
    form = {
        "client_id": emulator.client_id,
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": begun["device_code"],
    }
    found: dict[str, Any] = requests.post(
        emulator.token_url, form, verify=str(emulator.ca_file), timeout=30
    ).json()
    return found


@pytest.mark.parametrize(("decision", "error"), [("approve", None), ("decline", "authorization_declined")])
def test_a_code_waits_until_it_is_decided(
    emulator: OpenEmulator, control: Control, decision: str, error: str | None
) -> None:
    """With `approves` off a code is pending until the control endpoint decides on it."""
    assert control("sign-in", {"approves": False})[1]["approves"] is False
    begun = begin(emulator)
    assert redeem(emulator, begun)["error"] == "authorization_pending"
    waiting = control("sign-in")[1]["waiting"]
    assert {"user_code": begun["user_code"], "client_id": emulator.client_id} in waiting
    assert control("sign-in", {decision: begun["user_code"].lower()})[0] == 200
    assert redeem(emulator, begun).get("error") == error
    assert control("sign-in", {"approves": True})[1]["waiting"] == []


def test_who_signs_in_can_be_chosen(emulator: OpenEmulator, control: Control) -> None:
    """The user is kept in the state; null goes back to the first who could."""
    with emulator.store.snapshot() as tx:
        user = str(tx.find("systemuser", {"accessmode": 0})[0]["systemuserid"])
    assert control("sign-in", {"user": user})[1]["user"] == user
    assert control("sign-in", {"user": None})[1]["user"] is None


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("sign-in", {"users": "x"}, "'users' is unknown here"),
        ("sign-in", {"user": "nobody"}, "does not exist"),
        ("sign-in", {"approve": "XXXX"}, "no device code that waits"),
        ("applications", {"certificates": "x"}, "'certificates' is unknown here"),
        ("applications", {"certificate": "x"}, "a certificate in PEM is expected"),
        ("applications", {"client_id": "x"}, "is no application"),
        ("applications", {"federated": {"issuer": "x"}}, "subject"),
        ("applications", {"federated": {"issuer": "x", "subject": "y", "key": "z"}}, "public key in PEM"),
    ],
)
def test_what_cannot_be_is_said(control: Control, path: str, body: dict[str, Any], named: str) -> None:
    """Wrong input is a 400 that names it."""
    status, answer = control(path, body)
    assert status == 400
    assert named in answer["error"]


def test_an_application_shows_what_it_is_registered_with(emulator: OpenEmulator, control: Control) -> None:
    """Certificates by their serial numbers, federated credentials in full, the secret never."""
    keys = new_keys()
    control("applications", {"certificate": keys.certificate_pem})
    control("applications", {"federated": {"issuer": "https://x", "subject": "y"}})
    _, found = control("applications")
    (application,) = found["applications"]
    assert application["certificates"] == [format(keys.certificate.serial_number, "x")]
    assert application["federated"] == [
        {"issuer": "https://x", "subject": "y", "audience": "api://AzureADTokenExchange"}
    ]
    assert emulator.client_secret not in str(found)


def test_the_addresses_of_pipelines_and_machines_are_told(emulator: OpenEmulator, control: Control) -> None:
    """What GitHub, Azure DevOps and Azure's hosts would put into the environment of a job."""
    _, found = control("sign-in")
    origin = emulator.authority.rpartition("/")[0]
    for name in ("github_request_url", "azure_devops_request_url", "machine_endpoint", "app_endpoint"):
        assert found[name].startswith(origin)
    assert found["pipeline_token"] != found["identity_header"]
    assert emulator.client_secret not in str(found)
