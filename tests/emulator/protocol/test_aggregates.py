"""$apply and FetchXML's aggregations: exact, bounded, and refused where the platform refuses."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.emulator.protocol.caller import Api, code_of, mark


@pytest.fixture(scope="module")
def name(api: Api) -> str:
    """Three accounts of this name: amounts that binary numbers cannot hold."""
    name = mark()
    contact = api.create("contacts", {"lastname": "Ada"})
    for fax, amount, rate in (("a", 0.1, 0.3), ("a", 0.2, 0.6), ("b", None, 1.0)):
        body = {"name": name, "fax": fax, "creditlimit": amount, "address1_longitude": rate}
        bind = {"primarycontactid@odata.bind": f"contacts({contact})"} if fax == "a" else {}
        api.create("accounts", body | bind)
    return name


def rows_of(answer: requests.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = json.loads(answer.text, parse_float=Decimal)["value"]
    return found


def applied(api: Api, name: str, text: str, more: str = "") -> list[dict[str, Any]]:
    return rows_of(api.get(f"accounts?$apply={quote(f'''filter(name eq '{name}')/{text}''')}{more}"))


def test_sums_are_exact(api: Api, name: str) -> None:
    """0.1 and 0.2 are 0.3; rows without a value do not count for an average."""
    terms = "creditlimit with sum as total,creditlimit with average as mean,$count as number"
    assert applied(api, name, f"aggregate({terms})") == [
        {"total": Decimal("0.3000"), "mean": Decimal("0.1500000000"), "number": 3}
    ]


def test_groups_and_paths(api: Api, name: str) -> None:
    """A column behind a lookup is named after its table; a group without a value has no such member."""
    text = "groupby((fax,primarycontactid/lastname),aggregate(creditlimit with max as most))"
    rows = applied(api, name, text, "&$orderby=fax desc")
    assert rows == [
        {"fax": "b", "most": None},
        {"fax": "a", "contact_lastname": "Ada", "most": Decimal("0.2000")},
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("groupby((createdon))", (400, "0x80060888")),
        ("aggregate(name with sum as x)", (400, "0x0")),
        ("aggregate(creditlimit with sum as x,creditlimit with min as x)", (400, "0x0")),
        ("aggregate(nonsense with sum as x)", (400, "0x0")),
        ("aggregate(creditlimit)", (400, "0x0")),
        ("topcount(5,creditlimit)", (501, "0x80040219")),
    ],
)
def test_what_apply_refuses(api: Api, text: str, expected: tuple[int, str]) -> None:
    """Dates with times, sums of texts, names twice, unknown columns and steps."""
    assert code_of(api.get(f"accounts?$apply={quote(text)}")) == expected


def fetched(api: Api, text: str, **headers: str) -> requests.Response:
    return api.get(f"accounts?fetchXml={quote(text)}", **headers)


def test_fetchxml_groups_by_parts_of_dates(api: Api, name: str) -> None:
    """Under aliases, ordered by one, with counts of rows, of values and of different values."""
    text = f"""<fetch aggregate="true"><entity name="account">
        <attribute name="createdon" groupby="true" dategrouping="year" alias="year"/>
        <attribute name="createdon" groupby="true" dategrouping="quarter" alias="quarter"/>
        <attribute name="accountid" aggregate="count" alias="rows"/>
        <attribute name="creditlimit" aggregate="countcolumn" alias="amounts"/>
        <attribute name="fax" aggregate="countcolumn" distinct="true" alias="faxes"/>
        <attribute name="creditlimit" aggregate="avg" alias="mean"/>
        <order alias="year"/>
        <filter><condition attribute="name" operator="eq" value="{name}"/></filter></entity></fetch>"""
    assert rows_of(fetched(api, text)) == [
        {"year": 2020, "quarter": 4, "rows": 3, "amounts": 2, "faxes": 2, "mean": Decimal("0.1500000000")}
    ]


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("eq", ["0.1"], 1),
        ("gt", ["0.1"], 1),
        ("ne", ["0.1"], 2),
        ("null", [], 1),
        ("not-null", [], 2),
        ("in", ["0.1", "0.2"], 2),
        ("not-in", ["0.1"], 2),
        ("between", ["0.1", "0.15"], 1),
    ],
)
def test_fetchxml_operators(api: Api, name: str, operator: str, values: list[str], expected: int) -> None:
    """On amounts; what is negated takes rows without a value too, as `$filter` does."""
    inside = "".join(f"<value>{value}</value>" for value in values)
    text = f"""<fetch><entity name="account"><attribute name="name"/><filter>
        <condition attribute="name" operator="eq" value="{name}"/>
        <condition attribute="creditlimit" operator="{operator}">{inside}</condition>
        </filter></entity></fetch>"""
    assert len(rows_of(fetched(api, text))) == expected


def test_fetchxml_pages_by_number_where_there_is_no_cookie(api: Api, name: str) -> None:
    """An order by a linked column has none, and the pages go on by number."""
    seen = []
    for page in (1, 2, 3):
        text = f"""<fetch count="1" page="{page}"><entity name="account"><attribute name="accountid"/>
            <filter><condition attribute="name" operator="eq" value="{name}"/></filter>
            <link-entity name="contact" from="contactid" to="primarycontactid" link-type="outer" alias="c">
            <attribute name="lastname"/><order attribute="lastname"/></link-entity></entity></fetch>"""
        answer = fetched(api, text, Prefer='odata.include-annotations="*"').json()
        assert "@Microsoft.Dynamics.CRM.fetchxmlpagingcookie" not in answer
        assert answer["@Microsoft.Dynamics.CRM.morerecords"] is (page < 3)
        seen += [row["accountid"] for row in answer["value"]]
    assert len(set(seen)) == 3


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("<fetch", 400),
        ("<query/>", 400),
        ("<fetch/>", 400),
        ("<fetch><entity name='contact'/></fetch>", 400),
        ("<fetch><entity name='account'><attribute name='nonsense'/></entity></fetch>", 400),
        ("<fetch top='1' page='2'><entity name='account'/></fetch>", 400),
        ("<fetch><entity name='account'><order alias='x'/></entity></fetch>", 400),
        ("<fetch><entity name='account'><link-entity name='x' from='a' to='b'/></entity></fetch>", 404),
        ("<fetch mapping='logical' x='1'><entity name='account'/></fetch>", 501),
        ("<fetch><entity name='account'><magic/></entity></fetch>", 501),
    ],
)
def test_what_fetchxml_refuses(api: Api, text: str, status: int) -> None:
    """What is no FetchXML, names nothing that is there, or is not known here."""
    assert fetched(api, text).status_code == status
