"""The token of whoever is logged in to the Azure CLI on this machine."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from connector.dataverse.sign_in.authority import is_tenant
from connector.dataverse.sign_in.kept import Desk, KeptTokens
from connector.dataverse.sign_in.quietly import quietly
from connector.dataverse.sign_in.tokens import Issued, TokenRequest, issued
from connector.errors import MalformedAnswer, SettingsError, SignInError

ANSWER_WITHIN_S: Final = 60.0
# Where az does not say when its token expires.
_SHORTEST_S: Final = 60.0
_NAMES = ("az.cmd", "az.exe", "az.bat") if os.name == "nt" else ("az",)
_INSTALL = "Install it, or choose another way to sign in: PROJOPS_SIGN_IN."
_LOG_IN = "Log in with `az login`, with --tenant for the environment's tenant."


class _Answer(msgspec.Struct):
    access_token: str = msgspec.field(name="accessToken")
    expires_on: int | str | None = None
    expires_on_local: str | None = msgspec.field(name="expiresOn", default=None)


class AzureCli(KeptTokens):
    """Asks `az account get-access-token` for the environment; az keeps the login and its secrets.

    `search_path` is the process's PATH. Only its absolute folders count, and never the working directory:
    an `az` that came with somebody's repository is not run.
    """

    def __init__(
        self, search_path: str, *, tenant_id: str | None = None, timeout_s: float = ANSWER_WITHIN_S
    ) -> None:
        super().__init__()
        self._search_path = search_path
        self._tenant_id = tenant_id or ""
        self._timeout_s = timeout_s

    def __repr__(self) -> str:
        return f"AzureCli(tenant_id={self._tenant_id!r})"

    def _desk(self, request: TokenRequest) -> Desk:
        if self._tenant_id and not is_tenant(self._tenant_id):
            raise SignInError(
                f"{self._tenant_id!r} is not a tenant.", "Set its id or domain name.", code="invalid_tenant"
            )
        arguments = ["account", "get-access-token", "--resource", request.origin, "--output", "json"]
        tenant = ["--tenant", self._tenant_id] if self._tenant_id else []
        return _CliDesk(_found(self._search_path), [*arguments, *tenant], self._timeout_s)


class _CliDesk:
    def __init__(self, program: Path, arguments: list[str], timeout_s: float) -> None:
        self._program = program
        self._arguments = arguments
        self._timeout_s = timeout_s

    def issue(self, *, is_refused: bool) -> Issued:  # noqa: ARG002  # az decides what it keeps
        return quietly(self._asked, _strange)

    def _asked(self) -> Issued:
        code, output, complaint = self._run()
        if code != 0:
            raise _failed(code, complaint)
        answer = msgspec.json.decode(output, type=_Answer)
        if not answer.access_token:
            raise ValueError("an empty token")
        return issued(answer.access_token, _left_s(answer))

    def _run(self) -> tuple[int, bytes, str]:
        """Exit code, stdout, stderr. No shell reads the arguments, and nothing is run from our folder."""
        process = subprocess.Popen(  # noqa: S603  # a fixed program; origin and tenant were checked
            [str(self._program), *self._arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self._program.parent,
        )
        try:
            output, complaint = process.communicate(timeout=self._timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            _let_go(process)
            raise SignInError(
                f"The Azure CLI gave no answer within {self._timeout_s:.0f} seconds.",
                "Try `az account get-access-token` by hand.",
            ) from None
        return process.returncode, output, complaint.decode("utf-8", "replace")


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """az runs Python inside of a script: that one keeps the pipes open, so nobody waits for their end."""
    process.wait()
    if os.name != "nt":
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _found(search_path: str) -> Path:
    for candidate in _candidates(search_path):
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise SettingsError("The Azure CLI (az) is not installed: it is in no folder of PATH.", _INSTALL)


def _candidates(search_path: str) -> Iterator[Path]:
    for folder in search_path.split(os.pathsep):
        if folder and (place := Path(folder)).is_absolute():
            yield from (place / name for name in _NAMES)


def _failed(code: int, complaint: str) -> SignInError:
    """What az says of itself is not repeated, but for the one thing that is common."""
    if "az login" in complaint or "az account set" in complaint:
        return SignInError("Nobody is logged in to the Azure CLI for this environment.", _LOG_IN)
    return SignInError(f"The Azure CLI gave no token (it ended with {code}).", _LOG_IN)


def _strange(error: Exception) -> SignInError | MalformedAnswer:
    if isinstance(error, OSError):
        return SignInError(f"The Azure CLI cannot be started: {error.strerror}.", _INSTALL)
    return MalformedAnswer(
        "The Azure CLI answered with something that is no token.", "Try `az version`; update it."
    )


def _left_s(answer: _Answer) -> float:
    """Seconds that the token has left: `expires_on` is an instant, the older `expiresOn` local time."""
    if answer.expires_on is not None:
        until = float(answer.expires_on)
    elif answer.expires_on_local:
        until = datetime.fromisoformat(answer.expires_on_local).astimezone().timestamp()
    else:
        return _SHORTEST_S
    return max(_SHORTEST_S, until - time.time())
