"""Batches from a grammar, nearly right and wrong in every place: each part has an answer, none is a 500."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.protocol.caller import TIMEOUT_S, Api

SEEDED = settings(
    max_examples=40, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SOMEBODY = "11111111-1111-1111-1111-111111111111"

METHOD = st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "get", "NONSENSE", ""])
TARGET = st.sampled_from(
    [
        "/api/data/v9.2/accounts",
        "accounts",
        f"accounts({SOMEBODY})",
        "accounts?$filter=name eq 'a b'&$top=1",
        "accounts(accountnumber='x')",
        "accounts/Microsoft.Dynamics.CRM.CreateMultiple",
        "$1",
        "$1/primarycontactid/$ref",
        "$nobody",
        "$batch",
        "$metadata",
        "WhoAmI()",
        "EntityDefinitions",
        "http://elsewhere.example/api/data/v9.2/accounts",
        "/elsewhere",
        "//",
        "http://[",
        "",
    ]
)
BODY = st.one_of(
    st.sampled_from(
        [
            "",
            '{"name": "a"}',
            '{"name": 1}',
            '{"primarycontactid@odata.bind": "$1"}',
            '{"primarycontactid@odata.bind": "$2"}',
            '{"@odata.id": "$1"}',
            '{"account_parent_account": [{"name": "b"}]}',
            '{"SchemaName": "new_X", "Attributes": []}',
            "{",
            "[]",
            "null",
        ]
    ),
    st.text(max_size=12),
)
HEADER = st.sampled_from(
    [
        "Content-Type: application/json",
        "If-Match: *",
        'If-Match: W/"1"',
        "If-None-Match: *",
        "Prefer: return=representation",
        "Prefer: nonsense",
        f"MSCRMCallerID: {SOMEBODY}",
        "Content-ID: 2",
        "no header",
        ": ",
    ]
)
CONTENT_ID = st.sampled_from([None, "1", "2", "1", "x\x0b", "ü", "$"])
KIND = st.sampled_from(["application/http", "application/http; msgtype=request", "text/plain", ""])
VERSION = st.sampled_from([" HTTP/1.1", " HTTP/1.1", "", " HTTP/9"])
BREAK = st.sampled_from(["\r\n", "\r\n", "\n"])


@dataclass(frozen=True)
class Operation:
    method: str
    target: str
    version: str
    headers: tuple[str, ...]
    body: str
    content_id: str | None
    kind: str

    def written(self, end: str) -> str:
        about = [f"Content-Type: {self.kind}"] if self.kind else []
        about += [f"Content-ID: {self.content_id}"] if self.content_id else []
        request = [f"{self.method} {self.target}{self.version}", *self.headers, "", self.body]
        return end.join([*about, "", *request])


OPERATION = st.builds(
    Operation,
    METHOD,
    TARGET,
    VERSION,
    st.lists(HEADER, max_size=2).map(tuple),
    BODY,
    CONTENT_ID,
    KIND,
)
GOOD = st.builds(
    Operation,
    st.just("POST"),
    st.just("accounts"),
    st.just(" HTTP/1.1"),
    st.just(("Content-Type: application/json",)),
    st.just('{"name": "good"}'),
    st.sampled_from(["1", "2", "3"]),
    st.just("application/http"),
)


def multipart(boundary: str, parts: list[str], end: str, *, is_closed: bool) -> str:
    opened = "".join(f"--{boundary}{end}{part}{end}" for part in parts)
    return opened + (f"--{boundary}--{end}" if is_closed else "")


@st.composite
def batches(draw: st.DrawFn) -> tuple[str, str]:
    """A boundary and a body: single operations, change sets, and change sets inside of change sets."""
    end = draw(BREAK)
    outer = draw(st.sampled_from(["b", "batch_1", "=_(x)", "a" * 70]))
    parts: list[str] = []
    for _ in range(draw(st.integers(0, 3))):
        operations = draw(st.lists(st.one_of(OPERATION, GOOD), min_size=1, max_size=3))
        if draw(st.booleans()):
            parts.append(operations[0].written(end))
            continue
        inner = draw(st.sampled_from(["c", "c", outer]))
        head = f"Content-Type: multipart/mixed; boundary={inner}{end}{end}"
        nested = [one.written(end) for one in operations]
        if draw(st.integers(0, 5)) == 0:
            nested.append(head + multipart(inner, nested, end, is_closed=True))
        parts.append(head + multipart(inner, nested, end, is_closed=draw(st.booleans())))
    body = multipart(outer, parts, end, is_closed=draw(st.booleans()))
    return outer, body[: len(body) - draw(st.sampled_from([0, 0, 0, 1, 3, 40]))]


@SEEDED
@given(batch=batches(), goes_on=st.booleans())
def test_any_batch_of_the_grammar(api: Api, batch: tuple[str, str], goes_on: bool) -> None:
    """The whole and each of its parts: a result, or a refusal below 500, or 501."""
    boundary, body = batch
    headers = {"Content-Type": f'multipart/mixed; boundary="{boundary}"'}
    if goes_on:
        headers["Prefer"] = "odata.continue-on-error"
    answer = api.session.post(
        f"{api.root}/$batch", data=body.encode("utf-8", "replace"), headers=headers, timeout=TIMEOUT_S
    )
    inside = [int(status) for status in re.findall(r"^HTTP/1\.1 (\d{3}) ", answer.text, re.MULTILINE)]
    for status in (answer.status_code, *inside):
        assert status < 500 or status == 501, (body, answer.text)
    if goes_on and answer.status_code == 200:
        assert answer.headers["Content-Type"].startswith("multipart/mixed"), body


def test_the_grammar_reaches_what_it_is_for(api: Api) -> None:
    """Some of its batches are carried out, some are change sets, some are refused: else it proves little."""
    seen: set[str] = set()

    @settings(SEEDED, max_examples=150, database=None)
    @given(batch=batches())
    def look(batch: tuple[str, str]) -> None:
        if len(seen) == 3:
            return
        boundary, body = batch
        headers = {"Content-Type": f'multipart/mixed; boundary="{boundary}"'}
        answer = api.session.post(
            f"{api.root}/$batch", data=body.encode(), headers=headers, timeout=TIMEOUT_S
        )
        seen.update({"carried out"} if "HTTP/1.1 204" in answer.text else ())
        seen.update({"a change set"} if "changesetresponse_" in answer.text else ())
        seen.update({"refused"} if answer.status_code == 400 else ())

    look()
    assert len(seen) == 3, seen
