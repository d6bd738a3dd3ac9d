"""What a dead worker left goes back into the queue, by hand or by another worker that was asked to."""

from __future__ import annotations

from collections.abc import Iterator

from connector.console.durable import State, environment_name, opened
from connector.runner.engine_dbos import Left, steering
from connector.settings import Settings


def take_over(settings: Settings) -> Iterator[str]:
    """Hand over what dead workers left of this environment's runs; says what."""
    with opened(settings) as state:
        moved = hand_over(state, environment_name(settings))
        if not moved:
            yield "No worker left anything."
        for part in moved:
            yield f"{part.id}: left by {part.worker}, and in the queue again."


def hand_over(state: State, environment: str) -> list[Left]:
    """Put the parts of dead workers into the queue again."""
    with steering(state.database.address, environment) as steer:
        dead = {worker: state.is_dead(worker) for worker in {part.worker for part in steer.unended()}}
        moved = [part for part in steer.unended() if part.is_taken and dead.get(part.worker, False)]
        steer.resume(moved)
        return moved
