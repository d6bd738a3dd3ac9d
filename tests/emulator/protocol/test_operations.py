"""Actions and functions, built in and registered, and the bulk operations."""

from __future__ import annotations

import uuid

import pytest

from connector.emulator import RunningEmulator
from tests.emulator.protocol.caller import Api, code_of, mark

TYPE = {"@odata.type": "Microsoft.Dynamics.CRM.account"}


def test_who_am_i(api: Api, emulator: RunningEmulator) -> None:
    """The caller, its unit and the organization, with or without parentheses."""
    for form in ("WhoAmI", "WhoAmI()", "Microsoft.Dynamics.CRM.WhoAmI"):
        who = api.get(form).json()
        assert who["UserId"] == emulator.user_id
        assert api.get(f"businessunits({who['BusinessUnitId']})").status_code == 200
        assert api.get(f"organizations({who['OrganizationId']})").status_code == 200


def test_a_client_recognises_an_emulator(api: Api) -> None:
    """A function of the emulator's own says what answers; the version is in the platform's form."""
    assert api.get("projops_EmulatorInfo").json()["Name"] == "projops emulator"
    assert api.get("RetrieveVersion").json()["Version"].startswith("9.2.")


def test_bound_action(api: Api) -> None:
    """A registered action gets its row and body, and its row comes back rendered."""
    address = f"accounts({api.create('accounts', {'name': 'x'})})"
    answer = api.send("POST", f"{address}/Microsoft.Dynamics.CRM.Rename", {"Name": "y"})
    assert answer.status_code == 200
    assert answer.json()["name"] == "y"
    missing = f"accounts({uuid.uuid4()})/Microsoft.Dynamics.CRM.Rename"
    assert code_of(api.send("POST", missing, {"Name": "y"})) == (404, "0x80040217")


def test_the_row_of_an_action_can_be_selected(api: Api) -> None:
    """$select holds for the row that an action returns, and is refused where no row comes back."""
    address = f"accounts({api.create('accounts', {'name': 'x'})})/Microsoft.Dynamics.CRM.Rename"
    answer = api.send("POST", f"{address}?$select=telephone1", {"Name": "y"})
    assert set(answer.json()) == {"@odata.context", "@odata.etag", "accountid", "telephone1"}
    assert api.get("WhoAmI?$select=UserId").status_code == 400
    assert api.get("WhoAmI(x=1)").status_code == 400


def test_the_organization_and_its_languages(api: Api) -> None:
    """RetrieveCurrentOrganization as documented, with each way to write its parameter; its one language."""
    enumeration = "Microsoft.Dynamics.CRM.EndpointAccessType'Default'"
    for form in (
        f"(AccessType={enumeration})",
        f"(AccessType=@p1)?@p1={enumeration}",
        "(AccessType='Internet')",
    ):
        detail = api.get(f"RetrieveCurrentOrganization{form}").json()["Detail"]
        assert detail["OrganizationId"] == api.get("WhoAmI").json()["OrganizationId"]
        assert detail["OrganizationVersion"] == api.get("RetrieveVersion").json()["Version"]
        assert (detail["State"], detail["FriendlyName"]) == ("Enabled", "emulator")
        assert detail["Endpoints"]["Values"] == [f"{api.emulator.url}/"]
    assert api.get("RetrieveCurrentOrganization").status_code == 400
    assert api.get("RetrieveCurrentOrganization(AccessType='Nonsense')").status_code == 400
    assert api.get("RetrieveAvailableLanguages").json()["LocaleIds"] == [1033]


def test_an_action_under_an_etag(api: Api) -> None:
    """If-Match on an action holds as on a write: 412 when the row has changed since."""
    address = f"accounts({api.create('accounts', {'name': 'x'})})"
    tag = api.get(address).headers["ETag"]
    action = f"{address}/Microsoft.Dynamics.CRM.Rename"
    assert api.send("POST", action, {"Name": "y"}, If_Match=tag).status_code == 200
    assert code_of(api.send("POST", action, {"Name": "z"}, If_Match=tag)) == (412, "0x80060882")


@pytest.mark.parametrize(
    "form", [{"@odata.id": "accounts({})"}, {"accountid": "{}"}, {"accountid": "{}", **TYPE}]
)
def test_entity_parameters(api: Api, form: dict[str, str]) -> None:
    """A row as a parameter: by address, or by its key."""
    id = api.create("accounts", {"name": "x"})
    target = {name: value.replace("{}", id) for name, value in form.items()}
    answer = api.send("POST", "projops_Point", {"Target": target})
    assert (answer.json()["Table"], answer.json()["Id"]) == ("account", id)


def test_function_parameters(api: Api) -> None:
    """Inline values and aliases, exact numbers, quoted text."""
    inline = api.get("projops_Add(a=1.1,b=2.2,t='O''Brien, (x)')")
    assert '"Sum":3.3' in inline.text
    assert inline.json()["Text"] == "O'Brien, (x)"
    assert api.get("projops_Add(a=@a,b=2,t=@t)?@a=1&@t='x'").json()["Sum"] == 3
    assert api.get("projops_Add(a=@nothing,b=2,t='x')").status_code == 400


def test_the_wrong_verb_is_404_without_code(api: Api) -> None:
    """A function by POST and an action by GET are not found, as on the platform."""
    assert code_of(api.send("POST", "WhoAmI")) == (404, "")
    assert code_of(api.get("projops_Point")) == (404, "")


def test_create_multiple(api: Api) -> None:
    """The ids come in the order sent; one bad row takes all of it back."""
    name = mark()
    address = "accounts/Microsoft.Dynamics.CRM.CreateMultiple"
    targets = [{"name": f"{name} {n}", **TYPE} for n in range(3)]
    ids = api.send("POST", address, {"Targets": targets}).json()["Ids"]
    assert [api.get(f"accounts({id})").json()["name"][-1] for id in ids] == ["0", "1", "2"]
    failing = api.send("POST", address, {"Targets": [targets[0], {"nonsense": 1, **TYPE}]})
    assert failing.status_code == 400
    assert len(api.rows(f"accounts?$filter=startswith(name,'{name}')")) == 3
    assert api.send("POST", address, {"Targets": [{"name": "untyped"}]}).status_code == 400


def test_update_and_upsert_multiple(api: Api) -> None:
    """UpdateMultiple wants rows that exist, UpsertMultiple makes those that do not."""
    existing, new = api.create("accounts", {"name": "x"}), str(uuid.uuid4())
    base = "accounts/Microsoft.Dynamics.CRM."
    both = [
        {"accountid": existing, "name": "y", **TYPE},
        {"@odata.id": f"accounts({new})", "name": "z", **TYPE},
    ]
    assert api.send("POST", f"{base}UpdateMultiple", {"Targets": both}).status_code == 404
    assert api.get(f"accounts({existing})").json()["name"] == "x"
    assert api.send("POST", f"{base}UpsertMultiple", {"Targets": both}).status_code == 204
    assert api.get(f"accounts({existing})").json()["name"] == "y"
    assert api.get(f"accounts({new})").json()["name"] == "z"
