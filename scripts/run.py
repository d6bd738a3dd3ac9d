"""The command `projops run`, for those who run scripts: `python scripts/run.py --help`."""

import sys

import needs_python  # noqa: F401  # it must be imported before anything that older Pythons cannot parse
from bootstrap import run_command

sys.exit(run_command("run"))
