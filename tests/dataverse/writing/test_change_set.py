"""Change sets: all or nothing in one request, each member's error named."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
import requests
import responses

from connector.dataverse import Action, Create, DataverseClient, Delete, Operation, Update
from connector.errors import (
    AccessDenied,
    Conflict,
    ForeignOrigin,
    HttpError,
    MalformedAnswer,
    NotFound,
    OutcomeUnknown,
    UsageError,
)

A = "0f7d4c1a-1111-2222-3333-44445555666a"
B = "0f7d4c1a-1111-2222-3333-44445555666b"
C = "0f7d4c1a-1111-2222-3333-44445555666c"
REPEATABLE: list[Operation] = [
    Create("accounts", A, {"name": "Zoë"}),
    Update("accounts", B, {"revenue": Decimal("1.10")}, 'W/"7"'),
    Delete("accounts", C, 'W/"8"'),
]
START: list[Operation] = [
    Update("msdyn_batchjobs", A, {"msdyn_name": "x"}, 'W/"7"'),
    Action("ExecuteWorkflow", {"EntityId": A}, ("workflows", B)),
]
RESET = requests.ConnectionError("reset by peer")


def part(status: str, body: str = "", headers: str = "", number: int | None = None) -> str:
    content_id = f"Content-ID: {number}\r\n" if number else ""
    return (
        f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n{content_id}\r\n"
        f"HTTP/1.1 {status}\r\n{headers}\r\n{body}\r\n"
    )


def nested(*parts: str) -> str:
    inner = "".join(f"--changesetresponse_1\r\n{each}" for each in parts) + "--changesetresponse_1--\r\n"
    return (
        "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n"
        f"{inner}--batchresponse_1--\r\n"
    )


def alone(text: str) -> str:
    return f"--batchresponse_1\r\n{text}--batchresponse_1--\r\n"


def answer(service: responses.RequestsMock, root: str, body: str, status: int = 200) -> None:
    service.post(
        f"{root}/$batch",
        status=status,
        body=body.encode(),
        content_type="multipart/mixed; boundary=batchresponse_1",
    )


def test_a_change_set_is_written_as_the_service_reads_it(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """CRLF at every line, one Content-ID a member, conditions inside, amounts exact, text in UTF-8."""
    answer(service, root, nested(*(part("204 No Content", number=number) for number in (1, 2, 3))))
    client.change_set(REPEATABLE)
    request = service.calls[0].request
    body = request.body
    assert isinstance(body, bytes)
    text = body.decode()
    batch = re.fullmatch(
        r'multipart/mixed; boundary="(batch_[0-9a-f-]+)"', str(request.headers["Content-Type"])
    )
    assert batch is not None
    changes = re.search(r'boundary="(changeset_[0-9a-f-]+)"', text)
    assert changes is not None
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {}\r\n\r\n"
    accept = "Accept: application/json\r\n"
    kind = "Content-Type: application/json\r\n"
    assert text == (
        f'--{batch[1]}\r\nContent-Type: multipart/mixed; boundary="{changes[1]}"\r\n\r\n'
        f"--{changes[1]}\r\n{head.format(1)}PATCH /api/data/v9.2/accounts({A}) HTTP/1.1\r\n{accept}"
        f'If-None-Match: *\r\n{kind}\r\n{{"name":"Zoë"}}\r\n'
        f"--{changes[1]}\r\n{head.format(2)}PATCH /api/data/v9.2/accounts({B}) HTTP/1.1\r\n{accept}"
        f'If-Match: W/"7"\r\n{kind}\r\n{{"revenue":1.10}}\r\n'
        f"--{changes[1]}\r\n{head.format(3)}DELETE /api/data/v9.2/accounts({C}) HTTP/1.1\r\n{accept}"
        f'If-Match: W/"8"\r\n\r\n\r\n'
        f"--{changes[1]}--\r\n--{batch[1]}--\r\n"
    )


def test_answers_come_back_in_the_order_of_the_operations(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """Content-IDs decide, bodies are decoded exactly, etags come from the header or the body."""
    answer(
        service,
        root,
        nested(
            part("200 OK", '{"asyncoperationid":"ü","cost":0.10,"@odata.etag":"W/\\"2\\""}', number=2),
            part("204 No Content", headers='ETag: W/"9"\r\nOData-Version: 4.0\r\n', number=1),
        ),
    )
    first, second = client.change_set(START)
    assert (first.status, first.body, first.etag) == (204, None, 'W/"9"')
    assert second.status == 200
    assert second.body is not None
    assert second.body["asyncoperationid"] == "ü"
    assert second.body["cost"] == Decimal("0.10")
    assert second.etag == 'W/"2"'


@pytest.mark.parametrize("outer", [200, 412])
@pytest.mark.parametrize("is_nested", [True, False])
def test_a_failing_member_raises_its_own_error_and_is_named(
    service: responses.RequestsMock, client: DataverseClient, root: str, outer: int, is_nested: bool
) -> None:
    """Wherever the error part stands, whatever the status around it: a 412 is a Conflict of that member."""
    error = '{"error":{"code":"0x80060882","message":"The version has changed."}}'
    failing = part("412 Precondition Failed", error, "REQ_ID: req-1\r\n", number=1)
    answer(service, root, nested(failing) if is_nested else alone(failing), outer)
    with pytest.raises(Conflict, match=r"Member 1 of 2 of a change set \(PATCH msdyn_batchjobs") as caught:
        client.change_set(START)
    assert caught.value.code == "0x80060882"
    assert caught.value.request_id == "req-1"
    assert caught.value.service_message == "The version has changed."


def test_a_failing_member_without_a_number_names_all_of_them(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """Where the answer does not tell which member failed, nobody guesses."""
    answer(service, root, alone(part("403 Forbidden", '{"error":{"code":"0x80040220","message":"no"}}')), 403)
    with pytest.raises(AccessDenied, match=r"A change set of 2 \(PATCH msdyn_batchjobs.*, POST workflows"):
        client.change_set(START)


def test_a_batch_that_is_refused_as_a_whole_is_an_error_too(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """A plain JSON error in place of multipart is read as what it is."""
    service.post(
        f"{root}/$batch", status=400, json={"error": {"code": "0x80048d19", "message": "unreadable"}}
    )
    with pytest.raises(HttpError, match="unreadable"):
        client.change_set(START)


def test_a_change_set_of_conditions_is_repeated_and_confirmed(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """After a lost answer every record is read; when all are as sent, the first try had done it all."""
    service.post(f"{root}/$batch", body=RESET)
    answer(service, root, alone(part("412 Precondition Failed", number=1)), 412)
    service.get(f"{root}/accounts({A})", json={"name": "Zoë", "@odata.etag": 'W/"1"'})
    service.get(f"{root}/accounts({B})", json={"revenue": 1.1, "@odata.etag": 'W/"9"'})
    service.get(f"{root}/accounts({C})", status=404)
    results = client.change_set(REPEATABLE)
    assert [(result.status, result.etag) for result in results] == [
        (204, 'W/"1"'),
        (204, 'W/"9"'),
        (204, None),
    ]


def test_a_change_set_of_which_a_part_is_not_there_is_a_conflict(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """All or nothing: one record that is not as sent means that none of it was ours."""
    service.post(f"{root}/$batch", body=RESET)
    answer(service, root, alone(part("412 Precondition Failed", number=1)), 412)
    service.get(f"{root}/accounts({A})", json={"name": "Zoë"})
    service.get(f"{root}/accounts({B})", json={"revenue": 2})
    service.get(f"{root}/accounts({C})", status=404)
    with pytest.raises(Conflict):
        client.change_set(REPEATABLE)


@pytest.mark.parametrize("failure", ["lost", 504])
def test_a_change_set_with_an_action_is_never_sent_twice(
    service: responses.RequestsMock, client: DataverseClient, root: str, failure: str | int
) -> None:
    """The start of a job is not repeated; the caller's question is asked in its place."""
    if isinstance(failure, int):
        service.post(f"{root}/$batch", status=failure)
    else:
        service.post(f"{root}/$batch", body=RESET)
    with pytest.raises(OutcomeUnknown, match="It did take effect") as caught:
        client.change_set(START, happened=lambda: True)
    assert caught.value.happened is True
    assert caught.value.url == f"{root}/$batch"
    assert caught.value.request_id == service.calls[0].request.headers["x-ms-client-request-id"]
    assert len(service.calls) == 1


def test_a_missing_record_in_a_change_set_is_not_found(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """The class of the error is that of the member."""
    answer(service, root, alone(part("404 Not Found", number=3)), 404)
    with pytest.raises(NotFound, match="Member 3 of 3"):
        client.change_set(REPEATABLE)


@pytest.mark.parametrize(
    "body",
    [
        nested(part("204 No Content", number=1)),
        "",
        json.dumps({"value": []}),
        nested("Content-Type: application/http\r\n\r\nnot http\r\n", part("204 No Content")),
    ],
)
def test_an_answer_with_too_few_or_strange_parts_is_malformed(
    service: responses.RequestsMock, client: DataverseClient, root: str, body: str
) -> None:
    """What was not answered is not taken for done."""
    answer(service, root, body)
    with pytest.raises(MalformedAnswer):
        client.change_set(START)


def test_a_part_that_names_a_record_elsewhere_is_an_error(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """The rule on origins holds inside batches."""
    led_away = part("204 No Content", headers="OData-EntityId: https://evil.example/x(1)\r\n", number=1)
    answer(service, root, nested(led_away, part("204 No Content", number=2)))
    with pytest.raises(ForeignOrigin, match=r"evil\.example"):
        client.change_set(START)


@pytest.mark.parametrize("count", [0, 1001])
def test_a_change_set_has_one_to_a_thousand_members(client: DataverseClient, count: int) -> None:
    """The service's limit is told before anything is sent."""
    with pytest.raises(UsageError, match=f"of {count} members"):
        client.change_set([Delete("accounts", A, "*")] * count)
