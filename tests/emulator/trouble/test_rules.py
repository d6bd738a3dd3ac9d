"""Which requests a rule strikes, as values."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from connector.emulator.trouble import Cut, Rule, Slow, Sql, Status, Throttle, parse_rule
from connector.emulator.trouble.rule import matches, strikes
from connector.emulator.trouble.rules import Rules
from connector.errors import UsageError


def struck(rule: Rule, count: int = 12) -> list[int]:
    """The numbers of the first matching requests that the rule strikes."""
    found: list[int] = []
    for number in range(1, count + 1):
        if strikes(rule, number, len(found)):
            found.append(number)
    return found


@pytest.mark.parametrize(
    ("members", "numbers"),
    [
        ({}, list(range(1, 13))),
        ({"times": 2}, [1, 2]),
        ({"start": 3, "times": 1}, [3]),
        ({"start": 11}, [11, 12]),
        ({"every": 5}, [1, 6, 11]),
        ({"start": 4, "every": 3, "times": 2}, [4, 7]),
        ({"probability": 0}, []),
    ],
)
def test_a_rule_strikes_by_number(members: Mapping[str, Any], numbers: list[int]) -> None:
    """From `start` on, each `every`-th, at most `times` times."""
    assert struck(Rule(fault=Cut(), **members)) == numbers


def test_chance_is_the_same_for_the_same_seed() -> None:
    """A probability strikes about its share, the same numbers for one seed and others for another."""
    first, again, other = (struck(Rule(fault=Cut(), probability=0.3, seed=seed), 1000) for seed in (7, 7, 8))
    assert first == again
    assert first != other
    assert 200 < len(first) < 400


@pytest.mark.parametrize(
    ("members", "is_matching"),
    [
        ({}, True),
        ({"method": "get"}, True),
        ({"method": "POST"}, False),
        ({"path": "accounts"}, True),
        ({"path": "accounts*"}, True),
        ({"path": "account"}, False),
        ({"path": "Accounts"}, False),
        ({"path": "*skiptoken*"}, True),
        ({"path": "*name eq*"}, True),
        ({"path": "contacts*"}, False),
        ({"place": "token"}, False),
    ],
)
def test_a_rule_matches_by_method_and_address(members: Mapping[str, Any], is_matching: bool) -> None:
    """Methods in any case, addresses with or without their query, whose escapes are undone."""
    members = {"fault": Status(), **members}
    query = "$skiptoken=1&$filter=name%20eq%20%27a%27"
    assert matches(Rule(**members), "web_api", "GET", "accounts", query) is is_matching


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "fault"),
        ({"fault": {"kind": "rain"}}, "rain"),
        ({"fault": {"kind": "cut", "moment": "later"}}, "later"),
        ({"fault": {"kind": "cut", "color": 1}}, "color"),
        ({"fault": {"kind": "status", "status": 200}}, "status"),
        ({"fault": {"kind": "status", "code": "bad"}}, "code"),
        ({"fault": {"kind": "slow", "body_s": -1}}, "body_s"),
        ({"fault": {"kind": "throttle", "retry_after_s": -1}}, "retry_after_s = -1"),
        ({"fault": {"kind": "cut", "moment": "body", "is_reset": True}}, "is_reset"),
        ({"fault": {"kind": "cut"}, "start": 0}, "start"),
        ({"fault": {"kind": "cut"}, "every": 0}, "every"),
        ({"fault": {"kind": "cut"}, "times": 0}, "times"),
        ({"fault": {"kind": "cut"}, "probability": 2}, "probability"),
        ({"fault": {"kind": "cut"}, "place": "somewhere"}, "somewhere"),
        ({"fault": {"kind": "cut"}, "place": "batch_item"}, "kind cut cannot be at the place batch_item"),
        ({"fault": {"kind": "sql"}, "place": "token"}, "kind sql cannot be at the place token"),
        ({"fault": {"kind": "status"}, "place": "batch_item"}, 'body "html"'),
        ({"fault": {"kind": "cut"}, "methods": ["GET"]}, "methods"),
        ([], "object"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(body: object, said: str) -> None:
    """One sentence that names the member and what is wrong with it."""
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        parse_rule(body)


def test_a_rule_comes_from_json() -> None:
    """The kind of the fault stands beside its members."""
    body = {"fault": {"kind": "throttle", "limit": "time", "retry_after_s": None}, "path": "accounts*"}
    assert parse_rule(body) == Rule(fault=Throttle(limit="time", retry_after_s=None), path="accounts*")


def test_the_oldest_rule_decides_and_each_counts() -> None:
    """Of two rules that would strike one request the older does; both have matched it."""
    rules = Rules()
    older = rules.add(Rule(fault=Cut(), start=2))
    newer = rules.add(Rule(fault=Sql()))
    assert [rules.choose("web_api", "GET", "accounts") for _ in range(3)] == [Sql(), Cut(), Cut()]
    assert [(one.id, one.matched, one.struck) for one in rules.standing()] == [(older, 3, 2), (newer, 3, 1)]


def test_rules_are_removed_one_by_one_or_all() -> None:
    """A removed rule strikes no more; removing what is not there is an error that names what is."""
    rules = Rules()
    first, second = rules.add(Rule(fault=Cut())), rules.add(Rule(fault=Slow()))
    rules.remove(first)
    assert rules.choose("web_api", "GET", "x") == Slow()
    with pytest.raises(UsageError, match=f"no fault rule {first}.*There are: {second}"):
        rules.remove(first)
    rules.clear()
    assert rules.choose("web_api", "GET", "x") is None


def test_many_threads_get_no_more_than_the_times() -> None:
    """A rule that strikes five times does so five times, however many threads ask at once."""
    rules = Rules()
    rules.add(Rule(fault=Cut(), times=5))
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.extend(rules.choose("web_api", "GET", "x") for _ in range(50)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(fault is not None for fault in found) == 5
    assert rules.standing()[0].matched == 400
