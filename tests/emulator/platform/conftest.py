from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.emulator.ownership import open_emulator
from tests.emulator.platform.world import RUN_S, World


@pytest.fixture
def bare() -> Iterator[World]:
    """An environment without business data, in memory."""
    with open_emulator(None, seed="none") as emulator:
        emulator.change_switches(run_duration_s=RUN_S)
        world = World(emulator)
        yield world
        world.session.close()


@pytest.fixture
def sample() -> Iterator[World]:
    """The sample data, in memory; the clock stands at 3 October 2020, 06:00."""
    with open_emulator(None) as emulator:
        emulator.change_switches(run_duration_s=RUN_S)
        world = World(emulator)
        yield world
        world.session.close()


@pytest.fixture(params=["jobs", "steps"])
def shaped(request: pytest.FixtureRequest, bare: World) -> World:
    """A bare environment in each of the two undocumented shapes of the job."""
    bare.emulator.change_switches(job_shape=request.param)
    return bare
