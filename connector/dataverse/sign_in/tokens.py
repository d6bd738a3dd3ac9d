"""What every way to sign in takes and gives."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from connector.dataverse.exchange.retrying import DEFAULT_POLICY, RetryPolicy

# As msal has it: a token with less than this left counts as expired.
RENEW_BEFORE_S: Final = 300.0


class Hidden:
    """A secret that no repr, log or traceback with values shows."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "(hidden)"


@dataclass(frozen=True)
class TokenRequest:
    """For which environment a token is wanted, and how to talk on the way to it."""

    origin: str
    ca_file: Path | None = None
    retry: RetryPolicy = DEFAULT_POLICY
    user_agent: str = "projops-connector"


class TokenSource(Protocol):
    """Gives bearer tokens for an environment; called once for each request, so it caches."""

    def token(self, request: TokenRequest) -> str:
        """A token that is valid now. Raises DataverseError."""
        ...

    def forget(self) -> None:
        """Drop what is cached: the environment has refused it."""
        ...


@dataclass(frozen=True)
class Issued:
    """A token, and when to ask for the next one by this machine's clock (seconds of the epoch)."""

    token: Hidden
    renew_at: float

    def is_due(self) -> bool:
        return time.time() >= self.renew_at


def issued(token: str, good_for_s: float) -> Issued:
    """A token that lives for so long from now; a short-lived one is renewed after half of that."""
    margin = min(RENEW_BEFORE_S, good_for_s / 2)
    # How long a token lives is told as a span, so only this machine's clock measures it.
    return Issued(Hidden(token), time.time() + good_for_s - margin)
