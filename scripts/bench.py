"""Benchmarks: `python scripts/bench.py client --help`; their figures stand in docs/performance.md."""

import importlib
import sys

import needs_python  # noqa: F401  # it must be imported before anything that older Pythons cannot parse
from bootstrap import ROOT, exit_code_of, install
from installation import FOLDER, python_of

# Each is a package of scripts/benchmarks/ with a module `command`.
BENCHMARKS = ("client", "emulator", "page", "plan", "run", "start", "verify")


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in BENCHMARKS:
        print(f"usage: python scripts/bench.py {'|'.join(BENCHMARKS)} [--help]", file=sys.stderr)
        return 2
    venv = ROOT / FOLDER
    if not (venv.exists() and venv.samefile(sys.prefix)):
        # Outside of .venv: make it if need be, and start again inside.
        code = install("demo")
        return code or exit_code_of([str(python_of(venv)), __file__, *arguments])
    command = importlib.import_module(f"benchmarks.{arguments[0]}.command")
    return int(command.main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
