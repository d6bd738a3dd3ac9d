"""Acting on behalf of another user."""

from __future__ import annotations

import pytest
import responses

from connector.dataverse import EVERYTHING, Create, DataverseClient, Query, column
from connector.errors import UsageError
from tests.dataverse.conftest import FixedTokens, Table

ID = "0f7d4c1a-1111-2222-3333-444455556666"
USER = "11111111-2222-3333-4444-555555555555"


def test_a_view_sends_the_user_and_the_client_itself_does_not(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table, tokens: FixedTokens
) -> None:
    """One header on every request of the view, later pages among them, and the legacy one never."""
    service.get(f"{root}/accounts", json={"value": [], "@odata.nextLink": f"{root}/accounts?next=2"})
    service.get(f"{root}/accounts", json={"value": []})
    service.patch(f"{root}/accounts({ID})", status=204)
    view = client.as_user(USER.upper())
    assert list(view.list(accounts, EVERYTHING)) == []
    view.create("accounts", ID, {})
    client.create("accounts", ID, {})
    told = [call.request.headers.get("CallerObjectId") for call in service.calls]
    assert told == [USER, USER, USER, None]
    assert not any("MSCRMCallerID" in call.request.headers for call in service.calls)


def test_every_member_of_a_change_set_carries_the_user(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """Whether the header of a batch counts for its members nobody documents, so each of them has it."""
    service.post(f"{root}/$batch", status=400)
    with pytest.raises(Exception, match="400"):
        client.as_user(USER).change_set([Create("accounts", ID, {}), Create("accounts", USER, {})])
    body = service.calls[0].request.body
    assert isinstance(body, bytes)
    assert body.count(f"CallerObjectId: {USER}\r\n".encode()) == 2


def test_a_view_of_a_view_is_of_the_second_user(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """One user at a time."""
    service.patch(f"{root}/accounts({ID})", status=204)
    client.as_user(USER).as_user(ID).create("accounts", ID, {})
    assert service.calls[0].request.headers["CallerObjectId"] == ID


def test_a_view_shares_the_clock_and_closes_nothing(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """What one of them sees the other knows, and the client still works when a view is done."""
    date = {"Date": "Mon, 05 Oct 2020 06:00:00 GMT"}
    service.patch(f"{root}/accounts({ID})", status=204, headers=date)
    with client.as_user(USER) as view:
        view.create("accounts", ID, {})
    assert client.now == view.now
    assert len(service.calls) == 1
    client.create("accounts", ID, {})


def test_a_view_knows_the_tables_that_its_client_knows(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table
) -> None:
    """A column that the record does not declare stays known, and reading tables is nobody's privilege."""
    attributes = [{"LogicalName": name, "AttributeType": "String"} for name in (*accounts.select, "city")]
    service.get(
        f"{root}/EntityDefinitions", json={"value": [{"LogicalName": "account", "Attributes": attributes}]}
    )
    service.get(f"{root}/accounts", json={"value": []})
    view = client.as_user(USER)
    view.table_definitions(["account"])
    for each in (client, view):
        assert list(each.list(accounts, Query(filter=column("city") == "x"))) == []
    assert "CallerObjectId" not in service.calls[0].request.headers


@pytest.mark.parametrize("id", ["", "me", "user@contoso.com", f"{USER}\r\nX: y"])
def test_a_user_is_named_by_an_object_id(client: DataverseClient, id: str) -> None:
    """A name, an address or a header in disguise is refused before anything is sent."""
    with pytest.raises(UsageError, match="not a record's id"):
        client.as_user(id)
