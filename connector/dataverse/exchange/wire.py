"""One request over the network, once: what was answered, or how the answer was lost."""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, MaxRetryError, NameResolutionError, NewConnectionError

from connector.dataverse.exchange.address import is_on_this_link
from connector.dataverse.exchange.unpacking import CONTENT_CODING, CutOff, content_of
from connector.dataverse.exchange.watching import Interest, WatchedAdapter, watched
from connector.errors import SettingsError

_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNSUPPORTED_PROTOCOL"})

log = logging.getLogger("connector.dataverse")


@dataclass(frozen=True)
class Request:
    """`is_repeatable` says that sending it twice has the same effect as sending it once, `is_reading` that
    it has none, whatever its method is, `items` how many operations or rows are in its body.
    `watch` says whether it is still wanted, and may follow it from another thread.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    is_repeatable: bool = True
    id: str = ""
    is_reading: bool = False
    items: int = 0
    watch: Interest | None = field(default=None, repr=False, compare=False)

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def changes_nothing(self) -> bool:
        return self.is_reading or self.method == "GET"


@dataclass(frozen=True)
class Answer:
    """Status, headers (names in any case) and the unpacked body.

    `waited_s` is the time from sending to the first byte of the answer, where it was measured.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    waited_s: float = field(default=0.0, compare=False)

    @property
    def service_request_id(self) -> str:
        names = ("x-ms-service-request-id", "req_id", "x-ms-request-id")
        return next((self.headers[name] for name in names if name in self.headers), "")

    @property
    def date(self) -> datetime | None:
        return http_date(self.headers.get("Date", ""))


@dataclass(frozen=True)
class Lost:
    """No answer. `is_sent` says that the request may have arrived, `is_final` that asking again is vain."""

    reason: str
    is_sent: bool
    is_final: bool = False


Attempt = Answer | Lost

UNWANTED = Lost("nobody wants the answer any more", is_sent=False, is_final=True)


class NoCredentials(AuthBase):
    """Sends nothing, and keeps requests from looking into .netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class Wire:
    """A pooled connection without cookies, redirects or credentials of its own.

    Proxies and REQUESTS_CA_BUNDLE of the process environment count, as they are at the first request to a
    server; `ca_file` wins over the latter.
    This machine's own and link-local addresses are never asked for through a proxy.
    """

    def __init__(self, ca_file: Path | None, timeouts_s: tuple[float, float], user_agent: str) -> None:
        if ca_file is not None and not ca_file.is_file():
            raise SettingsError(f"The certificate file {ca_file} does not exist.", "Check the setting.")
        self._verify: str | None = None if ca_file is None else str(ca_file)
        self._timeouts_s = timeouts_s
        self._options: dict[str, Mapping[str, Any]] = {}
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": CONTENT_CODING, "Accept": "*/*"}
        # Without the Session around it, which would keep cookies, follow redirects, and look into .netrc.
        self._adapter = WatchedAdapter()

    def close(self) -> None:
        self._adapter.close()

    def send(self, request: Request, auth: AuthBase, try_number: int = 1) -> Attempt:
        """Send once. What `auth` raises passes through; what the network does comes back as a value."""
        if request.watch is not None and request.watch.is_cancelled:
            return UNWANTED
        started = time.monotonic()
        prepared = _prepared(request, self._headers, auth)
        with watched(request.watch):
            attempt = self._exchange(prepared, request.watch)
        outcome = f"lost: {attempt.reason}" if isinstance(attempt, Lost) else str(attempt.status)
        log.debug(
            "%s -> %s in %.3f s, request %s, try %d",
            _named(request), outcome, time.monotonic() - started, request.id or "-", try_number,
        )  # fmt: skip
        return attempt

    def _exchange(self, prepared: requests.PreparedRequest, watch: Interest | None) -> Attempt:
        url = prepared.url or ""
        try:
            options = self._options_for(url)
            started = time.monotonic()
            answer = self._adapter.send(prepared, timeout=self._timeouts_s, **options)
            waited_s = time.monotonic() - started
            if watch is not None and answer.status_code == requests.codes.ok:
                watch.wait_for_room()
            content = content_of(answer)
        except requests.RequestException as error:
            return lost(error)
        except (HTTPError, CutOff) as error:
            return Lost(f"{type(error).__name__}: {error}", is_sent=True)
        except OSError as error:
            # A certificate file named by the process environment that cannot be read.
            return Lost(str(error), is_sent=False, is_final=True)
        return Answer(answer.status_code, answer.headers, content, waited_s)

    def _options_for(self, url: str) -> Mapping[str, Any]:
        """How a server is reached, looked up once for each: that takes as long as a request."""
        parts = urlsplit(url)
        if (known := self._options.get(parts.netloc)) is not None:
            return known
        with requests.Session() as session:
            options = dict(session.merge_environment_settings(url, {}, True, self._verify, None))
        if is_on_this_link(parts.hostname or ""):
            options["proxies"] = {}
        self._options[parts.netloc] = options
        return options


def _prepared(request: Request, headers: Mapping[str, str], auth: AuthBase) -> requests.PreparedRequest:
    """As requests does it, but the address: a next link has to be followed exactly as it was given."""
    prepared = requests.PreparedRequest()
    prepared.prepare_method(request.method)
    prepared.url = request.url
    prepared.prepare_headers({**headers, **request.headers})
    prepared.prepare_body(request.body, None)
    auth(prepared)
    return prepared


def _named(request: Request) -> str:
    """For the log: no query, which may hold data."""
    items = f" ({request.items} items)" if request.items else ""
    return f"{request.method} {request.path}{items}"


def lost(error: requests.RequestException) -> Lost:
    """Whether the request may have arrived: only a connection that never stood is sure to be harmless."""
    inner = error.args[0] if error.args else None
    cause = inner.reason if isinstance(inner, MaxRetryError) else inner
    shown = cause if isinstance(cause, Exception) else error
    reason = f"{type(shown).__name__}: {shown}"
    if isinstance(error, requests.exceptions.SSLError):
        is_no_handshake = _is_no_handshake(cause)
        return Lost(reason, is_sent=not is_no_handshake, is_final=is_no_handshake)
    if isinstance(cause, NameResolutionError):
        # A name that does not exist is a typing error; a name server that is away may come back.
        is_unknown = getattr(cause.__cause__, "errno", None) == socket.EAI_NONAME
        return Lost(reason, is_sent=False, is_final=is_unknown)
    is_refused = isinstance(cause, NewConnectionError)
    is_harmless = is_refused or isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError)
    return Lost(reason, is_sent=not is_harmless)


def http_date(text: str) -> datetime | None:
    """An instant as HTTP writes it (RFC 9110, 5.6.7), or None."""
    try:
        value = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _is_no_handshake(cause: object) -> bool:
    """A certificate or a protocol that will not be another one the next time; nothing was sent yet."""
    errors = (cause, *getattr(cause, "args", ()))
    return any(
        isinstance(each, ssl.SSLCertVerificationError)
        or (isinstance(each, ssl.SSLError) and each.reason in _NOT_TLS)
        for each in errors
    )
