"""What the control endpoint says and changes about signing in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from connector.emulator.bootstrap import add_application_user
from connector.emulator.identity import managed, pipelines
from connector.emulator.identity.refusals import TokenRefused
from connector.emulator.identity.registrations import (
    Federation,
    certificates_of,
    federations_of,
    register_certificate,
    register_federation,
    register_resource,
)
from connector.emulator.identity.tickets import Decision
from connector.emulator.identity.tokens import APPLICATIONS, Issuer, create_application
from connector.emulator.identity.users import APPROVES, USER, is_approving, require_user
from connector.emulator.store import Transaction
from connector.errors import UsageError

Body = dict[str, Any]
_SIGN_IN = ("user", "approves", "approve", "decline")
_APPLICATION = ("name", "roles", "client_id", "certificate", "federated", "resource_id")


class IdentityControl:
    """The routes `sign-in` and `applications`; each change answers with what GET would say."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    def sign_in(self) -> Body:
        return describe_sign_in(self._issuer)

    def change_sign_in(self, body: Body) -> Body:
        change_sign_in(self._issuer, body)
        return self.sign_in()

    def applications(self) -> Body:
        return describe_applications(self._issuer)

    def change_application(self, body: Body) -> Body:
        created = change_application(self._issuer, body)
        return self.applications() | ({"created": created} if created else {})


def describe_sign_in(issuer: Issuer) -> Body:
    """Who signs in, the device codes that wait, and where pipelines and machines ask; no tenant's secret."""
    with issuer.store.snapshot() as tx:
        chosen = {"user": tx.setting(USER), "approves": is_approving(tx)}
    waiting = [{"user_code": one.user_code, "client_id": one.client_id} for one in issuer.tickets.waiting()]
    asking = {**pipelines.addresses(issuer), "pipeline_token": pipelines.request_token(issuer)}
    machines = {**managed.addresses(issuer), "identity_header": managed.identity_header(issuer)}
    return {**chosen, "waiting": waiting, **asking, **machines}


def change_sign_in(issuer: Issuer, body: Mapping[str, Any]) -> None:
    """`user` chooses who signs in (systemuserid, null for the first who could), `approves` whether device
    codes are approved at once, `approve` and `decline` decide on one. Raises UsageError.
    """
    _only(body, _SIGN_IN)
    with issuer.store.transaction() as tx:
        if "user" in body:
            tx.set_setting(USER, _user(tx, body["user"]))
        if "approves" in body:
            tx.set_setting(APPROVES, bool(body["approves"]))
    for name, decision in (("approve", Decision.APPROVED), ("decline", Decision.DECLINED)):
        if name in body and not issuer.tickets.decide(str(body[name]), decision):
            raise UsageError(f"{body[name]!r} is no device code that waits.", "GET says which do.")


def describe_applications(issuer: Issuer) -> Body:
    """The applications by their client ids, with what they may sign in with; no secret."""
    with issuer.store.snapshot() as tx:
        return {"applications": [_application(tx, client_id) for client_id in tx.setting(APPLICATIONS, {})]}


def change_application(issuer: Issuer, body: Mapping[str, Any]) -> Body:
    """Make an application with its user and roles, or register a certificate, a federated credential or
    a resource id. Raises UsageError. What was made is returned, its secret for this once.
    """
    _only(body, _APPLICATION)
    with issuer.store.transaction() as tx:
        if "name" in body:
            _only(body, ("name", "roles"))
            return _new_application(tx, body["name"], body.get("roles", []))
        known = [str(one) for one in tx.setting(APPLICATIONS, {})]
        client_id = str(body.get("client_id") or known[0])
        if client_id not in known:
            raise UsageError(f"client_id {client_id!r} is no application.", f"There are: {', '.join(known)}.")
        if "certificate" in body:
            register_certificate(tx, client_id, str(body["certificate"]))
        if "federated" in body:
            register_federation(tx, client_id, _federation(body["federated"]))
        if "resource_id" in body:
            register_resource(tx, client_id, str(body["resource_id"]))
    return {}


def _new_application(tx: Transaction, name: Any, roles: Any) -> Body:
    if not isinstance(name, str) or not name or not isinstance(roles, list):
        raise UsageError("An application wants a name, and roles as a list of names.")
    known = {str(row["name"]): str(row["roleid"]) for row in tx.find("role")}
    if missing := [role for role in roles if role not in known]:
        raise UsageError(f"roles: {missing[0]!r} is no role.", f"There are: {', '.join(sorted(known))}.")
    application = create_application(tx)
    user = add_application_user(tx, application, name)
    for role in roles:
        tx.insert("systemuserroles", {"systemuserid": user, "roleid": known[role]})
    return {"client_id": application.client_id, "client_secret": application.secret, "user": user}


def _application(tx: Transaction, client_id: str) -> Body:
    return {
        "client_id": client_id,
        "certificates": [format(one.serial_number, "x") for one in certificates_of(tx, client_id)],
        "federated": [
            {"issuer": one.issuer, "subject": one.subject, "audience": one.audience}
            for one in federations_of(tx, client_id)
        ],
    }


def _federation(value: Any) -> Federation:
    try:
        return msgspec.convert(value, Federation)
    except msgspec.ValidationError as error:
        raise UsageError(f"federated: {error}.", "There are: issuer, subject, audience, key.") from None


def _user(tx: Transaction, value: Any) -> str | None:
    try:
        return None if value is None else require_user(tx, str(value))
    except TokenRefused as refused:
        raise UsageError(f"user {value!r}: {refused.text}") from None


def _only(body: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in body:
        if name not in known:
            raise UsageError(f"{name!r} is unknown here.", f"There are: {', '.join(known)}.")
