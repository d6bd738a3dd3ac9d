"""The benchmark's server and its processes, over real sockets."""

from __future__ import annotations

import json
import re
import ssl
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

import pytest

from benchmarks.client.accounting import tally_of
from benchmarks.client.contenders import drain
from benchmarks.client.rows import KEY, page_of
from benchmarks.client.service import Answered, Asked, Behaviour, Pages, Service, encode
from benchmarks.client.serving import Served, served
from benchmarks.processes import LineProcess, ProcessFailed

SMALL = Behaviour(pages=3, page_size=5)


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    ports = {"http": SMALL, "https": Behaviour(is_tls=True, pages=3, page_size=5)}
    with served(ports) as started:
        yield started


def service(**settings: Any) -> Service:
    return Service(Behaviour(pages=3, page_size=5, **settings), "http://127.0.0.1:1", Pages())


def body_of(answered: Answered) -> Any:
    return json.loads(b"".join(answered.parts))


def opener(server: Served) -> OpenerDirector:
    return build_opener(
        ProxyHandler({}), HTTPSHandler(context=ssl.create_default_context(cafile=str(server.ca_file)))
    )


@pytest.mark.parametrize("port", ["http", "https"])
def test_following_the_links_gives_every_record_once(server: Served, port: str) -> None:
    """The pages of a port hang together by absolute links on its own origin."""
    link: str | None = f"{server.origins[port]}/api/data/v9.2/msdyn_actuals?$select=a&$filter=b%20eq%201"
    ids: list[str] = []
    while link:
        assert link.startswith(server.origins[port])
        with opener(server).open(link) as answer:
            page = json.load(answer)
        ids += [record[KEY] for record in page["value"]]
        link = page.get("@odata.nextLink")
    assert len(ids) == len(set(ids)) == 15


@pytest.mark.parametrize("port", ["http", "https"])
def test_the_drain_takes_every_byte(server: Served, port: str) -> None:
    """Two runs on the same connections come to their ends, so nothing was left in between."""
    job = {
        "origin": server.origins[port],
        "ca_file": str(server.ca_file),
        "connections": 2,
        "pages": 3,
        "page_size": 5,
        "is_packed": False,
    }
    assert drain.read(job) == drain.read(job) == {"count": 30}


def test_the_server_says_what_it_was_asked_to_write(server: Served) -> None:
    """The tally counts rows by their numbers, and forgets them when it was told."""
    origin = server.origins["http"]
    rows = [{"@odata.type": "x", "name": f"row {number:08d}"} for number in (1, 2, 2)]
    url = f"{origin}/api/data/v9.2/msdyn_actuals/Microsoft.Dynamics.CRM.CreateMultiple"
    with opener(server).open(Request(url, json.dumps({"Targets": rows}).encode())) as answer:
        assert len(json.load(answer)["Ids"]) == 3
    told = tally_of(origin, "")
    assert (told["requests"], told["rows"], told["distinct"]) == (1, 3, 2)
    assert tally_of(origin, "")["rows"] == 0


def test_ids_that_were_chosen_come_back_in_their_order() -> None:
    """A CreateMultiple is answered with the ids of its rows."""
    ids = [f"00000000-0000-4000-8000-00000000000{number}" for number in (3, 1, 2)]
    targets = [{"@odata.type": "x", KEY: id} for id in ids]
    body = json.dumps({"Targets": targets}).encode()
    asked = Asked("POST", "/api/data/v9.2/msdyn_actuals/Microsoft.Dynamics.CRM.CreateMultiple", body=body)
    assert body_of(service().answer(asked, 0.0)) == {"Ids": ids}


def test_answers_are_packed_only_for_those_who_take_it() -> None:
    """gzip is a port's offer; who does not accept it gets the plain page."""
    packing = service(is_gzip=True)
    plain = packing.answer(Asked("GET", "/api/data/v9.2/msdyn_actuals?$select=a"), 0.0)
    packed = packing.answer(Asked("GET", "/api/data/v9.2/msdyn_actuals?$select=a", takes_gzip=True), 0.0)
    assert page_of(0, 5) in b"".join(plain.parts)
    assert "gzip" in packed.headers
    assert packed.parts[0].startswith(b"\x1f\x8b")


def test_the_limit_refuses_as_dataverse_does() -> None:
    """429, the code of the first limit, Retry-After in whole seconds; a question about the tally is free."""
    limited = service(limit=(1, 10.0))
    asked = Asked("GET", "/api/data/v9.2/WhoAmI")
    assert limited.answer(asked, 0.0).status == "200 OK"
    refused = limited.answer(asked, 2.5)
    assert refused.status.startswith("429")
    assert "Retry-After: 8\r\n" in refused.headers
    assert body_of(refused)["error"]["code"] == "0x80072322"
    assert body_of(limited.answer(Asked("GET", "/api/data/v9.2/bench/tally"), 2.5))["refused"] == 1


def test_an_answer_says_how_long_it_is() -> None:
    """Parts are sent as they are, and the head counts them together."""
    head, *rest = encode(Answered(parts=(b"a" * 70_000, b"bc")), SMALL)
    assert rest == [b"a" * 70_000, b"bc"]
    assert re.search(rb"\r\nContent-Length: 70002\r\n", head)
    assert head.endswith(b"\r\n\r\n")


def test_a_failing_job_is_an_error_that_says_what_it_was(repository: Path) -> None:
    """A contender that goes wrong is no figure."""
    job: Mapping[str, Any] = {"work": "read", "origin": "http://127.0.0.1:1", "ca_file": "", "connections": 1}
    with LineProcess(Path(sys.executable), "benchmarks.client.contenders.drain") as process:
        with pytest.raises(ProcessFailed, match="drain: ConnectionRefusedError"):
            process.ask(job)
        assert "drain" in repr(process)


def test_a_process_that_has_ended_is_an_error() -> None:
    """Nobody waits for an answer that cannot come."""
    with (
        LineProcess(Path(sys.executable), "benchmarks.memory") as process,
        pytest.raises(ProcessFailed, match="has ended"),
    ):
        process.ask({})


def test_our_contender_reads_and_writes_everything(server: Served, repository: Path) -> None:
    """The benchmark uses our client as it is: every record once, every row once."""
    job = {"origin": server.origins["https"], "ca_file": str(server.ca_file), "count": 30}
    module = "benchmarks.client.contenders.ours"
    with LineProcess(Path(sys.executable), module, [repository]) as process:
        checked = process.ask({**job, "work": "check"})
        process.ask({**job, "work": "prepare"})
        written = process.ask({**job, "work": "write", "chunk": 7})
    assert (checked["count"], checked["distinct"]) == (15, 15)
    assert written["count"] == 30
    told = tally_of(job["origin"], job["ca_file"])  # type: ignore[arg-type]  # both are texts
    assert told["rows"] == told["distinct"] == 30
