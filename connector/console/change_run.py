"""A change to the job that is carried out, and kept in the history where there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from connector.console.connection import Connection
from connector.console.memory import Deed, history_of
from connector.console.voice import Voice
from connector.history.values import Kind
from connector.provisioning.apply import Applied
from connector.provisioning.change import Plan
from connector.provisioning.destroy import Destroyed
from connector.settings import Settings

Done = TypeVar("Done", Applied, Destroyed)


def kept(
    connection: Connection,
    settings: Settings,
    voice: Voice,
    plan: Plan,
    work: Callable[[], Done],
    kind: Kind,
    deed: Deed,
) -> Done | None:
    """What came of the plan; None for one with refusals, which is kept and not applied.

    Raises what `work` raises, after that is kept too: something may have been done already.
    """
    with history_of(settings, voice) as history:
        try:
            done = None if plan.refusals else work()
        except BaseException as error:
            history.changed(connection, kind, plan, None, deed, error)
            raise
        history.changed(connection, kind, plan, done, deed)
    return done
