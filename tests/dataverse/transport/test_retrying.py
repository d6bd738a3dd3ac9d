"""What is repeated, after which pause, and when it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests
import responses
from urllib3.exceptions import MaxRetryError, NewConnectionError

from connector.dataverse import EVERYTHING, Create, DataverseClient, RetryPolicy
from connector.errors import OutcomeUnknown, ServerFault, Throttled, Unreachable

if TYPE_CHECKING:
    from tests.dataverse.conftest import FixedTokens, Table

ID = "0f7d4c1a-1111-2222-3333-444455556666"
LIMITS = {
    "0x80072322": "too many requests within",
    "0x80072321": "too much execution time",
    "0x80072326": "at the same time",
}
REFUSED = requests.ConnectionError(
    MaxRetryError(None, "/", NewConnectionError(None, "refused"))  # type: ignore[arg-type]  # no pool is needed
)
RESET = requests.ConnectionError("reset by peer")


@pytest.mark.parametrize("code", LIMITS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "12"},
        {"Retry-After": "Mon, 05 Oct 2020 06:00:12 GMT", "Date": "Mon, 05 Oct 2020 06:00:00 GMT"},
    ],
)
def test_a_limit_is_waited_out_as_long_as_it_says(
    service: responses.RequestsMock,
    client: DataverseClient,
    accounts: Table,
    root: str,
    pauses: list[float],
    code: str,
    headers: dict[str, str],
) -> None:
    """Retry-After counts in seconds and as a date by the environment's own clock; a twentieth is added."""
    body = json.dumps({"error": {"code": code, "message": "slow down"}})
    service.get(f"{root}/accounts({ID})", status=429, body=body, headers=headers)
    service.get(f"{root}/accounts({ID})", json={"accountid": "1"})
    assert client.retrieve(accounts, ID).id == "1"
    assert len(pauses) == 1
    assert 12 <= pauses[0] <= 12.6


def test_a_limit_on_a_later_page_is_waited_out(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str, pauses: list[float]
) -> None:
    """No page is lost or read twice when the second one is refused for a while."""
    service.get(
        f"{root}/accounts", json={"value": [{"accountid": "1"}], "@odata.nextLink": f"{root}/accounts?p=2"}
    )
    service.get(f"{root}/accounts?p=2", status=429, headers={"Retry-After": "3"})
    service.get(f"{root}/accounts?p=2", json={"value": [{"accountid": "2"}]})
    assert [record.id for record in client.list(accounts, EVERYTHING)] == ["1", "2"]
    assert len(pauses) == 1


def test_an_action_is_repeated_after_a_limit(
    service: responses.RequestsMock, client: DataverseClient, root: str, pauses: list[float]
) -> None:
    """A request that was refused for a limit was not carried out."""
    service.post(f"{root}/DoIt", status=429, headers={"Retry-After": "1"})
    service.post(f"{root}/DoIt", status=204)
    assert client.action("DoIt") is None
    assert len(pauses) == 1


@pytest.mark.parametrize("retry_after", ["0", None, "soon", "Sun, 04 Oct 2020 06:00:00 GMT"])
def test_without_a_usable_pause_the_pauses_grow(
    service: responses.RequestsMock,
    client: DataverseClient,
    accounts: Table,
    root: str,
    pauses: list[float],
    retry_after: str | None,
) -> None:
    """Nothing said, nonsense, zero, a time that has passed: exponential pauses with jitter."""
    headers = {"Date": "Mon, 05 Oct 2020 06:00:00 GMT"} | (
        {"Retry-After": retry_after} if retry_after else {}
    )
    for _ in range(4):
        service.get(f"{root}/accounts({ID})", status=429, headers=headers)
    service.get(f"{root}/accounts({ID})", json={"accountid": "1"})
    client.retrieve(accounts, ID)
    assert all(low <= pause <= low + 1 for low, pause in zip([1, 2, 4, 8], pauses, strict=True))


@pytest.mark.parametrize("code", LIMITS)
def test_a_limit_beyond_the_budget_is_told_apart(
    service: responses.RequestsMock,
    client: DataverseClient,
    accounts: Table,
    root: str,
    pauses: list[float],
    code: str,
) -> None:
    """The budget holds for the whole call: no pause is begun that would pass it, and the limit is named."""
    body = json.dumps({"error": {"code": code.upper().replace("X", "x"), "message": "slow down"}})
    service.get(f"{root}/accounts({ID})", status=429, body=body, headers={"Retry-After": "250"})
    with pytest.raises(Throttled, match=LIMITS[code]) as caught:
        client.retrieve(accounts, ID)
    assert len(pauses) == 2
    assert caught.value.retry_after_s == 250
    assert caught.value.code == code


@pytest.mark.parametrize("status", [502, 503, 504])
def test_reads_are_repeated_after_gateway_errors(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str, status: int
) -> None:
    """What asks only may be asked again."""
    service.get(f"{root}/accounts({ID})", status=status, body="<html>gateway</html>")
    service.get(f"{root}/accounts({ID})", json={"accountid": "1"})
    assert client.retrieve(accounts, ID).id == "1"


def test_a_deadlock_is_tried_again(
    service: responses.RequestsMock, client: DataverseClient, root: str, pauses: list[float]
) -> None:
    """The service has rolled back and says so; a create of ours can simply be sent again."""
    body = json.dumps({"error": {"code": "-2147204784", "message": "SQL deadlock"}})
    service.patch(f"{root}/accounts({ID})", status=500, body=body)
    service.patch(f"{root}/accounts({ID})", status=204)
    client.create("accounts", ID, {"name": "x"})
    assert len(pauses) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 500, 501])
def test_what_will_not_change_is_not_repeated(
    service: responses.RequestsMock,
    client: DataverseClient,
    accounts: Table,
    root: str,
    pauses: list[float],
    status: int,
) -> None:
    """A refusal is an answer."""
    service.get(f"{root}/accounts({ID})", status=status)
    with pytest.raises(Exception, match=f"{status}"):
        client.retrieve(accounts, ID)
    assert pauses == []


def test_faults_that_do_not_pass_end(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str, pauses: list[float]
) -> None:
    """Six tries, then the last error; a lost answer to a read is Unreachable, since nothing was changed."""
    service.get(f"{root}/accounts({ID})", status=503)
    with pytest.raises(ServerFault):
        client.retrieve(accounts, ID)
    assert len(pauses) == 5
    service.replace("GET", f"{root}/accounts({ID})", body=RESET)
    with pytest.raises(Unreachable, match="reset by peer"):
        client.retrieve(accounts, ID)


def test_a_refused_connection_is_tried_again_for_anything(
    service: responses.RequestsMock, client: DataverseClient, root: str, pauses: list[float]
) -> None:
    """A connection that never stood has carried nothing, so even an action may be sent again."""
    service.post(f"{root}/DoIt", body=REFUSED)
    service.post(f"{root}/DoIt", json={"Done": True})
    assert client.action("DoIt") == {"Done": True}
    assert len(pauses) == 1


def test_a_connection_that_is_always_refused_is_unreachable(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """Nothing was changed, and the error says no more than that."""
    service.post(f"{root}/DoIt", body=REFUSED)
    with pytest.raises(Unreachable):
        client.action("DoIt")
    service.patch(f"{root}/accounts({ID})", body=REFUSED)
    with pytest.raises(Unreachable):
        client.create("accounts", ID, {})


@pytest.mark.parametrize("failure", ["lost", 502, 503, 504])
@pytest.mark.parametrize("happened", [True, False, None])
def test_an_action_is_never_sent_twice(
    service: responses.RequestsMock,
    client: DataverseClient,
    root: str,
    pauses: list[float],
    failure: str | int,
    happened: bool | None,
) -> None:
    """After an ambiguous failure the caller learns what was sent and what its own question says."""
    url = f"{root}/workflows({ID})/Microsoft.Dynamics.CRM.ExecuteWorkflow"
    if isinstance(failure, int):
        service.post(url, status=failure)
    else:
        service.post(url, body=RESET)
    with pytest.raises(OutcomeUnknown) as caught:
        client.action(
            "ExecuteWorkflow", {"EntityId": ID}, bound_to=("workflows", ID), happened=lambda: happened
        )
    assert len(service.calls) == 1
    assert pauses == []
    assert (caught.value.method, caught.value.url, caught.value.happened) == ("POST", url, happened)
    assert caught.value.request_id == service.calls[0].request.headers["x-ms-client-request-id"]


def test_a_question_that_fails_leaves_the_outcome_unknown(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """If looking fails as well, nobody knows, and the first error is still the one that is told."""
    service.post(f"{root}/DoIt", body=RESET)
    service.get(f"{root}/accounts({ID})", status=403)

    def happened() -> bool:
        return client.retrieve(accounts, ID) is not None

    with pytest.raises(OutcomeUnknown) as caught:
        client.action("DoIt", happened=happened)
    assert caught.value.happened is None


def test_tries_share_one_request_id(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """The repetitions of a call can be found together in the service's logs; calls are told apart."""
    service.get(f"{root}/accounts({ID})", status=503)
    service.get(f"{root}/accounts({ID})", json={"accountid": "1"})
    client.retrieve(accounts, ID)
    client.retrieve(accounts, ID)
    ids = [call.request.headers["x-ms-client-request-id"] for call in service.calls]
    assert ids[0] == ids[1] != ids[2]


def test_real_time_counts_against_the_budget(
    service: responses.RequestsMock, tokens: FixedTokens, accounts: Table, root: str, pauses: list[float]
) -> None:
    """A policy without a budget tries once."""
    policy = RetryPolicy(budget_s=0, sleep=pauses.append)
    service.get(f"{root}/accounts({ID})", status=503)
    with (
        DataverseClient("https://contoso.crm4.dynamics.com", tokens, retry=policy) as client,
        pytest.raises(ServerFault),
    ):
        client.retrieve(accounts, ID)
    assert len(service.calls) == 1


def test_a_limit_inside_a_batch_is_waited_out(
    service: responses.RequestsMock, client: DataverseClient, root: str, pauses: list[float]
) -> None:
    """A part with 429 counts like an answer with 429, whatever the status around it is."""
    part = (
        "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 9\r\nContent-Type: application/json\r\n\r\n"
        '{"error":{"code":"0x80072326","message":"x"}}\r\n--b--\r\n'
    )
    done = (
        "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\n"
        "Content-ID: 1\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\r\n--c--\r\n--b--\r\n"
    )
    kind = "multipart/mixed; boundary=b"
    service.post(f"{root}/$batch", status=200, body=part, content_type=kind)
    service.post(f"{root}/$batch", status=200, body=done, content_type=kind)
    assert [result.status for result in client.change_set([Create("accounts", ID, {"name": "x"})])] == [204]
    assert 9 <= pauses[0] <= 10


def test_a_lost_answer_is_not_forgotten_when_later_tries_are_refused(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """Unreachable says that nothing was changed, which the first try forbids to say."""
    service.patch(f"{root}/accounts({ID})", body=RESET)
    service.patch(f"{root}/accounts({ID})", body=REFUSED)
    with pytest.raises(OutcomeUnknown):
        client.create("accounts", ID, {})


@pytest.mark.parametrize(
    "code", ["0x80044150", "0x80044151", "0x80040255", "0x80073000", "0x8004A001", "-2147015900"]
)
def test_passing_faults_of_the_database_are_tried_again(
    service: responses.RequestsMock, client: DataverseClient, root: str, pauses: list[float], code: str
) -> None:
    """Deadlock, timeout, rollback, network, busy, worker limit: by their codes, in hex or decimal."""
    body = json.dumps({"error": {"code": code, "message": "SQL"}})
    service.delete(f"{root}/accounts({ID})", status=500, body=body)
    service.delete(f"{root}/accounts({ID})", status=204)
    client.delete("accounts", ID, etag='W/"1"')
    assert len(pauses) == 1


def test_other_pauses_than_the_services_count_against_the_budget_too(
    service: responses.RequestsMock, tokens: FixedTokens, accounts: Table, root: str, pauses: list[float]
) -> None:
    """A call ends when its next pause would pass the budget, whatever it waited for before."""
    policy = RetryPolicy(budget_s=10, most_faults=100, sleep=pauses.append)
    service.get(f"{root}/accounts({ID})", status=503)
    with (
        DataverseClient("https://contoso.crm4.dynamics.com", tokens, retry=policy) as client,
        pytest.raises(ServerFault),
    ):
        client.retrieve(accounts, ID)
    assert 0 < sum(pauses) <= 10
