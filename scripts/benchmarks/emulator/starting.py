"""How long the emulator takes from the start of its process to its first answers."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from typing import NamedTuple

SERVE = "from connector.console.main import main; main()"
LIBRARIES = "import cryptography.x509, msgspec, odata_query, sqlalchemy, starlette, typer, uvicorn"
"""What it stands on, imported by a process that does nothing else."""


class Started(NamedTuple):
    """Seconds from the start of the process to the 401 that says where to sign in, and to a first record,
    signing in included.
    """

    answer: float
    record: float


def seconds_to_answer(arguments: Sequence[str] = ()) -> Started:
    """`projops emulator serve`, in memory with the sample unless told otherwise."""
    begun = time.perf_counter()
    words = [sys.executable, "-c", SERVE, "emulator", "serve", "--http", "-o", "json", *arguments]
    with subprocess.Popen(  # noqa: S603  # our own words
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
    ) as process:
        try:
            told = _told(process)
            url = f"{told['url']}/api/data/v9.2"
            try:
                urllib.request.urlopen(f"{url}/WhoAmI")  # noqa: S310  # loopback
            except urllib.error.HTTPError as challenge:
                challenge.close()
            answer = time.perf_counter() - begun
            first = f"{url}/accounts?{urllib.parse.quote('$select=name&$top=1', safe='=&')}"
            sign = {"Authorization": f"Bearer {_token(told)}"}
            request = urllib.request.Request(first, headers=sign)  # noqa: S310  # loopback
            with urllib.request.urlopen(request) as page:  # noqa: S310  # loopback
                assert len(json.load(page)["value"]) == 1
            return Started(answer, time.perf_counter() - begun)
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


def _token(told: Mapping[str, str]) -> str:
    asked = {
        "grant_type": "client_credentials",
        "client_id": told["client_id"],
        "client_secret": told["client_secret"],
        "scope": f"{told['url']}/.default",
    }
    trust = ssl.create_default_context(cafile=told["ca_file"])
    content = urllib.parse.urlencode(asked).encode()
    with urllib.request.urlopen(told["token_url"], content, context=trust) as answer:  # noqa: S310  # loopback
        return str(json.load(answer)["access_token"])
