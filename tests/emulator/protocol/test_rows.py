"""Create, retrieve, update, delete, and the conditions on them."""

from __future__ import annotations

import uuid

import pytest

from connector.emulator import RunningEmulator
from tests.emulator.protocol.caller import Api, code_of, mark


def test_create_answers_the_address_of_the_row(api: Api) -> None:
    """POST gives 204 and OData-EntityId, and the row is there with what the platform adds."""
    answer = api.send("POST", "accounts", {"name": "Adatum"})
    address = answer.headers["OData-EntityId"]
    assert answer.status_code == 204
    assert address.startswith(f"{api.root}/accounts(")
    row = api.get(address).json()
    assert row["name"] == "Adatum"
    assert row["createdon"] == "2020-10-04T06:00:00Z"
    assert row["_createdby_value"] == row["_ownerid_value"] == api.emulator.user_id
    assert (row["statecode"], row["statuscode"]) == (0, 1)
    assert row["@odata.etag"] == f'W/"{row["versionnumber"]}"'


def test_create_with_representation(api: Api) -> None:
    """return=representation gives 201 with the selected columns, an etag and no OData-EntityId."""
    answer = api.send("POST", "accounts?$select=name", {"name": "Fabrikam"}, Prefer="return=representation")
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Preference-Applied"] == "return=representation"
    assert "OData-EntityId" not in answer.headers
    assert set(body) == {"@odata.context", "@odata.etag", "accountid", "name"}
    assert answer.headers["ETag"] == body["@odata.etag"]


def test_the_client_may_choose_the_id(api: Api) -> None:
    """A primary key in the body becomes the row's id; a second row with it is refused with 412."""
    id = str(uuid.uuid4())
    assert api.create("accounts", {"accountid": id.upper(), "name": "x"}) == id
    again = api.send("POST", "accounts", {"accountid": id, "name": "y"})
    assert code_of(again) == (412, "0x80040237")


def test_a_missing_row_is_404(api: Api) -> None:
    """Retrieve and delete of an id that is not there answer 404 with 0x80040217."""
    address = f"accounts({uuid.uuid4()})"
    assert code_of(api.get(address)) == (404, "0x80040217")
    assert code_of(api.send("DELETE", address)) == (404, "0x80040217")


def test_delete_removes_the_row(api: Api) -> None:
    """DELETE answers 204, and then nothing is there."""
    id = api.create("accounts", {"name": "gone"})
    assert api.send("DELETE", f"accounts({id})").status_code == 204
    assert api.get(f"accounts({id})").status_code == 404


def test_update_under_an_old_etag_is_refused(api: Api) -> None:
    """If-Match with the current etag writes, with an older one 412 and 0x80060882, nothing written."""
    address = f"accounts({api.create('accounts', {'name': 'one'})})"
    first = api.get(address).headers["ETag"]
    assert api.send("PATCH", address, {"name": "two"}, If_Match=first).status_code == 204
    assert code_of(api.send("PATCH", address, {"name": "three"}, If_Match=first)) == (412, "0x80060882")
    assert code_of(api.send("DELETE", address, If_Match=first)) == (412, "0x80060882")
    assert api.get(address).json()["name"] == "two"


def test_etags_only_grow(api: Api) -> None:
    """Every write gives a higher version, over all tables of the file."""

    def version(address: str) -> int:
        return int(api.get(address).headers["ETag"].removeprefix('W/"').removesuffix('"'))

    account = f"accounts({api.create('accounts', {'name': 'a'})})"
    first = version(account)
    contact = version(f"contacts({api.create('contacts', {'lastname': 'c'})})")
    api.send("PATCH", account, {"name": "b"})
    assert first < contact < version(account)


def test_update_only_and_create_only(api: Api) -> None:
    """If-Match: * refuses a missing row with 404, If-None-Match: * an existing one with 412."""
    address = f"accounts({uuid.uuid4()})"
    assert code_of(api.send("PATCH", address, {"name": "x"}, If_Match="*")) == (404, "0x80040217")
    assert api.send("PATCH", address, {"name": "x"}, If_None_Match="*").status_code == 204
    assert code_of(api.send("PATCH", address, {"name": "y"}, If_None_Match="*")) == (412, "0x80040237")
    assert api.get(address).json()["name"] == "x"


def test_upsert_tells_create_from_update_only_with_representation(api: Api) -> None:
    """PATCH without a condition: 204 either way, 201 and 200 with return=representation."""
    address = f"accounts({uuid.uuid4()})"
    wanted = "return=representation"
    assert api.send("PATCH", address, {"name": "x"}, Prefer=wanted).status_code == 201
    assert api.send("PATCH", address, {"name": "y"}, Prefer=wanted).status_code == 200
    assert api.send("PATCH", address, {"name": "z"}).status_code == 204
    assert api.send("PATCH", f"accounts({uuid.uuid4()})", {"name": "z"}).status_code == 204


def test_upsert_takes_the_keys_of_the_body_on_create_only(api: Api) -> None:
    """A primary key in the body wins when the row is created and is dropped when it is updated."""
    in_address, in_body = str(uuid.uuid4()), str(uuid.uuid4())
    api.send("PATCH", f"accounts({in_address})", {"accountid": in_body, "name": "x"})
    assert api.get(f"accounts({in_body})").status_code == 200
    api.send("PATCH", f"accounts({in_body})", {"accountid": in_address, "name": "y"})
    assert api.get(f"accounts({in_body})").json()["name"] == "y"


def test_an_unchanged_row_is_304(api: Api) -> None:
    """If-None-Match with the current etag gives 304 without a body, never with annotations."""
    address = f"accounts({api.create('accounts', {'name': 'x'})})"
    tag = api.get(address).headers["ETag"]
    unchanged = api.get(address, If_None_Match=tag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    annotated = api.get(address, If_None_Match=tag, Prefer='odata.include-annotations="*"')
    assert annotated.status_code == 200
    assert api.get(address, If_None_Match="null").status_code == 200


def test_single_property(api: Api) -> None:
    """One column is read, written and emptied by its own address; empty reads as 204."""
    address = f"accounts({api.create('accounts', {'name': 'x'})})"
    assert api.send("PUT", f"{address}/telephone1", {"value": "555"}).status_code == 204
    assert api.get(f"{address}/telephone1").json()["value"] == "555"
    assert api.send("DELETE", f"{address}/telephone1").status_code == 204
    assert api.get(f"{address}/telephone1").status_code == 204


def test_versions_of_the_service_root(api: Api) -> None:
    """v9.0, v9.1 and v9.2 answer alike, another version is 404."""
    for version, status in (("v9.0", 200), ("v9.1", 200), ("v9.2", 200), ("v8.2", 404)):
        root = f"{api.emulator.url}/api/data/{version}/"
        assert api.get(f"{root}WhoAmI").status_code == status


def test_guards_refuse_and_change_and_hooks_follow(api: Api, emulator: RunningEmulator) -> None:
    """A guard's refusal is the answer and rolls back; its changes are written; hooks run after each write."""
    refused = api.send("POST", "accounts", {"name": "forbidden"})
    assert code_of(refused) == (400, "0x80040265")
    id = api.create("accounts", {"name": "loud", "description": "shout"})
    assert api.get(f"accounts({id})").json()["name"] == "LOUD"
    api.send("PATCH", f"accounts({id})", {"telephone1": "1"})
    with emulator.store.snapshot() as tx:
        assert tx.setting(f"changes:{id}") == 2


def test_deleting_a_parent(api: Api) -> None:
    """Children that cannot be without their parent go with it, other lookups are emptied."""
    account = api.create("accounts", {"name": mark()})
    contract = api.create(
        "salesorders", {"name": mark(), "customerid_account@odata.bind": f"/accounts({account})"}
    )
    line = api.create("salesorderdetails", {"salesorderid@odata.bind": f"/salesorders({contract})"})
    assert api.send("DELETE", f"accounts({account})").status_code == 204
    assert api.get(f"salesorders({contract})").json()["_customerid_value"] is None
    assert api.send("DELETE", f"salesorders({contract})").status_code == 204
    assert api.get(f"salesorderdetails({line})").status_code == 404


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_wrong_verb_is_405(api: Api, method: str) -> None:
    """A row takes GET, PATCH and DELETE."""
    address = f"accounts({api.create('accounts', {'name': 'x'})})"
    assert code_of(api.send(method, address, {"name": "y"})) == (405, "0x80040315")
