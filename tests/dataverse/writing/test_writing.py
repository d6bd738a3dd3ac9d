"""Writes: never twice, never over somebody else's, and confirmed by reading after a lost answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
import requests
import responses
from responses.matchers import header_matcher

from connector.dataverse import Action, Create, DataverseClient, RetryPolicy, TokenRequest
from connector.dataverse.writing.confirming import is_as_sent
from connector.errors import (
    AccessDenied,
    Conflict,
    ForeignOrigin,
    NotFound,
    OutcomeUnknown,
    ServerFault,
    SignInError,
    UsageError,
)

ID = "0f7d4c1a-1111-2222-3333-444455556666"
OTHER = "9f7d4c1a-1111-2222-3333-444455556666"
VALUES = {
    "name": "Fabrikam",
    "revenue": Decimal("12.50"),
    "openedon": date(2020, 10, 5),
    "startsat": datetime(2020, 10, 5, 6, 0, 0, 250_000, tzinfo=UTC),
    "msdyn_Contract@odata.bind": f"/salesorders({OTHER})",
}
RECORD = {
    "@odata.etag": 'W/"8"',
    "name": "Fabrikam",
    "revenue": 12.5000,
    "openedon": "2020-10-05",
    "startsat": "2020-10-05T06:00:00Z",
    "_msdyn_contract_value": OTHER,
    "statecode": 0,
}
RESET = requests.ConnectionError("reset by peer")
Call = Callable[[DataverseClient], None]


def create(client: DataverseClient) -> None:
    client.create("accounts", ID, VALUES)


def update(client: DataverseClient) -> None:
    client.update("accounts", ID, VALUES, etag='W/"7"')


def test_a_create_is_create_only(service: responses.RequestsMock, client: DataverseClient, root: str) -> None:
    """The id is ours and the condition says that there may be no such record."""
    url = f"{root}/accounts({ID})"
    wanted = header_matcher(
        {"If-None-Match": "*", "Content-Type": "application/json", "OData-Version": "4.0"}
    )
    service.patch(url, status=204, headers={"OData-EntityId": url}, match=[wanted])
    create(client)
    body = service.calls[0].request.body
    assert isinstance(body, bytes)
    assert b'"revenue":12.50,' in body


def test_an_update_and_a_delete_carry_the_etag(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """Both are done only while the record is what it was when it was read."""
    wanted = header_matcher({"If-Match": 'W/"7"'})
    service.patch(f"{root}/accounts({ID})", status=204, match=[wanted])
    service.delete(f"{root}/accounts({ID})", status=204, match=[wanted])
    update(client)
    client.delete("accounts", ID, etag='W/"7"')


def test_an_upsert_has_no_condition(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """It creates or overwrites, so it may be sent again after anything."""
    service.patch(f"{root}/accounts({ID})", body=RESET)
    service.patch(f"{root}/accounts({ID})", status=204)
    client.upsert("accounts", ID, {"name": "x"})
    assert not {"If-Match", "If-None-Match"} & set(service.calls[1].request.headers)


@pytest.mark.parametrize("etag", ["", " ", "a\r\nX: y", "ü"])
def test_what_is_no_etag_is_refused(client: DataverseClient, etag: str) -> None:
    """An empty etag would make an unconditional write out of a conditional one."""
    with pytest.raises(UsageError, match="not an etag"):
        client.update("accounts", ID, {}, etag=etag)


@pytest.mark.parametrize("call", [create, update])
def test_a_condition_that_fails_at_once_is_a_conflict(
    service: responses.RequestsMock, client: DataverseClient, root: str, call: Call
) -> None:
    """Without a lost answer before it, a 412 is somebody else's record, even where it holds our values."""
    service.patch(f"{root}/accounts({ID})", status=412)
    service.get(f"{root}/accounts({ID})", json={"name": "x"})
    with pytest.raises(Conflict):
        call(client)
    assert [call.request.method for call in service.calls] == ["PATCH", "GET"]


@pytest.mark.parametrize("call", [create, update])
@pytest.mark.parametrize("failure", ["lost", 502, 503, 504])
def test_a_write_whose_answer_was_lost_is_confirmed_by_reading(
    service: responses.RequestsMock, client: DataverseClient, root: str, call: Call, failure: str | int
) -> None:
    """The repetition is refused because the first try was done; the record shows that it was ours."""
    url = f"{root}/accounts({ID})"
    if isinstance(failure, int):
        service.patch(url, status=failure)
    else:
        service.patch(url, body=RESET)
    service.patch(url, status=412)
    service.get(url, json=RECORD)
    call(client)
    assert [recorded.request.method for recorded in service.calls] == ["PATCH", "PATCH", "GET"]


@pytest.mark.parametrize("call", [create, update])
def test_a_write_whose_answer_was_lost_and_that_was_not_done_is_done_then(
    service: responses.RequestsMock, client: DataverseClient, root: str, call: Call
) -> None:
    """The repetition takes effect once, and nothing has to be read."""
    service.patch(f"{root}/accounts({ID})", body=RESET)
    service.patch(f"{root}/accounts({ID})", status=204)
    call(client)
    assert len(service.calls) == 2


@pytest.mark.parametrize("call", [create, update])
@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Contoso"},
        {"revenue": 12.51},
        {"openedon": None},
        {"_msdyn_contract_value": ID},
        {"startsat": None},
    ],
)
def test_another_record_is_a_conflict_even_after_a_lost_answer(
    service: responses.RequestsMock,
    client: DataverseClient,
    root: str,
    call: Call,
    changed: dict[str, object],
) -> None:
    """If what is there is not what was sent, it is not ours, and nobody may say that it was done."""
    service.patch(f"{root}/accounts({ID})", body=RESET)
    service.patch(f"{root}/accounts({ID})", status=412)
    service.get(f"{root}/accounts({ID})", json=RECORD | changed)
    with pytest.raises(Conflict):
        call(client)


def test_a_refused_connection_is_no_reason_to_claim_a_record(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """A throttled or refused first try did nothing, so a 412 after it is a conflict."""
    service.patch(f"{root}/accounts({ID})", status=429, headers={"Retry-After": "1"})
    service.patch(f"{root}/accounts({ID})", status=412)
    with pytest.raises(Conflict):
        create(client)


def test_a_delete_whose_answer_was_lost_is_confirmed_by_absence(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """Gone after a lost answer means done; gone at once means that there was nothing to delete."""
    url = f"{root}/accounts({ID})"
    service.delete(url, body=RESET)
    service.delete(url, status=404)
    service.get(url, status=404)
    client.delete("accounts", ID, etag='W/"7"')
    with pytest.raises(NotFound):
        client.delete("accounts", ID, etag='W/"7"')


def test_a_delete_of_what_has_changed_is_a_conflict(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """A record that is still there after the repetition was refused has been changed by somebody."""
    url = f"{root}/accounts({ID})"
    service.delete(url, body=RESET)
    service.delete(url, status=412)
    service.get(url, json=RECORD)
    with pytest.raises(Conflict):
        client.delete("accounts", ID, etag='W/"7"')


def test_when_reading_fails_too_the_outcome_is_unknown(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """Without the right to read nobody can tell: neither success nor a conflict is claimed."""
    url = f"{root}/accounts({ID})"
    service.patch(url, body=RESET)
    service.patch(url, status=412)
    service.get(url, status=403)
    with pytest.raises(OutcomeUnknown, match="reading whether it was done failed") as caught:
        create(client)
    assert isinstance(caught.value.__cause__, AccessDenied)


def test_a_write_that_is_never_answered_is_not_said_to_have_failed(
    service: responses.RequestsMock, client: DataverseClient, root: str, pauses: list[float]
) -> None:
    """It may have been done by any of the tries; what was sent and its id are in the error."""
    service.patch(f"{root}/accounts({ID})", body=RESET)
    with pytest.raises(OutcomeUnknown) as caught:
        create(client)
    assert caught.value.method == "PATCH"
    assert caught.value.url.endswith(f"accounts({ID})")
    assert len(pauses) == 5


def test_a_write_that_stays_refused_by_a_gateway_is_a_server_fault(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """The last answer is what is told."""
    service.patch(f"{root}/accounts({ID})", status=503)
    with pytest.raises(ServerFault):
        create(client)


def test_a_record_said_to_be_elsewhere_is_an_error(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """An OData-EntityId on another origin is named, and nobody goes there."""
    headers = {"OData-EntityId": f"https://evil.example/accounts({ID})"}
    service.patch(f"{root}/accounts({ID})", status=204, headers=headers)
    with pytest.raises(ForeignOrigin, match=r"evil\.example"):
        create(client)


@pytest.mark.parametrize(
    ("sent", "found", "is_same"),
    [
        ({"a": 1}, {"a": Decimal("1.0")}, True),
        ({"a": True}, {"a": 1}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": None}, {}, True),
        ({"a": "2020-10-05T08:00:00+02:00"}, {"a": "2020-10-05T06:00:00Z"}, True),
        ({"a": "2020-10-05T06:00:01Z"}, {"a": "2020-10-05T06:00:00Z"}, False),
        ({"a": "text "}, {"a": "text"}, True),
        ({"a": "text"}, {"a": "Text"}, False),
        ({"a": ID.upper()}, {"a": ID}, True),
        ({"a": UUID(ID)}, {"a": OTHER}, False),
        ({"a": date(2020, 10, 5)}, {"a": "2020-10-05T00:00:00Z"}, True),
        ({"Nav@odata.bind": f"/x({ID})"}, {"_nav_value": ID.upper()}, True),
        ({"nav@odata.bind": None}, {"_nav_value": ID}, False),
        ({"nav_account@odata.bind": f"/x({ID})"}, {"_nav_value": OTHER}, True),
        ({"lines": [{"b": 1}]}, {}, True),
        ({"@odata.type": "x"}, {}, True),
    ],
)
def test_a_record_is_compared_by_value(
    sent: dict[str, object], found: dict[str, object], is_same: bool
) -> None:
    """Numbers, instants, days and lookups are the same in any way of writing; what is not there to be seen
    (nested records, lookups by a name that tells no column) does not count."""
    assert is_as_sent(found, sent) is is_same


def test_a_claim_is_never_confirmed_by_reading(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """A record that holds the values may hold them from somebody else: of several claims one may win."""
    url = f"{root}/accounts({ID})"
    service.patch(url, body=RESET)
    service.patch(url, status=412)
    with pytest.raises(Conflict):
        client.update("accounts", ID, VALUES, etag='W/"7"', is_claim=True)


def test_an_update_of_which_nothing_can_be_looked_up_is_not_confirmed(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """A lookup whose column is not to be found in the record is no proof that it was set."""
    url = f"{root}/accounts({ID})"
    service.patch(url, body=RESET)
    service.patch(url, status=412)
    service.get(url, json=RECORD)
    with pytest.raises(Conflict):
        client.update("accounts", ID, {"msdyn_Other@odata.bind": f"/teams({OTHER})"}, etag='W/"7"')


class FailingTokens:
    """Gives one token, and then fails like a sign-in that is away."""

    def __init__(self) -> None:
        self.left = 1

    def token(self, request: TokenRequest) -> str:
        self.left -= 1
        if self.left < 0:
            raise SignInError("The sign-in is away.")
        return "token"

    def forget(self) -> None:
        pass


def test_a_sign_in_that_fails_in_a_repetition_hides_no_write(
    service: responses.RequestsMock, policy: RetryPolicy, root: str
) -> None:
    """The first try may have taken effect: that is said, and not that there was no token."""
    service.patch(f"{root}/accounts({ID})", body=RESET)
    with (
        DataverseClient("https://contoso.crm4.dynamics.com", FailingTokens(), retry=policy) as client,
        pytest.raises(OutcomeUnknown, match="The sign-in is away"),
    ):
        update(client)


@pytest.mark.parametrize("status", [401, 429])
def test_a_refusal_that_is_no_verdict_leaves_a_lost_answer_unknown(
    service: responses.RequestsMock, client: DataverseClient, root: str, status: int
) -> None:
    """That a repetition was not let in says nothing of the try before it."""
    service.patch(f"{root}/accounts({ID})", body=RESET)
    service.patch(f"{root}/accounts({ID})", status=status, headers={"Retry-After": "1000"})
    with pytest.raises(OutcomeUnknown, match=str(status)):
        create(client)


@pytest.mark.parametrize(("status", "code"), [(412, "0x80040237"), (400, "-2147012606"), (400, "0x80060892")])
def test_two_tries_that_meet_in_the_database_are_one_record(
    service: responses.RequestsMock, client: DataverseClient, root: str, status: int, code: str
) -> None:
    """The index refuses the second one, with whichever code: the record is there as it was sent."""
    url = f"{root}/accounts({ID})"
    for write in (create, lambda each: each.upsert("accounts", ID, VALUES)):
        service.patch(url, body=RESET)
        service.patch(url, status=status, json={"error": {"code": code, "message": "duplicate"}})
        service.get(url, json=RECORD)
        write(client)


def test_an_unknown_outcome_carries_what_was_sent_and_shows_none_of_it(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """Who catches it can look for it; a log has none of it."""
    service.patch(f"{root}/accounts({ID})", body=RESET)
    with pytest.raises(OutcomeUnknown) as caught:
        create(client)
    assert caught.value.sent == (Create("accounts", ID, VALUES),)
    assert "Fabrikam" not in f"{caught.value!r} {caught.value}"
    service.post(f"{root}/$batch", body=RESET)
    start = [Action("DoIt", {"who": "Fabrikam"})]
    with pytest.raises(OutcomeUnknown) as caught:
        client.change_set(start)
    assert caught.value.sent == tuple(start)
    assert "Fabrikam" not in f"{caught.value!r} {caught.value}"
