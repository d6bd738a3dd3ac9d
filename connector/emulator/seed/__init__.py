"""The data that a new state file begins with.

"sample" is the documented example with a handful of other contracts, "none" the bare environment:
organisation, users, roles, currencies, time zones, processes and solutions, but no business data and
no batch job. The clock of both begins at `CLOCK_STARTS`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from connector.emulator.seed.environment import plant_environment
from connector.emulator.seed.planter import Planter
from connector.emulator.seed.played import play
from connector.emulator.seed.sample import plant_sample
from connector.emulator.seed.snapshot_file import SnapshotFile
from connector.emulator.store import Transaction
from connector.errors import UsageError

__all__ = ["CLOCK_STARTS", "SEEDS", "check_seed", "plant", "plant_snapshot", "seed_of"]

SEEDS = ("sample", "none")
CLOCK_STARTS = datetime(2020, 10, 3, 6, tzinfo=UTC)
_PLANTED = "seed"


def check_seed(name: str) -> None:
    """Raises UsageError for a name that is none of `SEEDS`."""
    if name not in SEEDS:
        raise UsageError(f"--seed {name!r} is unknown.", f"There are: {', '.join(SEEDS)}.")


def seed_of(tx: Transaction) -> str | None:
    """What a state file was planted with; None when nothing was planted yet."""
    planted = tx.setting(_PLANTED)
    return None if planted is None else str(planted)


def plant(tx: Transaction, name: str) -> None:
    """Fill a bootstrapped state file, once."""
    check_seed(name)
    plant_environment(tx)
    if name == "sample":
        plant_sample(Planter(tx))
    tx.set_setting(_PLANTED, name)


def plant_snapshot(tx: Transaction, snapshot: SnapshotFile) -> None:
    """Fill a bootstrapped state file with a pulled environment, once. Raises StateFileError."""
    play(tx, snapshot)
    tx.set_setting(_PLANTED, "snapshot")
