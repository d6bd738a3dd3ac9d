"""Every fault at every request: a long script ends in the same state, whatever goes wrong on the way.

The ordinary run draws a tenth of the cases, `--all` runs them all. Emulator and client share no code.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from connector.dataverse import Create, DataverseClient
from connector.emulator.ownership import open_emulator
from connector.emulator.trouble import Cut, Rule, Status, Throttle
from connector.errors import OutcomeUnknown
from tests.dataverse.fault_kinds import KINDS, Kind
from tests.dataverse.fault_script import KNOWN, PARTS, batch_job, create_accounts, find_workflow, id_of
from tests.dataverse.fault_stage import Played, Scene, Stage, differences, together
from tests.matrix import Matrix

FEWEST_REQUESTS = 40
STORMS = 20
KINDS_OVER_TLS = [kind for kind in KINDS if isinstance(kind.fault, Cut) and kind.place == "web_api"]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with open_emulator(None, https=False) as emulator:
        yield Stage(emulator, KNOWN)


@pytest.fixture(scope="module")
def scenes(stage: Stage) -> list[Scene]:
    return stage.rehearse(PARTS)


@pytest.fixture(scope="module")
def secure_stage() -> Iterator[Stage]:
    with open_emulator(None, seed="none") as emulator:
        yield Stage(emulator, KNOWN)


@pytest.fixture(scope="module")
def secure_scenes(secure_stage: Stage) -> list[Scene]:
    return secure_stage.rehearse(PARTS[1:4])


@dataclass(frozen=True)
class Case:
    """A kind of fault at the `number`-th request of some parts, and what comes of them undisturbed."""

    kind: Kind
    number: int
    scenes: Sequence[Scene]

    def __str__(self) -> str:
        return f"{self.kind.name}, number {self.number} of {self.scenes[0].part.__name__}"

    def complaints(self, stage: Stage) -> list[str]:
        """What is not as it is undisturbed."""
        rule = Rule(fault=self.kind.fault, place=self.kind.place, start=self.number, times=1)
        parts = [scene.part for scene in self.scenes]
        try:
            played = stage.play(parts, self.scenes[0].start, [rule], **self.kind.policy)
        except Exception as error:  # noqa: BLE001 - each case is to be told, whatever went wrong
            return [f"{self}: {type(error).__name__}: {error}"]
        return [f"{self}: {each}" for each in complaints(played, together(self.scenes))]


def cases_of(kind: Kind, scenes: list[Scene], matrix: Matrix) -> list[Case]:
    """The kind at everything that it can strike; sign-ins are those of the first part.

    In a whole matrix the script goes on to its end. In a drawn one a case ends with its part, after which
    all tables are compared as well: what follows depends on nothing else.
    """
    cases = [
        Case(kind, number, scenes[place:] if matrix.is_whole else scenes[place : place + 1])
        for place, scene in enumerate(scenes[:1] if kind.place == "token" else scenes)
        for number in range(1, scene.expected.counts[kind.place] + 1)
    ]
    return matrix.sample(cases)


def complaints(played: Played, expected: Played) -> list[str]:
    found = [] if played.seen == expected.seen else [f"seen: {played.seen} and not {expected.seen}"]
    return found + differences(played.state, expected.state)


def test_the_script_is_long_and_repeats_itself(stage: Stage, scenes: list[Scene]) -> None:
    """Undisturbed it makes more than forty requests, pauses never, and ends each time in the same state."""
    played = stage.play(PARTS, scenes[0].start)
    assert complaints(played, together(scenes)) == []
    assert played.counts["web_api"] >= FEWEST_REQUESTS
    assert played.pauses == []


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_every_fault_at_every_request_changes_nothing_in_the_end(
    kind: Kind, stage: Stage, scenes: list[Scene], matrix: Matrix
) -> None:
    """Nothing is lost, nothing is doubled, nobody is told of a failure, and all that is read is the same."""
    found = [line for case in cases_of(kind, scenes, matrix) for line in case.complaints(stage)]
    assert found == []


@pytest.mark.parametrize("kind", KINDS_OVER_TLS, ids=[kind.name for kind in KINDS_OVER_TLS])
def test_it_is_the_same_over_https(
    kind: Kind, secure_stage: Stage, secure_scenes: list[Scene], matrix: Matrix
) -> None:
    """Connections that are cut look different below TLS; in the end nothing does."""
    found = [line for case in cases_of(kind, secure_scenes, matrix) for line in case.complaints(secure_stage)]
    assert found == []


def test_storms_change_nothing_in_the_end(stage: Stage, scenes: list[Scene], matrix: Matrix) -> None:
    """A fifth of all requests is throttled, a tenth loses its answer, some are refused by a gateway."""
    for seed in matrix.sample(range(STORMS)):
        rules = [
            Rule(fault=Throttle(retry_after_s=2), probability=0.2, seed=seed),
            Rule(fault=Cut(moment="after"), probability=0.1, seed=seed + STORMS),
            Rule(fault=Cut(moment="before"), probability=0.05, seed=seed + 2 * STORMS),
            Rule(fault=Status(status=502), probability=0.05, seed=seed + 3 * STORMS),
        ]
        played = stage.play(PARTS, scenes[0].start, rules)
        assert (seed, complaints(played, together(scenes))) == (seed, [])
        assert played.pauses


@pytest.fixture
def own_time(stage: Stage) -> Iterator[list[float]]:
    """The windows of the limits on a clock that only the client's pauses move."""
    now_s, trouble = [0.0], stage.emulator.trouble
    usual, trouble.clock_s = trouble.clock_s, lambda: now_s[0]
    yield now_s
    trouble.change_limits(is_on=False)
    trouble.clock_s = usual


def test_limits_delay_the_script_and_change_nothing(
    stage: Stage, scenes: list[Scene], own_time: list[float]
) -> None:
    """With seven requests in ten seconds the script takes about as long as that has to, and ends the same."""
    expected, lock = together(scenes), threading.Lock()

    def sleep(seconds: float) -> None:
        with lock:
            own_time[0] += seconds

    stage.emulator.trouble.change_limits(is_on=True, requests=7, window_s=10)
    stage.emulator.trouble.forget_received()
    played = stage.play(PARTS, scenes[0].start, sleep=sleep)
    assert complaints(played, expected) == []
    refused = [entry for entry in stage.emulator.trouble.received() if entry.fault == "limit"]
    assert refused
    windows = played.counts["web_api"] / 7
    assert 10 * (windows - 2) < own_time[0] < 20 * windows
    assert len(refused) < 3 * windows


def test_the_comparison_sees_what_is_lost_and_what_is_doubled(stage: Stage, scenes: list[Scene]) -> None:
    """A script that forgets a record, writes another value or starts a job twice is found out."""
    start = scenes[0].start
    expected = stage.play([create_accounts], start).state

    def forgetting(client: DataverseClient) -> object:
        create_accounts(client)
        record = id_of("a")
        client.upsert("accounts", record, {"name": "another"})
        client.change_set([Create("accounts", id_of("p"), {"name": "too much"})])
        return None

    found = differences(stage.play([forgetting], start).state, expected)
    assert [line.split(":")[:2] for line in found] == [
        ["account", " too much"],
        ["account", " too much"],
        ["account", " missing"],
    ]


def test_the_comparison_sees_a_job_that_was_started_twice(stage: Stage, scenes: list[Scene]) -> None:
    """Whoever repeats an action blindly after a lost answer has doubled it."""
    body, name = {"EntityId": id_of("job 1")}, "job 1"

    def prepare(client: DataverseClient) -> object:
        client.create("msdyn_batchjobs", id_of(name), batch_job(name))
        return None

    def start(client: DataverseClient) -> object:
        workflow = find_workflow(client)
        while True:
            try:
                client.action("ExecuteWorkflow", body, bound_to=("workflows", workflow))
            except OutcomeUnknown:
                continue
            return None

    undisturbed = stage.play([prepare, start], scenes[0].start).state
    rule = Rule(fault=Cut(moment="after"), path="*ExecuteWorkflow", times=1)
    found = differences(stage.play([prepare, start], scenes[0].start, [rule]).state, undisturbed)
    assert sum(line.startswith("asyncoperation: too much") for line in found) == 1
