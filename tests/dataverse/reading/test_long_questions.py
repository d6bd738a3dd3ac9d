"""Questions too long for an address: through $batch, and cut where even that is too short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.parser import BytesParser
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
import requests
import responses
from requests.structures import CaseInsensitiveDict

from connector.dataverse import ClientSecret, DataverseClient, Query, TrustedAuthorities, any_of
from connector.dataverse.exchange.wire import Answer, Request
from connector.dataverse.query.query import LONGEST_URL
from connector.dataverse.reading.batched import answered, batched
from connector.emulator import start
from connector.errors import (
    ForeignOrigin,
    HttpError,
    MalformedAnswer,
    NotFound,
    Throttled,
    Unreachable,
    UsageError,
)

if TYPE_CHECKING:
    from tests.dataverse.conftest import Table

KIND = {"Content-Type": "multipart/mixed; boundary=batchresponse_1"}
# A filter of this length fits no address, and fits a batch.
LONG = Query(filter=f"name eq '{'x' * 40_000}'")


def multipart(body: str, status: str = "200 OK", headers: str = "", line: str = "\r\n") -> str:
    lines = [
        "--batchresponse_1",
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        "",
        f"HTTP/1.1 {status}",
        "Content-Type: application/json",
        *([headers] if headers else []),
        "",
        body,
        "--batchresponse_1--",
        "",
    ]
    return line.join(lines)


def sent_member(service: responses.RequestsMock, number: int = -1) -> tuple[str, dict[str, str]]:
    """Request line and headers of the one member of a batch, read by the standard library."""
    request = service.calls[number].request
    assert isinstance(request.body, bytes)
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    parts = BytesParser().parsebytes(head + request.body).get_payload()
    assert isinstance(parts, list)
    assert len(parts) == 1
    assert not isinstance(parts[0], str)
    content = parts[0].get_payload(decode=True)
    assert isinstance(content, bytes)
    line, _, rest = content.partition(b"\r\n")
    return line.decode(), dict(BytesParser().parsebytes(rest).items())


def test_a_long_question_is_asked_in_a_batch(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """The same question with the same headers, as the one member; and the records come as from a GET."""
    service.post(f"{root}/$batch", body=multipart('{"value": [{"accountid": "1"}]}'), headers=KIND)
    assert [record.id for record in client.list(accounts, LONG, page_size=7)] == ["1"]
    line, headers = sent_member(service)
    assert line.startswith(
        "GET /api/data/v9.2/accounts?$select=accountid,name,revenue&$filter=name%20eq%20'xxx"
    )
    assert line.endswith(" HTTP/1.1")
    assert unquote(line).count("x") >= 40_000
    assert headers["Prefer"] == "odata.maxpagesize=7"
    assert headers["Accept"] == "application/json"


def test_a_short_link_after_a_long_question_is_a_plain_get(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """What fits an address is asked by one, verbatim and with the same page size; what does not is not."""
    long_link = f"{root}/accounts?$skiptoken={'y' * 40_000}"
    first = f'{{"value": [{{"accountid": "1"}}], "@odata.nextLink": "{root}/accounts?p=%253C2"}}'
    second = f'{{"value": [{{"accountid": "2"}}], "@odata.nextLink": "{long_link}"}}'
    service.post(f"{root}/$batch", body=multipart(first), headers=KIND)
    service.get(f"{root}/accounts", body=second)
    service.post(f"{root}/$batch", body=multipart('{"value": [{"accountid": "3"}]}'), headers=KIND)
    assert [record.id for record in client.list(accounts, LONG, page_size=1)] == ["1", "2", "3"]
    assert service.calls[1].request.url == f"{root}/accounts?p=%253C2"
    assert service.calls[1].request.headers["Prefer"] == "odata.maxpagesize=1"
    assert sent_member(service, 2)[0] == f"GET {long_link.removeprefix(root[:-14])} HTTP/1.1"


def test_the_limit_decides_to_the_character(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """32,768 characters are an address, one more is a batch."""
    service.get(f"{root}/accounts", json={"value": []})
    service.post(f"{root}/$batch", body=multipart('{"value": []}'), headers=KIND)

    def query(length: int) -> Query:
        base = len(f"{root}/accounts?$select=accountid,name,revenue&$filter=name%20eq%20''")
        return Query(filter=f"name eq '{'x' * (length - base)}'")

    assert list(client.list(accounts, query(LONGEST_URL))) == []
    assert len(str(service.calls[0].request.url)) == LONGEST_URL
    assert list(client.list(accounts, query(LONGEST_URL + 1))) == []
    assert [call.request.method for call in service.calls] == ["GET", "POST"]


def test_what_no_batch_holds_is_refused_before_it_is_sent(client: DataverseClient, accounts: Table) -> None:
    """The message names the limit and the way out."""
    with pytest.raises(UsageError, match="65536"):
        client.list(accounts, Query(filter=f"name eq '{'x' * 70_000}'"))


def test_impersonation_holds_inside_the_batch_too(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """Nobody documents that the outer header counts for the members."""
    service.post(f"{root}/$batch", body=multipart('{"value": []}'), headers=KIND)
    somebody = "0f7d4c1a-1111-2222-3333-444455556666"
    list(client.as_user(somebody).list(accounts, LONG))
    assert sent_member(service)[1]["CallerObjectId"] == somebody


# What goes wrong


def test_the_error_of_the_member_is_the_error(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """Status, code and text are the member's, and the message names the question, not the batch."""
    error = '{"error": {"code": "0x80040217", "message": "gone"}}'
    service.post(f"{root}/$batch", status=404, body=multipart(error, "404 Not Found"), headers=KIND)
    with pytest.raises(NotFound, match=r"GET /api/data/v9\.2/accounts") as caught:
        list(client.list(accounts, LONG))
    assert (caught.value.code, caught.value.service_message) == ("0x80040217", "gone")


def test_a_batch_that_is_refused_as_a_whole_is_its_error(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """A malformed batch is answered without parts."""
    service.post(f"{root}/$batch", status=400, json={"error": {"code": "0x80048d19", "message": "no"}})
    with pytest.raises(HttpError, match="400"):
        list(client.list(accounts, LONG))


def test_a_limit_inside_the_batch_is_waited_out(
    service: responses.RequestsMock,
    client: DataverseClient,
    accounts: Table,
    root: str,
    pauses: list[float],
) -> None:
    """The member's Retry-After counts as if it were the answer's own."""
    limited = multipart("", "429 Too Many Requests", "Retry-After: 9")
    service.post(f"{root}/$batch", body=limited, headers=KIND)
    service.post(f"{root}/$batch", body=multipart('{"value": []}'), headers=KIND)
    assert list(client.list(accounts, LONG)) == []
    assert 9 <= sum(pauses) < 20


def test_a_reading_batch_that_gets_no_answer_changed_nothing(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """It is a POST, and asking again is safe all the same: Unreachable, after as many tries as for a GET."""
    service.post(f"{root}/$batch", body=requests.ConnectionError("reset"))
    with pytest.raises(Unreachable):
        list(client.list(accounts, LONG))
    assert len(service.calls) == 6


def test_a_limit_that_stays_is_throttled(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """When the budget for waiting is spent, the last answer is the error."""
    service.post(f"{root}/$batch", status=429, headers={"Retry-After": "5000"})
    with pytest.raises(Throttled):
        list(client.list(accounts, LONG))


def test_a_link_elsewhere_in_a_batch_is_not_followed(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, root: str
) -> None:
    """The rule on links does not depend on how the page came."""
    body = multipart('{"value": [{"accountid": "1"}], "@odata.nextLink": "https://evil.example/p"}')
    service.post(f"{root}/$batch", body=body, headers=KIND)
    records = client.list(accounts, LONG)
    assert next(records).id == "1"
    with pytest.raises(ForeignOrigin):
        next(records)


# The member cut out


def cut(content: str, kind: str = KIND["Content-Type"], status: int = 200) -> Answer:
    headers = CaseInsensitiveDict({"Content-Type": kind, "Date": "Sun, 22 Nov 2026 10:00:00 GMT"})
    return answered(Answer(status, headers, content.encode(), 0.5))


@pytest.mark.parametrize("line", ["\r\n", "\n"])
@pytest.mark.parametrize("body", ["{}", '{"text": "a\\r\\n--batchresponse_2--"}', "", '{"ü": "€"}'])
def test_the_member_is_cut_out_to_the_byte(body: str, line: str) -> None:
    """Its status, its headers over the batch's own, its body without the line end before the boundary."""
    found = cut(multipart(body, "206 Partial", "X-One: 1", line))
    assert (found.status, found.content.decode()) == (206, body)
    assert (found.headers["x-one"], found.headers["content-type"]) == ("1", "application/json")
    assert found.headers["Date"] == "Sun, 22 Nov 2026 10:00:00 GMT"
    assert found.waited_s == 0.5


@pytest.mark.parametrize(
    "content",
    [
        "",
        "--batchresponse_1--\r\n",
        "--other\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}\r\n--other--",
        multipart("{}").replace("HTTP/1.1 200 OK", "nothing"),
        multipart("{}").replace("\r\n--batchresponse_1--", ""),
    ],
)
def test_anything_but_one_whole_part_is_malformed(content: str) -> None:
    """A member that is missing, or whose end is missing, is no answer."""
    with pytest.raises(MalformedAnswer, match="one whole part"):
        cut(content)


def test_an_answer_that_is_no_batch_is_malformed_when_it_says_that_all_is_well() -> None:
    """A proxy's page is not the records."""
    with pytest.raises(MalformedAnswer, match="without parts"):
        cut("<html>", "text/html")
    assert cut("<html>", "text/html", 502).status == 502


def test_a_batch_keeps_what_the_question_is() -> None:
    """A reading one that may be repeated, and a boundary of its own each time."""
    question = Request("GET", "https://x.example/api/data/v9.2/accounts?$filter=a", {"Prefer": "p"})
    one, other = (batched(question, "https://x.example/api/data/v9.2/$batch") for _ in range(2))
    assert one.changes_nothing
    assert one.is_repeatable
    assert one.headers != other.headers
    assert replace(question, method="POST").changes_nothing is False


# Against the emulator


@pytest.fixture(scope="module")
def real() -> Iterator[DataverseClient]:
    with start(None, now=datetime(2020, 10, 4, 6, tzinfo=UTC), https=False) as emulator:
        trusted = TrustedAuthorities(extra=(emulator.authority,), is_emulator=True)
        secret = ClientSecret(None, emulator.client_id, emulator.client_secret, trusted=trusted)
        with DataverseClient(emulator.url, secret, ca_file=emulator.ca_file) as client:
            yield client


def test_the_emulator_answers_long_questions_page_by_page(real: DataverseClient, accounts: Table) -> None:
    """A list of 1,200 ids is one question, whose pages come through $batch too."""
    ids = [f"00000000-0000-0000-0001-{number:012}" for number in range(1200)]
    for id in ids[::100]:
        real.create("accounts", id, {"name": id[-4:]})
    query = Query(filter=any_of("accountid", ids))
    assert sorted(record.id for record in real.list(accounts, query, page_size=5)) == ids[::100]


def test_the_emulator_answers_reads_in_parts(real: DataverseClient, accounts: Table) -> None:
    """3,000 ids are several questions; creation dates are cut at bounds that were found. Each record once."""
    ids = [f"00000000-0000-0000-0002-{number:012}" for number in range(3000)]
    for id in ids[::500]:
        real.create("accounts", id, {"name": id[-4:]})
    assert sorted(record.id for record in real.list_by_keys(accounts, "accountid", ids)) == ids[::500]
    everything = sorted(record.id for record in real.list(accounts, Query(is_unbounded=True)))
    assert sorted(record.id for record in real.list_by_creation(accounts, parts=4)) == everything
