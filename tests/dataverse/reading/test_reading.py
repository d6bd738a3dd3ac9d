"""Reading records: pages, typed decoding, links, and the environment's now."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
import responses
from responses.matchers import header_matcher

from connector.dataverse import EVERYTHING, DataverseClient, Query, eq
from connector.errors import ForeignOrigin, HttpError, MalformedAnswer, NotFound, UsageError

if TYPE_CHECKING:
    from tests.dataverse.conftest import FixedTokens, Table

ID = "0f7d4c1a-1111-2222-3333-444455556666"


def asked(service: responses.RequestsMock, number: int = -1) -> str:
    return str(service.calls[number].request.url)


def test_pages_are_followed_verbatim_with_the_same_preference(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """The link of the next page is not re-encoded, and its page size is asked for again."""
    link = f"{root}/accounts?$skiptoken=%3Ccookie%20pagingcookie=%2522%257e%2522%20/%3E&x=%7Ea"
    matcher = [header_matcher({"Prefer": "odata.maxpagesize=2"})]
    service.get(
        f"{root}/accounts?$select=accountid,name,revenue",
        json={"value": [{"accountid": "1"}, {"accountid": "2"}], "@odata.nextLink": link},
        match=matcher,
    )
    service.get(f"{root}/accounts", json={"value": [{"accountid": "3"}]}, match=matcher)
    assert [record.id for record in client.list(accounts, EVERYTHING, page_size=2)] == ["1", "2", "3"]
    assert asked(service) == link


def test_later_pages_are_not_asked_for_before_they_are_needed(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """A list is a stream: nothing is read ahead of its reader."""
    service.get(
        f"{root}/accounts", json={"value": [{"accountid": "1"}], "@odata.nextLink": f"{root}/accounts?p=2"}
    )
    records = client.list(accounts, EVERYTHING)
    assert len(service.calls) == 0
    next(records)
    assert len(service.calls) == 1


def test_a_query_becomes_options(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """Every option stands in the address, encoded; a small top excludes a page size."""
    service.get(
        f"{root}/accounts", json={"value": []}, match=[header_matcher({"Accept": "application/json"})]
    )
    query = Query(
        eq("name", "A&B #1 100% + 'ü'"), ("name desc",), 3, ("name",), ("primarycontactid($select=fullname)",)
    )
    assert list(client.list(accounts, query)) == []
    assert unquote(asked(service)) == (
        f"{root}/accounts?$select=name&$filter=name eq 'A&B #1 100% + ''ü'''&$orderby=name desc"
        "&$expand=primarycontactid($select=fullname)&$top=3"
    )
    assert "A%26B%20%231%20100%25%20%2B%20" in asked(service)
    assert "Prefer" not in service.calls[0].request.headers


def test_a_large_top_is_counted_over_pages(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """Beyond a page, $top would be ignored, so the client stops by itself."""
    rows = [{"accountid": str(number)} for number in range(2)]
    service.get(f"{root}/accounts", json={"value": rows, "@odata.nextLink": f"{root}/accounts?p=2"})
    service.get(f"{root}/accounts?p=2", json={"value": rows, "@odata.nextLink": f"{root}/accounts?p=3"})
    assert len(list(client.list(accounts, Query(top=3), page_size=2))) == 3
    assert "$top" not in asked(service, 0)
    assert len(service.calls) == 2


@pytest.mark.parametrize(
    "host",
    ["https://evil.example", "http://contoso.crm4.dynamics.com", "https://a@contoso.crm4.dynamics.com"],
)
def test_a_next_link_elsewhere_is_not_followed(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str, host: str
) -> None:
    """The token goes to the environment and nowhere else: the page that was read still arrives."""
    service.get(f"{root}/accounts", json={"value": [{"accountid": "1"}], "@odata.nextLink": f"{host}/p2"})
    records = client.list(accounts, EVERYTHING)
    assert next(records).id == "1"
    with pytest.raises(ForeignOrigin, match="The next page of accounts points to"):
        next(records)
    assert len(service.calls) == 1


def test_a_page_that_names_itself_as_the_next_ends(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """A server that goes in a circle is an error and not an endless list."""
    service.get(f"{root}/accounts", json={"value": [], "@odata.nextLink": f"{root}/accounts?p=2"})
    service.get(f"{root}/accounts?p=2", json={"value": [], "@odata.nextLink": f"{root}/accounts?p=2"})
    with pytest.raises(MalformedAnswer, match="in a circle"):
        list(client.list(accounts, EVERYTHING))


@pytest.mark.parametrize("length", [2, 3, 7])
def test_a_circle_of_pages_ends(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str, length: int
) -> None:
    """Pages that lead back to an earlier one are an error, however many lie in between."""
    service.get(f"{root}/accounts", json={"value": [], "@odata.nextLink": f"{root}/accounts?p=0"})
    for page in range(length):
        following = f"{root}/accounts?p={(page + 1) % length}"
        service.get(f"{root}/accounts?p={page}", json={"value": [], "@odata.nextLink": following})
    with pytest.raises(MalformedAnswer, match="in a circle"):
        list(client.list(accounts, EVERYTHING))


@pytest.mark.parametrize(
    "location", ["https://evil.example/", "/elsewhere", "https://contoso.crm4.dynamics.com/x"]
)
def test_redirects_are_not_followed(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str, location: str
) -> None:
    """A redirect is an error that names its target, in the environment and out of it."""
    service.get(f"{root}/accounts({ID})", status=302, headers={"Location": location})
    with pytest.raises((ForeignOrigin, MalformedAnswer), match=r"evil\.example|redirect to"):
        client.retrieve(accounts, ID)
    assert len(service.calls) == 1


def test_amounts_arrive_exactly(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """Every digit of a JSON number is in the Decimal, in records and in what functions answer."""
    text = '{"accountid": "1", "revenue": 12345678901234.1234567890, "createdon": "2020-10-05T06:00:00Z"}'
    service.get(f"{root}/accounts({ID})?$select=accountid,name,revenue", body=text)
    record = client.retrieve(accounts, ID.upper())
    assert record.revenue == Decimal("12345678901234.1234567890")
    assert record.createdon == datetime(2020, 10, 5, 6, tzinfo=UTC)
    service.get(f"{root}/accounts({ID})/Microsoft.Dynamics.CRM.Total()", body='{"Total": 0.10}')
    assert str(client.function("Total", bound_to=("accounts", ID))["Total"]) == "0.10"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            '{"value": [{"accountid": 5}]}',
            r"accounts .*Expected `str`, got `int` - at `\$\.value\[0\]\.accountid",
        ),
        ('{"value": [{"name": "x"}]}', r"accounts .*missing required field `accountid`"),
        ('{"value": [', "accounts .*truncated"),
        ("<html>", "accounts .*malformed"),
        ("", "accounts .*truncated"),
        ('{"value": [{"accountid": "\\ud800"}]}', "accounts"),
    ],
)
def test_an_answer_that_does_not_fit_names_table_and_column(
    service: responses.RequestsMock,
    client: DataverseClient,
    accounts: Table,
    root: str,
    body: str,
    problem: str,
) -> None:
    """What the protocol does not allow is said with its place, not as a fault of ours."""
    service.get(f"{root}/accounts", body=body)
    with pytest.raises(MalformedAnswer, match=problem):
        list(client.list(accounts, EVERYTHING))


def test_functions_get_their_parameters_as_aliases(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """Any text may stand in an alias, which is not so within the parentheses."""
    service.get(
        f"{root}/systemusers({ID})/Microsoft.Dynamics.CRM.RetrievePrincipalAccess(Target=@p1)", json={}
    )
    target = "{'@odata.id':'contacts(1)'}"
    client.function("RetrievePrincipalAccess", {"Target": target}, bound_to=("systemusers", ID))
    assert unquote(asked(service)).endswith(f"(Target=@p1)?@p1={target}")


def test_now_is_the_date_of_the_latest_answer(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """The environment's clock counts, on errors too; without any answer yet, WhoAmI is asked."""
    ids = {"UserId": "u", "BusinessUnitId": "b", "OrganizationId": "o"}
    service.get(f"{root}/WhoAmI()", json=ids, headers={"Date": "Sun, 04 Oct 2020 06:00:00 GMT"})
    assert client.now == datetime(2020, 10, 4, 6, tzinfo=UTC)
    assert len(service.calls) == 1
    service.get(f"{root}/accounts({ID})", status=404, headers={"Date": "Mon, 05 Oct 2020 06:00:00 GMT"})
    with pytest.raises(NotFound):
        client.retrieve(accounts, ID)
    assert client.now == datetime(2020, 10, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_an_environment_without_a_clock_is_an_error(
    service: responses.RequestsMock, client: DataverseClient, root: str, date: str
) -> None:
    """This machine's clock never stands in for the environment's."""
    ids = {"UserId": "u", "BusinessUnitId": "b", "OrganizationId": "o"}
    service.get(f"{root}/WhoAmI()", json=ids, headers={"Date": date} if date else {})
    with pytest.raises(MalformedAnswer, match="does not date its answers"):
        _ = client.now


def test_who_am_i_gives_the_three_ids(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """User, business unit and organization; an answer without one of them is malformed."""
    service.get(f"{root}/WhoAmI()", json={"UserId": "u", "BusinessUnitId": "b", "OrganizationId": "o"})
    who = client.who_am_i()
    assert (who.user_id, who.business_unit_id, who.organization_id) == ("u", "b", "o")
    service.replace("GET", f"{root}/WhoAmI()", json={"UserId": "u"})
    with pytest.raises(MalformedAnswer, match="BusinessUnitId"):
        client.who_am_i()


def test_a_refused_token_is_renewed_once(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str, tokens: FixedTokens
) -> None:
    """A 401 in mid-life drops the token and repeats with a new one."""
    url = f"{root}/accounts({ID})"
    service.get(url, status=401, match=[header_matcher({"Authorization": "Bearer token-1"})])
    service.get(url, json={"accountid": "1"}, match=[header_matcher({"Authorization": "Bearer token-2"})])
    assert client.retrieve(accounts, ID).id == "1"
    assert tokens.forgotten == 1


def test_a_token_that_stays_refused_ends(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str, tokens: FixedTokens
) -> None:
    """Renewing helps once or not at all."""
    service.get(f"{root}/accounts({ID})", status=401)
    with pytest.raises(HttpError, match="401"):
        client.retrieve(accounts, ID)
    assert tokens.forgotten == 1
    assert len(service.calls) == 2


@pytest.mark.parametrize("size", [0, 5001])
def test_pages_have_one_to_five_thousand_records(client: DataverseClient, accounts: Table, size: int) -> None:
    """Another size would be ignored by the service, so it is refused here."""
    with pytest.raises(UsageError, match="page"):
        client.list(accounts, EVERYTHING, page_size=size)


def test_too_long_a_question_is_refused_before_it_is_sent(client: DataverseClient, accounts: Table) -> None:
    """The limit of an address is told with the way out, in place of the service's code."""
    with pytest.raises(UsageError, match="65536"):
        client.list(accounts, Query(filter=eq("name", "x" * 70_000)))


def test_a_name_cannot_lead_elsewhere(client: DataverseClient) -> None:
    """Entity sets, actions and ids become part of the address, so they have no punctuation of one."""
    for name in ("accounts/../x", "a b", "", "accounts?x"):
        with pytest.raises(UsageError):
            client.upsert(name, ID, {})
    with pytest.raises(UsageError):
        client.action("Do/../../x")
    with pytest.raises(UsageError):
        client.delete("accounts", "1", etag="*")
