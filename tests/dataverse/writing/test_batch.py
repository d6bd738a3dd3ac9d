"""The body of a batch: whatever stands in values, names and etags, the reader gets the same operations."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from connector.dataverse.exchange.wire import Answer
from connector.dataverse.writing.batch import encode_batch, encode_change_set, parts_of
from connector.dataverse.writing.operations import Action, Create, Delete, Operation, Update, member_of
from connector.emulator.protocol.multipart import boundary_of, split_headers, split_parts
from connector.errors import UsageError
from tests.dataverse.bulk.bulk_service import operations_in

ROOT = "/api/data/v9.2/"
ID = str(uuid.UUID(int=7))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    [
        "\r\n--batch_1--\r\n",
        "a\r\n\r\nHTTP/1.1 404 Not Found\r\n",
        "--changeset_1",
        "\n--",
        "\u0085\u2028\x1e",
        "Content-ID: 9\r\n",
    ]
)
values = st.dictionaries(
    texts, st.one_of(texts, st.none(), st.booleans(), st.integers(-(2**53), 2**53)), max_size=4
)
etags = (
    st.text("abc0123456789/W*:,()='--", max_size=20)
    .map(lambda text: f'W/"{text}"')
    .filter(lambda text: bool(text.strip()))
)
operations = st.lists(
    st.one_of(
        st.builds(Create, st.just("accounts"), st.uuids().map(str), values),
        st.builds(Update, st.just("accounts"), st.uuids().map(str), values, etags),
        st.builds(Delete, st.just("accounts"), st.uuids().map(str), etags),
        st.builds(Action, st.sampled_from(["DoIt", "ExecuteWorkflow"]), values),
    ),
    min_size=1,
    max_size=6,
)


def expected(operation: Operation) -> tuple[str, str, Mapping[str, Any]]:
    """Written down once more, by hand."""
    match operation:
        case Create(entity_set, id, content) | Update(entity_set, id, content, _):
            return "PATCH", f"{ROOT}{entity_set}({id})", content
        case Delete(entity_set, id, _):
            return "DELETE", f"{ROOT}{entity_set}({id})", {}
        case Action(name, content, _):
            return "POST", f"{ROOT}{name}", content or {}


def condition(operation: Operation) -> tuple[str | None, str | None]:
    if isinstance(operation, Create):
        return None, "*"
    return (None, None) if isinstance(operation, Action) else (operation.etag.strip(), None)


def prepared(content_type: str) -> requests.PreparedRequest:
    request = requests.PreparedRequest()
    request.headers = CaseInsensitiveDict({"Content-Type": content_type})
    return request


@given(operations)
@example([Create("accounts", ID, {"\r\n--x": "--batch_\r\n\r\n"})])
def test_a_batch_survives_the_standard_librarys_reading(given_operations: list[Operation]) -> None:
    """Any text in names and values, line ends and delimiters among them."""
    content_type, body = encode_batch([member_of(each) for each in given_operations], ROOT)
    read = list(operations_in(prepared(content_type), body))
    assert [(method, path, row) for method, path, _, row in read] == [
        expected(each) for each in given_operations
    ]
    assert [
        (headers["If-Match"] and headers["If-Match"].strip(), headers["If-None-Match"])
        for _, _, headers, _ in read
    ] == [condition(each) for each in given_operations]


@given(operations)
def test_batches_and_change_sets_survive_the_emulators_reading(given_operations: list[Operation]) -> None:
    """The emulator was written from the documents, and without a look at the client."""
    members = [member_of(each) for each in given_operations]
    content_type, body = encode_batch(members, ROOT)
    parts = split_parts(body, boundary_of(content_type) or "")
    assert [read(part.content) for part in parts] == [expected(each) for each in given_operations]
    content_type, body = encode_change_set(members, ROOT)
    (outer,) = split_parts(body, boundary_of(content_type) or "")
    inner = split_parts(outer.content, boundary_of(outer.headers["content-type"]) or "")
    assert [read(part.content) for part in inner] == [expected(each) for each in given_operations]
    assert [part.headers["content-id"] for part in inner] == [
        str(number) for number in range(1, len(members) + 1)
    ]


def read(content: bytes) -> tuple[str, str, dict[str, Any]]:
    line, _, rest = content.partition(b"\r\n")
    _, body = split_headers(rest)
    method, path, _ = line.decode().split(" ")
    return method, path, json.loads(body) if body.strip() else {}


def test_every_line_ends_in_crlf_the_last_one_too() -> None:
    """The service cannot read the last body otherwise."""
    content_type, body = encode_batch([member_of(Create("accounts", ID, {"name": "x"}))] * 2, ROOT)
    boundary = content_type.partition('"')[2].rstrip('"')
    assert body.endswith(f"\r\n--{boundary}--\r\n".encode())
    assert body.replace(b"\r\n", b"").count(b"\n") == 0


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_has_one_to_a_thousand_members(count: int) -> None:
    """The service's limit is told before anything is sent."""
    with pytest.raises(UsageError, match=f"A batch of {count} members"):
        encode_batch([member_of(Delete("accounts", ID, "*"))] * count, ROOT)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=4), st.booleans())
def test_answers_are_taken_apart_whatever_the_bodies_hold(bodies: list[bytes], is_last_line: bool) -> None:
    """Bodies come back as they were sent, less the line ends around them."""
    boundary = f"batchresponse_{uuid.uuid4()}"
    content = b"".join(
        f"--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f"HTTP/1.1 200 OK\r\nETag: W/{number}\r\n\r\n".encode()
        + body
        + b"\r\n"
        for number, body in enumerate(bodies)
    )
    end = f"--{boundary}--".encode() + (b"\r\n" if is_last_line else b"")
    kind = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
    parts = parts_of(Answer(200, CaseInsensitiveDict(kind), content + end))
    assert [part.answer.content for part in parts] == [body.rstrip(b"\r\n") for body in bodies]
    assert [part.answer.headers["ETag"] for part in parts] == [f"W/{number}" for number in range(len(bodies))]
