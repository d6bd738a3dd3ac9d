"""Reads in parts: nothing twice, nothing lost, bounded, in parallel."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.dataverse import DataverseClient, PartsPlan, Query, RetryPolicy
from connector.dataverse.exchange.address import environment_origin
from connector.dataverse.exchange.page import open_page
from connector.dataverse.exchange.watching import Watch
from connector.dataverse.exchange.wire import Answer
from connector.dataverse.query.literals import any_of
from connector.dataverse.query.query import LONGEST_BATCHED_URL, LONGEST_URL, address
from connector.dataverse.reading.next_link import Trail
from connector.dataverse.reading.parallel import ParallelReading
from connector.dataverse.reading.partitions import (
    check_bounds,
    creation_filters,
    even_cuts,
    key_filters,
    key_groups,
)
from connector.errors import ForeignOrigin, NotFound, UsageError
from tests.dataverse.pausing import at_a_pause
from tests.dataverse.reading.page_server import (
    PATIENCE_S,
    PageServer,
    Reply,
    are_gone,
    filter_of,
    number_of,
    page,
    serving,
)

if TYPE_CHECKING:
    from tests.dataverse.conftest import FixedTokens, Table

THREAD = "partition"
ROOT = "https://contoso.crm4.dynamics.com/api/data/v9.2"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
instants = st.timedeltas(timedelta(days=-4000), timedelta(days=1000)).map(lambda it: NOON + it)


# Cutting by creation date


@given(instants, st.timedeltas(timedelta(seconds=1), timedelta(days=4000)), st.integers(1, 60), instants)
def test_every_instant_lies_in_exactly_one_range(
    since: datetime, span: timedelta, parts: int, instant: datetime
) -> None:
    """Half-open ranges that touch: nothing is read twice and nothing is lost at a boundary."""
    until = since + span
    bounds = [since, *even_cuts(since, until, parts), until]
    assert bounds == sorted(set(bounds))
    holding = [1 for start, end in pairwise(bounds) if start <= instant < end]
    assert len(holding) == (1 if since <= instant < until else 0)
    assert len(bounds) - 1 <= parts


def test_ranges_are_even_and_cut_at_whole_seconds() -> None:
    """How finely the service compares is not documented; a fraction never decides."""
    since = datetime(2020, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
    cuts = even_cuts(since, since + timedelta(seconds=10), 4)
    assert [cut.second for cut in cuts] == [3, 5, 8]
    assert all(cut.microsecond == 0 for cut in cuts)


def test_ranges_shorter_than_a_second_are_not_made() -> None:
    """A short time has fewer parts, and none that is empty."""
    assert even_cuts(NOON, NOON + timedelta(seconds=2), 50) == [NOON + timedelta(seconds=1)]
    assert even_cuts(NOON, NOON + timedelta(microseconds=3), 50) == []
    assert even_cuts(NOON, NOON - timedelta(days=1), 50) == []


def test_open_ranges_hold_everything() -> None:
    """Whatever was created before the first cut or after the last one, and what has no date."""
    assert list(creation_filters("createdon", [None, NOON, NOON + timedelta(hours=1), None])) == [
        "(createdon lt 2026-11-22T12:00:00Z or createdon eq null)",
        "createdon ge 2026-11-22T12:00:00Z and createdon lt 2026-11-22T13:00:00Z",
        "createdon ge 2026-11-22T13:00:00Z",
    ]
    assert list(creation_filters("createdon", [None, None])) == [""]


def test_given_bounds_are_kept() -> None:
    """What has no date is not created before anything; zones are said in UTC."""
    east = timezone(timedelta(hours=2))
    assert list(creation_filters("createdon", [None, NOON.astimezone(east)])) == [
        "createdon lt 2026-11-22T12:00:00Z"
    ]
    assert list(creation_filters("createdon", [NOON.astimezone(east), None])) == [
        "createdon ge 2026-11-22T12:00:00Z"
    ]


@pytest.mark.parametrize(
    ("since", "until", "parts", "problem"),
    [
        (NOON, NOON, 2, "until before"),
        (NOON, NOON - timedelta(days=1), 2, "until before"),
        (NOON.replace(tzinfo=None), None, 2, "time zone"),
        (None, NOON.replace(tzinfo=None), 2, "time zone"),
        (None, None, 0, "parts"),
    ],
)
def test_bounds_that_cannot_be_are_refused(
    since: datetime | None, until: datetime | None, parts: int, problem: str
) -> None:
    """Before anything is asked."""
    with pytest.raises(UsageError, match=problem):
        check_bounds(since, until, parts)


# Cutting by keys


def keys_in(filters: Iterable[str]) -> list[list[str]]:
    return [msgspec.json.decode(text[text.index("PropertyValues=") + 15 : -1]) for text in filters]


@given(st.lists(st.text(min_size=1)), st.integers(1, 20))
def test_each_key_is_asked_for_once(keys: list[str], most: int) -> None:
    """Whatever text a key is; and no list is longer than its limit, but for keys that belong together."""
    groups = key_groups("name", keys)
    lists = keys_in(key_filters("name", groups, 100, most))
    assert sorted(key for each in lists for key in each) == sorted(set(keys))
    longest_group = max(map(len, groups), default=0)
    assert all(0 < len(each) <= max(most, longest_group) for each in lists)


@given(
    st.lists(st.text(st.sampled_from("aü \"'\\€"), min_size=1, max_size=400), max_size=120),
    st.sampled_from([100, 5_000, LONGEST_URL // 2, 40_000]),
)
def test_a_list_of_keys_fits_its_address(keys: list[str], asked_length: int) -> None:
    """What is encoded is counted: quotation marks and umlauts take three and six characters and more."""
    longest = LONGEST_URL if asked_length < LONGEST_URL // 2 else LONGEST_BATCHED_URL
    for text in key_filters("name", key_groups("name", keys), asked_length, 10_000):
        assert asked_length + len(address("", {"$filter": text})) - len("?$filter=") <= longest


def test_a_list_is_as_long_as_fits() -> None:
    """A thousand ids take two addresses, not three."""
    ids = [f"00000000-0000-0000-0000-{number:012}" for number in range(1000)]
    lists = keys_in(key_filters("accountid", key_groups("accountid", ids), 200, 5000))
    assert len(lists) == 2
    assert len(any_of("accountid", lists[0])) > 25_000


@pytest.mark.parametrize(
    "keys",
    [
        ["Müller", "muller", "MÜLLER ", "Mu\u0308ller"],
        [1, Decimal("1.0"), Decimal("1.00")],
        ["0F7D4C1A-1111-2222-3333-444455556666", "0f7d4c1a-1111-2222-3333-444455556666"],
    ],
)
def test_keys_that_the_service_may_take_for_equal_stand_in_one_list(keys: list[object]) -> None:
    """Comparison there ignores case, and perhaps accents and trailing spaces; two lists would find a record
    twice."""
    lists = keys_in(key_filters("name", key_groups("name", ["first", *keys, "last"]), 100, 1))
    assert [len(each) for each in lists] == [1, len(keys), 1]


# Reading in parallel, from values


def trails(count: int) -> Iterator[Trail]:
    origin = environment_origin("https://contoso.crm4.dynamics.com")
    return (Trail(origin, f"{ROOT}/accounts?part={number}", "accounts") for number in range(count))


class Row(msgspec.Struct, rename={"id": "accountid"}):
    id: str


class Asking:
    """Parts of some pages each, whose answers wait for `gate`; counts how many are held at a time."""

    def __init__(self, pages: int) -> None:
        self.pages = pages
        self.lock = threading.Lock()
        self.asked: list[str] = []
        self.in_flight = 0
        self.widest = 0

    def __call__(self, link: str, watch: Watch | None) -> Answer:
        with self.lock:
            self.asked.append(link)
            self.in_flight += 1
            self.widest = max(self.widest, self.in_flight)
        answer = self.answer(link, watch)
        with self.lock:
            self.in_flight -= 1
        return answer

    def answer(self, link: str, watch: Watch | None) -> Answer:
        number, part = number_of(link), re.findall(r"part=(\d+)", link)[0]
        following = f"{ROOT}/accounts?part={part}&p={number + 1}" if number < self.pages else None
        return Answer(200, {}, page([f"{part}-{number}"], following).body)


def reading(
    asking: Asking, parts: int, *, width: int = 4, most: int = 8, is_ordered: bool = False
) -> Iterator[str]:
    plan = ParallelReading(asking, trails(parts), lambda: width, lambda: most, is_ordered=is_ordered)
    return (row.id for row in plan.records(lambda content: open_page(content, Row, "accounts")))


def expected(parts: int, pages: int) -> list[str]:
    return [f"{part}-{number}" for part in range(parts) for number in range(1, pages + 1)]


@pytest.mark.parametrize("parts", [1, 3, 20])
@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("most", [1, 2, 8])
def test_all_parts_are_read_once(parts: int, width: int, most: int) -> None:
    """However many threads there are, and however few pages may be on their way."""
    assert sorted(reading(Asking(3), parts, width=width, most=most)) == sorted(expected(parts, 3))
    assert are_gone(THREAD)


@pytest.mark.parametrize("parts", [1, 3, 20])
@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("most", [1, 2, 8])
def test_in_order_they_come_part_by_part(parts: int, width: int, most: int) -> None:
    """The part whose turn it is can always go on, whatever the later ones hold."""
    assert list(reading(Asking(3), parts, width=width, most=most, is_ordered=True)) == expected(parts, 3)
    assert are_gone(THREAD)


def test_no_parts_are_no_records() -> None:
    """A question that was cut into nothing asks nothing."""
    asking = Asking(1)
    assert list(reading(asking, 0)) == []
    assert asking.asked == []


@pytest.mark.parametrize(("is_ordered", "bound"), [(False, 3), (True, 4)])
def test_pages_on_their_way_are_bounded(is_ordered: bool, bound: int) -> None:
    """A reader that takes its time finds as many pages waiting as were allowed, and no thread goes on."""

    class Counting(Asking):
        """Knows how many pages were answered and not yet decoded."""

        waiting = 0
        most_waiting = 0

        def answer(self, link: str, watch: Watch | None) -> Answer:
            with self.lock:
                self.waiting += 1
                self.most_waiting = max(self.most_waiting, self.waiting)
            return super().answer(link, watch)

    asking = Counting(4)

    def decode(content: bytes) -> object:
        with asking.lock:
            asking.waiting -= 1
        return open_page(content, Row, "accounts")

    plan = ParallelReading(asking, trails(9), lambda: 5, lambda: 3, is_ordered=is_ordered)
    assert len(list(plan.records(decode))) == 36  # type: ignore[arg-type]  # a page of Row
    assert asking.most_waiting <= bound


def test_several_parts_are_asked_for_at_the_same_time() -> None:
    """The first requests meet: none of them is answered before all are there."""

    class Meeting(Asking):
        barrier = threading.Barrier(4)

        def answer(self, link: str, watch: Watch | None) -> Answer:
            if number_of(link) == 1 and "part=0" <= link[-6:] <= "part=3":
                self.barrier.wait(PATIENCE_S)
            return super().answer(link, watch)

    assert len(list(reading(Meeting(2), 6))) == 12


def test_more_threads_read_when_the_width_grows() -> None:
    """What the pace allows later is used: at first one at a time, then three that meet."""
    widths = [1]

    class Growing(Asking):
        barrier = threading.Barrier(3)

        def answer(self, link: str, watch: Watch | None) -> Answer:
            if "part=0" in link:
                widths[0] = 3
            else:
                self.barrier.wait(PATIENCE_S)
            return super().answer(link, watch)

    plan = ParallelReading(Growing(1), trails(4), lambda: widths[0], lambda: 9, is_ordered=False)
    assert len(list(plan.records(lambda content: open_page(content, Row, "accounts")))) == 4


def test_an_error_in_a_part_is_raised_and_ends_all() -> None:
    """In order it comes after the parts before it; the threads end."""

    class Failing(Asking):
        def answer(self, link: str, watch: Watch | None) -> Answer:
            if "part=2&p=2" in link:
                raise ForeignOrigin("elsewhere")
            return super().answer(link, watch)

    got: list[str] = []
    with pytest.raises(ForeignOrigin):
        got.extend(reading(Failing(3), 5, is_ordered=True))
    assert got == [*expected(2, 3), "2-1"]
    with pytest.raises(ForeignOrigin):
        list(reading(Failing(3), 5))
    assert are_gone(THREAD)


def test_an_error_in_the_cutting_is_raised() -> None:
    """Questions are made while reading goes on, and may turn out to be impossible."""

    def broken() -> Iterator[Trail]:
        yield from trails(2)
        raise UsageError("the third")

    plan = ParallelReading(Asking(2), broken(), lambda: 2, lambda: 4, is_ordered=True)
    got: list[str] = []
    with pytest.raises(UsageError, match="the third"):
        got.extend(row.id for row in plan.records(lambda content: open_page(content, Row, "accounts")))
    assert got == expected(2, 2)


def test_questions_are_made_when_they_are_needed() -> None:
    """A million keys are not turned into text at once."""
    made: list[int] = []

    def making() -> Iterator[Trail]:
        for number, trail in enumerate(trails(1000)):
            made.append(number)
            yield trail

    records = ParallelReading(Asking(1), making(), lambda: 2, lambda: 4, is_ordered=False).records(
        lambda content: open_page(content, Row, "accounts")
    )
    next(records)
    assert len(made) < 20
    assert isinstance(records, Generator)
    records.close()
    assert are_gone(THREAD)


# Over real sockets


@pytest.fixture
def local(policy: RetryPolicy, tokens: FixedTokens) -> Callable[[PageServer], DataverseClient]:
    return lambda server: DataverseClient(server.url, tokens, retry=policy)


def test_a_read_by_keys_asks_in_lists(
    local: Callable[[PageServer], DataverseClient], accounts: Table
) -> None:
    """Every list is a question of its own, with the caller's filter and page size in it."""

    def answering(path: str) -> Reply:
        listed = re.findall(r"statecode eq 0.*PropertyValues=(\[.*?\])", filter_of(path))
        return page(msgspec.json.decode(listed[0]))

    with serving(answering) as server, local(server) as client:
        keys = [f"k{number}" for number in range(7)]
        query = Query(filter="statecode eq 0")
        found = client.list_by_keys(
            accounts, "name", [*keys, "k3", "K3"], query, keys_per_question=3, plan=PartsPlan(is_ordered=True)
        )
        assert [record.id for record in found] == ["k0", "k1", "k2", "k3", "K3", "k4", "k5", "k6"]
    assert len(server.seen) == 3


def test_a_read_by_creation_finds_its_own_bounds(
    local: Callable[[PageServer], DataverseClient], accounts: Table
) -> None:
    """The oldest and the newest record are asked for, and the open ranges at both ends hold the rest."""

    def answering(path: str) -> Reply:
        if "orderby" in path:
            day = "01" if "asc" in path else "05"
            return Reply(f'{{"value":[{{"createdon":"2020-10-{day}T00:00:00Z"}}]}}'.encode())
        return page([filter_of(path)])

    with serving(answering) as server, local(server) as client:
        found = [
            each.id for each in client.list_by_creation(accounts, parts=2, plan=PartsPlan(is_ordered=True))
        ]
    assert found == [
        "(createdon lt 2020-10-03T00:00:00Z or createdon eq null)",
        "createdon ge 2020-10-03T00:00:00Z",
    ]


def test_a_table_without_dates_is_one_part(
    local: Callable[[PageServer], DataverseClient], accounts: Table
) -> None:
    """Where no record has a creation date the whole table is one question."""

    def answering(path: str) -> Reply:
        return page([]) if "orderby" in path else page([filter_of(path)])

    with serving(answering) as server, local(server) as client:
        assert [each.id for each in client.list_by_creation(accounts)] == [""]


def test_an_abandoned_read_in_parts_ends_its_requests(
    local: Callable[[PageServer], DataverseClient], accounts: Table
) -> None:
    """Closing the iterator hangs up on every page that is waited for; no thread stays."""

    def answering(path: str) -> Reply:
        return page(["first"]) if '"k0"' in filter_of(path) else Reply(is_held=True)

    with serving(answering) as server, local(server) as client:
        records = client.list_by_keys(accounts, "name", ["k0", "k1", "k2", "k3"], keys_per_question=1)
        assert next(records).id == "first"
        assert server.wait_for(lambda: len(server.seen) == 4)
        assert isinstance(records, Generator)
        records.close()
        assert server.wait_for(lambda: len(server.hung_up) == 3)
        assert are_gone(THREAD)


def test_an_abandoned_read_in_parts_ends_its_pauses(tokens: FixedTokens, accounts: Table) -> None:
    """The thread that met the limit, those that it holds back, and those that wait for their turn."""
    pausing = threading.Event()

    def answering(path: str) -> Reply:
        if '"k0"' in filter_of(path):
            return page(["first"])
        return Reply(status=429, headers={"Retry-After": "300"})

    with serving(answering) as server, DataverseClient(server.url, tokens) as client, at_a_pause(pausing.set):
        keys = [f"k{number}" for number in range(9)]
        records = client.list_by_keys(accounts, "name", keys, keys_per_question=1)
        assert next(records).id == "first"
        assert pausing.wait(PATIENCE_S)
        assert isinstance(records, Generator)
        records.close()
        assert are_gone(THREAD)


def test_a_limit_met_by_one_part_is_waited_out(
    local: Callable[[PageServer], DataverseClient], accounts: Table, pauses: list[float]
) -> None:
    """Retries and their pauses are the same in every thread."""
    refused: list[str] = []

    def answering(path: str) -> Reply:
        if '"k1"' in filter_of(path) and not refused:
            refused.append(path)
            return Reply(status=429, headers={"Retry-After": "5"})
        return page([filter_of(path)])

    with serving(answering) as server, local(server) as client:
        assert len(list(client.list_by_keys(accounts, "name", ["k0", "k1", "k2"], keys_per_question=1))) == 3
    assert sum(pauses) >= 5


def test_the_error_of_a_part_is_the_services(
    local: Callable[[PageServer], DataverseClient], accounts: Table
) -> None:
    """Typed as from any other question."""
    with serving(lambda _: Reply(status=404)) as server, local(server) as client, pytest.raises(NotFound):
        list(client.list_by_keys(accounts, "name", ["k0", "k1"], keys_per_question=1))


def test_what_cannot_be_read_in_parts_is_refused_before_anything_is_sent(
    local: Callable[[PageServer], DataverseClient], accounts: Table
) -> None:
    """A top, a page or list of no size, a key that no filter holds, bounds without a zone."""
    calls: list[Callable[[DataverseClient], object]] = [
        lambda client: client.list_by_keys(accounts, "name", ["a"], Query(top=5)),
        lambda client: client.list_by_creation(accounts, Query(top=5)),
        lambda client: client.list_by_keys(accounts, "name", ["a"], keys_per_question=0),
        lambda client: client.list_by_keys(accounts, "name", [1.5]),
        lambda client: client.list_by_keys(accounts, "name", ["a"], plan=PartsPlan(page_size=0)),
        lambda client: client.list_by_creation(accounts, since=datetime(2020, 1, 1)),  # noqa: DTZ001
        lambda _: PartsPlan(pages_in_flight=0),
    ]
    with serving(lambda _: page([])) as server, local(server) as client:
        for call in calls:
            with pytest.raises(UsageError):
                call(client)
        assert list(client.list_by_keys(accounts, "name", [])) == []
    assert server.seen == []
