"""An emulator over real HTTP, with a client of it, for tests of the job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from connector.dataverse import EVERYTHING, ClientSecret, DataverseClient, RetryPolicy, TrustedAuthorities
from connector.emulator.ownership import OpenEmulator, open_emulator
from connector.emulator.store import Image
from connector.job.look import Environment, Sight, look
from connector.model.desired_job import USUAL_NAMES
from connector.model.invoicing_rules import InvoicingRules
from connector.model.process import PROCESS_RUN_CALLER, Process
from connector.model.tables import DECLARED

PATIENT = RetryPolicy(sleep=lambda _: None)
SETTLE_S = 10
RECORD = "11111111-1111-1111-1111-111111111111"


@dataclass
class Emulated:
    """`naps` holds the pauses that the code under test asked for; none of them is slept."""

    emulator: OpenEmulator
    at: Environment
    naps: list[float] = field(default_factory=list)
    shape: str = "jobs"
    states: dict[str, Image] = field(default_factory=dict)
    """Snapshots that a test returns to."""
    _taken: list[str] = field(default_factory=list)

    @property
    def client(self) -> DataverseClient:
        return self.at.client

    def create_record(self, name: str = USUAL_NAMES[0]) -> None:
        values = {
            "msdyn_name": name,
            "msdyn_jobtype": 867380000,
            "msdyn_frequency": 0,
            "msdyn_isactive": True,
        }
        self.client.create("msdyn_batchjobs", RECORD, values)

    def execute(self, workflow: str = PROCESS_RUN_CALLER) -> str:
        """Start a workflow as the platform's form does, without any guard; the system job's id."""
        definition = self.definition(workflow)
        body = self.client.action(
            "ExecuteWorkflow", {"EntityId": RECORD}, bound_to=("workflows", definition.id)
        )
        assert body is not None
        return str(body["asyncoperationid"])

    def definition(self, workflow: str) -> Process:
        found = [
            item for item in self.client.list(self.at.tables.process, EVERYTHING) if item.name == workflow
        ]
        return next(item for item in found if item.type == 1)

    def stall(self) -> None:
        """Let the timer of the sleeping job end and nothing follow, then go on for two days."""
        self.emulator.change_switches(stalls_timers=True)
        self.emulator.advance_clock(timedelta(days=3))
        self.emulator.change_switches(stalls_timers=False)

    def look(self) -> Sight:
        return look(self.at)

    def reset(self, shape: str) -> None:
        """Take the job away, with all that tests have done to it; the clock stays where it is."""
        self.shape = shape
        with self.emulator.store.transaction() as tx:
            for table, key in (
                ("workflowlog", "workflowlogid"),
                ("asyncoperation", "asyncoperationid"),
                ("msdyn_batchjob", "msdyn_batchjobid"),
            ):
                for row in tx.find(table, {}):
                    tx.delete(table, str(row[key]))
            for row in tx.find("workflow", {"statecode": 0}):
                tx.update("workflow", str(row["workflowid"]), {"statecode": 1, "statuscode": 2})
        self.emulator.change_privileges({"give": list(self._taken)})
        self._taken.clear()
        self.emulator.change_switches(job_shape=shape, stalls_timers=False, run_duration_s=90)
        self.naps.clear()

    def take_privilege(self, name: str) -> None:
        self._taken.append(name)
        self.emulator.change_privileges({"take": [name]})

    def second(self) -> Environment:
        """The environment as seen from another machine: a client of its own."""
        return Environment(client_of(self.emulator), self.at.tables, self.at.rules, self.naps.append)


@contextmanager
def running(seed: str = "none") -> Iterator[Emulated]:
    with open_emulator(None, seed=seed) as emulator:
        client = client_of(emulator)
        tables = DECLARED.resolved(client.table_definitions(DECLARED.logical_names()))
        naps: list[float] = []
        yield Emulated(
            emulator, Environment(client, tables, InvoicingRules(settle_s=SETTLE_S), naps.append), naps
        )
        client.close()


@pytest.fixture(scope="session")
def shared_emulator() -> Iterator[Emulated]:
    with running() as found:
        yield found


@pytest.fixture(params=["jobs", "steps"])
def world(request: pytest.FixtureRequest, shared_emulator: Emulated) -> Emulated:
    """An environment without a job, in the shape that nobody documents: both, one after the other."""
    shared_emulator.reset(request.param)
    return shared_emulator


def client_of(emulator: OpenEmulator, user_agent: str = "projops-connector") -> DataverseClient:
    host = emulator.authority.rpartition("/")[0]
    tokens = ClientSecret(
        emulator.tenant_id,
        emulator.client_id,
        emulator.client_secret,
        authority_host=host,
        trusted=TrustedAuthorities(extra=(host,), is_emulator=True),
    )
    return DataverseClient(
        emulator.url, tokens, ca_file=emulator.ca_file, retry=PATIENT, user_agent=user_agent
    )
