"""The token goes to the environment's origin and to nothing else, however an address is dressed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import responses

from connector.dataverse import EVERYTHING, Create, DataverseClient
from connector.errors import ForeignOrigin, MalformedAnswer
from tests.dataverse.conftest import Table

ID = "0f7d4c1a-1111-2222-3333-444455556666"
HOME = "https://contoso.crm4.dynamics.com"
API = f"{HOME}/api/data/v9.2"

# Every address here has to be taken for another place than HOME.
ELSEWHERE = {
    "another host": "https://evil.example/api/data/v9.2/accounts",
    "no scheme": "//evil.example/api",
    "plain http": "http://contoso.crm4.dynamics.com/api",
    "another scheme": "ftp://contoso.crm4.dynamics.com/api",
    "another port": "https://contoso.crm4.dynamics.com:8443/api",
    "port of http": "https://contoso.crm4.dynamics.com:80/api",
    "user name": "https://me@contoso.crm4.dynamics.com/api",
    "host as user name": "https://contoso.crm4.dynamics.com@evil.example/api",
    "host as user name and password": "https://contoso.crm4.dynamics.com:443@evil.example/api",
    "host as subdomain": "https://contoso.crm4.dynamics.com.evil.example/api",
    "host as ending": "https://evilcontoso.crm4.dynamics.com/api",
    "parent": "https://crm4.dynamics.com/api",
    "dot at the end": "https://contoso.crm4.dynamics.com./api",
    "backslash": "https://evil.example\\@contoso.crm4.dynamics.com/api",
    "two backslashes": "\\\\evil.example\\api",
    "slash and backslash": "/\\evil.example/api",
    "percent in the host": "https://contoso%2ecrm4.dynamics.com/api",
    "percent at sign": "https://contoso.crm4.dynamics.com%40evil.example/api",
    "percent slash": "https://contoso.crm4.dynamics.com%2f@evil.example/api",
    "a letter that looks alike": "https://c\u043entoso.crm4.dynamics.com/api",
    "its ASCII form": "https://xn--cntoso-vxg.crm4.dynamics.com/api",
    "a full stop of another script": "https://contoso\u3002crm4.dynamics.com/api",
    "a wide letter": "https://\uff43ontoso.crm4.dynamics.com/api",
    "line feed": "https://contoso.crm4.dynamics.com\n.evil.example/api",
    "tab": "https://evil.example\t/api",
    "address of this machine": "https://127.0.0.1/api",
    "number": "https://2130706433/api",
}
# Headers hold one line of plain text.
IN_HEADERS = {what: link for what, link in ELSEWHERE.items() if link.isascii() and link.isprintable()}
SAME = {
    "itself": f"{API}/accounts?x=2",
    "capital letters": "HTTPS://CONTOSO.CRM4.Dynamics.com/api/data/v9.2/accounts?x=2",
    "default port": f"{HOME}:443/api/data/v9.2/accounts?x=2",
    "path": "/api/data/v9.2/accounts?x=2",
    "question alone": "accounts?x=2",
}


def refused(
    client: DataverseClient, call: Callable[[], object], service: responses.RequestsMock
) -> ForeignOrigin:
    with pytest.raises(ForeignOrigin) as caught:
        call()
    assert len(service.calls) == 1
    assert caught.value.origin == client.url
    assert caught.value.target
    return caught.value


@pytest.mark.parametrize("link", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_next_link_elsewhere_is_not_followed(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, link: str
) -> None:
    """One request was made, and it was the one at home."""
    service.get(f"{API}/accounts", json={"value": [], "@odata.nextLink": link})
    error = refused(client, lambda: list(client.list(accounts, EVERYTHING)), service)
    assert error.target in error.message


@pytest.mark.parametrize("link", SAME.values(), ids=SAME)
def test_a_next_link_at_home_is_followed(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, link: str
) -> None:
    """Case and the default port make no other place."""
    service.get(f"{API}/accounts", json={"value": [], "@odata.nextLink": link})
    anyhow = re.compile(
        r"https://contoso\.crm4\.dynamics\.com(:443)?/api/data/v9\.2/accounts\?x=2", re.IGNORECASE
    )
    service.get(anyhow, json={"value": [{"accountid": "1"}]})
    assert [record.id for record in client.list(accounts, EVERYTHING)] == ["1"]
    assert all(call.request.headers["Authorization"] == "Bearer token-1" for call in service.calls)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("link", IN_HEADERS.values(), ids=IN_HEADERS)
def test_a_redirect_elsewhere_is_not_followed(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, status: int, link: str
) -> None:
    """Neither with the token nor without it."""
    service.get(f"{API}/accounts({ID})", status=status, headers={"Location": link})
    refused(client, lambda: client.retrieve(accounts, ID), service)


def test_a_redirect_at_home_is_not_followed_either(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table
) -> None:
    """The Web API does not redirect: something stands in between."""
    service.get(f"{API}/accounts({ID})", status=302, headers={"Location": f"{API}/accounts"})
    with pytest.raises(MalformedAnswer, match="redirect"):
        client.retrieve(accounts, ID)
    assert len(service.calls) == 1


@pytest.mark.parametrize("header", ["OData-EntityId", "Location"])
@pytest.mark.parametrize("link", IN_HEADERS.values(), ids=IN_HEADERS)
def test_a_record_that_was_written_elsewhere_is_named(
    service: responses.RequestsMock, client: DataverseClient, header: str, link: str
) -> None:
    """Whoever answers for another place is not the environment."""
    service.patch(f"{API}/accounts({ID})", status=204, headers={header: link})
    refused(client, lambda: client.create("accounts", ID, {}), service)


@pytest.mark.parametrize("header", ["OData-EntityId", "Location"])
@pytest.mark.parametrize("link", IN_HEADERS.values(), ids=IN_HEADERS)
def test_a_part_of_a_batch_that_was_written_elsewhere_is_named(
    service: responses.RequestsMock, client: DataverseClient, header: str, link: str
) -> None:
    """The parts of an answer are answers."""
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 1\r\n\r\n"
    body = f"--b\r\n{head}HTTP/1.1 204 No Content\r\n{header}: {link}\r\n\r\n\r\n--b--\r\n"
    service.post(f"{API}/$batch", body=body, content_type='multipart/mixed; boundary="b"')
    refused(client, lambda: client.change_set([Create("accounts", ID, {})]), service)


@pytest.mark.parametrize("link", [f"{API}/accounts({ID})", f"accounts({ID})", ""])
def test_a_record_at_home_is_no_matter(
    service: responses.RequestsMock, client: DataverseClient, link: str
) -> None:
    """Absolute, relative or not said at all."""
    service.patch(f"{API}/accounts({ID})", status=204, headers={"OData-EntityId": link, "Location": link})
    client.create("accounts", ID, {})


@pytest.mark.parametrize("link", ELSEWHERE.values(), ids=ELSEWHERE)
def test_the_body_of_an_action_that_names_another_place_is_refused(
    service: responses.RequestsMock, client: DataverseClient, link: str
) -> None:
    """`@odata.id` is an address too."""
    service.post(f"{API}/Do", json={"@odata.id": link})
    refused(client, lambda: client.action("Do"), service)
    service.reset()
    service.get(f"{API}/Ask()", json={"@odata.id": link})
    with pytest.raises(ForeignOrigin):
        client.function("Ask")
