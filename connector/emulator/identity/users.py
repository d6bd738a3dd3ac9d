"""Which user signs in where a person would: the one that was chosen, else the first who could."""

from __future__ import annotations

from connector.emulator.identity.refusals import TokenRefused, invalid_grant
from connector.emulator.store import Transaction, Value

USER = "identity:user"
APPROVES = "identity:approves"


def user_signing_in(tx: Transaction, hint: str = "") -> str:
    """The systemuserid. `hint` is a domainname that the client proposes. Raises TokenRefused."""
    chosen = str(tx.setting(USER) or "")
    if chosen:
        return require_user(tx, chosen)
    where: dict[str, Value] = {"domainname": hint} if hint else {}
    for user in tx.find("systemuser", where, order_by=("createdon",)):
        if _is_person(user):
            return str(user["systemuserid"])
    raise invalid_grant(50034, f"The user account {hint[:100]} does not exist in the directory.")


def require_user(tx: Transaction, user_id: str) -> str:
    """The id of a user that exists and is not disabled. Raises TokenRefused."""
    user = tx.get("systemuser", user_id)
    if user is None:
        raise invalid_grant(50034, "The user account does not exist in the directory.")
    if user.get("isdisabled"):
        raise TokenRefused(400, "invalid_grant", 50057, "The user account is disabled.")
    return str(user["systemuserid"])


def is_approving(tx: Transaction) -> bool:
    """Whether a device code is approved as soon as it is asked for; else the control endpoint does it."""
    return bool(tx.setting(APPROVES, True))


def _is_person(user: dict[str, Value]) -> bool:
    is_application = bool(user.get("applicationid"))
    return not is_application and user.get("accessmode") == 0 and not user.get("isdisabled")
