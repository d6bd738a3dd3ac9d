"""What is asked beside lists of records: FetchXML, aggregations, counts, reads that may be spared."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import parse_qs, quote, urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

import pytest
import responses

from connector.dataverse import DataverseClient, column
from connector.errors import ForeignOrigin, HttpError, MalformedAnswer, UsageError
from tests.dataverse.conftest import Table

ID = "0f7d4c1a-1111-2222-3333-444455556666"
XML = '<fetch><entity name="account"><attribute name="name"/></entity></fetch>'
CRM = "@Microsoft.Dynamics.CRM."


def annotation(cookie: str) -> str:
    """A cookie as the service writes it: encoded twice, in an attribute of an XML of its own."""
    return f'<cookie pagenumber="2" pagingcookie={quoteattr(quote(quote(cookie, safe=""), safe=""))} istracking="False" />'  # noqa: E501


def asked(service: responses.RequestsMock) -> Iterator[ET.Element]:
    for call in service.calls:
        (text,) = parse_qs(urlsplit(str(call.request.url)).query)["fetchXml"]
        yield ET.fromstring(text)


def test_the_pages_of_fetchxml_are_followed_by_cookie(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table
) -> None:
    """The cookie is decoded twice and escaped again, and the page counts up until there is no more."""
    cookie = '<cookie page="1"><name last="R&amp;D &lt;%41&gt;" first="O\'Hara" /></cookie>'
    service.get(
        f"{root}/accounts",
        json={
            f"{CRM}morerecords": True,
            f"{CRM}fetchxmlpagingcookie": annotation(cookie),
            "value": [{"accountid": "1", "name": "a", "revenue": 0.10}],
        },
    )
    service.get(f"{root}/accounts", json={f"{CRM}morerecords": False, "value": [{"accountid": "2"}]})
    found = list(client.fetch(accounts, XML, page_size=1))
    assert [(each.id, each.revenue) for each in found] == [("1", Decimal("0.10")), ("2", None)]
    first, second = asked(service)
    assert (first.get("page"), first.get("count"), first.get("paging-cookie")) == ("1", "1", None)
    assert (second.get("page"), second.get("count"), second.get("paging-cookie")) == ("2", "1", cookie)
    prefer = str(service.calls[1].request.headers["Prefer"])
    assert "fetchxmlpagingcookie" in prefer
    assert "morerecords" in prefer


def test_without_a_cookie_pages_go_by_number(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table
) -> None:
    """Some orders over linked tables have no cookie."""
    service.get(f"{root}/accounts", json={f"{CRM}morerecords": True, "value": [{"accountid": "1"}]})
    service.get(f"{root}/accounts", json={"value": [{"accountid": "2"}]})
    assert [row["accountid"] for row in client.fetch_rows(accounts, XML)] == ["1", "2"]
    assert [each.get("paging-cookie") for each in asked(service)] == [None, None]


def test_a_cookie_that_comes_again_is_a_circle(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table
) -> None:
    """Better an error than the same records for ever."""
    page = {f"{CRM}morerecords": True, f"{CRM}fetchxmlpagingcookie": annotation("<c/>"), "value": []}
    service.get(f"{root}/accounts", json=page)
    with pytest.raises(MalformedAnswer, match="circle"):
        list(client.fetch(accounts, XML))


@pytest.mark.parametrize("attributes", ['top="5"', 'aggregate="true"'])
def test_what_has_no_pages_is_asked_once(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table, attributes: str
) -> None:
    """top and aggregate exclude paging; aliases come as rows, amounts exact."""
    service.get(f"{root}/accounts", body='{"value": [{"sum": 12345678901234.1234567890}]}')
    rows = list(client.fetch_rows(accounts, XML.replace("<fetch", f"<fetch {attributes}")))
    assert rows == [{"sum": Decimal("12345678901234.1234567890")}]
    (element,) = asked(service)
    assert not {"page", "count"} & set(element.attrib)


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        ("<fetch>", "cannot be read"),
        ('<fetch><entity name="contact"/></fetch>', "contact, and the table is account"),
        ("<fetch/>", "no table"),
        ('<fetch page="2"><entity name="account"/></fetch>', "'page'"),
        ('<fetch paging-cookie="x"><entity name="account"/></fetch>', "'paging-cookie'"),
        ('<!DOCTYPE x [<!ENTITY y "z">]><fetch><entity name="account"/></fetch>', "declarations"),
    ],
)
def test_what_is_no_fetchxml_about_the_table_is_refused(
    client: DataverseClient, accounts: Table, xml: str, message: str
) -> None:
    """Before anything is sent, and when the question is made, not when its answer is used."""
    with pytest.raises(UsageError, match=message):
        client.fetch(accounts, xml)


def test_aggregated_rows_are_exact_mappings(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table
) -> None:
    """A sum keeps its digits, and later pages are followed within the environment."""
    body = '{"value": [{"total": 20000.000000010}], "@odata.nextLink": "' + root + '/accounts?next=2"}'
    service.get(f"{root}/accounts", body=body)
    service.get(f"{root}/accounts?next=2", json={"value": [{"total": 1}]})
    text = "groupby((statuscode),aggregate(revenue with sum as total))"
    assert list(client.aggregate(accounts, text)) == [{"total": Decimal("20000.000000010")}, {"total": 1}]
    assert parse_qs(urlsplit(str(service.calls[0].request.url)).query)["$apply"] == [text]


@pytest.mark.parametrize("answer", [{}, {"value": {}}])
def test_an_aggregation_without_rows_is_malformed(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table, answer: object
) -> None:
    """No rows and nothing said are not the same."""
    service.get(f"{root}/accounts", json=answer)
    with pytest.raises(MalformedAnswer, match="without rows"):
        list(client.aggregate(accounts, "aggregate($count as n)"))


def test_a_page_of_an_aggregation_elsewhere_is_not_followed(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table
) -> None:
    """The token stays at home."""
    service.get(f"{root}/accounts", json={"value": [], "@odata.nextLink": "https://evil.example/x"})
    with pytest.raises(ForeignOrigin, match="evil"):
        list(client.aggregate(accounts, "aggregate($count as n)"))


def test_a_count_is_text_with_a_byte_order_mark(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table
) -> None:
    """The filter goes along, and the mark is no digit."""
    service.get(f"{root}/accounts/$count", body="\ufeff4999".encode())
    assert client.count(accounts, column("name") == "x") == 4999
    assert "name%20eq%20'x'" in str(service.calls[0].request.url)


def test_what_the_service_does_not_count_is_read(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table
) -> None:
    """It stops at 5000; then the keys are read, page after page, so that the count is exact."""
    service.get(f"{root}/accounts/$count", body="5000")
    rows = [{"accountid": str(number)} for number in range(5000)]
    service.get(f"{root}/accounts", json={"value": rows, "@odata.nextLink": f"{root}/accounts?next=2"})
    service.get(f"{root}/accounts", json={"value": rows[:17]})
    assert client.count(accounts) == 5017
    assert "$select=accountid" in str(service.calls[1].request.url)


@pytest.mark.parametrize("body", ["", "many", "-1", "{}"])
def test_a_count_that_is_no_number_is_malformed(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table, body: str
) -> None:
    """Nothing is guessed out of it."""
    service.get(f"{root}/accounts/$count", body=body)
    with pytest.raises(MalformedAnswer):
        client.count(accounts)


def test_a_record_that_did_not_change_is_not_sent_again(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table
) -> None:
    """304 is None; a record that did change comes as always."""
    service.get(f"{root}/accounts({ID})", status=304)
    service.get(f"{root}/accounts({ID})", json={"accountid": ID, "name": "New"})
    assert client.retrieve(accounts, ID, if_changed_from='W/"7"') is None
    changed = client.retrieve(accounts, ID, if_changed_from='W/"7"')
    assert changed is not None
    assert changed.name == "New"
    headers = service.calls[0].request.headers
    assert headers["If-None-Match"] == 'W/"7"'
    assert "Prefer" not in headers


def test_only_who_asked_for_it_takes_304_for_an_answer(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table
) -> None:
    """Elsewhere it says nothing, and other errors stay errors."""
    service.get(f"{root}/accounts({ID})", status=304)
    with pytest.raises(MalformedAnswer):
        client.retrieve(accounts, ID)
    service.replace("GET", f"{root}/accounts({ID})", status=404)
    with pytest.raises(HttpError):
        client.retrieve(accounts, ID, if_changed_from='W/"7"')
