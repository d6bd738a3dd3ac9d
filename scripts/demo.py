"""The main job, end to end, on the embedded emulator: `python scripts/demo.py`."""

import sys

import needs_python  # noqa: F401  # it must be imported before anything that older Pythons cannot parse
from bootstrap import run_module

sys.exit(run_module("demo", "connector.console.demo", sys.argv[1:]))
