"""Where durable runs do their work."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event

from connector.dataverse import DataverseClient, TableDefinition
from connector.hooks import Plugins
from connector.job.look import Environment
from connector.model.tables import Tables
from connector.runner.durable.engine import Stopping


@dataclass(frozen=True)
class Site:
    """Where runs do their work: one environment, under the name that all workers give it.

    `still_at_work_s` is how long a call whose answer nobody saw may go on in the environment. `stopping` is
    set when this process is to end.
    """

    name: str
    client: DataverseClient
    tables: Tables
    row_definition: TableDefinition | None
    plugins: Plugins
    look_at: Environment
    still_at_work_s: float
    stopping: Event = field(default_factory=Event)

    def wait(self, seconds: float) -> None:
        """Raises Stopping when the process is to end meanwhile."""
        if self.stopping.wait(seconds):
            raise Stopping

    def go_on(self) -> None:
        """Raises Stopping when the process is to end."""
        if self.stopping.is_set():
            raise Stopping
