"""From the Authorization header to the user who calls, or the refusal in between."""

from __future__ import annotations

from connector.emulator.identity.tokens import Bearer, Issuer
from connector.emulator.problems import NOT_MEMBER, USER_DISABLED, ODataError
from connector.emulator.store import Store, Transaction, Value

_ASKED = ("systemuserid", "isdisabled")


class Callers:
    def __init__(self, store: Store, issuer: Issuer) -> None:
        self._store = store
        self._issuer = issuer

    def identify(self, authorization: str | None) -> str | None:
        """The id of the calling systemuser; None where the token is missing, unknown or expired.

        403 for a token without a user here (0x80072560) or with a disabled one.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        bearer = self._issuer.bearer_of(token.strip())
        if bearer is None:
            return None
        with self._store.snapshot() as tx:
            user = _user_of(tx, bearer)
        if user is None:
            raise ODataError(403, NOT_MEMBER, "The user is not a member of the organization.")
        if user.get("isdisabled"):
            raise ODataError(
                403, USER_DISABLED, f"The user with SystemUserId={user['systemuserid']} is disabled."
            )
        return str(user["systemuserid"])


def _user_of(tx: Transaction, bearer: Bearer) -> dict[str, Value] | None:
    """A person signs in as a user; an application acts as its application user."""
    if bearer.user_id is not None:
        return tx.get("systemuser", bearer.user_id, columns=_ASKED)
    users = tx.find("systemuser", {"applicationid": bearer.client_id}, limit=1, columns=_ASKED)
    return users[0] if users else None
