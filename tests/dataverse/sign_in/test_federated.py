"""Signing in by a token of somebody else: a file, GitHub Actions, Azure DevOps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connector.dataverse import TokenRequest
from connector.dataverse.sign_in import AssertionFile, AzurePipelinesAssertion, GitHubAssertion
from connector.emulator import RunningEmulator
from connector.emulator.identity import pipelines
from connector.errors import SignInError
from tests.dataverse.sign_in.signing_in import NOW, Keys, federated, trust, user_of

CONNECTION = "7c2e2f0a-1111-4222-8333-444455556666"


def cluster_token(keys: Keys, subject: str = "system:serviceaccount:jobs:invoicing", **more: Any) -> str:
    claims = {
        "iss": "https://cluster.example",
        "sub": subject,
        "aud": "api://AzureADTokenExchange",
        "exp": int(NOW.timestamp()) + 3600,
        **more,
    }
    return jwt.encode(claims, keys.key_pem(), algorithm="RS256")


def public_pem(keys: Keys) -> str:
    public = keys.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public.decode()


def test_a_federated_token_is_read_anew_each_time(
    emulator: RunningEmulator, request_: TokenRequest, keys: Keys, tmp_path: Path
) -> None:
    """The platform replaces the token in the file; the one that stands there now is shown."""
    trust(emulator, "https://cluster.example", "system:serviceaccount:jobs:invoicing", public_pem(keys))
    path = tmp_path / "token"
    path.write_text(cluster_token(keys, exp=int(NOW.timestamp()) - 1))
    source = federated(emulator, AssertionFile(path))
    with pytest.raises(SignInError, match=r"refused the federated token.*AADSTS700024"):
        source.token(request_)
    path.write_text(cluster_token(keys) + "\n")
    assert user_of(emulator, source.token(request_)) == emulator.user_id


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"iss": "https://other.example"}, 700211),
        ({"sub": "system:serviceaccount:jobs:other"}, 700213),
        ({"aud": "api://other"}, 700212),
    ],
)
def test_a_federated_token_has_to_fit_its_registration(
    emulator: RunningEmulator,
    request_: TokenRequest,
    keys: Keys,
    tmp_path: Path,
    changes: dict[str, str],
    number: int,
) -> None:
    """Issuer, subject and audience are told apart, and the hint names all three."""
    trust(emulator, "https://cluster.example", "system:serviceaccount:jobs:invoicing", public_pem(keys))
    path = tmp_path / "token"
    path.write_text(cluster_token(keys, **changes))
    with pytest.raises(SignInError, match=f"AADSTS{number}") as caught:
        federated(emulator, AssertionFile(path)).token(request_)
    assert "issuer, subject and audience" in caught.value.hint


def test_a_federated_token_with_a_foreign_signature_is_refused(
    emulator: RunningEmulator, request_: TokenRequest, keys: Keys, strange_keys: Keys, tmp_path: Path
) -> None:
    """What a token says counts only under its issuer's signature."""
    trust(emulator, "https://cluster.example", "system:serviceaccount:jobs:invoicing", public_pem(keys))
    path = tmp_path / "token"
    path.write_text(cluster_token(strange_keys))
    with pytest.raises(SignInError, match="AADSTS50013"):
        federated(emulator, AssertionFile(path)).token(request_)


@pytest.mark.parametrize("content", ["", "root:x:0:0:root", "a.b", "é.b.c", "x" * (1 << 18)])
def test_what_is_no_token_is_sent_to_nobody(
    emulator: RunningEmulator, request_: TokenRequest, tmp_path: Path, content: str
) -> None:
    """A setting that names another file gives none of its content away."""
    path = tmp_path / "token"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SignInError, match="is no signed token"):
        federated(emulator, AssertionFile(path)).token(request_)


def test_a_job_of_github_signs_in(emulator: RunningEmulator, request_: TokenRequest) -> None:
    """The request token gets the job's own token, and that one the application's."""
    trust(emulator, pipelines.GITHUB, pipelines.GITHUB_SUBJECT)
    url = pipelines.addresses(emulator.issuer)["github_request_url"]
    source = federated(emulator, GitHubAssertion(url, pipelines.request_token(emulator.issuer)))
    assert user_of(emulator, source.token(request_)) == emulator.user_id


def test_a_pipeline_of_azure_devops_signs_in(emulator: RunningEmulator, request_: TokenRequest) -> None:
    """The access token gets the service connection's token, and that one the application's."""
    trust(emulator, pipelines.AZURE_DEVOPS, pipelines.subject_of_connection(CONNECTION))
    url = pipelines.addresses(emulator.issuer)["azure_devops_request_url"]
    token = pipelines.request_token(emulator.issuer)
    source = federated(emulator, AzurePipelinesAssertion(url, token, CONNECTION))
    assert user_of(emulator, source.token(request_)) == emulator.user_id


def test_a_pipeline_that_refuses_says_what_to_check(
    emulator: RunningEmulator, request_: TokenRequest
) -> None:
    """A wrong request token ends with the pipeline's status and the way out."""
    url = pipelines.addresses(emulator.issuer)["github_request_url"]
    with pytest.raises(SignInError, match="GitHub answered 401") as caught:
        federated(emulator, GitHubAssertion(url, "wrong")).token(request_)
    assert "id-token: write" in caught.value.hint
