"""An emulator over real HTTP for the tests that read, with the sample data and its standing clock."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from urllib.parse import urlsplit

import pytest

from connector.dataverse import ClientSecret, DataverseClient, Query, TrustedAuthorities, eq
from connector.emulator.ownership import OpenEmulator, open_emulator
from connector.model.tables import DECLARED, Tables

NAMES = {"contract_line_customer": "emu_contractlinecustomer"}


@dataclass(frozen=True)
class World:
    emulator: OpenEmulator
    client: DataverseClient
    tables: Tables

    def provision(self, workflow: str = "ProcessRunCaller", **columns: object) -> str:
        """The job as it should be, started once; the id of its record."""
        job = str(uuid.uuid4())
        values = {
            "msdyn_name": "Project Operations Create Invoices",
            "msdyn_jobtype": 867380000,
            "msdyn_frequency": 0,
            "msdyn_isactive": True,
        }
        self.client.create("msdyn_batchjobs", job, {**values, **columns})
        query = Query(filter=f"{eq('name', workflow)} and {eq('type', 1)}")
        definition = next(iter(self.client.list(self.tables.process, query)))
        self.client.action("ExecuteWorkflow", {"EntityId": job}, bound_to=("workflows", definition.id))
        return job


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state file with the sample data, made once; every world plays on a copy of its own."""
    path = tmp_path_factory.mktemp("verification") / "sample.db"
    open_emulator(path).stop()
    return path


@pytest.fixture
def world(sample: Path, tmp_path: Path) -> Iterator[World]:
    """An environment before anything was provisioned, on 3 October 2020."""
    with world_of(Path(copyfile(sample, tmp_path / "world.db"))) as world:
        yield world


@pytest.fixture(scope="module")
def running_world(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A job that has run for three days, for tests that only read."""
    path = tmp_path_factory.mktemp("running") / "world.db"
    with world_of(Path(copyfile(sample, path))) as world:
        world.provision()
        world.emulator.move_clock(datetime(2020, 10, 6, 7, tzinfo=UTC))
        yield world


@contextmanager
def world_of(path: Path) -> Iterator[World]:
    with open_emulator(path) as emulator, _client(emulator) as client:
        definitions = client.table_definitions(DECLARED.logical_names(NAMES))
        yield World(emulator, client, DECLARED.resolved(definitions, NAMES))


def _client(emulator: OpenEmulator) -> DataverseClient:
    parts = urlsplit(emulator.authority)
    host = f"{parts.scheme}://{parts.netloc}"
    tokens = ClientSecret(
        emulator.tenant_id,
        emulator.client_id,
        emulator.client_secret,
        authority_host=host,
        trusted=TrustedAuthorities(extra=(host,), is_emulator=True),
    )
    return DataverseClient(emulator.url, tokens, ca_file=emulator.ca_file)
