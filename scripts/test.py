"""The tests: `python scripts/test.py [arguments of pytest]`; without any, all of them on several cores.

`--all` alone does the same and runs large matrices whole; else a tenth of each is drawn.
"""

import os
import sys

import needs_python  # noqa: F401  # it must be imported before anything that older Pythons cannot parse
from bootstrap import run_module

# More workers than this spend their time on starting emulators, not on tests.
MOST_WORKERS = 8


def whole() -> list[str]:
    """Return the arguments of pytest for all tests."""
    return ["tests", "-n", str(min(os.cpu_count() or 1, MOST_WORKERS))]


def pytest_arguments(given: list[str]) -> list[str]:
    """Return what pytest gets: what was given, with all tests when that names none."""
    return [*whole(), *given] if given in ([], ["--all"]) else given


if __name__ == "__main__":
    sys.exit(run_module("dev", "pytest", pytest_arguments(sys.argv[1:])))
