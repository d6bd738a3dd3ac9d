"""How long the emulator takes from the start of its process to its first answer."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence

SERVE = "from connector.console.main import main; main()"
LIBRARIES = "import cryptography.x509, msgspec, odata_query, sqlalchemy, starlette, typer, uvicorn"
"""What it stands on, imported by a process that does nothing else."""


def seconds_to_answer(arguments: Sequence[str] = ()) -> float:
    """`projops emulator serve`, in memory with the sample unless told otherwise, until it has answered."""
    begun = time.perf_counter()
    words = [sys.executable, "-c", SERVE, "emulator", "serve", "--http", "-o", "json", *arguments]
    with subprocess.Popen(  # noqa: S603  # our own words
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
    ) as process:
        try:
            url = _told(process)["url"]
            try:
                urllib.request.urlopen(f"{url}/api/data/v9.2/WhoAmI")  # noqa: S310  # loopback
            except urllib.error.HTTPError as challenge:
                challenge.close()
            return time.perf_counter() - begun
        finally:
            process.terminate()


def seconds_of_libraries() -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", LIBRARIES], check=True)  # noqa: S603  # our own words
    return time.perf_counter() - begun


def _told(process: subprocess.Popen[str]) -> Mapping[str, str]:
    """The line that `serve` prints once it listens."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("The emulator ended before it listened.")
    found: Mapping[str, str] = json.loads(line)
    return found
