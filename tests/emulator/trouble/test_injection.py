"""Faults over the real wire, seen with http.client: what the client sees, and what took effect."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import pytest

from connector.emulator.trouble import Cut, ExpiredToken, Fault, Rule, Slow, Sql, Status, Throttle
from tests.emulator.protocol.caller import NOW
from tests.emulator.trouble.conftest import ACCOUNT, TIMEOUT_S, Wire

LOST = (http.client.RemoteDisconnected, http.client.BadStatusLine, ConnectionError)


def strike_once(wire: Wire, fault: Fault, **members: Any) -> None:
    wire.emulator.trouble.add(Rule(fault=fault, **{"times": 1, **members}))


def until(has_come: Callable[[], bool]) -> None:
    """Look until it has come, for half a minute at most."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while not has_come():
        assert time.monotonic() < deadline_s


def last_seen(wire: Wire) -> tuple[str, str, int | None, bool, str]:
    entry = wire.emulator.trouble.received()[-1]
    return entry.method, entry.path, entry.status, entry.took_effect, entry.fault


# --- cut connections ---


@pytest.mark.parametrize("is_reset", [False, True])
@pytest.mark.parametrize(("moment", "name"), [("before", None), ("after", "new")])
def test_a_connection_is_cut_before_or_after_the_effect(
    wire: Wire, moment: Literal["before", "after"], name: str | None, is_reset: bool
) -> None:
    """No byte of an answer arrives; the record is there only when the cut came after the commit."""
    strike_once(wire, Cut(moment=moment, is_reset=is_reset), method="PATCH")
    with pytest.raises(LOST):
        wire.ask("PATCH", ACCOUNT, {"name": "new"})
    assert last_seen(wire) == ("PATCH", ACCOUNT, None, name is not None, "cut")
    assert wire.name() == name


def test_a_reset_is_told_from_an_end(wire: Wire) -> None:
    """With is_reset the operating system reports a reset connection, not the end of the stream."""
    if wire.is_https:
        pytest.skip("below TLS")
    host, _, port = wire.host.partition(":")
    with socket.create_connection((host, int(port))) as held:
        strike_once(wire, Cut(is_reset=True))
        held.sendall(b"GET /api/data/v9.2/WhoAmI HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            held.recv(1)
    with socket.create_connection((host, int(port))) as held:
        strike_once(wire, Cut())
        held.sendall(b"GET /api/data/v9.2/WhoAmI HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert held.recv(1) == b""


@pytest.mark.parametrize("is_gzip", [False, True])
def test_a_connection_is_cut_in_the_middle_of_the_body(wire: Wire, is_gzip: bool) -> None:
    """Half of the announced body arrives, compressed only where the client accepts that."""
    strike_once(wire, Cut(moment="body", is_gzip=is_gzip))
    with pytest.raises(http.client.IncompleteRead) as caught:
        wire.ask("GET", "WhoAmI", accept_encoding="gzip, deflate")
    missing = caught.value.expected
    assert missing is not None
    assert missing - len(caught.value.partial) in {0, 1}
    assert caught.value.partial.startswith(b"\x1f\x8b") is is_gzip
    strike_once(wire, Cut(moment="body", is_gzip=True))
    with pytest.raises(http.client.IncompleteRead) as caught:
        wire.ask("GET", "WhoAmI")
    assert caught.value.partial.startswith(b"{")


def test_an_answer_without_a_body_is_cut_in_its_first_line(wire: Wire) -> None:
    """A 204 cannot be cut inside its body; it took effect all the same."""
    strike_once(wire, Cut(moment="body"), method="PATCH")
    with pytest.raises(http.client.BadStatusLine):
        wire.ask("PATCH", ACCOUNT, {"name": "new"})
    assert wire.name() == "new"


def test_a_cut_connection_leaves_the_others_alone(wire: Wire) -> None:
    """Two kept connections: what happens to one is not seen on the other."""
    first, second = wire.connection(), wire.connection()
    headers = {"Authorization": f"Bearer {wire.token}"}
    for connection in (first, second):
        connection.request("GET", "/api/data/v9.2/WhoAmI", headers=headers)
        connection.getresponse().read()
    strike_once(wire, Cut())
    first.request("GET", "/api/data/v9.2/WhoAmI", headers=headers)
    with pytest.raises(LOST):
        first.getresponse()
    second.request("GET", "/api/data/v9.2/WhoAmI", headers=headers)
    assert second.getresponse().status == 200
    first.close()
    second.close()


# --- refusals ---


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Throttle(limit="requests"), "0x80072322"),
        (Throttle(limit="time"), "0x80072321"),
        (Throttle(limit="concurrency"), "0x80072326"),
        (Throttle(limit="requests", is_decimal=True), "-2147015902"),
        (Throttle(limit="time", is_decimal=True), "-2147015903"),
        (Throttle(limit="concurrency", is_decimal=True), "-2147015898"),
        (Sql(problem="deadlock"), "0x80044150"),
        (Sql(problem="timeout", status=503), "0x80044151"),
        (Sql(problem="lock"), "0x80044339"),
        (Status(status=503, body="json", code="0x8005F104"), "0x8005F104"),
    ],
)
def test_documented_codes_come_in_the_documented_shape(wire: Wire, fault: Fault, code: str) -> None:
    """A JSON error with the code as documented, hex or decimal; nothing takes effect."""
    strike_once(wire, fault, method="PATCH")
    status, headers, body = wire.ask("PATCH", ACCOUNT, {"name": "new"})
    assert status == (429 if isinstance(fault, Throttle) else getattr(fault, "status", None))
    assert json.loads(body)["error"]["code"] == code
    assert headers["Date"] == "Sun, 04 Oct 2020 06:00:00 GMT"
    assert wire.name() is None


@pytest.mark.parametrize(
    ("members", "seconds"),
    [
        ({"retry_after_s": 7}, 7),
        ({"retry_after_s": 0}, 0),
        ({"retry_after_s": None}, None),
        ({"retry_after_s": 90, "retry_after_form": "date"}, 90),
        ({"retry_after_s": -60, "retry_after_form": "date"}, -60),
    ],
)
@pytest.mark.parametrize("kind", [Throttle, Status])
def test_retry_after_comes_in_each_form(
    wire: Wire, kind: type[Throttle | Status], members: Mapping[str, Any], seconds: int | None
) -> None:
    """In seconds, 0, absent, as a date of the emulator's clock, and as one in the past."""
    strike_once(wire, kind(**members))
    told = wire.ask("GET", "WhoAmI")[1]["Retry-After"]
    if members.get("retry_after_form") == "date":
        assert (parsedate_to_datetime(told) - NOW).total_seconds() == seconds
    else:
        assert told == (None if seconds is None else str(seconds))


@pytest.mark.parametrize("status", [502, 503, 504, 408])
@pytest.mark.parametrize(
    ("body", "content_type"), [("html", "text/html"), ("empty", None), ("json", "application/json")]
)
def test_gateways_answer_in_their_own_form(
    wire: Wire, status: int, body: Literal["html", "empty", "json"], content_type: str | None
) -> None:
    """An HTML page, nothing or JSON, with the status that was asked for."""
    strike_once(wire, Status(status=status, body=body))
    found, headers, content = wire.ask("GET", "WhoAmI")
    assert found == status
    assert (headers["Content-Type"] or "").partition(";")[0] == (content_type or "")
    assert bool(content) is (body != "empty")


def test_a_gateway_may_give_up_after_the_effect(wire: Wire) -> None:
    """With is_after the record is there although the answer was a 504."""
    strike_once(wire, Status(status=504, is_after=True), method="PATCH")
    assert wire.ask("PATCH", ACCOUNT, {"name": "new"})[0] == 504
    assert last_seen(wire) == ("PATCH", ACCOUNT, 504, True, "status")
    assert wire.name() == "new"


def test_an_expired_token_is_refused_until_there_is_another(wire: Wire) -> None:
    """401 with the challenge for this request and all later ones with an old token."""
    strike_once(wire, ExpiredToken())
    status, headers, _ = wire.ask("GET", "WhoAmI")
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")
    assert wire.ask("GET", "WhoAmI")[0] == 401
    wire.token = wire.emulator.issuer.issue(wire.emulator.client_id)
    assert wire.ask("GET", "WhoAmI")[0] == 200


def test_a_slow_answer_is_whole_and_has_taken_effect_at_once(wire: Wire) -> None:
    """Head and body are kept back until the client goes; the write is not, another request sees it."""
    strike_once(wire, Slow(first_byte_s=60), method="PATCH")
    held = wire.connection()
    headers = {"Authorization": f"Bearer {wire.token}", "Content-Type": "application/json"}
    held.request("PATCH", f"/api/data/v9.2/{ACCOUNT}", json.dumps({"name": "slow"}), headers)
    until(lambda: wire.name() is not None)
    assert wire.emulator.trouble.received()[0].status is None
    held.close()
    until(lambda: wire.emulator.trouble.received()[0].status == 204)
    strike_once(wire, Slow(first_byte_s=0.01, body_s=0.01))
    status, found, body = wire.ask("GET", "WhoAmI")
    assert (status, len(body)) == (200, int(found["Content-Length"]))


# --- inside of batches ---


def batch(*operations: tuple[str, str, str], is_change_set: bool = False) -> tuple[str, str]:
    """Content type and body of a batch of (method, path, JSON)."""
    kind = "--in\r\nContent-Type: application/http\r\nContent-ID: {}\r\n\r\n"
    parts = [
        f"{kind.format(number)}{method} /api/data/v9.2/{path} HTTP/1.1\r\n"
        f"Content-Type: application/json\r\n\r\n{body}\r\n"
        for number, (method, path, body) in enumerate(operations, start=1)
    ]
    inner = "".join(parts) + "--in--\r\n"
    if not is_change_set:
        return "multipart/mixed; boundary=in", inner
    outer = f"--out\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n{inner}--out--\r\n"
    return "multipart/mixed; boundary=out", outer


def test_one_operation_of_a_batch_is_throttled(wire: Wire) -> None:
    """With continue-on-error the others go through, and the pause stands in the part."""
    strike_once(wire, Throttle(retry_after_s=3), place="batch_item", start=2)
    content_type, body = batch(*(("GET", "WhoAmI", "") for _ in range(3)))
    status, _, content = wire.ask(
        "POST", "$batch", body, content_type=content_type, prefer="odata.continue-on-error"
    )
    statuses = [line.split()[1] for line in content.decode().splitlines() if line.startswith("HTTP/1.1 ")]
    assert (status, statuses) == (200, ["200", "429", "200"])
    assert b"Retry-After: 3\r\n" in content


def test_a_deadlock_inside_of_a_change_set_takes_all_of_it_back(wire: Wire) -> None:
    """The second member fails, and the first has not happened."""
    other = ACCOUNT.replace("a)", "b)")
    strike_once(wire, Sql(), place="batch_item", path="*b)")
    content_type, body = batch(
        ("PATCH", ACCOUNT, '{"name":"one"}'), ("PATCH", other, '{"name":"two"}'), is_change_set=True
    )
    status, _, content = wire.ask("POST", "$batch", body, content_type=content_type)
    assert status == 500
    assert b"0x80044150" in content
    assert wire.name() is None
    assert last_seen(wire)[:2] == ("GET", ACCOUNT)
    assert wire.ask("POST", "$batch", body, content_type=content_type)[0] == 200
    assert wire.name() == "one"


def test_a_rule_for_requests_does_not_strike_operations(wire: Wire) -> None:
    """The address of an operation inside of a batch is none of a request."""
    strike_once(wire, Cut(), path="WhoAmI")
    content_type, body = batch(("GET", "WhoAmI", ""))
    assert wire.ask("POST", "$batch", body, content_type=content_type)[0] == 200


# --- the token endpoint ---


def ask_for_token(wire: Wire) -> tuple[int, bytes]:
    target = urlsplit(wire.emulator.token_url)
    connection = http.client.HTTPSConnection(target.netloc, timeout=TIMEOUT_S, context=wire.context)
    form = {
        "grant_type": "client_credentials",
        "client_id": wire.emulator.client_id,
        "client_secret": wire.emulator.client_secret,
        "scope": f"{wire.emulator.url}/.default",
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection.request("POST", target.path, urlencode(form), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_token_endpoint_has_trouble_of_its_own(wire: Wire) -> None:
    """429, 503 and a cut connection, once each; the Web API is left alone."""
    strike_once(wire, Status(status=429, body="json", retry_after_s=1), place="token")
    status, body = ask_for_token(wire)
    assert (status, json.loads(body)["error"]) == (429, "temporarily_unavailable")
    strike_once(wire, Status(status=503), place="token", path="*/token")
    assert ask_for_token(wire)[0] == 503
    strike_once(wire, Cut(), place="token", method="POST")
    assert wire.ask("GET", "WhoAmI")[0] == 200
    with pytest.raises(LOST):
        ask_for_token(wire)
    assert ask_for_token(wire)[0] == 200
    places = [(entry.place, entry.status) for entry in wire.emulator.trouble.received()]
    assert places == [("token", 429), ("token", 503), ("web_api", 200), ("token", None), ("token", 200)]


# --- limits ---


def test_limits_are_off_until_they_are_turned_on(wire: Wire) -> None:
    """Without them the answers carry the hint alone, and no hint when there is none."""
    wire.emulator.trouble.change_limits(requests=1, dop_hint=17)
    for _ in range(3):
        status, headers, _ = wire.ask("GET", "WhoAmI")
        assert (status, headers["x-ms-dop-hint"]) == (200, "17")
        assert headers["x-ms-ratelimit-burst-remaining-xrm-requests"] is None
    wire.emulator.trouble.change_limits(dop_hint=None)
    assert wire.ask("GET", "WhoAmI")[1]["x-ms-dop-hint"] is None


def test_limits_are_counted_and_said(wire: Wire) -> None:
    """What is left stands in the headers; the request beyond is refused until the window has moved on."""
    now_s = [100.0]
    wire.emulator.trouble.clock_s = lambda: now_s[0]
    wire.emulator.trouble.change_limits(is_on=True, requests=2, window_s=10)
    left = [wire.ask("GET", "WhoAmI")[1]["x-ms-ratelimit-burst-remaining-xrm-requests"] for _ in range(2)]
    assert left == ["1", "0"]
    for pause in ("10", "18"):
        status, headers, body = wire.ask("PATCH", ACCOUNT, {"name": "new"})
        assert (status, headers["Retry-After"]) == (429, pause)
        assert json.loads(body)["error"]["code"] == "0x80072322"
        now_s[0] += 1
    assert last_seen(wire)[2:] == (429, False, "limit")
    now_s[0] += 10
    status, headers, _ = wire.ask("GET", "WhoAmI")
    assert (status, headers["x-ms-ratelimit-time-remaining-xrm-requests"]) == (200, "1200.00")
    assert wire.name() is None


def test_a_batch_is_one_request(wire: Wire) -> None:
    """However many operations it holds."""
    wire.emulator.trouble.change_limits(is_on=True, requests=10)
    content_type, body = batch(*(("GET", "WhoAmI", "") for _ in range(5)))
    _, headers, _ = wire.ask("POST", "$batch", body, content_type=content_type)
    assert headers["x-ms-ratelimit-burst-remaining-xrm-requests"] == "9"


def test_requests_without_a_token_are_nobodys(wire: Wire) -> None:
    """A 401 is not counted: the limits are those of a user."""
    wire.emulator.trouble.change_limits(is_on=True, requests=1)
    assert wire.ask("GET", "WhoAmI", authorization="Bearer nothing")[0] == 401
    assert wire.ask("GET", "WhoAmI")[0] == 200


def test_too_many_at_a_time_are_refused_at_once(wire: Wire) -> None:
    """While one answer is kept back there is no room for another; afterwards there is."""
    wire.emulator.trouble.change_limits(is_on=True, simultaneous=1)
    strike_once(wire, Slow(first_byte_s=60), path="accounts*")
    held = wire.connection()
    held.request("GET", "/api/data/v9.2/accounts", headers={"Authorization": f"Bearer {wire.token}"})
    until(lambda: wire.emulator.trouble.standing()[0].struck == 1)
    status, _, body = wire.ask("GET", "WhoAmI")
    assert (status, json.loads(body)["error"]["code"]) == (429, "0x80072326")
    wire.emulator.trouble.end()
    assert held.getresponse().status == 200
    held.close()
    wire.emulator.trouble.ended.clear()
    until(lambda: wire.ask("GET", "WhoAmI")[0] == 200)


# --- what was received ---


def test_requests_are_written_down_in_order(wire: Wire) -> None:
    """Method, address without query, status and effect of each; forgetting them keeps the numbers going."""
    wire.ask("PATCH", ACCOUNT, {"name": "x"})
    wire.ask("GET", "accounts?$top=1")
    wire.ask("GET", "nothing")
    entries = wire.emulator.trouble.received()
    assert [(e.method, e.path, e.status, e.took_effect) for e in entries] == [
        ("PATCH", ACCOUNT, 204, True),
        ("GET", "accounts", 200, True),
        ("GET", "nothing", 404, False),
    ]
    wire.emulator.trouble.forget_received()
    wire.ask("GET", "WhoAmI")
    (entry,) = wire.emulator.trouble.received()
    assert (entry.number, entry.path) == (entries[-1].number + 1, "WhoAmI")


def test_a_stop_does_not_wait_for_slow_answers(wire: Wire) -> None:
    """What is kept back for an hour goes out when the emulator ends."""
    strike_once(wire, Slow(first_byte_s=3600))
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(wire.ask("GET", "WhoAmI")[0]))
    thread.start()
    until(lambda: wire.emulator.trouble.standing()[0].struck == 1)
    wire.emulator.trouble.end()
    thread.join()
    wire.emulator.trouble.ended.clear()
    assert found == [200]
