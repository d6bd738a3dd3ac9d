"""Acting for another user: `CallerObjectId` (his Entra object id) or `MSCRMCallerID` (his systemuserid).

What may be done is what both users may; `createdonbehalfby` and `modifiedonbehalfby` keep who really asked
(section 3 of the Web API facts).
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.emulator.problems import NOT_MEMBER, USER_DISABLED, ODataError, bad_request
from connector.emulator.protocol.address import GUID
from connector.emulator.registry import Registry
from connector.emulator.store import Transaction, Value

OBJECT_ID, USER_ID = "callerobjectid", "mscrmcallerid"
HEADERS = (OBJECT_ID, USER_ID)


def effective_caller(tx: Transaction, registry: Registry, headers: Mapping[str, str], caller: str) -> str:
    """The id of the user as whom the request is carried out; the transaction notes who really asks."""
    tx.on_behalf_by = None
    given = {name: headers[name].strip() for name in HEADERS if headers.get(name, "").strip()}
    if not given:
        return caller
    if len(given) > 1:
        raise bad_request("CallerObjectId and MSCRMCallerID exclude each other.")
    ((name, id),) = given.items()
    user = _user(tx, name, id)
    if user is None:
        raise ODataError(403, NOT_MEMBER, f"The user {id[:100]} is not a member of the organization.")
    effective = str(user["systemuserid"])
    if user.get("isdisabled"):
        raise ODataError(403, USER_DISABLED, f"The user with SystemUserId={effective} is disabled.")
    if effective == caller:
        return caller
    registry.check_impersonation(tx, caller)
    tx.on_behalf_by = caller
    return effective


def _user(tx: Transaction, name: str, id: str) -> Mapping[str, Value] | None:
    if not GUID.fullmatch(id):
        raise bad_request(f"'{id[:100]}' in the header {name} is not a GUID.")
    if name == USER_ID:
        return tx.get("systemuser", id)
    found = tx.find("systemuser", {"azureactivedirectoryobjectid": id.lower()}, limit=1)
    return found[0] if found else None
