"""The emulator with the sample data, on the day of the documented example's first invoice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from tests.runner.emulated import Emulated, emulated
from tests.runner.many import Copies

FIRST_RUN_DATE = date(2020, 10, 5)


@pytest.fixture
def world() -> Iterator[Emulated]:
    """Noon of 5 October 2020, nothing invoiced yet; its rules know the emulator's invented choice."""
    with emulated() as found:
        found.set_clock(FIRST_RUN_DATE)
        yield found


@pytest.fixture(scope="module")
def sample() -> Iterator[Emulated]:
    """The same for tests that only read: one for all of them."""
    with emulated() as found:
        found.set_clock(FIRST_RUN_DATE)
        yield found


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Copies:
    """Environments with two contracts, as often as they are wanted: the first has two run dates."""
    return Copies(tmp_path_factory.mktemp("few"), 2)
