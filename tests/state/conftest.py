from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.state.address import state_address
from connector.state.database import Database


class Wall:
    """A clock of a machine, which can be set."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def database(tmp_path: Path, wall: Wall) -> Iterator[Database]:
    with Database.open(state_address(str(tmp_path / "runs.db")), wall=wall) as opened:
        yield opened
