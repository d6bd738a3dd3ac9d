"""Lists: $select, $filter, $orderby, $top, $count, $expand, annotations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connector.emulator import RunningEmulator, start
from tests.emulator.protocol.caller import NOW, Api, code_of

ADATUM = "aaaaaaaa-0000-0000-0000-000000000001"
BRIEN = "aaaaaaaa-0000-0000-0000-000000000002"
CONTOSO = "aaaaaaaa-0000-0000-0000-000000000003"
ANN = "cccccccc-0000-0000-0000-000000000001"


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    """Three accounts that differ in everything a filter can ask for."""
    with start(None, now=NOW) as running:
        with running.store.transaction() as tx:
            tx.insert("contact", {"contactid": ANN, "fullname": "Ann Lee", "lastname": "Lee"})
            tx.insert(
                "account",
                {
                    "accountid": ADATUM,
                    "name": "Adatum",
                    "primarycontactid": ANN,
                    "industrycode": 1,
                    "numberofemployees": 10,
                    "donotemail": True,
                },
            )
            tx.insert(
                "account", {"accountid": BRIEN, "name": "O'Brien 100% Söhne", "parentaccountid": ADATUM}
            )
            tx.insert("account", {"accountid": CONTOSO, "name": "contoso", "parentaccountid": BRIEN})
        yield running


@pytest.fixture(scope="module", autouse=True)
def amounts(api: Api) -> None:
    for id, limit in ((ADATUM, "12.3456"), (BRIEN, "99999999999.99")):
        answer = api.session.patch(
            f"{api.root}/accounts({id})", data=f'{{"creditlimit":{limit}}}', timeout=30
        )
        assert answer.status_code == 204


def found(api: Api, condition: str, **aliases: str) -> str:
    """The initials of the accounts that a filter takes, in order."""
    answer = api.session.get(
        f"{api.root}/accounts", params={"$select": "name", "$filter": condition, **aliases}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    return "".join(sorted(row["name"][0].upper() for row in answer.json()["value"]))


@pytest.mark.parametrize(
    ("condition", "initials"),
    [
        ("name eq 'ADATUM'", "A"),
        ("name ne 'adatum'", "CO"),
        ("name eq 'o''brien 100% SÖHNE'", "O"),
        ("contains(name,'söh')", "O"),
        ("contains(name,'100[%]')", "O"),
        ("startswith(name,'c_ntoso')", "C"),
        ("endswith(name,'M')", "A"),
        ("not contains(name,'a')", "CO"),
        ("not(contains(name,'a'))", "CO"),
        ("name ne 'not(x)' and not(name eq 'contoso' or industrycode eq 1)", "O"),
        ("not (name eq 'contoso' or industrycode eq 1)", "O"),
        ("industrycode eq null", "CO"),
        ("industrycode ne null", "A"),
        ("industrycode ne 2", "ACO"),
        ("numberofemployees gt 9.5 and numberofemployees lt 10.5", "A"),
        ("numberofemployees eq 10.5", ""),
        ("numberofemployees lt 99999999999999999999", "A"),
        ("donotemail", "A"),
        ("donotemail eq true", "A"),
        ("donotemail eq false", "CO"),
        ("creditlimit eq 12.3456", "A"),
        ("creditlimit gt 12.34559", "AO"),
        ("creditlimit gt 12.34561", "O"),
        ("creditlimit ge 12.34561", "O"),
        ("creditlimit lt 12.34561", "A"),
        ("creditlimit eq 99999999999.99", "O"),
        ("creditlimit gt -1", "AO"),
        ("12.3456 le creditlimit", "AO"),
        ("createdon eq 2020-10-04T06:00:00Z", "ACO"),
        ("createdon eq 2020-10-04T08:00:00%2B02:00".replace("%2B", "+"), "ACO"),
        ("createdon gt 2020-10-04T06:00:00.5Z", ""),
        ("createdon ge 2020-10-05", ""),
        (f"_parentaccountid_value eq {ADATUM}", "O"),
        (f"_parentaccountid_value eq {ADATUM.upper()}", "O"),
        (f"accountid in ({ADATUM},{CONTOSO})", "AC"),
        ("name in ('contoso')", "C"),
        ("name in ('contoso','adatum')", "AC"),
        ("industrycode in (1,null)", "ACO"),
        ("not (industrycode in (1,2))", "CO"),
        ("not (creditlimit gt 13)", "AC"),
        ("parentaccountid/name eq 'adatum'", "O"),
        ("parentaccountid/parentaccountid/name eq 'adatum'", "C"),
        ("primarycontactid/fullname eq 'ann lee'", "A"),
        ("parentaccountid/primarycontactid/lastname eq 'Lee'", "O"),
        ("account_parent_account/any(c:c/name eq 'contoso')", "O"),
        ("account_parent_account/any()", "AO"),
        ("not account_parent_account/any()", "C"),
        ("account_parent_account/all(c:c/name eq 'contoso')", "CO"),
        ("account_parent_account/any(c:c/parentaccountid/name eq 'Adatum')", "A"),
        ("account_parent_account/any(c:c/account_parent_account/any(d:d/name eq 'contoso'))", "A"),
        ("account_parent_account/any(c:c/account_parent_account/any(d:name eq 'adatum'))", "A"),
        ("account_parent_account/any(c:c/account_parent_account/any(d:name eq 'contoso'))", ""),
        ("accountid eq _parentaccountid_value", ""),
        ("name eq name", "ACO"),
        ("((name eq 'contoso'))", "C"),
        ("contains(name,'o') eq false", "A"),
        ("name eq 'in (x)'", ""),
        ("name eq '[\"x\"] @p1'", ""),
        ("Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=['contoso'])", "C"),
        ('Microsoft.Dynamics.CRM.In(PropertyName=\'industrycode\',PropertyValues=["1","2"])', "A"),
        (f"Microsoft.Dynamics.CRM.In(PropertyName='accountid',PropertyValues=['{BRIEN}'])", "O"),
        ("Microsoft.Dynamics.CRM.NotIn(PropertyName='industrycode',PropertyValues=['1'])", "CO"),
        ("Microsoft.Dynamics.CRM.Between(PropertyName='creditlimit',PropertyValues=['12.3456','13'])", "A"),
        ("Microsoft.Dynamics.CRM.NotBetween(PropertyName='creditlimit',PropertyValues=['1','13'])", "O"),
        ("Microsoft.Dynamics.CRM.On(PropertyName='createdon',PropertyValue='2020-10-04')", "ACO"),
        ("Microsoft.Dynamics.CRM.OnOrAfter(PropertyName='createdon',PropertyValue='2020-10-05')", ""),
        ("Microsoft.Dynamics.CRM.OnOrBefore(PropertyName='createdon',PropertyValue='2020-10-04')", "ACO"),
    ],
)
def test_filter(api: Api, condition: str, initials: str) -> None:
    """Each operator takes exactly its rows: text without case, amounts exact, unknown counts as false."""
    assert found(api, condition) == initials


def test_filter_with_parameter_aliases(api: Api) -> None:
    """Aliases stand for values, in comparisons and in the platform's own functions."""
    assert found(api, "name eq @n", **{"@n": "'contoso'"}) == "C"
    function = "Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)"
    assert found(api, function, **{"@p1": "'name'", "@p2": '["contoso","O\'Brien 100% Söhne"]'}) == "CO"


@pytest.mark.parametrize(
    "condition",
    [
        "name eq",
        "name",
        "nonsense eq 1",
        "name eq 5",
        "accountid eq 'x'",
        "name eq 'x",
        "name eq 'a' and",
        "",
        "parentaccountid eq null",
        "creditlimit eq 'x'",
        "donotemail eq 1",
        "createdon eq 2020-99-01",
        "createdon gt 2020-10-04T06:00:00",
        "name gt null",
        "1 eq 1",
        "name eq @p",
        "parentaccountid/nonsense eq 1",
        "industrycode in ('a')",
        "contains(industrycode,'1')",
        "contains(name,5)",
        "allocation eq 1",
        "(((",
        "not Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=['x'])",
        "Microsoft.Dynamics.CRM.In(PropertyName='name')",
        "Microsoft.Dynamics.CRM.In('name',['x'])",
        "Microsoft.Dynamics.CRM.Between(PropertyName='creditlimit',PropertyValues=['1'])",
        "Microsoft.Dynamics.CRM.ContainValues(PropertyName='name',PropertyValues=['1'])",
    ],
)
def test_a_filter_that_makes_no_sense_is_400(api: Api, condition: str) -> None:
    """Unknown columns, types that do not fit and broken syntax are refused, never ignored."""
    answer = api.session.get(f"{api.root}/accounts", params={"$filter": condition}, timeout=30)
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("$filter=year(createdon) eq 2020", "year"),
        ("$filter=tolower(name) eq 'x'", "tolower"),
        ("$filter=numberofemployees add 1 eq 2", "arithmetic"),
        ("$filter=Microsoft.Dynamics.CRM.Under(PropertyName='accountid',PropertyValue='x')", "Under"),
        ("$apply=concat(aggregate($count as n),identity)", "concat"),
        ("$apply=aggregate(creditlimit with countdistinct as n)", "countdistinct"),
        ("$search=x", "$search"),
        ("$skip=5", "$skip"),
        ("sql=SELECT name FROM account", "sql"),
        ("fetchXml=<fetch datasource='x'><entity name='account'/></fetch>", "datasource"),
        ("$expand=parentaccountid/primarycontactid", "parentaccountid/primarycontactid"),
    ],
)
def test_what_the_emulator_does_not_know_is_501_with_its_name(api: Api, query: str, name: str) -> None:
    """No option and no function is ignored: it is named and refused."""
    answer = api.get(f"accounts?{query}")
    assert code_of(answer) == (501, "0x80040219")
    assert name in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"Prefer": "respond-async"}, "respond-async"),
        ({"MSCRM.SuppressDuplicateDetection": "false"}, "MSCRM.SuppressDuplicateDetection"),
        ({"Accept": "application/json; odata.metadata=full"}, "odata.metadata=full"),
        ({"X-HTTP-Method-Override": "DELETE"}, "x-http-method-override"),
        ({"MSCRM.BypassCustomPluginExecution": "true"}, "mscrm.bypasscustompluginexecution"),
    ],
)
def test_headers_that_change_the_meaning_are_501(api: Api, headers: dict[str, str], name: str) -> None:
    """Preferences and headers that cannot be honoured are refused by name."""
    answer = api.session.get(f"{api.root}/accounts", headers=headers, timeout=30)
    assert answer.status_code == 501
    assert name in answer.json()["error"]["message"]


def test_select_returns_key_and_currency_along(api: Api) -> None:
    """The primary key always comes, the currency with any amount; everything else only when asked for."""
    row = api.rows(f"accounts?$select=creditlimit&$filter=accountid eq {ADATUM}")[0]
    assert set(row) == {"@odata.etag", "accountid", "creditlimit", "_transactioncurrencyid_value"}


def test_select_takes_lookups_by_either_name(api: Api) -> None:
    """A lookup is selected as _name_value or by its navigation property."""
    for name in ("_parentaccountid_value", "parentaccountid"):
        row = api.rows(f"accounts?$select={name}&$filter=accountid eq {BRIEN}")[0]
        assert row["_parentaccountid_value"] == ADATUM


@pytest.mark.parametrize("name", ["nonsense", "Name", "createdbyname", "entityimage"])
def test_select_of_an_unknown_property_is_400(api: Api, name: str) -> None:
    """Names are compared with case, and what the Web API does not return cannot be selected."""
    assert code_of(api.get(f"accounts?$select={name}")) == (400, "0x0")


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("name asc", "ACO"),
        ("name desc", "OCA"),
        ("creditlimit", "CAO"),
        ("creditlimit desc,name", "OAC"),
        ("_parentaccountid_value,name", "AOC"),
        ("parentaccountid/name desc,name", "COA"),
        ("industrycode desc,name desc", "AOC"),
    ],
)
def test_orderby(api: Api, order: str, names: str) -> None:
    """Nulls sort first, a lookup sorts by the name behind it."""
    rows = api.rows(f"accounts?$select=name&$orderby={order}")
    assert "".join(row["name"][0].upper() for row in rows) == names


@pytest.mark.parametrize("order", ["nonsense", "name up", "name asc desc", "contains(name,'x')"])
def test_a_wrong_orderby_is_400(api: Api, order: str) -> None:
    """Only columns can be sorted by, up or down."""
    assert api.get(f"accounts?$orderby={order}").status_code == 400


def test_top_and_count(api: Api) -> None:
    """$top limits the rows without a next link, $count counts all of them."""
    content = api.get("accounts?$select=name&$top=2&$count=true&$orderby=name").json()
    assert content["@odata.count"] == 3
    assert [row["name"] for row in content["value"]] == ["Adatum", "contoso"]
    assert "@odata.nextLink" not in content
    for wrong in ("$top=0", "$top=-1", "$top=x", "$count=yes"):
        assert api.get(f"accounts?{wrong}").status_code == 400


def test_count_as_a_path(api: Api) -> None:
    """`/$count` is plain text with a byte order mark, and takes a filter."""
    answer = api.get("accounts/$count?$filter=industrycode eq null")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.content == b"\xef\xbb\xbf2"


def test_total_record_count_annotations(api: Api) -> None:
    """The totals come when they are preferred: -1 without $count."""
    wanted = 'odata.include-annotations="Microsoft.Dynamics.CRM.*"'
    name = "@Microsoft.Dynamics.CRM.totalrecordcount"
    counted = api.get("accounts?$count=true&$select=name", Prefer=wanted).json()
    assert (counted[name], counted[f"{name}limitexceeded"]) == (3, False)
    assert api.get("accounts?$select=name", Prefer=wanted).json()[name] == -1


def test_expand_of_a_lookup(api: Api) -> None:
    """The row behind a lookup comes with its selected columns, null where there is none."""
    rows = api.rows("accounts?$select=name&$expand=parentaccountid($select=name)&$orderby=name")
    parents = [row["parentaccountid"] and row["parentaccountid"]["name"] for row in rows]
    assert parents == [None, "O'Brien 100% Söhne", "Adatum"]
    assert all("_parentaccountid_value" not in row for row in rows)


def test_expand_of_a_collection(api: Api) -> None:
    """The rows of a collection come with filter, order and top of their own."""
    inner = "$select=name;$filter=contains(name,'o');$orderby=name desc;$top=1"
    rows = api.rows(f"accounts?$select=name&$expand=account_parent_account({inner})&$orderby=name")
    children = [[child["name"] for child in row["account_parent_account"]] for row in rows]
    assert children == [["O'Brien 100% Söhne"], [], ["contoso"]]


@pytest.mark.parametrize(
    "expand", ["nonsense", "parentaccountid($select=nonsense)", "parentaccountid($select=name"]
)
def test_a_wrong_expand_is_400(api: Api, expand: str) -> None:
    """Unknown navigation properties and columns inside are refused."""
    assert api.get(f"accounts?$expand={expand}").status_code == 400


def annotated(api: Api, pattern: str) -> dict[str, Any]:
    return api.rows(
        f"accounts?$filter=accountid eq {ADATUM}&$select=industrycode,donotemail,creditlimit,createdon,"
        "_primarycontactid_value",
        Prefer=f'odata.include-annotations="{pattern}"',
    )[0]


def test_formatted_values(api: Api) -> None:
    """Labels, names, amounts and times as text, when they are preferred."""
    row = annotated(api, "OData.Community.Display.V1.FormattedValue")
    suffix = "@OData.Community.Display.V1.FormattedValue"
    assert row[f"industrycode{suffix}"] == "Accounting"
    assert row[f"donotemail{suffix}"] == "Do Not Allow"
    assert row[f"creditlimit{suffix}"] == "$12.35"
    assert row[f"createdon{suffix}"] == "10/4/2020 6:00 AM"
    assert row[f"_primarycontactid_value{suffix}"] == "Ann Lee"
    assert not any(name.endswith("lookuplogicalname") for name in row)


def test_annotations_come_only_when_preferred(api: Api) -> None:
    """Without the preference there is nothing but values and the etag."""
    row = api.rows(f"accounts?$filter=accountid eq {ADATUM}")[0]
    assert [name for name in row if "@" in name] == ["@odata.etag"]
    everything = annotated(api, "*")
    assert everything["_primarycontactid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "contact"


def test_errors_carry_annotations_only_when_preferred(api: Api) -> None:
    """The error object is code and message, and has the platform's extras when they are asked for."""
    assert set(api.get("accounts?$select=x").json()["error"]) == {"code", "message"}
    wanted = api.get("accounts?$select=x", Prefer='odata.include-annotations="*"').json()["error"]
    assert "@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus" in wanted


def test_unknown_sets_and_functions(api: Api) -> None:
    """An unknown set is 404 with 0x8006088a, one in the wrong case too, an unknown function 501."""
    assert code_of(api.get("nonsenses")) == (404, "0x8006088a")
    assert code_of(api.get("Accounts")) == (404, "0x8006088a")
    assert code_of(api.get("accounts/nonsense")) == (404, "0x8006088a")
    assert code_of(api.get("RetrieveNonsense()")) == (501, "0x80040219")


def test_a_long_chain_of_terms(api: Api) -> None:
    """Hundreds of terms joined by or are one flat condition, thousands are refused, neither breaks."""
    terms = " or ".join(f"numberofemployees eq {n}" for n in range(10, 500))
    assert found(api, terms) == "A"
    assert api.get("accounts?$filter=" + " or ".join(["donotemail"] * 1500)).status_code == 400
    assert api.get("accounts?$filter=" + "not " * 2000 + "donotemail").status_code == 400


def test_an_address_that_is_too_long_is_400(api: Api) -> None:
    """More than 32768 characters are refused with 0x80060888."""
    answer = api.get("accounts?$filter=name eq '" + "x" * 33_000 + "'")
    assert code_of(answer) == (400, "0x80060888")
