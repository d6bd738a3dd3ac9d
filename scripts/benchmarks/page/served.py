"""`python -m benchmarks.page.served LINES`: a page over that many lines, until it is ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.page.made import findings_of, work_of
from connector.console.call import Call
from connector.console.main import run_command_line
from connector.console.page.known import Topic
from connector.console.page.open import open_page
from connector.console.voice import Voice

READ_WITHIN_S = 120.0


def main(lines: int) -> None:
    with TemporaryDirectory() as folder:
        url = f"emulator:{Path(folder) / 'sample.db'}"
        code = run_command_line(["provision", "--apply", "--quiet", "-o", "json", "--url", url])
        if code:
            raise SystemExit(code)
        with open_page(Call(flags={"dataverse_url": url}, voice=Voice(is_quiet=True))) as page:
            keeper = page.keeper
            for topic in keeper.topics.values():
                topic.wait_beyond(0, READ_WITHIN_S)
            work, findings = keeper.work.known.value, keeper.findings.known.value
            assert work is not None
            assert findings is not None
            made = work_of(work, lines)
            _give(keeper.work, made)
            _give(keeper.findings, findings_of(findings, made, lines))
            sys.stdout.write(json.dumps({"address": page.access.new_address()}) + "\n")
            sys.stdout.flush()
            sys.stdin.read()


def _give(topic: Topic[Any], value: object) -> None:
    """From now on this is what is read."""
    topic._read = lambda: value  # noqa: SLF001  # a benchmark stands in for the environment
    topic.read_now()


if __name__ == "__main__":
    main(int(sys.argv[1]))
