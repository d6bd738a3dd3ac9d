"""What a dead worker left goes back into the queue, by hand or by another worker that was asked to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from connector.console.durable.here import State, environment_name, opened
from connector.runner.durable.dbos_engine.steering import Left, Steering, steering
from connector.settings import Settings


def take_over(settings: Settings) -> Iterator[str]:
    """Hand over what dead workers left of this environment's runs; says what."""
    environment = environment_name(settings)
    with opened(settings) as state, steering(state.database.address, environment) as steer:
        moved = hand_over(state, steer)
        if not moved:
            yield "No worker left anything."
        for part in moved:
            yield f"{part.id}: left by {part.worker}, and in the queue again."


def hand_over(state: State, steer: Steering, after: timedelta = timedelta(0), own_id: str = "") -> list[Left]:
    """Put the parts of workers into the queue again that have been dead for so long; `own_id` is alive."""
    taken = [part for part in steer.taken() if part.worker != own_id]
    dead = {worker for worker in {part.worker for part in taken} if state.is_dead(worker, after)}
    moved = [part for part in taken if part.worker in dead]
    steer.resume(moved)
    return moved
