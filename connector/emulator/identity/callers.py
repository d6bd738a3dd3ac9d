"""From the Authorization header to the user who calls, or the refusal in between."""

from __future__ import annotations

from connector.emulator.identity.tokens import Issuer
from connector.emulator.problems import NOT_MEMBER, USER_DISABLED, ODataError
from connector.emulator.store import Store


class Callers:
    def __init__(self, store: Store, issuer: Issuer) -> None:
        self._store = store
        self._issuer = issuer

    def identify(self, authorization: str | None) -> str | None:
        """The id of the calling systemuser; None where the token is missing, unknown or expired.

        403 for a token without an application user (0x80072560) or with a disabled one.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        client_id = self._issuer.client_of(token.strip())
        if client_id is None:
            return None
        with self._store.snapshot() as tx:
            users = tx.find("systemuser", {"applicationid": client_id}, limit=1)
        if not users:
            raise ODataError(403, NOT_MEMBER, "The user is not a member of the organization.")
        if users[0].get("isdisabled"):
            raise ODataError(
                403, USER_DISABLED, f"The user with SystemUserId={users[0]['systemuserid']} is disabled."
            )
        return str(users[0]["systemuserid"])
