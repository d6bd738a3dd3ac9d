"""A Conflict tells both versions: the one that was meant and the one that is there."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import responses

from connector.dataverse import Action, Create, DataverseClient, Delete, Update
from connector.errors import Conflict

ID = "0f7d4c1a-1111-2222-3333-444455556666"
OTHER = "0f7d4c1a-1111-2222-3333-444455556667"
ETAG = 'W/"7"'
NOW: dict[str, Any] = {"@odata.etag": 'W/"8"', "accountid": ID, "name": "Somebody else's", "revenue": 1.10}

Call = Callable[[DataverseClient], object]


def create(client: DataverseClient) -> None:
    client.create("accounts", ID, {"name": "x"})


def update(client: DataverseClient) -> None:
    client.update("accounts", ID, {"name": "x"}, etag=ETAG)


def delete(client: DataverseClient) -> None:
    client.delete("accounts", ID, etag=ETAG)


def refused(service: responses.RequestsMock, root: str, call: Call, client: DataverseClient) -> Conflict:
    service.add("DELETE" if call is delete else "PATCH", f"{root}/accounts({ID})", status=412)
    with pytest.raises(Conflict) as caught:
        call(client)
    return caught.value


@pytest.mark.parametrize(("call", "sent"), [(create, None), (update, ETAG), (delete, ETAG)])
def test_a_conflict_shows_the_record_as_it_is(
    service: responses.RequestsMock, client: DataverseClient, root: str, call: Call, sent: str | None
) -> None:
    """The etag that was sent and the record that stands there now, exact to the last digit."""
    service.get(f"{root}/accounts({ID})", json=NOW)
    error = refused(service, root, call, client)
    assert (error.entity_set, error.id, error.sent_etag) == ("accounts", ID, sent)
    assert error.current is not None
    assert error.current["revenue"] == Decimal("1.1")
    assert (error.current_etag, error.is_gone) == ('W/"8"', False)


def test_a_record_that_is_gone_is_said_to_be_gone(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """No record is a version too: nothing is invented for it."""
    service.get(f"{root}/accounts({ID})", status=404)
    error = refused(service, root, update, client)
    assert (error.current, error.current_etag, error.is_gone) == (None, None, True)


@pytest.mark.parametrize("look", [{"status": 403}, {"status": 503}, {"body": "<html>"}, {"body": OSError()}])
def test_a_look_that_fails_does_not_hide_the_conflict(
    service: responses.RequestsMock,
    client: DataverseClient,
    root: str,
    pauses: list[float],
    look: dict[str, Any],
) -> None:
    """It is a courtesy: one request, not repeated, and its error is nobody's concern."""
    service.get(f"{root}/accounts({ID})", **look)
    error = refused(service, root, update, client)
    assert (error.status, error.sent_etag, error.current, error.is_gone) == (412, ETAG, None, None)
    assert (len(service.calls), pauses) == (2, [])


def test_whoever_only_claims_is_not_told_more(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """A claim that was lost costs no second request: its loser looks at other things."""
    service.patch(f"{root}/accounts({ID})", status=412)
    with pytest.raises(Conflict) as caught:
        client.update("accounts", ID, {"name": "x"}, etag=ETAG, is_claim=True)
    assert (caught.value.current, len(service.calls)) == (None, 1)


def refusal(content_id: str) -> dict[str, Any]:
    inner = f"HTTP/1.1 412 Precondition Failed\r\n{content_id}\r\n{{}}\r\n"
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    body = f"--b\r\n{head}{content_id}\r\n{inner}--b--\r\n"
    return {"status": 412, "body": body, "content_type": 'multipart/mixed; boundary="b"'}


def test_the_member_that_failed_is_the_one_that_is_looked_at(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """A change set of several says which of them was refused, by its Content-ID."""
    service.post(f"{root}/$batch", **refusal("Content-ID: 2\r\n"))
    service.get(f"{root}/accounts({ID})", json=NOW)
    with pytest.raises(Conflict) as caught:
        client.change_set([Create("accounts", OTHER, {}), Update("accounts", ID, {"name": "x"}, ETAG)])
    assert caught.value.member == 2
    assert (caught.value.id, caught.value.sent_etag, caught.value.current_etag) == (ID, ETAG, 'W/"8"')


def test_a_single_candidate_needs_no_number(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """An action cannot have had a condition, so the delete beside it is what was refused."""
    service.post(f"{root}/$batch", **refusal(""))
    service.get(f"{root}/accounts({ID})", json=NOW)
    with pytest.raises(Conflict) as caught:
        client.change_set([Delete("accounts", ID, ETAG), Action("Do")])
    assert (caught.value.member, caught.value.id, caught.value.is_gone) == (None, ID, False)


def test_of_several_candidates_none_is_guessed(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """Where the answer names no member, nothing is read and nothing is claimed."""
    service.post(f"{root}/$batch", **refusal(""))
    with pytest.raises(Conflict) as caught:
        client.change_set([Delete("accounts", ID, ETAG), Delete("accounts", OTHER, ETAG)])
    assert (caught.value.id, caught.value.current, len(service.calls)) == ("", None, 1)


def test_each_conflict_within_a_batch_is_looked_at(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """The others are done and nobody looks at them."""
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    parts = ("HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 412 Precondition Failed\r\n\r\n{}\r\n")
    body = "".join(f"--b\r\n{head}{part}\r\n" for part in parts) + "--b--\r\n"
    service.post(f"{root}/$batch", body=body, content_type='multipart/mixed; boundary="b"')
    service.get(f"{root}/accounts({ID})", json=NOW)
    done, refused_ = client.batch([Update("accounts", OTHER, {}, ETAG), Update("accounts", ID, {}, ETAG)])
    assert done.is_done
    assert isinstance(refused_.error, Conflict)
    assert (refused_.error.id, refused_.error.sent_etag, refused_.error.current_etag) == (ID, ETAG, 'W/"8"')
    assert len(service.calls) == 2
