"""How far previews agreed with what the platform created: one score for each run date that was compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.history.values import Entry, Kind


@dataclass(frozen=True, slots=True)
class SeenScore:
    """Contracts that were equal among those compared, for the run date `on` (ISO), as of `at`.

    `proves_wiring_only` marks the score of an emulator, whose job runs our own plug-ins.
    """

    environment: str
    on: str
    at: datetime
    equal: int
    compared: int
    unknown: int
    proves_wiring_only: bool


def scores_of(entries: Iterable[Entry]) -> list[SeenScore]:
    """By environment and run date; of a date that was compared several times the last one counts."""
    found: dict[tuple[str, str], SeenScore] = {}
    for entry in entries:
        if entry.kind is Kind.COMPARE and (score := _score(entry)) is not None:
            found[score.environment, score.on] = score
    return [found[key] for key in sorted(found)]


def _score(entry: Entry) -> SeenScore | None:
    facts = entry.facts
    try:
        return SeenScore(
            entry.environment,
            str(facts["on"]),
            entry.at,
            int(str(facts["equal"])),
            int(str(facts["compared"])),
            int(str(facts["unknown"])),
            bool(facts["proves_wiring_only"]),
        )
    except (KeyError, ValueError):
        return None  # of another version: it stays among the entries


def percent(equal: int, compared: int) -> int | None:
    """Rounded down: 100 means all of them. None where nothing could be compared."""
    return 100 * equal // compared if compared else None


def scores_as_text(scores: Sequence[SeenScore]) -> Iterator[str]:
    """A line for each run date, and what they come to: the trust that a preview has earned."""
    if not scores:
        return
    yield f"{'compared run date':<19} {'equal':>11}  {'share':>5}  not comparable"
    several = len({score.environment for score in scores}) > 1
    for score in scores:
        share = percent(score.equal, score.compared)
        shown = "" if share is None else f"{share} %"
        where = f"  {score.environment}" if several else ""
        yield (
            f"{score.on:<19} {f'{score.equal} of {score.compared}':>11}  {shown:>5}  {score.unknown}{where}"
        )
    yield _sentence(scores)


def _sentence(scores: Sequence[SeenScore]) -> str:
    real = [score for score in scores if not score.proves_wiring_only]
    if not real:
        return "Trust in previews: none earned yet; an emulator's scores prove wiring only."
    equal, compared = sum(one.equal for one in real), sum(one.compared for one in real)
    share = percent(equal, compared)
    if share is None:
        return "Trust in previews: nothing could be compared."
    dates = "1 run date" if len(real) == 1 else f"{len(real)} run dates"
    return f"Trust in previews: {share} % ({equal} of {compared} contracts equal, over {dates})."


def score_as_json(score: SeenScore) -> dict[str, Any]:
    """An item of `scores`; `share` in whole per cent, rounded down, null where nothing was compared."""
    return {
        "environment": score.environment,
        "on": score.on,
        "equal": score.equal,
        "compared": score.compared,
        "unknown": score.unknown,
        "share": percent(score.equal, score.compared),
        "proves_wiring_only": score.proves_wiring_only,
    }
