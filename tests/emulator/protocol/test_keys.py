"""Alternate keys: in addresses, defined by clients, unique from then on."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest

from tests.emulator.protocol.caller import Api, code_of, mark

KEYS = "EntityDefinitions(LogicalName='account')/Keys"


def test_every_way_to_name_a_row_by_its_key(api: Api) -> None:
    """GET, PATCH, DELETE, a property, a bind, a reference; quotes are doubled."""
    number = f"{mark()} O'Neil"
    key = "accountnumber='" + quote(number.replace("'", "''")) + "'"
    id = api.create("accounts", {"name": "x", "accountnumber": number})
    assert api.get(f"accounts({key})?$select=name").json()["accountid"] == id
    assert api.get(f"accounts({key})/name").json()["value"] == "x"
    answer = api.send("PATCH", f"accounts({key})", {"name": "y", "accountnumber": "passed over"})
    assert unquote(answer.headers["OData-EntityId"]).endswith(f"accounts({unquote(key)})")
    assert api.get(f"accounts({id})?$select=accountnumber").json()["accountnumber"] == number
    child = api.create("accounts", {"name": "c", "parentaccountid@odata.bind": f"/accounts({key})"})
    assert api.get(f"accounts({child})").json()["_parentaccountid_value"] == id
    assert api.send("DELETE", f"accounts({key})").status_code == 204
    assert code_of(api.get(f"accounts({key})")) == (404, "0x80060891")


def test_upsert_takes_the_key_from_the_address_unless_the_body_has_it(api: Api) -> None:
    """On create the body's value wins; update only and create only hold by key too."""
    number = mark()
    assert api.send("PATCH", f"accounts(accountnumber='{number}')", {"name": "a"}).status_code == 204
    assert api.get(f"accounts(accountnumber='{number}')").json()["name"] == "a"
    other = mark()
    api.send("PATCH", f"accounts(accountnumber='{mark()}')", {"name": "b", "accountnumber": other})
    assert api.get(f"accounts(accountnumber='{other}')").json()["name"] == "b"
    create_only = api.send("PATCH", f"accounts(accountnumber='{number}')", {"name": "c"}, If_None_Match="*")
    assert create_only.status_code == 412
    update_only = api.send("PATCH", f"accounts(accountnumber='{mark()}')", {"name": "d"}, If_Match="*")
    assert code_of(update_only) == (404, "0x80060891")


def test_a_key_is_unique(api: Api) -> None:
    """A second row with the same values is refused, on create and on update; without a value it is none."""
    number = mark()
    api.create("accounts", {"name": "1", "accountnumber": number})
    assert code_of(api.send("POST", "accounts", {"name": "2", "accountnumber": number.upper()})) == (
        412,
        "0x80060892",
    )
    id = api.create("accounts", {"name": "3"})
    assert code_of(api.send("PATCH", f"accounts({id})", {"accountnumber": number})) == (412, "0x80060892")
    api.create("accounts", {"name": "4"})


def test_keys_are_defined_and_change_the_version_of_the_metadata(api: Api) -> None:
    """Several columns, a lookup among them; active at once; gone when deleted."""
    before = _version(api)
    name = f"new_{mark()}"
    body = {"SchemaName": name, "KeyAttributes": ["fax", "primarycontactid"]}
    made = api.send("POST", KEYS, body)
    assert made.status_code == 204, made.text
    assert _version(api) != before
    key = next(each for each in api.rows(KEYS) if each["SchemaName"] == name)
    assert (key["EntityKeyIndexStatus"], key["KeyAttributes"]) == ("Active", ["fax", "primarycontactid"])
    contact, fax = api.create("contacts", {"lastname": name}), mark()
    address = f"accounts(fax='{fax}',_primarycontactid_value={contact})"
    assert api.send("PATCH", address, {"name": name}).status_code == 204
    assert api.get(address).json()["name"] == name
    assert api.send("DELETE", f"{KEYS}({key['MetadataId']})").status_code == 204
    assert code_of(api.get(address))[0] == 400
    assert _version(api) == before


def _version(api: Api) -> str:
    annotation = "Microsoft.Dynamics.CRM.globalmetadataversion"
    answer = api.get("accounts?$top=1", Prefer=f'odata.include-annotations="{annotation}"')
    return str(answer.json()[f"@{annotation}"])


@pytest.mark.parametrize(
    "body",
    [
        {"SchemaName": "new_x", "KeyAttributes": []},
        {"SchemaName": "new_x", "KeyAttributes": ["nonsense"]},
        {"SchemaName": "new_x", "KeyAttributes": ["creditlimit"]},
        {"SchemaName": "new_x", "KeyAttributes": ["fax", "fax"]},
        {"SchemaName": "new_x", "KeyAttributes": ["accountnumber"]},
        {"SchemaName": "no name", "KeyAttributes": ["fax"]},
        {"KeyAttributes": ["fax"]},
    ],
)
def test_keys_that_dataverse_refuses(api: Api, body: dict[str, object]) -> None:
    """Without columns, over unknown or unfit ones, twice, or without a name."""
    assert api.send("POST", KEYS, body).status_code == 400


def test_what_is_no_key(api: Api) -> None:
    """Columns without a key, and the packaged key, which stays."""
    assert code_of(api.get("accounts(name='x')"))[0] == 400
    key = next(each for each in api.rows(KEYS) if each["KeyAttributes"] == ["accountnumber"])
    assert api.send("DELETE", f"{KEYS}({key['MetadataId']})").status_code == 400
