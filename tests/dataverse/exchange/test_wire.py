"""The network itself, over real sockets on this machine: what is sent, what is kept, what is lost."""

from __future__ import annotations

import gzip
import logging
import os
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
import responses
import trustme
from urllib3.exceptions import MaxRetryError, NameResolutionError

from connector.dataverse import EVERYTHING, DataverseClient, RetryPolicy, TokenRequest
from connector.dataverse.exchange.wire import lost
from connector.errors import OutcomeUnknown, SettingsError, SignInError, Unreachable

if TYPE_CHECKING:
    from tests.dataverse.conftest import FixedTokens, Table

ID = "0f7d4c1a-1111-2222-3333-444455556666"
Handle = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, or each answer waits for an acknowledgement

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server = self.server
        assert isinstance(server, Server)
        server.seen.append((self.command, self.path, dict(self.headers.items())))
        server.handle_next(self)

    do_POST = do_GET  # noqa: N815  # the name that http.server looks for

    def say(self, body: bytes = b"", status: int = 200, *, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: tests are quiet."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.answers: list[Handle] = []

    def handle_next(self, handler: Handler) -> None:
        self.answers.pop(0)(handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: some tests cut connections."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def server() -> Iterator[Server]:
    opened = Server()
    thread = threading.Thread(target=opened.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield opened
    opened.shutdown()
    thread.join()
    opened.server_close()


@pytest.fixture
def local(server: Server, policy: RetryPolicy, tokens: FixedTokens) -> Iterator[DataverseClient]:
    with DataverseClient(server.url, tokens, retry=policy, user_agent="test/1 (u)") as client:
        yield client


def record(handler: Handler) -> None:
    handler.say(b'{"accountid": "1"}')


def test_a_read_survives_a_cut_connection_and_a_cut_answer(
    server: Server, local: DataverseClient, accounts: Table, pauses: list[float]
) -> None:
    """No answer and half an answer are both lost answers, and a read is asked again."""

    def half(handler: Handler) -> None:
        handler.say(b'{"acc', length=18)
        handler.hang_up()

    server.answers = [Handler.hang_up, half, record]
    assert local.retrieve(accounts, ID).id == "1"
    assert len(pauses) == 2


def test_an_action_whose_connection_is_cut_is_sent_once(server: Server, local: DataverseClient) -> None:
    """Over a real socket too: the server sees one request."""
    server.answers = [Handler.hang_up]
    with pytest.raises(OutcomeUnknown):
        local.action("DoIt")
    assert len(server.seen) == 1


def test_nobody_there_is_unreachable(
    tokens: FixedTokens, policy: RetryPolicy, accounts: Table, pauses: list[float]
) -> None:
    """A refused connection is harmless, even for an action, and is tried as often as the policy says."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with (
            DataverseClient(url, tokens, retry=policy) as client,
            pytest.raises(Unreachable, match="refused"),
        ):
            client.action("DoIt")
    assert len(pauses) == 5


def test_cookies_are_not_kept(server: Server, local: DataverseClient, accounts: Table) -> None:
    """Nothing ties the client to one of the environment's servers."""
    server.answers = [
        lambda handler: handler.say(b'{"accountid": "1"}', Set_Cookie="ARRAffinity=1; Path=/"),
        record,
    ]
    local.retrieve(accounts, ID)
    local.retrieve(accounts, ID)
    assert all("Cookie" not in headers for _, _, headers in server.seen)


def test_netrc_adds_no_credentials(
    server: Server, local: DataverseClient, accounts: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is the only credential, whatever the user's files hold."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", os.fspath(netrc))
    server.answers = [record]
    local.retrieve(accounts, ID)
    assert server.seen[0][2]["Authorization"] == "Bearer token-1"


def test_this_machine_is_never_asked_through_a_proxy(
    server: Server, local: DataverseClient, accounts: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An emulator on loopback is reached directly although the environment names a proxy."""
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:1")
    server.answers = [record]
    assert local.retrieve(accounts, ID).id == "1"


def test_compressed_answers_are_unpacked(server: Server, local: DataverseClient, accounts: Table) -> None:
    """gzip is asked for and understood."""
    body = gzip.compress(b'{"accountid": "1"}')
    server.answers = [lambda handler: handler.say(body, Content_Encoding="gzip")]
    assert local.retrieve(accounts, ID).id == "1"
    assert "gzip" in server.seen[0][2]["Accept-Encoding"]


WHOLE = b'{"accountid": "1"}'
PACKED = gzip.compress(WHOLE, mtime=0)


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (PACKED, "gzip"),
        (PACKED, " GZIP "),
        (gzip.compress(WHOLE[:5], mtime=0) + gzip.compress(WHOLE[5:], mtime=0), "gzip"),
        (zlib.compress(WHOLE), "deflate"),
        (WHOLE, "identity"),
    ],
    ids=["gzip", "upper case", "in pieces", "deflate", "identity"],
)
def test_every_usual_coding_is_unpacked(
    server: Server, local: DataverseClient, accounts: Table, body: bytes, coding: str
) -> None:
    """Also gzip in several pieces, and deflate that nobody asked for."""
    server.answers = [lambda handler: handler.say(body, Content_Encoding=coding)]
    assert local.retrieve(accounts, ID).id == "1"


@pytest.mark.parametrize(
    "body",
    [PACKED[:-12], PACKED[:-1], PACKED[:20], PACKED + PACKED[:-3], b"\x1f\x8b" + b"\0" * 30, WHOLE],
    ids=["no trailer", "a byte short", "cut early", "a second piece cut", "no gzip", "not packed"],
)
def test_a_compressed_answer_that_is_not_whole_is_lost(
    server: Server, local: DataverseClient, accounts: Table, pauses: list[float], body: bytes
) -> None:
    """It is read again, even where the server itself says that this was all; it is not malformed."""
    server.answers = [lambda handler: handler.say(body, Content_Encoding="gzip"), record]
    assert local.retrieve(accounts, ID).id == "1"
    assert len(pauses) == 1


@pytest.mark.parametrize("kept", [0, 1, 17])
def test_a_chunked_answer_that_is_not_whole_is_lost(
    server: Server, local: DataverseClient, accounts: Table, pauses: list[float], kept: int
) -> None:
    """The last chunk has to arrive, wherever the connection ends before it."""

    def chunk(handler: Handler) -> None:
        handler.wfile.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"12\r\n" + WHOLE[:kept]
        )
        handler.hang_up()

    server.answers = [chunk, record]
    assert local.retrieve(accounts, ID).id == "1"
    assert len(pauses) == 1


def test_an_answer_that_ends_before_its_length_is_lost(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, pauses: list[float]
) -> None:
    """Fewer bytes than announced are a lost answer, also where nothing but the count tells."""
    url = f"https://contoso.crm4.dynamics.com/api/data/v9.2/accounts({ID})"
    service.get(url, body=WHOLE[:-1], headers={"Content-Length": str(len(WHOLE))})
    service.get(url, body=WHOLE)
    assert client.retrieve(accounts, ID).id == "1"
    assert len(pauses) == 1


def test_a_cut_page_is_read_again_and_nothing_is_doubled(
    server: Server, local: DataverseClient, accounts: Table
) -> None:
    """The records of a page come when the whole page has come."""
    second = b'{"value": [{"accountid": "2"}]}'

    def first(handler: Handler) -> None:
        link = f"{server.url}/api/data/v9.2/accounts?p=2"
        handler.say(f'{{"value": [{{"accountid": "1"}}], "@odata.nextLink": "{link}"}}'.encode())

    def half(handler: Handler) -> None:
        handler.say(second[:-9], length=len(second))
        handler.hang_up()

    server.answers = [first, half, lambda handler: handler.say(second)]
    assert [each.id for each in local.list(accounts, EVERYTHING)] == ["1", "2"]


def test_a_connection_is_used_again(server: Server, local: DataverseClient, accounts: Table) -> None:
    """Whole answers, errors among them, leave their connection to the next request."""
    ports: list[int] = []

    def noting(status: int) -> Handle:
        def handle(handler: Handler) -> None:
            ports.append(handler.client_address[1])
            handler.say(WHOLE, status)

        return handle

    server.answers = [noting(200), noting(503), noting(200), noting(200)]
    for _ in range(3):
        local.retrieve(accounts, ID)
    assert len(ports) == 4
    assert len(set(ports)) == 1


def test_many_threads_use_one_client(server: Server, local: DataverseClient, accounts: Table) -> None:
    """Each gets the answer to its own question."""

    def echo(handler: Handler) -> None:
        handler.say(f'{{"accountid": "{handler.path.partition("(")[2][:36]}"}}'.encode())

    server.answers = [echo] * 40
    ids = [f"00000000-0000-0000-0000-{number:012}" for number in range(40)]
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda id: local.retrieve(accounts, id).id, ids))
    assert found == ids


def test_each_try_is_logged_without_anything_secret(
    server: Server, local: DataverseClient, accounts: Table, caplog: pytest.LogCaptureFixture
) -> None:
    """Method, path, status, duration, request id and try; neither token nor filter."""
    caplog.set_level(logging.DEBUG, "connector.dataverse")
    server.answers = [lambda handler: handler.say(status=503), record]
    local.retrieve(accounts, ID)
    lines = [entry.getMessage() for entry in caplog.records if entry.levelno == logging.DEBUG]
    lines = [line for line in lines if line.startswith("GET ")]
    identity = server.seen[0][2]["x-ms-client-request-id"]
    assert len(lines) == 2
    assert lines[0].startswith(f"GET /api/data/v9.2/accounts({ID}) -> 503 in ")
    assert lines[0].endswith(f"request {identity}, try 1")
    assert lines[1].endswith(f"request {identity}, try 2")
    assert "token-1" not in caplog.text
    assert "$select" not in "".join(lines)


def test_a_next_link_reaches_the_server_as_it_was_given(
    server: Server, local: DataverseClient, accounts: Table
) -> None:
    """Doubly encoded cookies stay doubly encoded on the wire."""
    path = "/api/data/v9.2/accounts?$skiptoken=%253Ccookie%2520a=%2522%7E%22"
    body = f'{{"value": [], "@odata.nextLink": "{server.url}{path}"}}'.encode()
    server.answers = [lambda handler: handler.say(body), lambda handler: handler.say(b'{"value": []}')]
    assert list(local.list(accounts, EVERYTHING)) == []
    assert server.seen[1][1] == path


def test_the_token_source_learns_for_which_environment(
    server: Server, local: DataverseClient, accounts: Table, tokens: FixedTokens, policy: RetryPolicy
) -> None:
    """One source can serve several environments: each request names its origin."""
    server.answers = [record]
    local.retrieve(accounts, ID)
    assert tokens.asked == [TokenRequest(server.url, None, policy, "test/1 (u)")]


def test_a_certificate_of_nobody_we_know_is_final(
    tokens: FixedTokens, policy: RetryPolicy, accounts: Table, pauses: list[float], tmp_path: Path
) -> None:
    """An unknown certificate is not waited out, and a given certificate authority makes it known."""
    authority, stranger = trustme.CA(), trustme.CA()
    ca_file, wrong_file = tmp_path / "ca.pem", tmp_path / "wrong.pem"
    authority.cert_pem.write_to_path(os.fspath(ca_file))
    stranger.cert_pem.write_to_path(os.fspath(wrong_file))
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.answers = [record]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = server.url.replace("http:", "https:")
    try:
        with DataverseClient(url, tokens, ca_file=wrong_file, retry=policy) as client:
            with pytest.raises(Unreachable, match="certificate"):
                client.action("DoIt")
            assert pauses == []
        with DataverseClient(url, tokens, ca_file=ca_file, retry=policy) as client:
            assert client.retrieve(accounts, ID).id == "1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_given_certificate_file_wins_over_the_environments(
    server: Server, tokens: FixedTokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accounts: Table
) -> None:
    """REQUESTS_CA_BUNDLE counts where nothing is given, and one that cannot be read is said to be so."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", os.fspath(tmp_path / "missing.pem"))
    url = server.url.replace("http:", "https:")
    with DataverseClient(url, tokens) as client, pytest.raises(Unreachable, match=r"missing\.pem"):
        client.retrieve(accounts, ID)
    ca_file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(os.fspath(ca_file))
    policy = RetryPolicy(most_faults=1)
    with (
        DataverseClient(url, tokens, ca_file=ca_file, retry=policy) as client,
        pytest.raises(Unreachable) as caught,
    ):
        client.retrieve(accounts, ID)
    assert "missing.pem" not in str(caught.value)


def test_plain_http_behind_an_https_address_is_final(
    server: Server, tokens: FixedTokens, policy: RetryPolicy, pauses: list[float]
) -> None:
    """A server that speaks no TLS will not learn it in a minute; nothing was sent."""
    url = server.url.replace("http:", "https:")
    with DataverseClient(url, tokens, retry=policy) as client, pytest.raises(Unreachable):
        client.action("DoIt")
    assert pauses == []


@pytest.mark.parametrize(("number", "is_final"), [(socket.EAI_NONAME, True), (socket.EAI_AGAIN, False)])
def test_a_name_that_does_not_exist_is_final(number: int, is_final: bool) -> None:
    """A typing error is said at once, a name server that is away is waited for."""
    unresolved = NameResolutionError("x", None, socket.gaierror(number, "no"))  # type: ignore[arg-type]
    unresolved.__cause__ = socket.gaierror(number, "no")
    found = lost(requests.ConnectionError(MaxRetryError(None, "/", unresolved)))  # type: ignore[arg-type]
    assert (found.is_final, found.is_sent) == (is_final, False)


@pytest.mark.parametrize(
    ("error", "is_sent"),
    [
        (requests.ConnectTimeout("slow"), False),
        (requests.exceptions.ProxyError("no tunnel"), False),
        (requests.ReadTimeout("slow"), True),
        (requests.exceptions.ChunkedEncodingError("half"), True),
        (requests.exceptions.ContentDecodingError("half"), True),
        (requests.exceptions.SSLError("bad record"), True),
        (requests.ConnectionError("reset"), True),
    ],
)
def test_only_a_connection_that_never_stood_is_harmless(
    error: requests.RequestException, is_sent: bool
) -> None:
    """Every failure but that of making the connection may have carried the request there."""
    assert (lost(error).is_sent, lost(error).is_final) == (is_sent, False)


@pytest.mark.parametrize("token", ["", "a b", "line\r\nX: y", "tökèn"])
def test_what_is_no_token_is_neither_sent_nor_shown(server: Server, policy: RetryPolicy, token: str) -> None:
    """A token source that gives something else is told so without it."""

    class Source:
        def token(self, request: TokenRequest) -> str:
            assert request.origin == server.url
            return token

        def forget(self) -> None:
            """Nothing is kept."""

    with DataverseClient(server.url, Source(), retry=policy) as client, pytest.raises(SignInError) as caught:
        client.action("DoIt")
    assert not token or token not in str(caught.value)
    assert server.seen == []


def test_a_certificate_file_that_is_missing_is_a_setting(tokens: FixedTokens, tmp_path: Path) -> None:
    """It is said when the client is made, with its path."""
    with pytest.raises(SettingsError, match=r"nothing\.pem"):
        DataverseClient("https://contoso.crm4.dynamics.com", tokens, ca_file=tmp_path / "nothing.pem")
