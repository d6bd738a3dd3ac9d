"""The OIDC endpoints of GitHub Actions and Azure DevOps, played for tests of federated sign-in.

A pipeline shows its request token and gets a JWT about itself. The issuers' names are the emulator's own
and the same at each start, so that registrations of them last.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from connector.emulator.identity.tokens import Issuer

GITHUB = "https://github.emulator.invalid"
AZURE_DEVOPS = "https://azure-devops.emulator.invalid"
OWN_ISSUERS = frozenset({GITHUB, AZURE_DEVOPS})
GITHUB_SUBJECT = "repo:contoso/invoicing:ref:refs/heads/main"
EXCHANGE = "api://AzureADTokenExchange"
LIFETIME_S = 600


@dataclass(frozen=True)
class Asked:
    """Who asks: the Authorization header, and the query."""

    authorization: str
    query: dict[str, str]


def request_token(issuer: Issuer) -> str:
    """What stands in ACTIONS_ID_TOKEN_REQUEST_TOKEN and SYSTEM_ACCESSTOKEN of the pipelines played here."""
    return issuer.password_for("pipeline")


def addresses(issuer: Issuer) -> dict[str, str]:
    """The addresses that the pipelines would find in their environment."""
    return {
        "github_request_url": f"{issuer.origin}/pipelines/github?api-version=2.0",
        "azure_devops_request_url": f"{issuer.origin}/pipelines/azure-devops/oidctoken",
    }


def subject_of_connection(service_connection_id: str) -> str:
    return f"sc://contoso/invoicing/{service_connection_id}"


def github_token(issuer: Issuer, asked: Asked) -> tuple[int, dict[str, Any]]:
    """Status and body of GitHub's answer: the JWT in `value`."""
    if not _is_pipeline(issuer, asked.authorization):
        return 401, {"message": "The request token is not valid."}
    audience = asked.query.get("audience") or "https://github.com/contoso"
    claims = {"repository": "contoso/invoicing", "ref": "refs/heads/main"}
    return 200, {"count": 1, "value": _signed(issuer, GITHUB, GITHUB_SUBJECT, audience, claims)}


def azure_devops_token(issuer: Issuer, asked: Asked) -> tuple[int, dict[str, Any]]:
    """Status and body of Azure DevOps' answer: the JWT in `oidcToken`."""
    if not _is_pipeline(issuer, asked.authorization):
        return 401, {"message": "Access is denied."}
    connection = asked.query.get("serviceConnectionId", "")
    if not connection or not asked.query.get("api-version"):
        return 400, {"message": "api-version and serviceConnectionId are expected."}
    subject = subject_of_connection(connection)
    return 200, {"oidcToken": _signed(issuer, AZURE_DEVOPS, subject, EXCHANGE, {})}


def _is_pipeline(issuer: Issuer, authorization: str) -> bool:
    scheme, _, token = authorization.partition(" ")
    is_right = hmac.compare_digest(token.strip().encode(), request_token(issuer).encode())
    return scheme.lower() == "bearer" and is_right


def _signed(issuer: Issuer, name: str, subject: str, audience: str, more: dict[str, str]) -> str:
    now = int(issuer.now.timestamp())
    times = {"iat": now, "nbf": now, "exp": now + LIFETIME_S}
    return issuer.key.sign({"iss": name, "sub": subject, "aud": audience, **times, **more})
