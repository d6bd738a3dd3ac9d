"""What to do about an error, by service code and by status. Sources: the Web API's error codes and limits."""

from __future__ import annotations

from typing import Final

NO_APPLICATION_USER: Final = "0x80072560"
NO_ROLE: Final = "0x80042f09"
USER_DISABLED: Final = "0x80040225"
NO_ACCESS: Final = frozenset({NO_APPLICATION_USER, NO_ROLE, USER_DISABLED})

UNREACHABLE: Final = "Check the address, the network and the proxy."
_CERTIFICATE: Final = (
    "The server's certificate is signed by nobody whom this machine trusts: name the authority's file by "
    "ca_file, PROJOPS_CA_FILE or REQUESTS_CA_BUNDLE, or check the address and the proxy."
)


def unreachable_hint(reason: str) -> str:
    """What to do where no answer came, by how it was lost."""
    return _CERTIFICATE if "CERTIFICATE_VERIFY_FAILED" in reason else UNREACHABLE


LIMITS: Final[dict[str, str]] = {
    "0x80072322": "too many requests within five minutes",
    "0x80072321": "too much execution time within five minutes",
    "0x80072326": "too many requests at the same time",
}

_PRIVILEGE = "Give the identity a security role with this privilege in this environment."
_READ_AGAIN = "Read the record again and decide anew."
_EXISTS = "A record with this key exists already."
_LATER = "Try again later; others may be using up the limits of the same identity."

HINTS: Final[dict[str, str]] = {
    NO_APPLICATION_USER: (
        "The sign-in worked, but the identity is no user of this environment: add the application user "
        "in the Power Platform admin center (environment, Settings, Users + permissions, Application users)."
    ),
    NO_ROLE: "The application user is there but has no security role: assign one in the admin center.",
    USER_DISABLED: "The identity is a disabled user of this environment: enable it in the admin center.",
    "0x80040220": _PRIVILEGE,
    "0x80040231": _PRIVILEGE,
    "0x80048405": _PRIVILEGE,
    "0x80040256": _PRIVILEGE,
    "0x8004f507": "The column is secured: add the identity to a column security profile.",
    "0x80050304": "The identity lacks a licence for this table.",
    "0x80060882": _READ_AGAIN,
    "0x80040237": _EXISTS,
    "0x80060892": _EXISTS,
    "0x80040333": "A duplicate-detection rule refuses it.",
    "0x8006088d": "The table does not have optimistic concurrency switched on.",
    "0x8006088a": (
        "The table or action is not in this environment: check that its solution is installed. A path takes "
        "the entity set (accounts), not the logical name (account)."
    ),
    "0x0": "A name in the request is not known here; names are case-sensitive.",
    "0x80040265": "A plug-in of the environment refused it; its own message says why.",
    "0x80045055": "Activate the workflow.",
    "0x80045059": "Mark the workflow as available to run on demand.",
    "0x80044163": "Somebody else changed the system job first. Look again.",
    "0x8004416a": "Only a completed system job can be deleted.",
    "0x80044182": "The platform took the workflow for an endless loop and canceled it.",
    "401": "The token was refused even after it was renewed: check that it is meant for this environment.",
    "403": "Check the security roles of the identity in this environment.",
    "412": "The record has changed since it was read, or exists already: read it again and decide anew.",
    "429": _LATER,
    "502": "The environment is not reachable for now. Try again later.",
    "503": "The environment is not available for now. Try again later.",
    "504": "The environment did not answer in time. Try again later.",
}
