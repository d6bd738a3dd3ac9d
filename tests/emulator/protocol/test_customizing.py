"""Tables, columns, relationships and choices through the metadata API, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connector.emulator import start
from tests.emulator.protocol.caller import NOW, Api, code_of
from tests.emulator.protocol.definitions import NAMESPACE, column, label, make, one_to_many, table


@pytest.fixture(scope="module")
def shared() -> Iterator[Api]:
    with start(None, now=NOW) as running:
        caller = Api(running)
        yield caller
        caller.session.close()


@pytest.fixture
def api(shared: Api) -> Iterator[Api]:
    """One emulator for all tests, with the packaged schema before each: the schema is what is changed."""
    store = shared.emulator.store
    before = store.image()
    yield shared
    store.restore(before)


def test_the_documented_example(api: Api) -> None:
    """A table as the documentation creates it, in its members and with the answer that it promises."""
    body = table(
        "new_BankAccount", Description=label("Accounts of customers"), HasNotes=False, IsActivity=False
    )
    body["DisplayCollectionName"] = label("Bank Accounts")
    body["Attributes"][0] |= {
        "AttributeType": "String",
        "AttributeTypeName": {"Value": "StringType"},
        "FormatName": {"Value": "Text"},
        "RequiredLevel": {"Value": "None", "CanBeChanged": True, "ManagedPropertyLogicalName": "x"},
    }
    address = make(api, "EntityDefinitions", body)
    found = api.get(address).json()
    assert (found["LogicalName"], found["EntitySetName"]) == ("new_bankaccount", "new_bankaccounts")
    assert (found["PrimaryIdAttribute"], found["PrimaryNameAttribute"]) == ("new_bankaccountid", "new_name")
    assert found["Description"]["UserLocalizedLabel"]["Label"] == "Accounts of customers"
    assert (found["IsManaged"], found["IsCustomizable"]["Value"]) == (False, True)
    id = api.create("new_bankaccounts", {"new_name": "Giro"})
    assert api.get(f"new_bankaccounts({id})").json()["new_name"] == "Giro"
    assert b'EntityType Name="new_bankaccount"' in api.get("$metadata").content


COLUMNS: tuple[tuple[dict[str, Any], Any, Any], ...] = (
    (column("Memo", "new_M", MaxLength=10, Format="TextArea"), "ten signs", "more than ten"),
    (column("Integer", "new_I", MinValue=0, MaxValue=100, Format="None"), 7, 101),
    (column("Decimal", "new_D", MinValue=0.0, MaxValue=100.0, Precision=1), 7.5, 100.5),
    (column("Double", "new_F", MinValue=-1.5, MaxValue=1.5, Precision=5), 0.5, 2),
    (column("Money", "new_B", PrecisionSource=2), 12.25, "12.25"),
    (column("Boolean", "new_Y", OptionSet={"TrueOption": {"Value": 1, "Label": label("Yes")}}), True, 1),
    (column("DateTime", "new_T", Format="DateOnly"), "2020-10-05T00:00:00Z", "2020-13-05"),
    (
        column("DateTime", "new_O", Format="DateOnly", DateTimeBehavior={"Value": "DateOnly"}),
        "2020-10-05",
        "2020-10-05T00:00:00Z",
    ),
    (column("Picklist", "new_P", OptionSet={"Options": [{"Value": 5, "Label": label("Five")}]}), 5, 6),
    (
        column(
            "MultiSelectPicklist",
            "new_X",
            OptionSet={"Options": [{"Label": label("A")}, {"Label": label("B")}]},
        ),
        "100000000,100000001",
        "1",
    ),
)


@pytest.mark.parametrize(("definition", "good", "bad"), COLUMNS, ids=lambda one: str(one)[:20])
def test_each_type_of_column(api: Api, definition: dict[str, Any], good: Any, bad: Any) -> None:
    """It takes what its definition allows and refuses the rest; deleted, it is no property any more."""
    make(api, "EntityDefinitions", table())
    address = make(api, "EntityDefinitions(LogicalName='new_bank')/Attributes", definition)
    name = definition["SchemaName"].lower()
    id = api.create("new_banks", {name: good})
    assert api.get(f"new_banks({id})?$select={name}").json()[name] == good
    assert api.send("POST", "new_banks", {name: bad}).status_code == 400
    assert api.send("DELETE", address, If_Match="*").status_code == 204
    assert code_of(api.get(f"new_banks?$select={name}")) == (400, "0x0")
    make(api, "EntityDefinitions(LogicalName='new_bank')/Attributes", definition)
    assert api.get(f"new_banks({id})").json()[name] is None


def test_a_lookup_and_what_its_cascades_do(api: Api) -> None:
    """Both ways by their names; Delete takes along, empties or refuses; Assign hands on to the new owner."""
    make(api, "EntityDefinitions", table())
    address = make(
        api,
        "RelationshipDefinitions",
        one_to_many(
            "account",
            "new_bank",
            "new_Holder",
            CascadeConfiguration={"Delete": "Cascade", "Assign": "Cascade"},
        ),
    )
    account = api.create("accounts", {"name": "Adatum"})
    bank = api.create("new_banks", {"new_name": "Giro", "new_Holder@odata.bind": f"/accounts({account})"})
    (row,) = api.rows(
        f"accounts?$filter=accountid eq {account}&$expand=new_account_new_bank($select=new_name)"
    )
    assert [one["new_name"] for one in row["new_account_new_bank"]] == ["Giro"]
    unit = api.rows("businessunits")[0]["businessunitid"]
    other = {"firstname": "Ada", "lastname": "L", "businessunitid@odata.bind": f"businessunits({unit})"}
    user = api.create("systemusers", other | {"domainname": "ada@contoso.example"})
    api.send("PATCH", f"accounts({account})", {"ownerid@odata.bind": f"systemusers({user})"})
    owned = api.get(f"new_banks({bank})").json()
    assert (owned["_ownerid_value"], owned["_owninguser_value"]) == (user, user)

    def cascade(delete: str) -> None:
        definition = api.get(address).json()
        changed = definition | {"CascadeConfiguration": {"Delete": delete}}
        assert api.send("PUT", address, changed, MSCRM_MergeLabels="true").status_code == 204

    cascade("Restrict")
    assert code_of(api.send("DELETE", f"accounts({account})")) == (405, "0x80040227")
    cascade("RemoveLink")
    assert api.send("DELETE", f"accounts({account})").status_code == 204
    assert api.get(f"new_banks({bank})").json()["_new_holder_value"] is None
    cascade("Cascade")
    again = api.create("accounts", {"name": "Again", "new_account_new_bank": [{"new_name": "Depot"}]})
    assert api.send("DELETE", f"accounts({again})").status_code == 204
    assert [one["new_name"] for one in api.rows("new_banks")] == ["Giro"]
    assert api.send("DELETE", address).status_code == 204
    assert code_of(api.get("new_banks?$select=_new_holder_value")) == (400, "0x0")


def test_many_to_many(api: Api) -> None:
    """Rows of both sides are connected, counted, expanded and taken apart; then the relationship goes."""
    make(api, "EntityDefinitions", table())
    body = {
        "@odata.type": f"{NAMESPACE}ManyToManyRelationshipMetadata",
        "SchemaName": "new_account_new_bank",
        "Entity1LogicalName": "account",
        "Entity2LogicalName": "new_bank",
        "IntersectEntityName": "new_account_new_bank",
    }
    address = make(api, "RelationshipDefinitions", body)
    account, bank = api.create("accounts", {"name": "A"}), api.create("new_banks", {"new_name": "B"})
    members = f"accounts({account})/new_account_new_bank"
    reference = {"@odata.id": f"{api.root}/new_banks({bank})"}
    assert api.send("POST", f"{members}/$ref", reference).status_code == 204
    assert [row["new_name"] for row in api.rows(members)] == ["B"]
    back = api.get(f"new_banks({bank})?$expand=new_account_new_bank($select=name)").json()
    assert [row["name"] for row in back["new_account_new_bank"]] == ["A"]
    assert api.send("DELETE", f"{members}({bank})/$ref").status_code == 204
    assert api.rows(members) == []
    found = api.get(address).json()
    assert (found["Entity1LogicalName"], found["IsManaged"]) == ("account", False)
    assert api.send("DELETE", address).status_code == 204
    assert api.get(members).status_code == 404
    assert api.get("EntityDefinitions(LogicalName='new_account_new_bank')").status_code == 404


def test_a_global_choice_is_shared(api: Api) -> None:
    """Two columns have its options; it is told as both, renamed, and deleted once nobody uses it."""
    options = [{"Value": 1, "Label": label("Red")}, {"Value": 2, "Label": label("Blue")}]
    body = {
        "@odata.type": f"{NAMESPACE}OptionSetMetadata",
        "Name": "new_colors",
        "DisplayName": label("Colors"),
        "OptionSetType": "Picklist",
        "IsGlobal": True,
        "Options": options,
    }
    address = make(api, "GlobalOptionSetDefinitions", body)
    bind = {"GlobalOptionSet@odata.bind": f"/{address}"}
    made = [
        make(
            api,
            f"EntityDefinitions(LogicalName='{name}')/Attributes",
            column("Picklist", "new_Color", **bind),
        )
        for name in ("account", "contact")
    ]
    id = api.create("accounts", {"name": "A", "new_color": 2})
    row = api.get(f"accounts({id})?$select=new_color", Prefer='odata.include-annotations="*"').json()
    assert row["new_color@OData.Community.Display.V1.FormattedValue"] == "Blue"
    cast = f"{made[0]}/{NAMESPACE}PicklistAttributeMetadata?$expand=GlobalOptionSet"
    assert api.get(cast).json()["GlobalOptionSet"]["Name"] == "new_colors"
    by_name = api.get("GlobalOptionSetDefinitions(Name='new_colors')").json()
    assert [one["Value"] for one in by_name["Options"]] == [1, 2]
    assert api.send("PUT", address, by_name | {"DisplayName": label("Colours")}).status_code == 204
    assert api.get(address).json()["DisplayName"]["UserLocalizedLabel"]["Label"] == "Colours"
    assert code_of(api.send("DELETE", address)) == (400, "0x80048417")
    for one in made:
        assert api.send("DELETE", one).status_code == 204
    assert api.send("DELETE", address).status_code == 204
    assert api.rows("GlobalOptionSetDefinitions") == []


def test_definitions_are_replaced(api: Api) -> None:
    """What GET told comes back by PUT: a longer text, another label; the type stays."""
    address = make(api, "EntityDefinitions", table())
    attribute = "EntityDefinitions(LogicalName='new_bank')/Attributes(LogicalName='new_name')"
    found = api.get(f"{attribute}/{NAMESPACE}StringAttributeMetadata").json()
    assert api.send("POST", "new_banks", {"new_name": "x" * 101}).status_code == 400
    kind = {"@odata.type": f"{NAMESPACE}StringAttributeMetadata"}
    assert api.send("PUT", attribute, found | kind | {"MaxLength": 200}).status_code == 204
    api.create("new_banks", {"new_name": "x" * 101})
    wrong = found | {"@odata.type": f"{NAMESPACE}MemoAttributeMetadata"}
    assert api.send("PUT", attribute, wrong).status_code == 400
    definition = api.get(address).json()
    assert api.send("PUT", address, definition | {"DisplayName": label("Bank house")}).status_code == 204
    assert api.get(address).json()["DisplayName"]["UserLocalizedLabel"]["Label"] == "Bank house"
    assert api.send("PATCH", address, definition).status_code == 405


def test_a_deleted_table_leaves_nothing(api: Api) -> None:
    """Its rows, its keys, the lookups that led to it; made again it is empty."""
    address = make(api, "EntityDefinitions", table())
    make(api, "RelationshipDefinitions", one_to_many("new_bank", "account", "new_Bank"))
    key = {"SchemaName": "new_key", "KeyAttributes": ["new_name"]}
    assert api.send("POST", "EntityDefinitions(LogicalName='new_bank')/Keys", key).status_code == 204
    attribute = "EntityDefinitions(LogicalName='new_bank')/Attributes(LogicalName='new_name')"
    assert code_of(api.send("DELETE", attribute)) == (400, "0x80047002")
    bank = api.create("new_banks", {"new_name": "B"})
    account = api.create("accounts", {"name": "A", "new_Bank@odata.bind": f"new_banks({bank})"})
    assert api.send("DELETE", address).status_code == 204
    assert api.get("new_banks").status_code == 404
    assert "_new_bank_value" not in api.get(f"accounts({account})").json()
    make(api, "EntityDefinitions", table())
    assert api.rows("new_banks") == []
    assert api.rows("EntityDefinitions(LogicalName='new_bank')/Keys") == []


def test_a_key_goes_with_its_column(api: Api) -> None:
    """A lookup that is part of a key is lost with the table that it leads to: rows are written as before."""
    address = make(api, "EntityDefinitions", table())
    make(api, "EntityDefinitions", table("new_Card"))
    make(api, "RelationshipDefinitions", one_to_many("new_bank", "new_card", "new_Bank"))
    key = {"SchemaName": "new_key", "KeyAttributes": ["new_bank", "new_name"]}
    assert api.send("POST", "EntityDefinitions(LogicalName='new_card')/Keys", key).status_code == 204
    assert api.send("DELETE", address).status_code == 204
    assert api.rows("EntityDefinitions(LogicalName='new_card')/Keys") == []
    api.create("new_cards", {"new_name": "C"})


def test_defaults(api: Api) -> None:
    """A Boolean is false unless said otherwise, a choice has its default; a choice of several has none."""
    make(api, "EntityDefinitions", table())
    path = "EntityDefinitions(LogicalName='new_bank')/Attributes"
    options = {"Options": [{"Value": 1, "Label": label("A")}, {"Value": 2, "Label": label("B")}]}
    make(api, path, column("Boolean", "new_Y"))
    make(api, path, column("Picklist", "new_P", OptionSet=options, DefaultFormValue=2))
    several = column("MultiSelectPicklist", "new_X", OptionSet=options, DefaultFormValue=2)
    assert code_of(api.send("POST", path, several)) == (400, "0x80040203")
    row = api.get(f"new_banks({api.create('new_banks', {})})").json()
    assert (row["new_y"], row["new_p"]) == (False, 2)


def test_a_change_set_takes_tables_back(api: Api) -> None:
    """A table, a row of it and a refusal in one change set: neither table nor row is there."""

    def batch(*operations: tuple[str, str]) -> int:
        parts = "".join(
            f"--c\r\nContent-Type: application/http\r\nContent-ID: {n}\r\n\r\n"
            f"POST /api/data/v9.2/{path} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{body}\r\n"
            for n, (path, body) in enumerate(operations)
        )
        whole = f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{parts}--c--\r\n--b--\r\n"
        answer = api.session.post(
            f"{api.root}/$batch", whole, headers={"Content-Type": "multipart/mixed; boundary=b"}, timeout=30
        )
        return answer.status_code

    bank = ("EntityDefinitions", json.dumps(table()))
    row = ("new_banks", '{"new_name": "B"}')
    assert batch(bank, row, ("new_banks", '{"nothing": 1}')) == 400
    assert api.get("new_banks").status_code == 404
    assert batch(bank, row) == 200
    assert len(api.rows("new_banks")) == 1


def test_the_state_keeps_them(api: Api) -> None:
    """An image from before has them not, one from after has them."""
    store = api.emulator.store
    before = store.image()
    make(api, "EntityDefinitions", table())
    make(api, "RelationshipDefinitions", one_to_many("account", "new_bank", "new_Holder"))
    after = store.image()
    store.restore(before)
    assert api.get("new_banks").status_code == 404
    store.restore(after)
    assert api.rows("new_banks?$expand=new_Holder") == []
