"""Reading ahead: when it pays, what it asks for, and how it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import msgspec
import pytest

from connector.dataverse import EVERYTHING, DataverseClient, Query, RetryPolicy
from connector.dataverse.exchange import watching
from connector.dataverse.exchange.address import environment_origin
from connector.dataverse.exchange.page import Page, open_page
from connector.dataverse.exchange.watching import Watch
from connector.dataverse.exchange.wire import Answer, Attempt, Lost, Request
from connector.dataverse.reading import read_ahead
from connector.dataverse.reading.next_link import Trail, last_link, link_of
from connector.dataverse.reading.paging import Pages
from connector.dataverse.reading.read_ahead import ReadAhead, is_worthwhile
from connector.errors import ForeignOrigin, MalformedAnswer, NotFound
from tests.dataverse.pausing import at_a_pause
from tests.dataverse.reading.page_server import (
    PATIENCE_S,
    Answering,
    PageServer,
    Reply,
    are_gone,
    number_of,
    page,
    serving,
)

if TYPE_CHECKING:
    from tests.dataverse.conftest import FixedTokens, Table

THREAD = "read ahead"
ROOT = "https://contoso.crm4.dynamics.com/api/data/v9.2"


class Telling:
    """An id that tells when it is decoded."""

    tell: ClassVar[Callable[[str], None]]

    @classmethod
    def from_json(cls, value: object) -> Telling:
        cls.tell(str(value))
        return cls()


class TellingRow(msgspec.Struct, rename={"id": "accountid"}):
    id: Telling


@dataclass(frozen=True)
class TellingTable:
    logical_name: str = "account"
    entity_set: str = "accounts"
    record: type[TellingRow] = TellingRow
    select: tuple[str, ...] = ("accountid",)


class Row(msgspec.Struct, rename={"id": "accountid"}):
    id: str


Opened = Callable[[Answering], AbstractContextManager[tuple[PageServer, DataverseClient]]]


@pytest.fixture
def opened(policy: RetryPolicy, tokens: FixedTokens) -> Opened:
    """A server that answers as it is told, and a client of it."""

    @contextmanager
    def opening(answering: Answering) -> Iterator[tuple[PageServer, DataverseClient]]:
        with serving(answering) as server, DataverseClient(server.url, tokens, retry=policy) as client:
            yield server, client

    return opening


# The next link, from the bytes


@pytest.mark.parametrize(
    ("content", "link"),
    [
        (b'{"value":[],"@odata.nextLink":"https://x/y?a=1"}', "https://x/y?a=1"),
        (b'{"value":[], "@odata.nextLink" : "https://x/y" }\r\n ', "https://x/y"),
        (b'{"value":[],"@odata.nextLink":"https://x/\\"\\u0041\\\\"}', 'https://x/"A\\'),
        (b'{"@odata.nextLink":"a","value":[],"@odata.nextLink":"b"}', "b"),
        (b'{"value":[]}', None),
        (b'{"@odata.nextLink":"a","value":[]}', None),
        (b'{"value":[{"x":"\\"@odata.nextLink\\":\\"https://evil.example\\"}', None),
        (b'{"value":[],"deep":{"@odata.nextLink":"a"}}', None),
        (b'{"value":[],"contacts@odata.nextLink":"a"}', None),
        (b'{"value":[],"@odata.nextLink":null}', None),
        (b'{"value":[],"@odata.nextLink":"a"', None),
        (b'{"value":[],"@odata.nextLink":"\\ud800"}', None),
        (b"", None),
    ],
)
def test_the_last_link_ends_the_answers_own_object(content: bytes, link: str | None) -> None:
    """Texts, inner objects and links of expanded collections are not taken for the link of the page."""
    assert last_link(content) == link


@pytest.mark.parametrize(
    ("content", "link"),
    [
        (b'{"@odata.nextLink":"a","value":[{"x":1}]}', "a"),
        (b'{"value":[{"contacts@odata.nextLink":"a"}]}', None),
        (b'{"value":[{"@odata.nextLink":"a"}]}', None),
        (b'{"value":[],"@odata.nextLink":"a"}', "a"),
        (b'{"value":["@odata.nextLink"', None),
    ],
)
def test_a_link_is_found_wherever_it_stands(content: bytes, link: str | None) -> None:
    """Where the end of the page does not tell, its own object is looked through."""
    assert link_of(content) == link


def test_a_long_link_is_found_at_the_end() -> None:
    """Links are as long as addresses can be inside a batch."""
    link = "https://x/" + "y" * 65_000
    assert last_link(b'{"value":[],"@odata.nextLink":"' + link.encode() + b'"}') == link


# The policy


@pytest.mark.parametrize(
    ("waited_s", "decoding_s", "is_ahead", "expected"),
    [
        (0.100, 0.008, False, True),
        (0.100, 0.008, True, True),
        (0.001, 0.008, False, False),
        (0.009, 0.008, True, False),
        (0.011, 0.008, True, True),
        (0.0, 0.0, False, False),
    ],
)
def test_reading_ahead_pays_where_waiting_is_a_relevant_part(
    waited_s: float, decoding_s: float, is_ahead: bool, expected: bool
) -> None:
    """What lies within the decoding of the page before is no waiting that could be saved."""
    assert is_worthwhile(waited_s, decoding_s, is_ahead=is_ahead) is expected


# The pages, from values


class Asking:
    """Pages by their number; keeps who asked for which, and from which thread."""

    def __init__(self, count: int, waited_s: float, contents: dict[int, bytes] | None = None) -> None:
        self.count = count
        self.waited_s = waited_s
        self.contents = contents or {}
        self.asked: list[tuple[int, bool]] = []

    def __call__(self, link: str, watch: Watch | None) -> Answer:
        number = number_of(link)
        self.asked.append((number, threading.current_thread() is threading.main_thread()))
        body = page([str(number)], f"{ROOT}/accounts?p={number + 1}" if number < self.count else None).body
        return Answer(200, {}, self.contents.get(number, body), self.waited_s)


def pages(asking: Asking, decode: Callable[[bytes], Page[Row]] | None = None) -> Pages[Row]:
    trail = Trail(environment_origin("https://contoso.crm4.dynamics.com"), f"{ROOT}/accounts", "accounts")
    return Pages(asking, trail, decode or (lambda content: open_page(content, Row, "accounts")))


def test_nothing_is_read_ahead_where_nobody_waits() -> None:
    """Without latency every page is asked for by the reader itself, one after the other."""
    asking = Asking(5, waited_s=0.0)
    assert [row.id for row in pages(asking).records()] == ["1", "2", "3", "4", "5"]
    assert asking.asked == [(number, True) for number in range(1, 6)]


def test_from_the_second_page_on_another_thread_asks() -> None:
    """The first page costs one request, whatever follows; from the third on pages were asked for ahead."""
    asking = Asking(5, waited_s=1.0)
    records = pages(asking).records()
    assert next(records).id == "1"
    assert asking.asked == [(1, True)]
    assert [row.id for row in records] == ["2", "3", "4", "5"]
    assert asking.asked == [(1, True), (2, True), (3, False), (4, False), (5, False)]


LONG = 2_500


def long_page(number: int, link: str | None) -> bytes:
    """A page of 2,500 records, long enough to be decoded in pieces."""
    return page([f"{number}-{'x' * 100}-{row}" for row in range(LONG)], link).body


def test_within_a_long_first_page_the_second_is_asked_for() -> None:
    """Who has taken a thousand records looks for more than a few, and need not wait for the second page."""
    first = long_page(1, f"{ROOT}/accounts?p=2")
    asking = Asking(2, waited_s=100.0, contents={1: first, 2: long_page(2, None)})
    records = pages(asking).records()
    assert all(next(records).id.startswith("1-") for _ in range(1_000))
    assert asking.asked == [(1, True)]
    assert sum(1 for _ in records) == 2 * LONG - 1_000
    assert asking.asked == [(1, True), (2, False)]


@pytest.mark.parametrize(("waited_s", "top"), [(0.0, None), (100.0, LONG)])
def test_within_a_first_page_nothing_is_asked_for_without_need(waited_s: float, top: int | None) -> None:
    """Not where nobody waits for a page, and not where this one may hold the last record."""
    first = long_page(1, f"{ROOT}/accounts?p=2")
    asking = Asking(2, waited_s=waited_s, contents={1: first, 2: long_page(2, None)})
    records = pages(asking).records(top, page_size=LONG)
    assert sum(1 for _ in records) == (top or 2 * LONG)
    assert [is_reader for _, is_reader in asking.asked] == [True] * len(asking.asked)


@pytest.mark.parametrize(("top", "last"), [(4, 4), (3, 3), (2, 2), (1, 1)])
def test_a_page_beyond_the_top_is_not_read_ahead(top: int, last: int) -> None:
    """When this page may hold the last record that is wanted, no other is asked for."""
    asking = Asking(9, waited_s=1.0)
    assert len(list(pages(asking).records(top, page_size=1))) == top
    assert [number for number, _ in asking.asked] == list(range(1, last + 1))


def test_a_page_that_was_guessed_wrongly_is_dropped() -> None:
    """What the decoded page says counts."""
    asking = Asking(3, waited_s=1.0)

    def decode(content: bytes) -> Page[Row]:
        found = open_page(content, Row, "accounts")
        return Page(found.pieces, f"{ROOT}/accounts?p=7") if b'"2"' in content else found

    asking.contents[7] = b'{"value":[{"accountid":"seven"}]}'
    assert [row.id for row in pages(asking, decode).records()] == ["1", "2", "seven"]


def test_an_error_while_reading_ahead_is_raised_where_its_page_would_have_come() -> None:
    """The records before it arrive first."""

    class Failing(Asking):
        def __call__(self, link: str, watch: Watch | None) -> Answer:
            if number_of(link) == 3:
                raise MalformedAnswer("the third page")
            return super().__call__(link, watch)

    got: list[str] = []
    with pytest.raises(MalformedAnswer, match="the third page"):
        got.extend(row.id for row in pages(Failing(5, waited_s=1.0)).records())
    assert got == ["1", "2"]
    assert are_gone(THREAD)


def test_decoding_begins_when_the_next_request_is_on_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before, even where sending takes the other thread a while: decoding would hold it up."""
    monkeypatch.setattr(read_ahead, "_LONGEST_SENDING_S", PATIENCE_S)
    events: list[str] = []

    class Sending(Asking):
        def __call__(self, link: str, watch: Watch | None) -> Answer:
            if watch is not None:
                sum(range(200_000))
                events.append(f"sent {number_of(link)}")
                watch.sent(None)
            return super().__call__(link, watch)

    def decode(content: bytes) -> Page[Row]:
        found = open_page(content, Row, "accounts")
        events.extend(f"decoding {row.id}" for piece in found.pieces for row in piece)
        return open_page(content, Row, "accounts")

    assert len(list(pages(Sending(4, waited_s=1.0), decode).records())) == 4
    assert events == ["decoding 1", "sent 3", "decoding 2", "sent 4", "decoding 3", "decoding 4"]


def test_a_page_that_is_waited_for_brings_the_next_one_along() -> None:
    """The thread that has a page asks for the one behind it, without the reader's help, and for no more."""
    asked: list[tuple[str, str]] = []

    def ask(link: str, watch: Watch | None) -> Answer:
        asked.append((link, threading.current_thread().name))
        coming = ahead._coming
        while link == "x" and (coming is None or not coming._is_awaited):
            time.sleep(0)
            coming = ahead._coming
        return Answer(200, {}, link.encode())

    def following(answer: Answer) -> str | None:
        return f"{answer.content.decode()}x"

    ahead = ReadAhead(ask, following)
    ahead.begin("x")
    answer = ahead.take("x")
    assert answer is not None
    assert answer.content == b"x"
    assert ahead.is_on
    assert ahead.take("something else") is None
    ahead.close()
    assert are_gone(THREAD)
    assert asked == [("x", THREAD), ("xx", THREAD)]


def test_a_page_held_up_does_not_hold_up_the_one_that_is_here() -> None:
    """Where the request cannot be sent for now, because of a limit, decoding goes on all the same."""
    is_free = threading.Event()

    def ask(link: str, watch: Watch | None) -> Answer:
        is_free.wait()
        return Answer(200, {}, b"{}")

    ahead = ReadAhead(ask, lambda _: None)
    ahead.begin("x")
    is_free.set()
    answer = ahead.take("x")
    ahead.close()
    assert answer is not None
    assert answer.content == b"{}"
    assert are_gone(THREAD)


# Over real sockets


def test_the_next_page_is_asked_for_before_this_one_is_decoded(opened: Opened) -> None:
    """Decoding holds the interpreter: the request for page three arrives while page two is being decoded."""
    server: PageServer
    with opened(lambda path: numbered(server, path, 4)) as (server, client):
        arrived: list[bool] = []

        def look(id: str) -> None:
            if id == "2":
                arrived.append(server.wait_for(lambda: len(server.seen) >= 3))

        Telling.tell = look
        assert len(list(client.list(TellingTable(), EVERYTHING))) == 4
        assert arrived == [True]


def numbered(server: PageServer, path: str, count: int) -> Reply:
    number = number_of(path)
    link = f"{server.url}/api/data/v9.2/accounts?p={number + 1}" if number < count else None
    return page([str(number)], link)


def test_an_abandoned_list_ends_its_request(opened: Opened, accounts: Table) -> None:
    """Closing the iterator hangs up on the page that is waited for; the client goes on."""
    server: PageServer

    def answering(path: str) -> Reply:
        return Reply(is_held=True) if number_of(path) == 3 else numbered(server, path, 4)

    with opened(answering) as (server, client):
        records = client.list(accounts, EVERYTHING)
        assert [next(records).id, next(records).id] == ["1", "2"]
        assert server.wait_for(lambda: len(server.seen) == 3)
        assert isinstance(records, Generator)
        records.close()
        assert server.wait_for(lambda: len(server.hung_up) == 1)
        assert are_gone(THREAD)
        assert next(client.list(accounts, Query(top=1))).id == "1"


def test_an_abandoned_list_ends_its_pause(tokens: FixedTokens, accounts: Table) -> None:
    """Whoever closes the iterator leaves no thread that sleeps until a limit is over."""
    pausing = threading.Event()

    def answering(path: str) -> Reply:
        if number_of(path) == 3:
            return Reply(status=429, headers={"Retry-After": "300"})
        return numbered(server, path, 4)

    with serving(answering) as server, DataverseClient(server.url, tokens) as client, at_a_pause(pausing.set):
        records = client.list(accounts, EVERYTHING)
        assert [next(records).id, next(records).id] == ["1", "2"]
        assert pausing.wait(PATIENCE_S)
        assert isinstance(records, Generator)
        records.close()
        assert are_gone(THREAD)
        assert len(server.seen) == 3


def test_an_error_in_the_readers_own_code_ends_the_request_too(opened: Opened, accounts: Table) -> None:
    """A loop that is left by an exception leaves no thread behind."""
    server: PageServer

    def answering(path: str) -> Reply:
        return Reply(is_held=True) if number_of(path) == 3 else numbered(server, path, 4)

    def consume(client: DataverseClient) -> None:
        for record in client.list(accounts, EVERYTHING):
            if record.id == "2":
                assert server.wait_for(lambda: len(server.seen) == 3)
                raise KeyError("mine")

    with opened(answering) as (server, client):
        with pytest.raises(KeyError):
            consume(client)
        assert server.wait_for(lambda: len(server.hung_up) == 1)
        assert are_gone(THREAD)


def test_a_limit_met_while_reading_ahead_is_waited_out(
    opened: Opened, accounts: Table, pauses: list[float]
) -> None:
    """429 on a page that nobody has asked for yet is 429 all the same."""
    server: PageServer
    refused: list[str] = []

    def answering(path: str) -> Reply:
        if number_of(path) == 3 and not refused:
            refused.append(path)
            return Reply(status=429, headers={"Retry-After": "7"})
        return numbered(server, path, 4)

    with opened(answering) as (server, client):
        assert [record.id for record in client.list(accounts, EVERYTHING)] == ["1", "2", "3", "4"]
        assert sum(pauses) >= 7


def test_a_missing_page_is_an_error_after_the_records_before_it(opened: Opened, accounts: Table) -> None:
    """The typed error of the service, in the reader's thread."""
    server: PageServer

    def answering(path: str) -> Reply:
        return Reply(status=404) if number_of(path) == 3 else numbered(server, path, 4)

    with opened(answering) as (server, client):
        records = client.list(accounts, EVERYTHING)
        assert [next(records).id, next(records).id] == ["1", "2"]
        with pytest.raises(NotFound):
            next(records)


def test_a_page_elsewhere_is_not_read_ahead(opened: Opened, accounts: Table) -> None:
    """A guess is as strictly looked at as a link: the token stays here."""
    server: PageServer
    with serving(lambda _: page(["stolen"])) as stranger:

        def answering(path: str) -> Reply:
            if number_of(path) == 2:
                return page(["2"], f"{stranger.url}/api/data/v9.2/accounts?p=3")
            return numbered(server, path, 4)

        with opened(answering) as (server, client):
            records = client.list(accounts, EVERYTHING)
            assert [next(records).id, next(records).id] == ["1", "2"]
            with pytest.raises(ForeignOrigin):
                next(records)
        assert stranger.seen == []


def test_a_circle_is_found_while_reading_ahead(opened: Opened, accounts: Table) -> None:
    """Each page of the circle is read at most twice over."""
    server: PageServer

    def answering(path: str) -> Reply:
        number = number_of(path)
        return page(
            [str(number)], f"{server.url}/api/data/v9.2/accounts?p={2 if number == 5 else number + 1}"
        )

    with opened(answering) as (server, client):
        with pytest.raises(MalformedAnswer, match="in a circle"):
            list(client.list(accounts, EVERYTHING))
        assert len(server.seen) < 16


# The watch


def test_a_cancelled_request_is_not_sent(opened: Opened, accounts: Table) -> None:
    """What nobody wants any more does not leave."""
    server: PageServer
    with opened(lambda _: page(["1"])) as (server, client):
        watch = Watch()
        watch.cancel()
        outcome = watched(client, watch)
        assert isinstance(outcome, Lost)
        assert (outcome.is_final, outcome.is_sent) == (True, False)
        assert server.seen == []


def test_a_request_that_was_answered_is_not_cut_off(opened: Opened, accounts: Table) -> None:
    """Cancelling comes too late then: the connection may serve another request by now."""
    server: PageServer
    with opened(lambda _: page(["1"])) as (server, client):
        watch = Watch()
        assert isinstance(watched(client, watch), Answer)
        assert watch.progress.is_set()
        watch.cancel()
        assert next(client.list(accounts, Query(top=1))).id == "1"
        assert len(set(server.ports)) == 1


def watched(client: DataverseClient, watch: Watch) -> Attempt:
    request = Request("GET", client._transport.address("accounts"), watch=watch)
    return client._transport.call(request)[1].last


@pytest.mark.parametrize("ending", ["make_room", "cancel", "patience"])
def test_a_page_stays_on_the_network_until_the_one_before_is_used(
    ending: str, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that memory holds one page as it came; not for long, since a server may lose patience."""
    held, arrived = threading.Event(), threading.Event()
    monkeypatch.setattr(watching, "_LONGEST_HOLDING_S", 0 if ending == "patience" else PATIENCE_S)

    class Held(Watch):
        def wait_for_room(self) -> None:
            held.set()
            super().wait_for_room()

    with opened(lambda _: page(["1"])) as (server, client):
        watch = Held(has_room=False)
        url = f"{server.url}/api/data/v9.2/accounts"

        def ask() -> None:
            client._transport.call(Request("GET", url, watch=watch))
            arrived.set()

        thread = threading.Thread(target=ask)
        thread.start()
        assert held.wait(PATIENCE_S)
        if ending != "patience":
            assert not arrived.is_set()
            getattr(watch, ending)()
        assert arrived.wait(PATIENCE_S)
        thread.join()
