"""Makes `.venv` from a lock file when that is needed, then runs a program inside it.

Standard library alone: it runs before anything is installed. `python scripts/bootstrap.py [demo|dev]`
only installs.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import installation

ROOT = Path(__file__).resolve().parent.parent


def run_command(name: str) -> int:
    """Run the command `projops NAME` with this process's arguments; return its exit code."""
    return run_module("demo", "connector.console", [name, *sys.argv[1:]])


def run_module(lock: str, module: str, arguments: list[str]) -> int:
    """Run `python -m MODULE` in a .venv that has what the lock file names; return its exit code."""
    code = install(lock)
    if code:
        return code
    python = installation.python_of(ROOT / installation.FOLDER)
    return exit_code_of([str(python), "-m", module, *arguments])


def install(lock: str) -> int:
    """Bring .venv up to the lock file; return 0, 1 when that failed, 130 when it was interrupted."""
    try:
        installation.ensure(ROOT, lock)
    except installation.InstallationFailed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted: the next call installs anew.", file=sys.stderr)
        return 130
    return 0


def exit_code_of(command: list[str]) -> int:
    """Run a program to its end and return its exit code; a Ctrl-C is for the program to answer.

    A subprocess and not os.exec: on Windows, exec gives the shell back before the program has ended.
    """
    with subprocess.Popen(command) as program:  # noqa: S603  # the words are our own and the caller's
        signal.signal(signal.SIGTERM, lambda _number, _frame: program.terminate())
        while True:
            try:
                code = program.wait()
            except KeyboardInterrupt:
                continue
            return code if code >= 0 else 128 - code


def main(arguments: list[str]) -> int:
    lock = arguments[0] if arguments else "dev"
    if len(arguments) > 1 or lock not in installation.LOCKS:
        print(f"usage: python scripts/bootstrap.py [{'|'.join(installation.LOCKS)}]", file=sys.stderr)
        return 2
    return install(lock)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
