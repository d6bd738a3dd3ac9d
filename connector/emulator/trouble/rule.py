"""Which requests a fault strikes: by method, address and number, as a value."""

from __future__ import annotations

import random
from fnmatch import fnmatchcase
from typing import Annotated, Literal
from urllib.parse import unquote

import msgspec
from msgspec import Meta, Struct

from connector.emulator.trouble.fault import Cut, Fault, Slow, Sql, Status, Throttle, kind_of
from connector.errors import UsageError

Place = Literal["web_api", "batch_item", "token"]
_POSSIBLE: dict[str, tuple[type[Struct], ...]] = {
    "batch_item": (Throttle, Status, Sql),
    "token": (Status, Cut, Slow),
}


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fault and what it strikes.

    place        web_api: whole requests, a $batch among them; batch_item: single operations inside of a
                 $batch, counted over all batches; token: the token endpoint
    method       None for any
    path         a pattern with * and ? over the address behind the API's root, with or without its query:
                 accounts*, $batch, *skiptoken*
    start        the first matching request to strike, counted from 1
    every        and then each every-th
    times        at most so often; None: until the rule is removed
    probability  of each of them, drawn by `seed`: the same seed strikes the same numbers
    """

    fault: Fault
    place: Place = "web_api"
    method: str | None = None
    path: str = "*"
    start: Annotated[int, Meta(ge=1)] = 1
    every: Annotated[int, Meta(ge=1)] = 1
    times: Annotated[int, Meta(ge=1)] | None = None
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        fault, possible = self.fault, _POSSIBLE.get(self.place)
        if possible is not None and not isinstance(fault, possible):
            kinds = ", ".join(str(kind.__struct_config__.tag) for kind in possible)
            raise UsageError(
                f"A fault of the kind {kind_of(fault)} cannot be at the place {self.place}.",
                f"There can be: {kinds}.",
            )
        if (
            self.place == "batch_item"
            and isinstance(fault, Status)
            and (fault.body != "json" or fault.is_after)
        ):
            raise UsageError(
                f'An operation of a batch cannot be answered with body "{fault.body}"'
                f"{' after it took effect' if fault.is_after else ''}.",
                'Give body "json", without is_after.',
            )


# Looked into here, not by whichever requests come first (see platform/switches.py).
msgspec.json.Decoder(Rule)


def parse_rule(content: object) -> Rule:
    """A rule from JSON: `{"fault": {"kind": "cut"}, "method": "PATCH", "times": 1}`.

    Raises UsageError that says which member cannot be.
    """
    try:
        return msgspec.convert(content, Rule)
    except msgspec.ValidationError as error:
        raise UsageError(f"This is no rule: {error}.", "docs/emulator.md describes them.") from error


def matches(rule: Rule, place: Place, method: str, path: str, query: str = "") -> bool:
    """Whether a request is one of those that the rule counts; `path` and `query` as they came."""
    if rule.place != place or (rule.method is not None and rule.method.upper() != method.upper()):
        return False
    texts = (path, unquote(path), unquote(f"{path}?{query}"))
    return any(fnmatchcase(text, rule.path) for text in texts)


def strikes(rule: Rule, number: int, struck: int) -> bool:
    """Whether the `number`-th matching request is struck, when `struck` have been so far."""
    if number < rule.start or (number - rule.start) % rule.every:
        return False
    if rule.times is not None and struck >= rule.times:
        return False
    return rule.probability >= 1 or random.Random(f"{rule.seed}:{number}").random() < rule.probability  # noqa: S311 - chance, no secret
