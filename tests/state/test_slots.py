"""The ids of workers: stable, and one process at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from connector.state.slots import is_slot_free, slot

HOLD = """
import sys
from pathlib import Path
from connector.state.slots import slot
with slot(Path(sys.argv[1])) as id:
    print(id, flush=True)
    sys.stdin.read()
"""


def test_an_id_is_the_same_each_time(tmp_path: Path) -> None:
    """Whoever comes after has the id of whoever was there before."""
    with slot(tmp_path) as first:
        pass
    with slot(tmp_path) as second:
        assert second == first


def test_two_at_a_time_have_two_ids(tmp_path: Path) -> None:
    """A slot that is held is left alone."""
    with slot(tmp_path) as first, slot(tmp_path) as second:
        assert first != second
        assert not is_slot_free(tmp_path, first)
    assert is_slot_free(tmp_path, first)
    assert not is_slot_free(tmp_path, "worker-of-another-machine")


def test_a_killed_process_gives_its_id_back_at_once(tmp_path: Path, repository: Path) -> None:
    """The lock dies with its holder, whatever it died of."""
    words = [sys.executable, "-c", HOLD, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as held:
        assert held.stdout is not None
        id = held.stdout.readline().strip()
        assert not is_slot_free(tmp_path, id)
        held.kill()
        held.wait()
        assert is_slot_free(tmp_path, id)
        with slot(tmp_path) as after:
            assert after == id
