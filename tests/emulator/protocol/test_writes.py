"""What a body may hold: the checks of metadata, lookups, nested rows, exact amounts."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.emulator.protocol.caller import Api, code_of, mark

LONG = "x" * 161


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"nonsense": 1}, "0x0"),
        ({"Name": "case matters"}, "0x0"),
        ({"name": LONG}, "0x80044331"),
        ({"name": 5}, "0x80048d19"),
        ({"industrycode": 999}, "0x8004431a"),
        ({"industrycode": "1"}, "0x80048d19"),
        ({"industrycode": True}, "0x80048d19"),
        ({"creditlimit": 100000000000001}, "0x80044330"),
        ({"creditlimit": "12.00"}, "0x80048d19"),
        ({"numberofemployees": -1}, "0x8004432f"),
        ({"numberofemployees": 2147483648}, "0x80048d19"),
        ({"donotemail": 1}, "0x80048d19"),
        ({"createdon": "2020-01-01T00:00:00Z"}, "0x80040203"),
        ({"statecode": 1}, "0x80040203"),
        ({"statuscode": 2}, "0x80048408"),
        ({"overriddencreatedon": "yesterday"}, "0x80048d19"),
        ({"overriddencreatedon": "2020-13-01"}, "0x80048d19"),
        ({"overriddencreatedon": "1600-01-01"}, "0x80048d19"),
        ({"parentaccountid": "11111111-1111-1111-1111-111111111111"}, "0x80048d19"),
        ({"_parentaccountid_value": "11111111-1111-1111-1111-111111111111"}, "0x80048d19"),
        ({"parentaccountid@odata.bind": "/contacts(11111111-1111-1111-1111-111111111111)"}, "0x80048d19"),
        ({"parentaccountid@odata.bind": "https://elsewhere.invalid/api/data/v9.2/accounts(1)"}, "0x80048d19"),
        ({"ParentAccountId@odata.bind": "/accounts(11111111-1111-1111-1111-111111111111)"}, "0x80048d19"),
        ({"accountid": "no guid"}, "0x80048d19"),
    ],
)
def test_a_body_against_metadata_is_400(api: Api, body: dict[str, Any], code: str) -> None:
    """Unknown, read-only, ill-typed, too long and out-of-range values are refused, each with its code."""
    assert code_of(api.send("POST", "accounts", {"name": "x"} | body)) == (400, code)


def test_a_lookup_to_a_missing_row_is_404(api: Api) -> None:
    """Binding what does not exist answers 404 with the table and the id."""
    missing = "/accounts(11111111-1111-1111-1111-111111111111)"
    answer = api.send("POST", "accounts", {"name": "x", "parentaccountid@odata.bind": missing})
    assert code_of(answer) == (404, "0x80040217")
    assert "11111111-1111-1111-1111-111111111111" in answer.json()["error"]["message"]


def test_system_required_columns_are_required(api: Api) -> None:
    """A line without its contract is refused, on create and when the lookup is cleared."""
    assert code_of(api.send("POST", "salesorderdetails", {})) == (400, "0x80040203")
    contract = api.create("salesorders", {"name": mark()})
    line = api.create("salesorderdetails", {"salesorderid@odata.bind": f"/salesorders({contract})"})
    cleared = api.send("PATCH", f"salesorderdetails({line})", {"salesorderid@odata.bind": None})
    assert code_of(cleared) == (400, "0x80040203")


def test_every_table_takes_what_metadata_wants(api: Api) -> None:
    """A process can be created with the columns that have no value of the platform's."""
    body = {"name": mark(), "category": 0, "primaryentity": "msdyn_batchjob", "mode": 0}
    assert api.send("POST", "workflows", body).status_code == 204


def test_application_required_columns_are_not_enforced(api: Api) -> None:
    """The Web API takes a row without its ApplicationRequired columns, as the platform does."""
    assert api.send("POST", "accounts", {}).status_code == 204


def test_a_new_row_may_say_the_state_that_it_has(api: Api) -> None:
    """The state that every new row has may be sent, though the column is read-only on create."""
    address = f"accounts({api.create('accounts', {'name': mark(), 'statecode': 0, 'statuscode': 1})})"
    assert api.get(address).json()["statecode"] == 0
    for state in (1, "0", False):
        assert api.send("POST", "accounts", {"statecode": state}).status_code == 400


def test_an_amount_beyond_all_ranges_is_named(api: Api) -> None:
    """The refusal shows the number as it was written, however large."""
    answer = api.session.post(f"{api.root}/accounts", data=b'{"creditlimit": 1e400}', timeout=30)
    assert code_of(answer) == (400, "0x80044330")
    assert "1E+400" in answer.json()["error"]["message"]


def test_a_member_that_stands_there_twice_is_refused(api: Api) -> None:
    """Of two values for one column neither is passed over: the body is refused and the name shown."""
    answer = api.session.post(f"{api.root}/accounts", data=b'{"name": "a", "name": "b"}', timeout=30)
    assert code_of(answer) == (400, "0x80048d19")
    assert "'name'" in answer.json()["error"]["message"]


def test_a_status_must_belong_to_its_state(api: Api) -> None:
    """A state alone brings its default status; a status of another state is refused."""
    address = f"salesorders({api.create('salesorders', {'name': mark()})})"
    assert code_of(api.send("PATCH", address, {"statuscode": 100003})) == (400, "0x80048408")
    assert api.send("PATCH", address, {"statecode": 2}).status_code == 204
    row = api.get(f"{address}?$select=statecode,statuscode").json()
    assert (row["statecode"], row["statuscode"]) == (2, 4)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("12000", "12000.0000"),
        ("0.1", "0.1000"),
        ("99999999999.9999", "99999999999.9999"),
        ("33.33335", "33.3334"),
        ("1e2", "100.0000"),
        ("0", "0.0000"),
    ],
)
def test_money_is_exact_to_four_places(api: Api, written: str, stored: str) -> None:
    """An amount comes back as it was written, with four places, and without a float in between."""
    answer = api.session.post(
        f"{api.root}/accounts?$select=creditlimit",
        data=f'{{"name":"x","creditlimit":{written}}}',
        headers={"Content-Type": "application/json", "Prefer": "return=representation"},
        timeout=30,
    )
    assert f'"creditlimit":{stored},' in answer.text


def test_decimals_keep_their_precision(api: Api) -> None:
    """An exchange rate keeps ten places, digit for digit."""
    rate = "1.1234567891"
    body = (
        '{"currencyname":"x","isocurrencycode":"XXX","currencysymbol":"x","currencyprecision":2,'
        f'"exchangerate":{rate}}}'
    )
    answer = api.session.post(
        f"{api.root}/transactioncurrencies",
        data=body,
        headers={"Content-Type": "application/json", "Prefer": "return=representation"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    assert json.loads(answer.text, parse_float=Decimal)["exchangerate"] == Decimal(rate)


def test_base_amounts_follow_the_exchange_rate(api: Api) -> None:
    """An amount in another currency has its twin in the base currency, amount by rate."""
    euro = api.create(
        "transactioncurrencies",
        {
            "currencyname": "Euro",
            "isocurrencycode": "EUR",
            "currencysymbol": "€",
            "currencyprecision": 2,
            "exchangerate": 0.8,
        },
    )
    id = api.create(
        "accounts",
        {
            "name": "x",
            "creditlimit": 100,
            "transactioncurrencyid@odata.bind": f"/transactioncurrencies({euro})",
        },
    )
    row = api.get(
        f"accounts({id})?$select=creditlimit,creditlimit_base,exchangerate",
        Prefer='odata.include-annotations="*"',
    ).json()
    assert (row["creditlimit_base"], row["exchangerate"]) == (125.0, 0.8)
    assert row["creditlimit@OData.Community.Display.V1.FormattedValue"] == "€100.00"
    assert row["creditlimit_base@OData.Community.Display.V1.FormattedValue"] == "$125.00"
    api.send("PATCH", f"accounts({id})", {"creditlimit": 1.01})
    assert api.get(f"accounts({id})?$select=creditlimit_base").json()["creditlimit_base"] == 1.2625


def test_a_plain_date_means_midnight_utc(api: Api) -> None:
    """A date-only column of users' time takes a plain date and gives midnight UTC; others want a time."""
    body = {"msdyn_invoicerundate": "2020-10-05", "msdyn_transactioncutoffdate": "2020-10-04T00:00:00+02:00"}
    id = api.create("msdyn_contractlineinvoiceschedules", body)
    row = api.get(f"msdyn_contractlineinvoiceschedules({id})").json()
    assert row["msdyn_invoicerundate"] == "2020-10-05T00:00:00Z"
    assert row["msdyn_transactioncutoffdate"] == "2020-10-03T22:00:00Z"


def test_a_day_is_a_day(api: Api) -> None:
    """A column of plain days takes and gives days, and is filtered by days."""
    name = mark()
    id = api.create("invoices", {"name": name, "duedate": "2020-10-05"})
    assert api.get(f"invoices({id})?$select=duedate").json()["duedate"] == "2020-10-05"
    for condition, count in (
        ("duedate eq 2020-10-05", 1),
        ("duedate gt 2020-10-05", 0),
        ("Microsoft.Dynamics.CRM.On(PropertyName='duedate',PropertyValue='2020-10-05')", 1),
    ):
        assert len(api.rows(f"invoices?$filter=name eq '{name}' and {condition}")) == count
    refused = api.send("PATCH", f"invoices({id})", {"duedate": "2020-10-05T00:00:00Z"})
    assert code_of(refused) == (400, "0x80048d19")


@pytest.mark.parametrize("name", ["O'Brien", "100% _[x]", "Größe — 東京 🚀", 'say "hi"\n\\', "a+b&c=d#e/f?"])
def test_text_comes_back_as_written(api: Api, name: str) -> None:
    """Quotes, wildcards, umlauts, emoji and the letters of addresses survive, in rows and in filters."""
    key = mark()
    id = api.create("accounts", {"name": name, "accountnumber": key})
    assert api.get(f"accounts({id})?$select=name").json()["name"] == name
    quoted = name.replace("'", "''")
    answer = api.session.get(
        f"{api.root}/accounts",
        params={"$filter": f"name eq '{quoted}' and accountnumber eq '{key}'"},
        timeout=30,
    )
    assert [row["accountid"] for row in answer.json()["value"]] == [id]


@pytest.mark.parametrize(
    "form", ["/accounts({})", "accounts({})", "{root}/accounts({})", "accounts(accountid={})"]
)
def test_lookups_are_bound_by_address(api: Api, form: str) -> None:
    """A relative and an absolute address bind alike."""
    parent = api.create("accounts", {"name": "parent"})
    address = form.replace("{root}", api.root).replace("{}", parent)
    child = api.create("accounts", {"name": "child", "parentaccountid@odata.bind": address})
    assert api.get(f"accounts({child})").json()["_parentaccountid_value"] == parent


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("CustomerId_Account", "customerid_account"),
        ("customerid", "customerid_account and customerid_contact"),
        ("msdyn_accountmanagerid", "msdyn_AccountManagerId"),
    ],
)
def test_a_navigation_property_in_the_wrong_case_is_named(api: Api, written: str, meant: str) -> None:
    """A bind by the column's name, or in the wrong case, is refused with the name that is declared."""
    answer = api.send("POST", "salesorders", {f"{written}@odata.bind": None})
    assert code_of(answer) == (400, "0x80048d19")
    assert answer.json()["error"]["message"].endswith(f"knows {meant}.")


def test_a_lookup_is_cleared_with_null(api: Api) -> None:
    """The navigation property or its bind as null empties a lookup."""
    parent = api.create("accounts", {"name": "parent"})
    for body in ({"parentaccountid": None}, {"parentaccountid@odata.bind": None}):
        child = api.create("accounts", {"name": "c", "parentaccountid@odata.bind": f"accounts({parent})"})
        assert api.send("PATCH", f"accounts({child})", body).status_code == 204
        assert api.get(f"accounts({child})").json()["_parentaccountid_value"] is None


def test_a_customer_lookup_keeps_its_table(api: Api) -> None:
    """The customer of a contract can be an account or a contact, each by its own navigation property."""
    contact = api.create("contacts", {"firstname": "Ann", "lastname": "Lee"})
    contract = api.create("salesorders", {"customerid_contact@odata.bind": f"/contacts({contact})"})
    row = api.get(
        f"salesorders({contract})?$select=_customerid_value", Prefer='odata.include-annotations="*"'
    ).json()
    assert row["_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "contact"
    assert (
        row["_customerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"] == "customerid_contact"
    )


def test_deep_insert(api: Api) -> None:
    """A nested object becomes the lookup's row, a nested list the rows of a collection, levels deep."""
    name = mark()
    contract = api.create(
        "salesorders",
        {
            "name": name,
            "customerid_account": {"name": name, "primarycontactid": {"lastname": name}},
            "order_details": [{"productdescription": "one"}, {"productdescription": "two"}],
        },
    )
    row = api.get(
        f"salesorders({contract})?$expand=customerid_account($select=name),"
        "order_details($select=productdescription;$orderby=productdescription)"
    ).json()
    assert row["customerid_account"]["name"] == name
    assert [line["productdescription"] for line in row["order_details"]] == ["one", "two"]
    assert len(api.rows(f"contacts?$filter=lastname eq '{name}'")) == 1


def test_a_failing_deep_insert_leaves_nothing(api: Api) -> None:
    """One bad row inside takes all of it back."""
    name = mark()
    body = {"name": name, "order_details": [{"productdescription": "x"}, {"nonsense": 1}]}
    assert api.send("POST", "salesorders", body).status_code == 400
    assert api.rows(f"salesorders?$filter=name eq '{name}'") == []


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"nul", b'{"a":NaN}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_400(api: Api, raw: bytes) -> None:
    """What is not a JSON object is refused with the payload code."""
    answer = api.session.post(f"{api.root}/accounts", data=raw, timeout=30)
    assert code_of(answer) == (400, "0x80048d19")


def test_numbers_are_counted(api: Api) -> None:
    """Order numbers that the client leaves out are given by the platform, each once."""
    ids = [api.create("salesorders", {"name": mark()}) for _ in range(2)]
    numbers = {api.get(f"salesorders({id})").json()["ordernumber"] for id in ids}
    assert len(numbers) == 2
    assert all(number.startswith("ORD-") for number in numbers)
