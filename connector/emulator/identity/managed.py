"""The endpoints by which Azure's machines and apps ask for the token of their managed identity.

The system-assigned identity is the emulator's own application; a user-assigned one is named by the
application's client id, its user's object id, or a resource id that was registered.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from typing import Any

from connector.emulator.identity.registrations import client_of_resource
from connector.emulator.identity.scopes import require_known
from connector.emulator.identity.tokens import TOKEN_LIFETIME_S, Issuer
from connector.emulator.store import Transaction

CLIENT = "client_id"
Answer = tuple[int, dict[str, Any]]


def identity_header(issuer: Issuer) -> str:
    """What stands in IDENTITY_HEADER of the app that is played here."""
    return issuer.password_for("app")


def addresses(issuer: Issuer) -> dict[str, str]:
    """The addresses that a machine (AZURE_POD_IDENTITY_AUTHORITY_HOST) and an app would find."""
    return {"machine_endpoint": issuer.origin, "app_endpoint": f"{issuer.origin}/msi/token"}


def machine_token(
    issuer: Issuer, query: Mapping[str, str], headers: Mapping[str, str], resources: tuple[str, ...]
) -> Answer:
    """What 169.254.169.254 answers on a virtual machine, api-version 2018-02-01."""
    if headers.get("metadata", "").lower() != "true":
        return _bad("Required metadata header not specified.")
    return _token(issuer, query, resources, {"expires_in": str(TOKEN_LIFETIME_S)})


def app_token(
    issuer: Issuer, query: Mapping[str, str], headers: Mapping[str, str], resources: tuple[str, ...]
) -> Answer:
    """What IDENTITY_ENDPOINT answers in App Service, Functions and Container Apps, api-version 2019-08-01.

    `expires_on` is an instant by this machine's clock, as its clients compare it with that.
    """
    if not hmac.compare_digest(
        headers.get("x-identity-header", "").encode(), identity_header(issuer).encode()
    ):
        return 401, {"statusCode": 401, "message": "The identity header is missing or wrong."}
    expires_on = str(int(time.time()) + TOKEN_LIFETIME_S)
    return _token(issuer, query, resources, {"expires_on": expires_on})


def _token(
    issuer: Issuer, query: Mapping[str, str], resources: tuple[str, ...], life: dict[str, str]
) -> Answer:
    resource = query.get("resource", "")
    if not query.get("api-version") or not resource:
        return _bad("api-version and resource are expected.")
    require_known(resource, resources)
    with issuer.store.snapshot() as tx:
        client_id = _client(tx, query)
    if not client_id or not issuer.has_application(client_id):
        return _bad("Identity not found")
    token = issuer.issue(client_id)
    return 200, {"access_token": token, "token_type": "Bearer", "resource": resource, **life}


def _client(tx: Transaction, query: Mapping[str, str]) -> str:
    if object_id := query.get("object_id") or query.get("principal_id"):
        users = tx.find("systemuser", {"azureactivedirectoryobjectid": object_id.lower()}, limit=1)
        return str(users[0]["applicationid"] or "") if users else ""
    if resource_id := query.get("msi_res_id") or query.get("mi_res_id"):
        return client_of_resource(tx, resource_id)
    return query.get("client_id") or str(tx.setting(CLIENT) or "")


def _bad(text: str) -> Answer:
    return 400, {"error": "invalid_request", "error_description": text}
