"""What durable runs write down is understood by several threads at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FRESH = """
import sys
from connector.runner.durable.facts import frozen_of, intent_of, request_of

seen = []
sys.setprofile(lambda frame, event, _: seen.append(frame.f_code.co_name) if event == "call" else None)
request_of({"rules": {}})
frozen_of({"on": "2020-10-05", "today": "2020-10-05", "zone": "UTC", "takes_missed": True})
intent_of({})
sys.setprofile(None)
assert {"request_of", "frozen_of", "intent_of"} <= set(seen), seen
sys.exit("get_class_annotations" in seen)
"""


def test_no_type_is_found_out_at_its_first_use(repository: Path) -> None:
    """msgspec looks into a struct when it is used first, and two threads that do so at once can crash the
    process: in a fresh one all is looked into when the module is imported."""
    done = subprocess.run(
        [sys.executable, "-c", FRESH], cwd=repository, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
