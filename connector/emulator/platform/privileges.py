"""Privileges: what users may do through their security roles, as far as the job is concerned.

A role's privileges are settings of the emulator: all of them unless some were taken away by the
control endpoint. Names follow the platform's pattern prv<Right><Table>, with the tables' own words
where the platform has others (Order for salesorder).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

from connector.emulator.bootstrap import APPLICATION_USER
from connector.emulator.platform.words import (
    ACTUAL,
    CONNECTION,
    CONTRACT,
    INVOICE,
    INVOICE_LINE_DETAIL,
    MILESTONE,
    SCHEDULE_ROW,
)
from connector.emulator.problems import ODataError, row_not_found
from connector.emulator.registry import Call, ComplexAnswer
from connector.emulator.schema import Schema, load_schema
from connector.emulator.store import Transaction
from connector.errors import UsageError

EXECUTE_WORKFLOW = "prvWorkflowExecution"
PRIVILEGE_DENIED = "0x80040220"
ROLES_WITHOUT_LIMITS = ("System Administrator",)
_TAKEN = "platform:privileges_taken"
_GRANTED = "platform:privileges_of_roles"
_RIGHTS = ("Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign", "Share")
_OWN_WORDS = {"salesorder": "Order", "asyncoperation": "AsyncOperation", "workflow": "Workflow"}
_WITHOUT = frozenset({"salesorderdetail", "invoicedetail", "systemuserroles", "usersettings"})
"""Tables that have no privileges of their own: their parent's decide."""
_NAMESPACE = uuid.UUID("6f2d2f3e-0f0b-5d0e-9a0b-1d8f3c1f7a11")
_FOR_INVOICING = (
    ("Create", INVOICE),
    ("Write", INVOICE),
    ("Read", CONTRACT),
    ("Read", SCHEDULE_ROW),
    ("Write", SCHEDULE_ROW),
    ("Read", MILESTONE),
    ("Write", MILESTONE),
    ("Read", ACTUAL),
    ("Write", ACTUAL),
    ("Create", INVOICE_LINE_DETAIL),
    ("Create", CONNECTION),
)


def privilege(right: str, table: str, schema: Schema | None = None) -> str:
    """privilege("Create", "invoice") -> "prvCreateInvoice"."""
    definition = (schema or load_schema())[table]
    return f"prv{right}{_OWN_WORDS.get(table, definition.schema_name)}"


@cache
def all_privileges() -> tuple[str, ...]:
    schema = load_schema()
    tables = [table.logical_name for table in schema if table.logical_name not in _WITHOUT]
    names = [privilege(right, table, schema) for table in tables for right in _RIGHTS]
    return (*names, EXECUTE_WORKFLOW, "prvActivateSynchronousWorkflow")


def privileges_of(tx: Transaction, user: str) -> tuple[str, ...]:
    """The names of all privileges that a user has through roles, in a fixed order."""
    taken = set(tx.setting(_TAKEN, {}).get(user, ()))
    granted: set[str] = set()
    for row in tx.find("systemuserroles", {"systemuserid": user}):
        granted |= _of_role(tx, str(row["roleid"]))
    return tuple(name for name in all_privileges() if name in granted and name not in taken)


def missing_privileges(tx: Transaction, user: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    present = set(privileges_of(tx, user))
    return tuple(name for name in wanted if name not in present)


def missing_for_invoicing(tx: Transaction, user: str) -> tuple[str, ...]:
    """What the user lacks of the privileges without which a run cannot write invoices."""
    return missing_privileges(tx, user, tuple(privilege(right, table) for right, table in _FOR_INVOICING))


def require(tx: Transaction, user: str, *wanted: str) -> None:
    """Refuse with 403 when the user lacks one of the privileges."""
    if missing := missing_privileges(tx, user, wanted):
        message = f"Principal user (Id={user}) is missing {missing[0]} privilege."
        raise ODataError(403, PRIVILEGE_DENIED, message)


def change_privileges(tx: Transaction, body: Mapping[str, Any]) -> None:
    """{"take": [names], "give": [names], "user": id}: the application user where no user is named.

    Raises UsageError for a name that is no privilege.
    """
    user = str(body.get("user") or tx.setting(APPLICATION_USER) or "").lower()
    take, give = _names(body, "take"), _names(body, "give")
    taken = dict(tx.setting(_TAKEN, {}))
    taken[user] = sorted((set(taken.get(user, ())) | set(take)) - set(give))
    tx.set_setting(_TAKEN, taken)


def grant_role(tx: Transaction, role: str, privileges: tuple[str, ...]) -> None:
    """Limit a role to the given privileges; a role without a grant has none."""
    tx.set_setting(_GRANTED, tx.setting(_GRANTED, {}) | {role: list(privileges)})


def retrieve_user_privileges(tx: Transaction, call: Call) -> ComplexAnswer:
    """The function RetrieveUserPrivileges, bound to systemuser."""
    assert call.id is not None
    user = tx.get("systemuser", call.id)
    if user is None:
        raise row_not_found("systemuser", call.id)
    members = [
        {
            "Depth": "Global",
            "PrivilegeId": str(uuid.uuid5(_NAMESPACE, name)),
            "BusinessUnitId": user["businessunitid"],
            "PrivilegeName": name,
        }
        for name in privileges_of(tx, call.id)
    ]
    return ComplexAnswer("RetrieveUserPrivilegesResponse", {"RolePrivileges": members})


def _of_role(tx: Transaction, role: str) -> set[str]:
    row = tx.get("role", role)
    if row is not None and row["name"] in ROLES_WITHOUT_LIMITS:
        return set(all_privileges())
    return set(tx.setting(_GRANTED, {}).get(role, ()))


def _names(body: Mapping[str, Any], key: str) -> list[str]:
    names = body.get(key) or []
    names = [names] if isinstance(names, str) else names
    known = {name.casefold(): name for name in all_privileges()}
    for name in names:
        if str(name).casefold() not in known:
            raise UsageError(f"{key}: {name!r} is not a privilege.", "RetrieveUserPrivileges lists them all.")
    return [known[str(name).casefold()] for name in names]
