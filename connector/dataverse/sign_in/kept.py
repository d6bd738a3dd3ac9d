"""One token for all threads: asked for once, renewed before it expires, dropped when it is refused."""

from __future__ import annotations

from abc import ABC, abstractmethod
from threading import Lock, local
from typing import Protocol

from connector.dataverse.sign_in.tokens import Issued, TokenRequest
from connector.errors import ProjopsError


class Desk(Protocol):
    """Where tokens for one environment are issued."""

    def issue(self, *, is_refused: bool) -> Issued:
        """A token; not out of a cache when the environment has refused the one before.

        Raises DataverseError or SettingsError, without frames that hold a secret.
        """
        ...


class KeptTokens(ABC):
    """A TokenSource that keeps what its desks issue. Safe for any number of threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[TokenRequest, _Kept] = {}
        self._handed = local()
        self._failed: tuple[TokenRequest, ProjopsError] | None = None

    def token(self, request: TokenRequest) -> str:
        """A token for the environment, kept while it is good.

        Threads that wait for one sign-in share its failure too: none begins another one of many minutes, or
        asks the person again. Raises SignInError, UntrustedAuthority, ForeignOrigin, Unreachable or
        SettingsError.
        """
        seen = self._failed
        with self._lock:
            if self._failed is not None and self._failed is not seen and self._failed[0] == request:
                raise self._failed[1]
            try:
                self._handed.issued = self._current(request)
            except ProjopsError as error:
                self._failed = request, error
                raise
        return str(self._handed.issued.token.value)

    def _current(self, request: TokenRequest) -> Issued:
        if request not in self._kept:
            self._kept[request] = _Kept(self._desk(request))
        return self._kept[request].current()

    def forget(self) -> None:
        """Drop the token that this thread was given last.

        Of many threads that are refused at once the first renews; the others find the renewed one.
        """
        refused: Issued | None = getattr(self._handed, "issued", None)
        with self._lock:
            for kept in self._kept.values():
                if refused is None or kept.issued is refused:
                    kept.refuse()

    @abstractmethod
    def _desk(self, request: TokenRequest) -> Desk:
        """Where tokens for this environment come from; nothing is asked yet."""


class _Kept:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._is_refused = False
        self.issued: Issued | None = None

    def current(self) -> Issued:
        if self.issued is None or self.issued.is_due():
            self.issued = self._desk.issue(is_refused=self._is_refused)
            self._is_refused = False
        return self.issued

    def refuse(self) -> None:
        self.issued = None
        self._is_refused = True
