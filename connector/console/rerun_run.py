"""A rerun that is carried out, and kept in the history where there is one."""

from __future__ import annotations

from connector.console.connection import Connection
from connector.console.memory import history_of
from connector.console.voice import Voice
from connector.job.look import Environment, Sight
from connector.settings import Settings
from connector.support.apply import Applied, apply_rerun
from connector.support.plan import RerunPlan


def carried_out(
    connection: Connection,
    settings: Settings,
    voice: Voice,
    at: Environment,
    seen: Sight,
    plan: RerunPlan,
    reason: str,
) -> Applied | None:
    """What came of the plan; None for one with refusals, which is kept and not applied.

    Raises what applying raises, after that is kept too: it may have canceled already.
    """
    with history_of(settings, voice) as history:
        try:
            applied = None if plan.refusals else apply_rerun(at, seen, plan)
        except BaseException as error:
            history.rerun(connection, seen, plan, None, reason, error)
            raise
        history.rerun(connection, seen, plan, applied, reason)
    return applied
