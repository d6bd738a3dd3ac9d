"""Whatever is sent: an answer below 500, or 501 with a name."""

from __future__ import annotations

import json
import string
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.protocol.caller import Api, mark

FEW = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = st.sampled_from(
    [
        "name",
        "creditlimit",
        "createdon",
        "accountid",
        "parentaccountid",
        "parentaccountid/name",
        "donotemail",
        "'x'",
        "''",
        "1",
        "1.5",
        "-1",
        "null",
        "true",
        "2020-10-05",
        "2020-10-05T00:00:00Z",
        "eq",
        "ne",
        "gt",
        "in",
        "and",
        "or",
        "not",
        "(",
        ")",
        ",",
        "contains(",
        "any(",
        "all(",
        "x:x/name",
        "[",
        "]",
        "@p",
        "/",
        "$it",
        "account_parent_account/",
        "Microsoft.Dynamics.CRM.In(",
        "PropertyName=",
        "PropertyValues=",
        "add",
        "'",
        '"',
        "11111111-1111-1111-1111-111111111111",
        "99999999999999999999999999999999999999999999999999",
    ]
)


@FEW
@given(words=st.lists(WORDS, max_size=12))
def test_any_filter(api: Api, words: list[str]) -> None:
    """Whatever the words of a filter, the answer is a result, a 400 or a 501."""
    answer = api.get(f"accounts?$top=1&$filter={quote(' '.join(words))}")
    assert answer.status_code in (200, 400, 501), answer.text


@FEW
@given(path=st.text(string.printable + "üß€", max_size=40))
def test_any_path(api: Api, path: str) -> None:
    """Whatever the address, nothing breaks."""
    answer = api.get(quote(path, safe="/()',$=?&:@%"))
    assert answer.status_code < 500 or answer.status_code == 501, answer.text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(
    [
        "name",
        "creditlimit",
        "exchangerate",
        "createdon",
        "overriddencreatedon",
        "industrycode",
        "accountid",
        "donotemail",
        "parentaccountid",
        "parentaccountid@odata.bind",
        "account_parent_account",
        "statecode",
        "account_parent_account@odata.bind",
        "@odata.type",
        "entityimage",
        "address1_latitude",
        "ownerid@odata.bind",
        "numberofemployees",
        "_ownerid_value",
        "versionnumber",
        "primarycontactid",
    ]
)


@FEW
@given(body=st.dictionaries(KEYS, JSON, max_size=3))
def test_any_body(api: Api, body: dict[str, object]) -> None:
    """Whatever stands in a body, it is stored or refused."""
    answer = api.session.post(f"{api.root}/accounts", data=_json(body), timeout=30)
    assert answer.status_code < 500 or answer.status_code == 501, answer.text


def _json(body: object) -> bytes:
    return json.dumps(body).encode()


@FEW
@given(
    body=st.binary(max_size=200),
    lines=st.lists(
        st.sampled_from(
            [
                b"--b",
                b"--b--",
                b"Content-Type: application/http",
                b"Content-Type: multipart/mixed; boundary=c",
                b"",
                b"--c",
                b"--c--",
                b"GET accounts HTTP/1.1",
                b"POST /api/data/v9.2/accounts HTTP/1.1",
                b'{"name":"x"}',
                b"Content-ID: 1",
                b"PATCH $1 HTTP/1.1",
            ]
        ),
        max_size=14,
    ),
)
def test_any_batch(api: Api, body: bytes, lines: list[bytes]) -> None:
    """Whatever a batch body is made of, it is answered."""
    headers = {"Content-Type": "multipart/mixed; boundary=b"}
    for raw in (body, b"\r\n".join(lines)):
        answer = api.session.post(f"{api.root}/$batch", data=raw, headers=headers, timeout=30)
        assert answer.status_code < 500 or answer.status_code == 501, answer.text


@pytest.mark.parametrize(
    "address",
    [
        "accounts(%00)",
        "accounts?$filter=name eq '%00'",
        "accounts?$filter=%ff",
        "accounts(('",
        "accounts()",
        "accounts(1)",
        "accounts(accountnumber='1')",
        "//accounts",
        "accounts/",
        "accounts?&&$top=1&",
        "accounts?$top=1&$top=2",
        "accounts?$orderby=" + "name," * 2100,
        "accounts?$select=" + "name," * 3000,
        "accounts?$filter=" + "(" * 3000 + "donotemail" + ")" * 3000,
        "accounts?$expand=a(",
        "%2e%2e/%2e%2e/etc/passwd",
        "accounts?$skiptoken=" + quote('<cookie pagenumber="2" pagingcookie="WzFd" istracking="False" />'),
    ],
)
def test_odd_addresses(api: Api, address: str) -> None:
    """Null bytes, broken encodings and endless lists are answered below 500, or with 501."""
    answer = api.get(address)
    assert answer.status_code < 500 or answer.status_code == 501, answer.text


def test_values_are_bound_not_written_into_sql(api: Api) -> None:
    """Text that looks like SQL is text."""
    evil = "x'; DROP TABLE account; --"
    api.create("accounts", {"name": evil})
    answer = api.session.get(
        f"{api.root}/accounts", params={"$filter": "name eq '" + evil.replace("'", "''") + "'"}, timeout=30
    )
    assert len(answer.json()["value"]) == 1


def test_parallel_clients(api: Api) -> None:
    """Eight at once: every create is there, once, each with a version of its own."""
    name = mark()

    def create(n: int) -> int:
        client = Api(api.emulator)
        status = client.send("POST", "accounts", {"name": f"{name} {n}"}).status_code
        client.session.close()
        return status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(create, range(24))) == {204}
    rows = api.rows(f"accounts?$select=name,versionnumber&$filter=startswith(name,'{name}')")
    assert len({row["name"] for row in rows}) == 24
    assert len({row["versionnumber"] for row in rows}) == 24
