"""The diagnosis as text and as JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from connector.console.doctor.step import Outcome, StepResult
from connector.settings.told import DEFAULT, Told

_WORDS = {Outcome.OK: "ok", Outcome.FAILED: "failed", Outcome.NOT_REACHED: "not reached"}


def doctor_as_json(
    settings: Sequence[Told], steps: Sequence[StepResult], sign_in: str | None
) -> dict[str, Any]:
    return {
        "is_sound": is_sound(steps),
        "sign_in": sign_in,
        "settings": [
            {
                "name": one.name,
                "variable": one.variable,
                "value": one.value,
                "source": one.source,
                "is_secret": one.is_secret,
            }
            for one in settings
        ],
        "steps": [
            {
                "name": one.name,
                "outcome": one.outcome.value,
                "detail": one.detail or None,
                "hint": one.hint or None,
            }
            for one in steps
        ],
    }


def doctor_as_text(settings: Sequence[Told], steps: Iterable[StepResult]) -> Iterator[str]:
    given = [one for one in settings if one.source != DEFAULT]
    yield "Settings"
    width = max((len(one.variable) for one in given), default=0)
    for one in given:
        value = "(a secret)" if one.is_secret else one.value
        yield f"  {one.variable:<{width}}  {value}  from {one.source}"
    yield "  all others have their defaults" if given else "  nothing is set"
    yield ""
    yield "Steps"
    for step in steps:
        yield f"  {_WORDS[step.outcome]:<11}  {step.name}{f': {step.detail}' if step.detail else ''}"
        if step.hint:
            yield f"               {step.hint}"


def is_sound(steps: Iterable[StepResult]) -> bool:
    return all(one.outcome is Outcome.OK for one in steps)
