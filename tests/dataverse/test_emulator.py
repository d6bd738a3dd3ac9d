"""The client against the embedded emulator, over real HTTPS and a real sign-in.

The two share no code and were written from the documents independently; agreement here proves wiring.
"""

from __future__ import annotations

import http.client
import socket
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from connector.dataverse import (
    ClientSecret,
    Create,
    DataverseClient,
    Delete,
    Query,
    RetryPolicy,
    TokenRequest,
    TrustedAuthorities,
    Update,
    any_of,
    eq,
)
from connector.emulator import RunningEmulator, start
from connector.errors import Conflict, NotFound, SignInError, UntrustedAuthority

if TYPE_CHECKING:
    from tests.dataverse.conftest import Table

NOW = datetime(2020, 10, 4, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start(None, now=NOW) as running:
        yield running


@pytest.fixture(scope="module")
def plain_emulator() -> Iterator[RunningEmulator]:
    with start(None, now=NOW, https=False) as running:
        yield running


def secret_of(emulator: RunningEmulator) -> ClientSecret:
    trusted = TrustedAuthorities(extra=(emulator.authority,), is_emulator=True)
    return ClientSecret(None, emulator.client_id, emulator.client_secret, trusted=trusted)


@pytest.fixture
def real(emulator: RunningEmulator) -> Iterator[DataverseClient]:
    with DataverseClient(emulator.url, secret_of(emulator), ca_file=emulator.ca_file) as client:
        yield client


def new_id() -> str:
    return str(uuid.uuid4())


def test_signing_in_gives_the_application_user_and_the_emulators_now(
    real: DataverseClient, emulator: RunningEmulator
) -> None:
    """msal talks to the emulator's own authority; the clock is the emulator's and not this machine's."""
    assert real.who_am_i().user_id == emulator.user_id
    assert real.now == NOW


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"secret": "wrong"}, "invalid_client"),
        ({"client_id": new_id()}, "unauthorized_client"),
        ({"tenant_id": "nowhere.example"}, "invalid_tenant"),
    ],
)
def test_a_wrong_secret_application_or_tenant_is_told_apart(
    emulator: RunningEmulator, change: dict[str, str], code: str
) -> None:
    """Each gets its own sentence."""
    names = ("tenant_id", "client_id", "secret")
    values = (emulator.tenant_id, emulator.client_id, emulator.client_secret)
    given = dict(zip(names, values, strict=True)) | change
    trusted = TrustedAuthorities(extra=(emulator.authority,), is_emulator=True)
    client = DataverseClient(emulator.url, ClientSecret(**given, trusted=trusted), ca_file=emulator.ca_file)
    with client, pytest.raises(SignInError) as caught:
        client.who_am_i()
    assert caught.value.code == code
    assert caught.value.hint


def test_an_emulator_that_nobody_named_gets_no_secret(emulator: RunningEmulator) -> None:
    """Being on this machine does not make an authority trusted."""
    source = ClientSecret(None, emulator.client_id, emulator.client_secret)
    client = DataverseClient(emulator.url, source, ca_file=emulator.ca_file)
    with client, pytest.raises(UntrustedAuthority):
        client.who_am_i()


def test_records_live_and_die(real: DataverseClient, accounts: Table) -> None:
    """Create, create again, read, change, change with an old etag, delete, read again."""
    id = new_id()
    real.create("accounts", id, {"name": "O'Hara & Söhne"})
    with pytest.raises(Conflict):
        real.create("accounts", id, {"name": "Somebody else"})
    first = real.retrieve(accounts, id)
    assert first.name == "O'Hara & Söhne"
    assert first.etag is not None
    real.update("accounts", id, {"name": "New"}, etag=first.etag)
    with pytest.raises(Conflict):
        real.update("accounts", id, {"name": "Newer"}, etag=first.etag)
    second = real.retrieve(accounts, id)
    assert second.name == "New"
    assert second.etag is not None
    with pytest.raises(Conflict):
        real.delete("accounts", id, etag=first.etag)
    real.upsert("accounts", id, {"name": "Newest"})
    third = real.retrieve(accounts, id)
    assert third.etag is not None
    real.delete("accounts", id, etag=third.etag)
    with pytest.raises(NotFound):
        real.retrieve(accounts, id)


def test_lists_are_filtered_ordered_cut_and_paged(real: DataverseClient, accounts: Table) -> None:
    """All records arrive in order over several pages, and quoted texts find exactly theirs."""
    ids = [new_id() for _ in range(5)]
    for number, id in enumerate(ids):
        real.create("accounts", id, {"name": f'Page\'s "{number}" & 100% + ü'})
    ours = Query(filter=any_of("accountid", ids), order_by=("name",))
    assert [record.id for record in real.list(accounts, ours, page_size=2)] == ids
    assert [record.id for record in real.list(accounts, Query(ours.filter, ("name desc",), 2))] == [
        ids[4],
        ids[3],
    ]
    assert [
        record.id for record in real.list(accounts, Query(ours.filter, ("name",), 3), page_size=2)
    ] == ids[:3]
    name = 'Page\'s "3" & 100% + ü'
    for text in (eq("name", name), any_of("name", [name, "other"])):
        assert [record.id for record in real.list(accounts, Query(text))] == [ids[3]]


def test_a_change_set_is_all_or_nothing(real: DataverseClient, accounts: Table) -> None:
    """One stale etag among good members leaves everything as it was, and is named."""
    old, gone, new = new_id(), new_id(), new_id()
    real.create("accounts", old, {"name": "old"})
    real.create("accounts", gone, {"name": "gone"})
    etag, gone_etag = (real.retrieve(accounts, id).etag or "" for id in (old, gone))
    stale = Update("accounts", old, {"name": "x"}, 'W/"1"')
    with pytest.raises(Conflict, match="Member 2 of 2"):
        real.change_set([Create("accounts", new, {"name": "new"}), stale])
    with pytest.raises(NotFound):
        real.retrieve(accounts, new)
    good = Update("accounts", old, {"name": "changed"}, etag)
    results = real.change_set(
        [Create("accounts", new, {"name": "new"}), good, Delete("accounts", gone, gone_etag)]
    )
    assert [result.status for result in results] == [204, 204, 204]
    assert [real.retrieve(accounts, id).name for id in (old, new)] == ["changed", "new"]
    with pytest.raises(NotFound):
        real.retrieve(accounts, gone)


def test_metadata_tells_tables_and_columns(real: DataverseClient) -> None:
    """What is there comes with its columns, what is not is missing."""
    tables = real.table_definitions(["msdyn_batchjob", "account", "msdyn_nothing"])
    assert set(tables) == {"msdyn_batchjob", "account"}
    assert tables["msdyn_batchjob"].entity_set == "msdyn_batchjobs"
    assert tables["account"].columns["name"].type == "String"


class Borrowed:
    """Tokens for the emulator behind a proxy, which has another port."""

    def __init__(self, emulator: RunningEmulator) -> None:
        self._source = secret_of(emulator)
        self._wanted = TokenRequest(emulator.url, emulator.ca_file)

    def token(self, request: TokenRequest) -> str:
        assert request.origin != self._wanted.origin
        return self._source.token(self._wanted)

    def forget(self) -> None:
        self._source.forget()


class Cutter(ThreadingHTTPServer):
    """Passes requests on to the emulator, and cuts one of them: before it arrives, or its answer."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.port = port
        self.cut_at = -1
        self.is_before = True
        self.count = 0

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: cutting is the purpose."""


class Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, or each answer waits for an acknowledgement

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Cutter)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_cut, server.count = server.count == server.cut_at, server.count + 1
        if is_cut and server.is_before:
            return self.cut()
        behind = http.client.HTTPConnection("127.0.0.1", server.port)
        behind.request(self.command, self.path, body, dict(self.headers.items()))
        answer = behind.getresponse()
        content = answer.read()
        behind.close()
        if is_cut:
            return self.cut()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"content-length", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        return None

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815  # the names that http.server looks for

    def cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: tests are quiet."""


@pytest.fixture
def cutter(plain_emulator: RunningEmulator) -> Iterator[Cutter]:
    opened = Cutter(int(plain_emulator.url.rpartition(":")[2]))
    thread = threading.Thread(target=opened.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield opened
    opened.shutdown()
    thread.join()
    opened.server_close()


def story(client: DataverseClient, accounts: Table) -> list[tuple[str | None, object]]:
    """Every kind of write, and what stands there in the end."""
    a, b, c = new_id(), new_id(), new_id()
    client.create("accounts", a, {"name": "a"})
    client.create("accounts", b, {"name": "b", "revenue": 12})
    client.update("accounts", a, {"name": "a2"}, etag=client.retrieve(accounts, a).etag or "")
    client.upsert("accounts", a, {"revenue": 5})
    etags = {id: client.retrieve(accounts, id).etag or "" for id in (a, b)}
    client.change_set(
        [
            Create("accounts", c, {"name": "c"}),
            Update("accounts", a, {"name": "a3"}, etags[a]),
            Delete("accounts", b, etags[b]),
        ]
    )
    client.delete("accounts", c, etag=client.retrieve(accounts, c).etag or "")
    left = client.list(accounts, Query(any_of("accountid", [a, b, c]), ("name",)))
    return [(record.name, record.revenue) for record in left]


@pytest.mark.parametrize("is_before", [True, False])
def test_a_connection_cut_anywhere_changes_nothing_in_the_end(
    plain_emulator: RunningEmulator, cutter: Cutter, accounts: Table, pauses: list[float], is_before: bool
) -> None:
    """Each request in turn is lost before it arrives, or after it was carried out: the end is always the
    same, nothing is lost, nothing doubled, and nobody is told of a failure."""
    cutter.is_before = is_before
    url = f"http://127.0.0.1:{cutter.server_address[1]}"
    policy = RetryPolicy(sleep=pauses.append)

    with DataverseClient(url, Borrowed(plain_emulator), retry=policy) as client:
        undisturbed = story(client, accounts)
        requests = cutter.count
        assert [name for name, _ in undisturbed] == ["a3"]
        for number in range(requests):
            cutter.count, cutter.cut_at = 0, number
            assert story(client, accounts) == undisturbed
    assert requests == 11
    assert len(pauses) == requests
