"""Other processes: started, asked line by line, and ended whatever happens."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SCRIPTS = Path(__file__).resolve().parent.parent
# What would lead requests to loopback elsewhere, or give one contender other certificates than another.
_LEFT_OUT = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
)


class ProcessFailed(Exception):
    """One sentence: which process, and what it said."""


class LineProcess:
    """`python -m MODULE`, which answers each line of JSON with one; a context manager that ends it."""

    def __init__(
        self, python: Path, module: str, path: Sequence[Path] = (), extra: Mapping[str, str] | None = None
    ) -> None:
        self._module = module
        self._process = subprocess.Popen(  # noqa: S603  # the words are our own
            [str(python), "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=_environment([SCRIPTS, *path], extra or {}),
        )

    def __repr__(self) -> str:
        return f"LineProcess({self._module!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            # What could not be written any more is of no interest.
            with contextlib.suppress(BrokenPipeError):
                if stream is not None:
                    stream.close()
        self._process.wait()

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Its answer. Raises ProcessFailed when it says that it failed, or has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise ProcessFailed(f"{self._module} has ended, see its lines above.")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ProcessFailed(f"{self._module}: {answer['error']}")
        return answer


def _environment(path: Sequence[Path], extra: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.upper() not in _LEFT_OUT}
    return {**kept, "PYTHONPATH": os.pathsep.join(map(str, path)), "NO_PROXY": "*", **extra}
