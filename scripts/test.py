"""The tests: `python scripts/test.py [arguments of pytest]`; without any, all of them on several cores.

`--all` alone does the same and runs large matrices whole; else a tenth of each is drawn.
`--clients` installs other people's Dataverse clients and runs the tests that drive them; an
ordinary run skips those while the clients are missing.
"""

import os
import sys

import needs_python  # noqa: F401  # it must be imported before anything that older Pythons cannot parse
from bootstrap import ROOT, run_module
from foreign_clients import ensure
from installation import InstallationFailed

# More workers than this spend their time on starting emulators, not on tests.
MOST_WORKERS = 8
CLIENTS = "--clients"
ALL = "--all"
# A whole matrix takes minutes: who is done takes tests from whoever still has many.
SHARED = ["--dist", "worksteal"]


def whole() -> list[str]:
    """Return the arguments of pytest for all tests."""
    return ["tests", "-n", str(min(os.cpu_count() or 1, MOST_WORKERS))]


def pytest_arguments(given: list[str]) -> list[str]:
    """Return what pytest gets: what was given, with all tests when that names none."""
    if CLIENTS in given:
        return ["tests/clients", "--require-clients", *(word for word in given if word != CLIENTS)]
    if given == [ALL]:
        return [*whole(), *SHARED, ALL]
    return given or whole()


def main(given: list[str]) -> int:
    if CLIENTS in given:
        try:
            ensure(ROOT)
        except InstallationFailed as failure:
            sys.stderr.write("\n" + str(failure) + "\n")
            return 1
    return run_module("dev", "pytest", pytest_arguments(given))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
