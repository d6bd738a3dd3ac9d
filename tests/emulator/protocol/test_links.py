"""Navigation properties in addresses, `$ref`, and many-to-many."""

from __future__ import annotations

import uuid

from connector.emulator import RunningEmulator
from tests.emulator.protocol.caller import Api, code_of, mark


def family(api: Api) -> tuple[str, str]:
    """Addresses of a parent and its child."""
    parent = api.create("accounts", {"name": mark()})
    child = api.create("accounts", {"name": mark(), "parentaccountid@odata.bind": f"/accounts({parent})"})
    return f"accounts({parent})", f"accounts({child})"


def test_the_row_behind_a_lookup(api: Api) -> None:
    """A lookup in the path leads to its row, and to 204 when it is empty."""
    parent, child = family(api)
    row = api.get(f"{child}/parentaccountid?$select=name").json()
    assert f"accounts({row['accountid']})" == parent
    assert api.get(f"{parent}/parentaccountid").status_code == 204


def test_the_rows_of_a_collection(api: Api) -> None:
    """A collection in the path is a list with all options, and can be counted."""
    parent, child = family(api)
    rows = api.rows(f"{parent}/account_parent_account?$select=name&$filter=name ne null&$count=true")
    assert [f"accounts({row['accountid']})" for row in rows] == [child]
    assert api.get(f"{parent}/account_parent_account/$count").text == "\ufeff1"


def test_create_below_a_row(api: Api) -> None:
    """POST to a collection creates a row that points at its parent."""
    parent, _ = family(api)
    answer = api.send("POST", f"{parent}/account_parent_account", {"name": "third"})
    assert answer.status_code == 204
    created = api.get(answer.headers["OData-EntityId"]).json()
    assert f"accounts({created['_parentaccountid_value']})" == parent


def test_ref_of_a_lookup(api: Api) -> None:
    """PUT changes a lookup, DELETE clears it."""
    parent, child = family(api)
    other = api.create("accounts", {"name": mark()})
    body = {"@odata.id": f"{api.root}/accounts({other})"}
    assert api.send("PUT", f"{child}/parentaccountid/$ref", body).status_code == 204
    assert api.get(child).json()["_parentaccountid_value"] == other
    assert api.send("DELETE", f"{child}/parentaccountid/$ref").status_code == 204
    assert api.get(child).json()["_parentaccountid_value"] is None
    assert api.get(parent).status_code == 200


def test_the_address_behind_a_lookup(api: Api) -> None:
    """GET of $ref gives the address of the row alone, and 204 when the lookup is empty."""
    parent, child = family(api)
    answer = api.get(f"{child}/parentaccountid/$ref")
    assert answer.json() == {
        "@odata.context": f"{api.root}/$metadata#$ref",
        "@odata.id": f"{api.root}/{parent}",
    }
    assert api.get(f"{parent}/parentaccountid/$ref").status_code == 204


def test_ref_of_a_collection(api: Api) -> None:
    """POST adds a row, DELETE takes it out, by key in the path or by $id."""
    parent, child = family(api)
    for removal in (
        f"account_parent_account({child[9:-1]})/$ref",
        f"account_parent_account/$ref?$id={child}",
    ):
        assert api.send("DELETE", f"{parent}/{removal}").status_code == 204
        assert api.get(f"{parent}/account_parent_account/$count").text == "\ufeff0"
        added = api.send("POST", f"{parent}/account_parent_account/$ref", {"@odata.id": child})
        assert added.status_code == 204
        assert api.get(f"{parent}/account_parent_account/$count").text == "\ufeff1"


def test_many_to_many(api: Api, emulator: RunningEmulator) -> None:
    """Roles of a user: connected, listed, disconnected, each pair once."""
    with emulator.store.transaction() as tx:
        role = tx.insert("role", {"name": "Project billing administrator"})
    roles = f"systemusers({emulator.user_id})/systemuserroles_association"
    for _ in range(2):
        body = {"@odata.id": f"{api.root}/roles({role})"}
        assert api.send("POST", f"{roles}/$ref", body).status_code == 204
    assert [row["name"] for row in api.rows(f"{roles}?$select=name")] == ["Project billing administrator"]
    assert api.send("DELETE", f"{roles}({role})/$ref").status_code == 204
    assert api.rows(f"{roles}?$select=name") == []


def test_wrong_references(api: Api) -> None:
    """Another table, a missing row, a missing member and an unknown property are refused."""
    parent, _ = family(api)
    contact = f"contacts({api.create('contacts', {'lastname': 'x'})})"
    collection = f"{parent}/account_parent_account/$ref"
    assert api.send("POST", collection, {"@odata.id": contact}).status_code == 400
    missing = {"@odata.id": f"accounts({uuid.uuid4()})"}
    assert code_of(api.send("POST", collection, missing)) == (404, "0x80040217")
    assert api.send("POST", collection, {}).status_code == 400
    assert code_of(api.get(f"{parent}/nonsense")) == (404, "0x8006088a")
    assert code_of(api.get(f"{parent}/account_parent_account/$ref")) == (501, "0x80040219")
    assert api.get(f"accounts({uuid.uuid4()})/account_parent_account").status_code == 404
