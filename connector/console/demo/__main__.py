"""`python -m connector.console.demo`: what scripts/demo.py runs once everything is installed."""

from __future__ import annotations

import sys

from connector.console.failures import FaultLog, exit_code_of
from connector.console.output import write_utf_8


def main() -> int:
    if len(sys.argv) > 1:
        sys.stderr.write("usage: python scripts/demo.py (it takes no arguments)\n")
        return 2
    for stream in (sys.stdout, sys.stderr):
        write_utf_8(stream)
    from connector.console.demo.story import tell

    return exit_code_of(tell, FaultLog())


if __name__ == "__main__":
    sys.exit(main())
