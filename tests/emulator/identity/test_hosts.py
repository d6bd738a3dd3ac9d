"""The endpoints of pipelines, machines and apps that the emulator plays."""

from __future__ import annotations

import jwt
import pytest
import requests

from connector.emulator import RunningEmulator
from connector.emulator.identity import managed, pipelines

Session = requests.Session


def ask(emulator: RunningEmulator, session: Session, path: str, **more: object) -> requests.Response:
    url = f"{emulator.issuer.origin}/{path}"
    return session.request(str(more.pop("method", "GET")), url, timeout=30, **more)  # type: ignore[arg-type]  # as requests takes them


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Basic x"])
def test_a_pipeline_without_its_token_gets_none(
    emulator: RunningEmulator, session: Session, token: str
) -> None:
    """Both pipelines ask for the job's own token."""
    headers = {"Authorization": token}
    assert ask(emulator, session, "pipelines/github", headers=headers).status_code == 401
    path = "pipelines/azure-devops/oidctoken?api-version=7.1&serviceConnectionId=1"
    assert ask(emulator, session, path, headers=headers, method="POST").status_code == 401


def test_a_pipelines_token_ends_by_the_emulators_clock(emulator: RunningEmulator, session: Session) -> None:
    """Ten minutes from the emulator's now, for the audience that was asked for."""
    headers = {"Authorization": f"bearer {pipelines.request_token(emulator.issuer)}"}
    body = ask(emulator, session, "pipelines/github?audience=x", headers=headers).json()
    claims = jwt.decode(body["value"], options={"verify_signature": False})
    assert claims["exp"] == int(emulator.store.now.timestamp()) + 600
    assert (claims["aud"], claims["sub"]) == ("x", pipelines.GITHUB_SUBJECT)


def test_azure_devops_wants_a_service_connection(emulator: RunningEmulator, session: Session) -> None:
    """Without the connection's id there is no subject."""
    headers = {"Authorization": f"Bearer {pipelines.request_token(emulator.issuer)}"}
    path = "pipelines/azure-devops/oidctoken?api-version=7.1"
    assert ask(emulator, session, path, headers=headers, method="POST").status_code == 400


def test_a_machine_asks_with_its_header(emulator: RunningEmulator, session: Session) -> None:
    """Without `Metadata: true` a request could come from anywhere that a browser reaches."""
    path = f"metadata/identity/oauth2/token?api-version=2018-02-01&resource={emulator.url}"
    assert ask(emulator, session, path).status_code == 400
    answer = ask(emulator, session, path, headers={"Metadata": "true"})
    assert answer.json()["expires_in"] == "3599"


def test_an_app_asks_with_its_header(emulator: RunningEmulator, session: Session) -> None:
    """The identity header is the app's alone."""
    path = f"msi/token?api-version=2019-08-01&resource={emulator.url}"
    assert ask(emulator, session, path, headers={"X-IDENTITY-HEADER": "wrong"}).status_code == 401
    headers = {"X-IDENTITY-HEADER": managed.identity_header(emulator.issuer)}
    assert ask(emulator, session, path, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("resource={url}", 400),
        ("api-version=2018-02-01", 400),
        ("api-version=2018-02-01&resource=https://other.example", 400),
        ("api-version=2018-02-01&resource={url}&client_id=nobody", 400),
        ("api-version=2018-02-01&resource={url}&object_id=nobody", 400),
        ("api-version=2018-02-01&resource={url}&msi_res_id=nobody", 400),
    ],
)
def test_what_a_machine_cannot_have_is_refused(
    emulator: RunningEmulator, session: Session, query: str, status: int
) -> None:
    """Without a version or a resource, for another resource, for an identity that is not there."""
    path = f"metadata/identity/oauth2/token?{query.format(url=emulator.url)}"
    answer = ask(emulator, session, path, headers={"Metadata": "true"})
    assert answer.status_code == status
    assert "access_token" not in answer.json()
