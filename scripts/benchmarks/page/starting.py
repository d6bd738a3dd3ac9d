"""From the start of `projops console` to its address, its first panel, its first reading; and its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.page.visit import Visitor, visiting

BARE = "python -c pass"
ADDRESS, SHELL, HEALTH = "the address is printed", "the first panel, still empty", "Health, as it was read"
END_READING, END_IDLE = "from Ctrl-C to the end, while it reads", "from Ctrl-C to the end, when all is read"
COMMAND = ("-c", "from connector.console.main import main; main()", "console", "-o", "json")
PAUSE_S = 0.01


@dataclass
class Console:
    """A started page; `begun` is when its process was."""

    process: subprocess.Popen[bytes]
    begun: float
    address: str

    def end(self) -> float:
        """Seconds that it takes to end."""
        pressed = time.perf_counter()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        return time.perf_counter() - pressed


def one_round(url: str, folder: Path) -> Mapping[str, float]:
    """Seconds by what they lead to, each from the start of its process, or from Ctrl-C."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)  # our own
    found = {BARE: time.perf_counter() - begun}
    with _console(url, folder) as console:
        found[ADDRESS] = time.perf_counter() - console.begun
        with visiting(console.address) as visitor:
            visitor.get("/")
            found[SHELL] = time.perf_counter() - console.begun
            _until_read(visitor)
            found[HEALTH] = time.perf_counter() - console.begun
            if os.name != "nt":
                _until_all_is_read(visitor)
                found[END_IDLE] = console.end()
    if os.name != "nt":
        with _console(url, folder) as console, visiting(console.address) as visitor:
            visitor.get("/")
            found[END_READING] = console.end()
    return found


def _until_read(visitor: Visitor) -> None:
    while "data-waiting" in visitor.get("/").text:
        time.sleep(PAUSE_S)


def _until_all_is_read(visitor: Visitor) -> None:
    while json.loads(visitor.get("/pulse").text)["reading"]:
        time.sleep(PAUSE_S)


@contextmanager
def _console(url: str, folder: Path) -> Iterator[Console]:
    environment = {**os.environ, "DATAVERSE_URL": url}
    begun = time.perf_counter()
    with subprocess.Popen(  # noqa: S603  # our own
        [sys.executable, *COMMAND],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise SystemExit("projops console has ended by itself.")
            yield Console(process, begun, json.loads(line)["address"])
        finally:
            process.kill()
