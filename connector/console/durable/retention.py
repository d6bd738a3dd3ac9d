"""Old runs are forgotten when somebody asks for it, or by `projops serve`: both databases keep all rows."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from connector.console.durable.here import State
from connector.runner.durable.dbos_engine.steering import steering
from connector.state.runs import ENDED


def prune_runs(state: State, older_than: timedelta) -> int:
    """Forget what ended longer ago than that; returns how many runs there were."""
    now = state.runs.now()
    old = [
        row
        for row in state.runs.rows()
        if row.state in ENDED and row.ended is not None and now - row.ended > older_than
    ]
    by_environment: dict[str, list[str]] = defaultdict(list)
    for row in old:
        by_environment[row.environment].append(row.id)
    for environment, ids in by_environment.items():
        with steering(state.database.address, environment) as steer:
            steer.delete(ids)
        state.runs.delete(ids)
    return len(old)
