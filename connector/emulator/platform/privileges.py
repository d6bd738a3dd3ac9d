"""Privileges: what users may do through their security roles, as far as the job is concerned.

A role's privileges are settings of the emulator: all of them unless some were taken away by the
control endpoint. Names follow the platform's pattern prv<Right><Table>, with the tables' own words
where the platform has others (Order for salesorder).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import lru_cache
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
from connector.emulator.problems import (
    OBJECT_DOES_NOT_EXIST,
    ODataError,
    bad_request,
    not_implemented,
    row_not_found,
)
from connector.emulator.registry import Call, ComplexAnswer
from connector.emulator.schema import Schema, load_schema
from connector.emulator.store import Transaction
from connector.errors import UsageError

EXECUTE_WORKFLOW = "prvWorkflowExecution"
PRIVILEGE_DENIED = "0x80040220"
ACT_ON_BEHALF = "prvActOnBehalfOfAnotherUser"
_CUSTOMIZING = tuple(
    f"prv{right}{what}"
    for what in ("Entity", "Attribute", "Relationship", "OptionSet", "EntityKey")
    for right in ("Create", "Read", "Write", "Delete")
)
_OF_NO_TABLE = (EXECUTE_WORKFLOW, "prvActivateSynchronousWorkflow", ACT_ON_BEHALF, *_CUSTOMIZING)
NO_ROLE = "0x80042f09"
ROLES_WITHOUT_LIMITS = ("System Administrator",)
_TAKEN = "platform:privileges_taken"
_GRANTED = "platform:privileges_of_roles"
_RIGHTS = ("Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign", "Share")
_OWN_WORDS = {
    "salesorder": "Order",
    "asyncoperation": "AsyncOperation",
    "workflow": "Workflow",
    "systemuser": "User",
}
_BY_PARENT = {
    "invoicedetail": "invoice",
    "salesorderdetail": "salesorder",
    "systemuserroles": "role",
}
"""Tables that have no privileges of their own: their parent's decide, and whoever may write it may write
them. The first two are documented so, the others are our reading."""
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


@lru_cache(maxsize=16)
def all_privileges(schema: Schema | None = None) -> tuple[str, ...]:
    """The privileges of a schema's tables, and those of no table."""
    schema = schema or load_schema()
    tables = [table.logical_name for table in schema if table.logical_name not in _BY_PARENT]
    names = [privilege(right, table, schema) for table in tables for right in _RIGHTS]
    return (*names, *_OF_NO_TABLE)


def describe_privileges(table: str, schema: Schema) -> list[dict[str, Any]]:
    """The member Privileges of a table's definition; none where a parent's decide, which is our reading."""
    if table in _BY_PARENT:
        return []
    is_owned = schema[table].ownership == "UserOwned"
    depths = {f"CanBe{depth}": is_owned for depth in ("Basic", "Local", "Deep")}
    others = {f"CanBe{kind}": False for kind in ("EntityReference", "ParentEntityReference", "RecordFilter")}
    return [
        {
            **depths,
            "CanBeGlobal": True,
            **others,
            "Name": (name := privilege(right, table, schema)),
            "PrivilegeId": str(privilege_id(name)),
            "PrivilegeType": right,
        }
        for right in _RIGHTS
    ]


def privileges_of(tx: Transaction, user: str) -> tuple[str, ...]:
    """The names of all privileges that a user has through roles, in a fixed order."""
    taken = set(tx.setting(_TAKEN, {}).get(user, ()))
    granted: set[str] = set()
    for row in tx.find("systemuserroles", {"systemuserid": user}):
        granted |= _of_role(tx, str(row["roleid"]))
    return tuple(name for name in all_privileges(tx.schema) if name in granted and name not in taken)


def missing_privileges(tx: Transaction, user: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    present = set(privileges_of(tx, user))
    return tuple(name for name in wanted if name not in present)


def missing_for_invoicing(tx: Transaction, user: str) -> tuple[str, ...]:
    """What the user lacks of the privileges without which a run cannot write invoices."""
    return missing_privileges(tx, user, tuple(privilege(right, table) for right, table in _FOR_INVOICING))


def check_access(tx: Transaction, caller: str, right: str, table: str) -> None:
    """Refuse with 403 what no role of the caller allows: 0x80042f09 without a role, else 0x80040220.

    Of a user who acts for another one, both have to be allowed to.
    """
    for user in _asking(tx, caller):
        _check_access_of(tx, user, right, table)


def _asking(tx: Transaction, caller: str) -> tuple[str, ...]:
    """The user as whom a request is carried out, and the one who really asks, where that is another."""
    return (caller,) if tx.on_behalf_by in (None, caller) else (caller, tx.on_behalf_by)


def _check_access_of(tx: Transaction, caller: str, right: str, table: str) -> None:
    roles = tx.find("systemuserroles", {"systemuserid": caller}, columns=("roleid",))
    if not roles:
        raise ODataError(403, NO_ROLE, f"The user {caller} has not been assigned any roles.")
    parent = _BY_PARENT.get(table)
    if parent is not None:
        table, right = parent, "Read" if right == "Read" else "Write"
    name = privilege(right, table, tx.schema)
    taken = tx.setting(_TAKEN, {}).get(caller, ())
    if name not in taken and any(_has(tx, str(row["roleid"]), name) for row in roles):
        return
    raise _denied(caller, name)


def require(tx: Transaction, user: str, *wanted: str) -> None:
    """Refuse with 403 when the user, or who acts for him, lacks one of the privileges."""
    for who in _asking(tx, user):
        if missing := missing_privileges(tx, who, wanted):
            raise _denied(who, missing[0])


def require_acting(tx: Transaction, caller: str) -> None:
    """What a user needs who acts for another one (the role Delegate has it)."""
    require(tx, caller, ACT_ON_BEHALF)


def check_customizing(tx: Transaction, caller: str, right: str, what: str) -> None:
    """Refuse with 403 whoever may not change tables, columns, relationships, choices or keys."""
    require(tx, caller, f"prv{right}{what}")


def change_privileges(tx: Transaction, body: Mapping[str, Any]) -> None:
    """{"take": [names], "give": [names], "user": id}: the application user where no user is named.

    Raises UsageError for a name that is no privilege.
    """
    user = str(body.get("user") or tx.setting(APPLICATION_USER) or "").lower()
    take, give = _names(tx, body, "take"), _names(tx, body, "give")
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
            "PrivilegeId": str(privilege_id(name)),
            "BusinessUnitId": user["businessunitid"],
            "PrivilegeName": name,
        }
        for name in privileges_of(tx, call.id)
    ]
    return ComplexAnswer("RetrieveUserPrivilegesResponse", {"RolePrivileges": members})


def change_role(tx: Transaction, call: Call, *, is_replacing: bool) -> None:
    """The actions AddPrivilegesRole and ReplacePrivilegesRole, bound to role:

    {"Privileges": [{"PrivilegeName": "prvReadAccount", "Depth": "Global"}]}, or by PrivilegeId.
    """
    assert call.id is not None
    if tx.get("role", call.id) is None:
        raise row_not_found("role", call.id)
    names = _role_privileges(tx, call.body)
    known = () if is_replacing else tx.setting(_GRANTED, {}).get(call.id, ())
    grant_role(tx, call.id, tuple(dict.fromkeys((*known, *names))))


def _role_privileges(tx: Transaction, body: Mapping[str, Any]) -> list[str]:
    given = body.get("Privileges")
    if set(body) != {"Privileges"} or not isinstance(given, list):
        raise bad_request("Privileges: a collection of RolePrivilege is expected, and nothing else.")
    known = {name.casefold(): name for name in all_privileges(tx.schema)}
    known |= {str(privilege_id(name)): name for name in known.values()}
    found = []
    for one in given:
        named = one.get("PrivilegeName") or one.get("PrivilegeId") if isinstance(one, dict) else None
        name = known.get(str(named).casefold())
        if name is None:
            raise bad_request(f"{str(named)[:100]!r} is no privilege.", OBJECT_DOES_NOT_EXIST)
        if one.get("Depth") not in ("Global", 3, "3"):
            raise not_implemented(f"a privilege of the depth {str(one.get('Depth'))[:20]!r}: Global is known")
        found.append(name)
    return found


def privilege_id(name: str) -> uuid.UUID:
    return uuid.uuid5(_NAMESPACE, name)


def _has(tx: Transaction, role: str, name: str) -> bool:
    if name in tx.setting(_GRANTED, {}).get(role, ()):
        return True
    row = tx.get("role", role)
    return row is not None and row["name"] in ROLES_WITHOUT_LIMITS


def _denied(user: str, name: str) -> ODataError:
    return ODataError(403, PRIVILEGE_DENIED, f"Principal user (Id={user}) is missing {name} privilege.")


def _of_role(tx: Transaction, role: str) -> set[str]:
    row = tx.get("role", role)
    if row is not None and row["name"] in ROLES_WITHOUT_LIMITS:
        return set(all_privileges(tx.schema))
    return set(tx.setting(_GRANTED, {}).get(role, ()))


def _names(tx: Transaction, body: Mapping[str, Any], key: str) -> list[str]:
    names = body.get(key) or []
    names = [names] if isinstance(names, str) else names
    known = {name.casefold(): name for name in all_privileges(tx.schema)}
    for name in names:
        if str(name).casefold() not in known:
            raise UsageError(f"{key}: {name!r} is not a privilege.", "RetrieveUserPrivileges lists them all.")
    return [known[str(name).casefold()] for name in names]
