"""Roles with privileges per table: who may what, and how it is refused (codes of the Web API facts)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import requests

from connector.emulator.ownership import OpenEmulator, open_emulator

NO_ROLE, DENIED = (403, "0x80042f09"), (403, "0x80040220")


@dataclass
class Reader:
    """Somebody else's client: an application of its own, made by the control endpoint."""

    emulator: OpenEmulator
    session: requests.Session

    def sign_in(self, client_id: str, secret: str) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
            "scope": f"{self.emulator.url}/.default",
        }
        answer = self.session.post(self.emulator.token_url, data=form)
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def request(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(method, f"{self.emulator.url}/api/data/v9.2/{path}", json=body)

    def control(self, path: str, body: Any) -> requests.Response:
        return self.session.post(f"{self.emulator.control_url}/{path}", json=body)


@pytest.fixture(scope="module")
def served() -> Iterator[OpenEmulator]:
    with open_emulator(None, seed="none") as emulator:
        yield emulator


@pytest.fixture
def emulator(served: OpenEmulator) -> Iterator[OpenEmulator]:
    """One emulator for all of these, in its first state for each."""
    first = served.take_snapshot()
    yield served
    served.restore_snapshot(first)


@pytest.fixture
def reader(emulator: OpenEmulator) -> Iterator[Reader]:
    session = requests.Session()
    session.trust_env = False
    session.verify = str(emulator.ca_file)
    yield Reader(emulator, session)
    session.close()


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"].lower()


def enter(reader: Reader, *roles: str) -> dict[str, Any]:
    created: dict[str, Any] = reader.control("applications", {"name": "reader", "roles": roles}).json()[
        "created"
    ]
    reader.sign_in(created["client_id"], created["client_secret"])
    return created


def grant(emulator: OpenEmulator, reader: Reader, action: str, *names: str) -> requests.Response:
    """As the administrator's client would: the role Project user gets privileges."""
    admin = Reader(emulator, reader.session)
    admin.sign_in(emulator.client_id, emulator.client_secret)
    role = admin.request("GET", "roles?$filter=name eq 'Project user'").json()["value"][0]["roleid"]
    body = {"Privileges": [{"PrivilegeName": name, "Depth": "Global"} for name in names]}
    return admin.request("POST", f"roles({role})/Microsoft.Dynamics.CRM.{action}", body)


def test_a_user_without_roles_may_nothing(reader: Reader) -> None:
    """0x80042f09 for reading and writing; who one is can still be asked."""
    enter(reader)
    assert refusal(reader.request("GET", "accounts")) == NO_ROLE
    assert refusal(reader.request("POST", "accounts", {"name": "x"})) == NO_ROLE
    assert reader.request("GET", "WhoAmI").status_code == 200


def test_a_role_without_privileges_gives_none(reader: Reader) -> None:
    """0x80040220, with the privilege's name."""
    enter(reader, "Project user")
    answer = reader.request("GET", "accounts")
    assert refusal(answer) == DENIED
    assert "prvReadAccount" in answer.text


RIGHTS = (
    # privilege, method, what it is asked on; each is refused without, and works with it
    ("prvReadAccount", "GET", "accounts({id})", None),
    ("prvReadAccount", "GET", "accounts", None),
    ("prvReadAccount", "GET", "accounts/$count", None),
    ("prvCreateAccount", "POST", "accounts", {"name": "Mine"}),
    ("prvWriteAccount", "PATCH", "accounts({id})", {"name": "Other"}),
    ("prvDeleteAccount", "DELETE", "accounts({id})", None),
)


@pytest.mark.parametrize(("name", "method", "path", "body"), RIGHTS)
def test_each_right_is_needed_and_enough(
    emulator: OpenEmulator, reader: Reader, name: str, method: str, path: str, body: Any
) -> None:
    """Read, Create, Write and Delete of one table, each by itself."""
    with emulator.store.transaction() as tx:
        account = tx.insert("account", {"name": "Adatum"})
    others = [one for one, *_ in RIGHTS if one != name]
    assert grant(emulator, reader, "ReplacePrivilegesRole", *others).status_code == 204
    enter(reader, "Project user")
    assert refusal(reader.request(method, path.format(id=account), body)) == DENIED
    assert grant(emulator, reader, "AddPrivilegesRole", name).status_code == 204
    enter(reader, "Project user")
    assert reader.request(method, path.format(id=account), body).status_code in (200, 204)


def test_lines_go_by_the_privileges_of_their_document(emulator: OpenEmulator, reader: Reader) -> None:
    """A contract line is read by who may read orders, and written by who may write them."""
    grant(emulator, reader, "ReplacePrivilegesRole", "prvReadOrder")
    enter(reader, "Project user")
    assert reader.request("GET", "salesorderdetails").status_code == 200
    with emulator.store.transaction() as tx:
        order = tx.insert("salesorder", {"name": "x"})
    body = {"productdescription": "x", "salesorderid@odata.bind": f"/salesorders({order})"}
    answer = reader.request("POST", "salesorderdetails", body)
    assert "prvWriteOrder" in answer.text


def test_a_table_tells_which_privileges_it_has(reader: Reader) -> None:
    """EntityDefinitions tells names by type, on request; a table that goes by its parent's has none."""
    enter(reader, "System Administrator")
    path = "EntityDefinitions?$select=LogicalName,Privileges&$filter=LogicalName eq '"
    (order,) = reader.request("GET", f"{path}salesorder'").json()["value"]
    told = {one["PrivilegeType"]: one["Name"] for one in order["Privileges"]}
    assert (told["Read"], told["AppendTo"]) == ("prvReadOrder", "prvAppendToOrder")
    (line,) = reader.request("GET", f"{path}salesorderdetail'").json()["value"]
    assert line["Privileges"] == []
    rest = "EntityDefinitions(LogicalName='account')?$select=LogicalName"
    assert "Privileges" not in reader.request("GET", rest).json()


def test_taking_a_privilege_outdoes_every_role(emulator: OpenEmulator, reader: Reader) -> None:
    """Also a System Administrator's, by the control endpoint."""
    created = enter(reader, "System Administrator")
    assert reader.request("GET", "accounts").status_code == 200
    emulator.change_privileges({"take": ["prvReadAccount"], "user": created["user"]})
    assert refusal(reader.request("GET", "accounts")) == DENIED


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"Privileges": "prvReadAccount"}, 400),
        ({"Privileges": [{"PrivilegeName": "prvReadNothing", "Depth": "Global"}]}, 400),
        ({"Privileges": [1]}, 400),
        ({"Privileges": [{"PrivilegeName": "prvReadAccount", "Depth": "Basic"}]}, 501),
        ({"Privileges": [{"PrivilegeName": "prvReadAccount"}]}, 501),
    ],
)
def test_what_cannot_be_granted_is_refused(
    emulator: OpenEmulator, reader: Reader, body: dict[str, Any], status: int
) -> None:
    """Unknown privileges, other depths than Global, and no list at all."""
    reader.sign_in(emulator.client_id, emulator.client_secret)
    role = reader.request("GET", "roles?$filter=name eq 'Project user'").json()["value"][0]["roleid"]
    path = f"roles({role})/Microsoft.Dynamics.CRM.AddPrivilegesRole"
    assert reader.request("POST", path, body).status_code == status


@pytest.mark.parametrize(
    "body",
    [{"name": ""}, {"name": 1}, {"name": "x", "roles": "y"}, {"name": "x", "roles": ["No such role"]}],
)
def test_an_application_that_cannot_be_made_is_refused(reader: Reader, body: dict[str, Any]) -> None:
    """A name and known roles are wanted; nothing is made."""
    before = len(reader.session.get(f"{reader.emulator.control_url}/applications").json()["applications"])
    assert reader.control("applications", body).status_code == 400
    after = len(reader.session.get(f"{reader.emulator.control_url}/applications").json()["applications"])
    assert after == before


def test_a_token_ends_by_the_emulators_clock(emulator: OpenEmulator, reader: Reader) -> None:
    """An hour on, it is 401 with the challenge; before, it counts."""
    enter(reader, "System Administrator")
    emulator.advance_clock(timedelta(minutes=59))
    assert reader.request("GET", "accounts").status_code == 200
    emulator.advance_clock(timedelta(minutes=1))
    answer = reader.request("GET", "accounts")
    assert answer.status_code == 401
    assert "authorization_uri=" in answer.headers["WWW-Authenticate"]


THROUGH = (
    "accounts?$expand=primarycontactid($select=lastname)",
    "accounts?$expand=contact_customer_accounts",
    "accounts?$filter=primarycontactid/lastname eq 'x'",
    "accounts?$filter=contact_customer_accounts/any(c:c/lastname eq 'x')",
    "accounts?$orderby=primarycontactid/lastname",
    "accounts?$apply=groupby((primarycontactid/lastname))",
    "accounts({id})/primarycontactid",
    "accounts({id})/contact_customer_accounts",
    "accounts({id})/contact_customer_accounts/$count",
    "accounts?fetchXml=<fetch><entity name='account'><link-entity name='contact' from='contactid' "
    "to='primarycontactid'/></entity></fetch>",
)
BESIDE = (
    "accounts?$expand=primarycontactid/$ref",
    "accounts?$select=_primarycontactid_value&$orderby=_primarycontactid_value",
    "accounts({id})/primarycontactid/$ref",
)


def test_what_is_read_through_another_table_needs_its_privilege(
    emulator: OpenEmulator, reader: Reader
) -> None:
    """Expansions, paths, lambdas, links and navigation; a lookup's id and reference do not."""
    with emulator.store.transaction() as tx:
        account = tx.insert("account", {"name": "Adatum"})
    assert grant(emulator, reader, "ReplacePrivilegesRole", "prvReadAccount").status_code == 204
    enter(reader, "Project user")
    for path in THROUGH:
        answer = reader.request("GET", path.format(id=account))
        assert (refusal(answer), "prvReadContact" in answer.text) == (DENIED, True), path
    for path in BESIDE:
        assert reader.request("GET", path.format(id=account)).status_code in (200, 204), path
    assert grant(emulator, reader, "AddPrivilegesRole", "prvReadContact").status_code == 204
    enter(reader, "Project user")
    for path in THROUGH:
        assert reader.request("GET", path.format(id=account)).status_code in (200, 204), path


def test_acting_for_another_gives_what_both_may(emulator: OpenEmulator, reader: Reader) -> None:
    """Neither the one who asks nor the one he acts for is exceeded; the one who lacks it is named."""
    acting = ("prvActOnBehalfOfAnotherUser", "prvReadAccount")
    assert grant(emulator, reader, "ReplacePrivilegesRole", *acting).status_code == 204
    reader.sign_in(emulator.client_id, emulator.client_secret)
    admin = reader.request("GET", "WhoAmI").json()["UserId"]
    clerk = enter(reader, "Project user")["user"]

    def ask(method: str, path: str, user: str, body: Any = None) -> requests.Response:
        url = f"{emulator.url}/api/data/v9.2/{path}"
        return reader.session.request(method, url, json=body, headers={"MSCRMCallerID": user})

    assert ask("GET", "accounts", admin).status_code == 200
    refused = ask("POST", "accounts", admin, {"name": "x"})
    assert (refusal(refused), clerk in refused.text) == (DENIED, True)
    assert refusal(ask("GET", "contacts", admin)) == DENIED
    definition = {"SchemaName": "new_X"}
    assert refusal(ask("POST", "EntityDefinitions", admin, definition)) == DENIED
    reader.sign_in(emulator.client_id, emulator.client_secret)
    assert ask("GET", "accounts", clerk).status_code == 200
    refused = ask("POST", "accounts", clerk, {"name": "x"})
    assert (refusal(refused), clerk in refused.text) == (DENIED, True)
    assert reader.request("POST", "accounts", {"name": "x"}).status_code == 204


CUSTOMIZING: tuple[tuple[str, str, str, Any], ...] = (
    ("prvCreateEntity", "POST", "EntityDefinitions", {"SchemaName": "new_X", "Attributes": []}),
    ("prvDeleteEntity", "DELETE", "EntityDefinitions(LogicalName='account')", None),
    ("prvCreateAttribute", "POST", "EntityDefinitions(LogicalName='account')/Attributes", {}),
    ("prvCreateRelationship", "POST", "RelationshipDefinitions", {}),
    ("prvCreateOptionSet", "POST", "GlobalOptionSetDefinitions", {"@odata.type": "OptionSetMetadata"}),
    ("prvCreateEntityKey", "POST", "EntityDefinitions(LogicalName='account')/Keys", {}),
    ("prvCreateEntity", "POST", "CreateEntities", {"Entities": []}),
)


def test_changing_the_schema_needs_its_own_privileges(emulator: OpenEmulator, reader: Reader) -> None:
    """403 with the name of the privilege; with it, what is wrong with the definition."""
    enter(reader, "Project user")
    for name, method, path, body in CUSTOMIZING:
        answer = reader.request(method, path, body)
        assert (refusal(answer), name in answer.text) == (DENIED, True), path
    assert grant(emulator, reader, "AddPrivilegesRole", *(one[0] for one in CUSTOMIZING)).status_code == 204
    enter(reader, "Project user")
    for _, method, path, body in CUSTOMIZING:
        assert reader.request(method, path, body).status_code == 400, path
