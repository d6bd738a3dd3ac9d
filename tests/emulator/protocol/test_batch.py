"""$batch over raw multipart: order, change sets, references, and what a failure does."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field

import pytest
import requests

from tests.emulator.protocol.caller import Api, mark

CRLF = "\r\n"


@dataclass
class Op:
    method: str
    path: str
    body: str = ""
    content_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def operation(api: Api, op: Op) -> str:
    address = op.path if op.path.startswith(("$", "http")) else f"/api/data/v9.2/{op.path}"
    head = f"Content-Type: application/http{CRLF}Content-Transfer-Encoding: binary{CRLF}"
    if op.content_id:
        head += f"Content-ID: {op.content_id}{CRLF}"
    lines = "".join(f"{name}: {value}{CRLF}" for name, value in op.headers.items())
    if op.body:
        lines += f"Content-Type: application/json{CRLF}"
    return f"{head}{CRLF}{op.method} {address} HTTP/1.1{CRLF}{lines}{CRLF}{op.body}{CRLF}"


def batch_body(api: Api, items: list[Op | list[Op]]) -> str:
    body = ""
    for item in items:
        if isinstance(item, Op):
            body += f"--batch_x{CRLF}{operation(api, item)}"
            continue
        inner = "".join(f"--changeset_y{CRLF}{operation(api, op)}" for op in item)
        body += f"--batch_x{CRLF}Content-Type: multipart/mixed; boundary=changeset_y{CRLF}{CRLF}"
        body += f"{inner}--changeset_y--{CRLF}{CRLF}"
    return f"{body}--batch_x--{CRLF}"


def send(api: Api, items: list[Op | list[Op]], **headers: str) -> requests.Response:
    return send_raw(api, batch_body(api, items).encode(), **headers)


def send_raw(api: Api, body: bytes, **headers: str) -> requests.Response:
    all_headers = {"Content-Type": 'multipart/mixed; boundary="batch_x"', **headers}
    return api.session.post(f"{api.root}/$batch", data=body, headers=all_headers, timeout=30)


def statuses(answer: requests.Response) -> list[int]:
    return [int(s) for s in re.findall(r"HTTP/1\.1 (\d{3}) ", answer.text)]


def account(name: str, content_id: str = "") -> Op:
    return Op("POST", "accounts", f'{{"name":"{name}"}}', content_id)


def count(api: Api, name: str) -> int:
    return len(api.rows(f"accounts?$select=name&$filter=startswith(name,'{name}')"))


def test_operations_are_answered_in_order(api: Api) -> None:
    """Each operation gets its part, in order, under a boundary named batchresponse_."""
    name = mark()
    path = f"accounts?$select=name&$filter=startswith(name,'{name}')"
    answer = send(api, [account(f"{name} ü 1"), Op("GET", path), account(f"{name} 2"), Op("GET", path)])
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert statuses(answer) == [204, 200, 204, 200]
    assert answer.text.count(f"{name} ü 1") == 2
    assert "OData-EntityId: " in answer.text
    assert "Location: " in answer.text
    assert b"\n" not in answer.content.replace(b"\r\n", b"")


def test_the_first_failure_ends_the_batch(api: Api) -> None:
    """Later operations are not run, earlier ones stay, and the outer status is the error's."""
    name = mark()
    answer = send(api, [account(f"{name} 1"), Op("GET", "nonsenses"), account(f"{name} 2")])
    assert answer.status_code == 404
    assert statuses(answer) == [204, 404]
    assert "REQ_ID: " in answer.text
    assert count(api, name) == 1


def test_continue_on_error(api: Api) -> None:
    """With the preference everything is answered and the outer status is 200."""
    name = mark()
    items: list[Op | list[Op]] = [Op("GET", "nonsenses"), account(name)]
    answer = send(api, items, Prefer="odata.continue-on-error")
    assert answer.status_code == 200
    assert statuses(answer) == [404, 204]
    assert answer.headers["Preference-Applied"] == "odata.continue-on-error"


def test_a_change_set_is_all_or_nothing(api: Api) -> None:
    """One failure takes the whole change set back and leaves one part, that of the failure."""
    name = mark()
    good, bad = account(f"{name} 1", content_id="1"), Op("POST", "accounts", '{"no":1}', content_id="2")
    answer = send(api, [[good, bad]])
    assert answer.status_code == 400
    assert statuses(answer) == [400]
    assert "Content-ID: 2" in answer.text
    assert count(api, name) == 0


def test_a_change_set_is_answered_nested(api: Api) -> None:
    """The parts stand under changesetresponse_, with the Content-ID that they were sent with."""
    name = mark()
    answer = send(api, [[account(f"{name} 1", content_id="1"), account(f"{name} 2", content_id="2")]])
    assert statuses(answer) == [204, 204]
    assert re.search(
        r"Content-Type: multipart/mixed; boundary=changesetresponse_[\w-]+\r\n\r\n--", answer.text
    )
    assert re.findall(r"Content-ID: (\d)", answer.text) == ["1", "2"]
    assert count(api, name) == 2


def test_content_id_references(api: Api) -> None:
    """`$1` stands for the row of part 1: in later addresses, in binds and in bodies of $ref."""
    name = mark()
    items = [
        account(name, content_id="1"),
        Op("POST", "contacts", f'{{"lastname":"{name}","parentcustomerid_account@odata.bind":"$1"}}', "2"),
        Op("PATCH", "$1", '{"telephone1":"555"}', "3"),
        Op("PUT", "$1/primarycontactid/$ref", '{"@odata.id":"$2"}', "4"),
    ]
    answer = send(api, [items])
    assert statuses(answer) == [204, 204, 204, 204]
    row = api.rows(f"accounts?$filter=name eq '{name}'&$expand=primarycontactid($select=lastname)")[0]
    assert (row["telephone1"], row["primarycontactid"]["lastname"]) == ("555", name)


def test_a_forward_reference_is_400(api: Api) -> None:
    """A reference to a part that comes later is refused."""
    answer = send(api, [[Op("PATCH", "$2", '{"name":"x"}', "1"), account("y", content_id="2")]])
    assert answer.status_code == 400


def test_a_read_in_a_change_set_is_400(api: Api) -> None:
    """Change sets take writes only."""
    assert send(api, [[Op("GET", "accounts", content_id="1")]]).status_code == 400


def test_conditions_inside_a_change_set(api: Api) -> None:
    """An etag that no longer holds takes the whole change set back: the start of a job relies on it."""
    name = mark()
    address = f"accounts({api.create('accounts', {'name': name})})"
    tag = api.get(address).headers["ETag"]
    guarded = Op("PATCH", address, '{"telephone1":"1"}', "1", {"If-Match": tag})
    action = Op("POST", f"{address}/Microsoft.Dynamics.CRM.Rename", f'{{"Name":"{name} renamed"}}', "2")
    assert statuses(send(api, [[guarded, action]])) == [204, 200]
    assert api.get(address).json()["name"] == f"{name} renamed"
    stale = send(api, [[guarded, Op(action.method, action.path, '{"Name":"again"}', "2")]])
    assert (stale.status_code, statuses(stale)) == (412, [412])
    assert api.get(address).json()["name"] == f"{name} renamed"


def test_create_only_in_a_change_set(api: Api) -> None:
    """A repeated create-only change set is refused whole: nothing is created twice."""
    name, first, second = mark(), uuid.uuid4(), uuid.uuid4()
    only = {"If-None-Match": "*"}
    items: list[Op | list[Op]] = [
        [
            Op("PATCH", f"accounts({first})", f'{{"name":"{name} 1"}}', "1", only),
            Op("PATCH", f"accounts({second})", f'{{"name":"{name} 2"}}', "2", only),
        ]
    ]
    assert send(api, items).status_code == 200
    assert send(api, items).status_code == 412
    assert count(api, name) == 2


def test_line_ends_and_absolute_addresses_are_forgiven(api: Api) -> None:
    """Bare line feeds, a leading empty line and absolute addresses are read as well."""
    name = mark()
    op = Op("POST", f"{api.root}/accounts", f'{{"name":"{name}"}}')
    body = "\r\n" + batch_body(api, [op])
    assert statuses(send_raw(api, body.replace("\r\n", "\n").encode())) == [204]
    assert statuses(send_raw(api, body.encode())) == [204]
    assert count(api, name) == 2


def test_other_origins_are_refused(api: Api) -> None:
    """An operation for another host is not answered by this one."""
    op = Op("GET", "https://elsewhere.invalid/api/data/v9.2/accounts")
    assert send(api, [op]).status_code == 400


@pytest.mark.parametrize("body", [b"", b"nonsense", b"--batch_x\r\n\r\nx\r\n--batch_x--", b"--batch_x--"])
def test_a_malformed_batch(api: Api, body: bytes) -> None:
    """A batch that cannot be read is a plain JSON error; an empty one is answered empty."""
    answer = send_raw(api, body)
    if body == b"--batch_x--":
        assert answer.status_code == 200
    else:
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "0x80048d19"


def test_limits_of_a_batch(api: Api) -> None:
    """1001 operations, a batch in a batch, and JSON batches are refused."""
    too_many: list[Op | list[Op]] = [Op("GET", "WhoAmI")] * 1001
    assert send(api, too_many).status_code == 400
    assert send(api, [Op("POST", "$batch", "x")]).status_code == 400
    answer = api.send("POST", "$batch", {"requests": []})
    assert answer.status_code == 501
