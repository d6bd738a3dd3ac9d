"""How many requests at a time, and who waits for what."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from connector.dataverse import DataverseClient, RetryPolicy
from connector.dataverse.exchange.clock import Clock
from connector.dataverse.exchange.wire import Answer, Lost
from connector.dataverse.transport.pace import CEILING, FIRST_WIDTH, Pace
from connector.dataverse.transport.tempo import Tempo
from connector.errors import Throttled
from tests.dataverse.conftest import FixedTokens, Table

ID = "0f7d4c1a-1111-2222-3333-444455556666"
ROOT = "https://contoso.crm4.dynamics.com/api/data/v9.2"


def answer(status: int = 200, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


def test_the_first_hint_is_the_width() -> None:
    """Parallelism starts from what the environment recommends, within the caller's ceiling."""
    start = Tempo(width=4, ceiling=52)
    assert start.hinted(20).width == 20
    assert start.hinted(500).width == 52
    assert start.hinted(1).width == 1
    assert start.hinted(0) == start


def test_the_width_follows_a_hint_that_changes_and_forgets_no_limit() -> None:
    """A smaller hint counts at once; after a limit a larger one is grown into."""
    wide = Tempo(width=4, ceiling=52).hinted(20)
    assert wide.hinted(8).width == 8
    limited = wide.limited(halvings=0)
    assert (limited.width, limited.hinted(30).width, limited.hinted(30).limit) == (10, 10, 30)


def test_requests_that_were_on_their_way_together_halve_the_width_once() -> None:
    """Eight threads that meet one limit at the same moment are one event."""
    tempo = Tempo(width=16, ceiling=52, hint=16)
    for _ in range(8):
        tempo = tempo.limited(halvings=0)
    assert tempo.width == 8
    assert tempo.limited(halvings=1).width == 4


def test_after_a_limit_the_width_grows_by_one_for_each_full_round() -> None:
    """Halved quickly, grown slowly, never beyond the recommendation."""
    tempo = Tempo(width=8, ceiling=52, hint=8).limited(halvings=0)
    widths = []
    for _ in range(40):
        tempo = tempo.succeeded(is_full=True)
        widths.append(tempo.width)
    assert widths[:9] == [4, 4, 4, 5, 5, 5, 5, 5, 6]
    assert widths[-1] == 8


def test_without_a_hint_the_width_grows_with_every_answer_until_the_first_limit() -> None:
    """Nobody said anything: begin small, and find out."""
    tempo = Tempo(width=4, ceiling=6)
    assert [tempo := tempo.succeeded(is_full=True) for _ in range(3)][-1].width == 6
    assert Tempo(width=4, ceiling=6).succeeded(is_full=False).width == 4


@given(
    ceiling=st.integers(1, 60),
    events=st.lists(
        st.one_of(
            st.tuples(st.just("hint"), st.integers(0, 100)),
            st.tuples(st.just("success"), st.booleans()),
            st.tuples(st.just("limit"), st.integers(0, 3)),
        ),
        max_size=60,
    ),
)
def test_the_width_is_always_between_one_and_the_limit(ceiling: int, events: list[tuple[str, int]]) -> None:
    """Whatever comes in whatever order; and after successes enough it is back at the limit."""
    tempo = Tempo(width=min(FIRST_WIDTH, ceiling), ceiling=ceiling)
    for kind, value in events:
        if kind == "hint":
            tempo = tempo.hinted(value)
        elif kind == "success":
            tempo = tempo.succeeded(is_full=bool(value))
        else:
            tempo = tempo.limited(halvings=max(0, tempo.halvings - value))
        assert 1 <= tempo.width <= tempo.limit <= ceiling
    for _ in range(ceiling * ceiling):
        tempo = tempo.succeeded(is_full=True)
    assert tempo.width == tempo.limit


class Gauge:
    """Counts who is inside; the first arrivals stay until `release`."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = 0
        self.most = 0

    def __enter__(self) -> None:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.inside -= 1


@given(hint=st.integers(1, 12), statuses=st.lists(st.sampled_from([200, 429, 503]), min_size=1, max_size=30))
def test_never_more_on_their_way_than_the_width(hint: int, statuses: list[int]) -> None:
    """With twelve threads that press, and limits in between, everybody gets a turn in the end."""
    slept: list[float] = []
    pace = Pace(Clock(slept.append))
    pace.told(answer(x_ms_dop_hint=str(hint)))
    gauge = Gauge()

    def one(status: int) -> bool:
        with pace.turn() as turn, gauge:
            is_within = gauge.inside <= hint
            turn.told(answer(status, **({"Retry_After": "1"} if status == 429 else {})))
            return is_within

    with ThreadPoolExecutor(12) as threads:
        assert all(threads.map(one, statuses))
    assert gauge.most <= hint
    assert 1 <= pace.width <= hint


def test_a_limit_that_one_met_holds_everybody_back_once() -> None:
    """The pause of any thread is the pause of all, and no longer than what was asked and a twentieth."""
    slept: list[float] = []
    pace = Pace(Clock(slept.append))
    with pace.turn() as turn:
        turn.told(answer(429, Retry_After="40"))
    assert slept == []
    with pace.turn() as turn:
        turn.told(answer(200))
    assert len(slept) == 1
    assert 39 < slept[0] <= 42
    with pace.turn():
        assert len(slept) == 1


def test_a_pause_beyond_the_callers_time_is_told_and_not_waited_for() -> None:
    """What is in force longer than the budget is the answer."""
    slept: list[float] = []
    pace = Pace(Clock(slept.append))
    limit = answer(429, Retry_After="100")
    pace.told(limit)
    with pace.turn(pace.clock.now_s() + 10) as turn:
        assert turn.refusal is limit
    assert slept == []


def test_a_lost_answer_changes_nothing() -> None:
    """It says nothing about limits."""
    pace = Pace(Clock(lambda _: None))
    with pace.turn() as turn:
        turn.told(Lost("reset", is_sent=True))
    assert pace.width == FIRST_WIDTH


@pytest.mark.parametrize("text", ["", "many", "-3", "0", "9" * 30, "٣"])
def test_a_hint_that_is_none_is_ignored(text: str) -> None:
    """A header from a proxy does no harm."""
    pace = Pace(Clock(lambda _: None))
    pace.told(answer(x_ms_dop_hint=text))
    assert pace.width == FIRST_WIDTH
    assert pace.ceiling == CEILING


def test_the_ceiling_is_the_callers(
    service: responses.RequestsMock, accounts: Table, tokens: FixedTokens, policy: RetryPolicy
) -> None:
    """Several machines have to share what one identity may have."""
    service.get(f"{ROOT}/accounts({ID})", json={"accountid": "1"}, headers={"x-ms-dop-hint": "20"})
    url = "https://contoso.crm4.dynamics.com"
    with DataverseClient(url, tokens, retry=policy, most_at_once=3) as client:
        client.retrieve(accounts, ID)
        assert client._transport.pace.width == 3


def test_another_call_waits_for_a_limit_that_it_did_not_meet(
    service: responses.RequestsMock,
    accounts: Table,
    tokens: FixedTokens,
    pauses: list[float],
) -> None:
    """One call gives up at its budget; the next one, of any thread, is not sent into the same limit."""
    policy = RetryPolicy(budget_s=30, sleep=pauses.append)
    service.get(f"{ROOT}/accounts({ID})", status=429, headers={"Retry-After": "60"})
    with DataverseClient("https://contoso.crm4.dynamics.com", tokens, retry=policy) as client:
        for _ in range(2):
            with pytest.raises(Throttled) as caught:
                client.retrieve(accounts, ID)
            assert caught.value.retry_after_s == 60
    assert len(service.calls) == 1
    assert pauses == []


def test_threads_of_one_client_share_a_pause(
    service: responses.RequestsMock, client: DataverseClient, accounts: Table, pauses: list[float]
) -> None:
    """All calls succeed, and after the one limit nobody meets another."""
    service.get(f"{ROOT}/accounts({ID})", status=429, headers={"Retry-After": "5"})
    service.get(f"{ROOT}/accounts({ID})", json={"accountid": "1"})
    ask: Callable[[int], str] = lambda _: client.retrieve(accounts, ID).id  # noqa: E731 - typed on one line
    assert ask(0) == "1"
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(20))) == ["1"] * 20
    assert len(pauses) == 1


def test_who_is_woken_and_does_not_go_wakes_the_next() -> None:
    """A thread whose time is up must not leave another one waiting for ever."""
    held = threading.Event()
    pace = Pace(Clock(lambda _: None), ceiling=1)
    outcomes: list[bool] = []

    def one() -> None:
        with pace.turn(pace.clock.now_s() + 1) as turn:
            outcomes.append(turn.refusal is None)

    def hold() -> None:
        with pace.turn() as turn:
            held.set()
            while len(pace._changed._waiters) < 8:  # type: ignore[attr-defined]  # all others are there
                time.sleep(0)
            turn.told(answer(429, Retry_After="50"))

    with ThreadPoolExecutor(9) as threads:
        threads.submit(hold)
        assert held.wait(10)
        for _ in range(8):
            threads.submit(one)
    assert outcomes == [False] * 8
