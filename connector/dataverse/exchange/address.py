"""Addresses: the environment's own, and whether another one lies inside it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from connector.errors import ForeignOrigin, SettingsError

_DEFAULT_PORTS = {"https": 443, "http": 80}
# Spaces, controls, backslashes and what is not ASCII are read differently by different parsers.
_PLAIN = re.compile(r"[!-\[\]-~]+", re.ASCII)
_LABEL = "[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*|[0-9a-f:.]*:[0-9a-f:.]*", re.ASCII)
_WANTED = "Give the environment's address alone, for example https://contoso.crm4.dynamics.com."


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port; two addresses with the same three reach the same server."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def origin_of(url: str) -> Origin | None:
    """The origin of an absolute http(s) address, or None where it is none that all parsers agree on."""
    if not _PLAIN.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in _DEFAULT_PORTS or "@" in parts.netloc or not _HOST.fullmatch(host):
        return None
    return Origin(parts.scheme, host, _DEFAULT_PORTS[parts.scheme] if port is None else port)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_on_this_link(host: str) -> bool:
    """This machine, or its link-local neighbours: no proxy stands in between, or can."""
    try:
        return is_loopback(host) or ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False


def environment_origin(text: str) -> Origin:
    """The origin in DATAVERSE_URL. Raises SettingsError that says what is wrong with it.

    https, except on this machine; no path, query or user name, which are signs of a pasted page address.
    """
    if not isinstance(text, str):
        raise SettingsError(f"The environment's address {text!r} is not an address.", _WANTED)
    parts = _split(text.strip())
    if "@" in parts.netloc:
        raise SettingsError("The environment's address has a user name in it.", _WANTED)
    shown = f"The environment's address {text.strip()!r}"
    origin = origin_of(text.strip())
    if origin is None:
        raise SettingsError(f"{shown} is not an address.", _WANTED)
    if origin.scheme != "https" and not is_loopback(origin.host):
        raise SettingsError(f"{shown} is not https.", _WANTED)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise SettingsError(f"{shown} says more than the host.", f"{_WANTED} Here that is {origin}.")
    return origin


def within(origin: Origin, link: str, base: str, what: str) -> str:
    """The link as an absolute address. Raises ForeignOrigin when it leaves the environment."""
    absolute = link if "://" in link or link.startswith("//") else urljoin(base, link)
    if origin_of(absolute) != origin:
        raise ForeignOrigin(
            f"{what} points to {shown_host(absolute)}, outside of the environment {origin}.",
            "Nothing was sent there. Check the address of the environment, and any proxy in between.",
            target=shown_host(absolute),
            origin=str(origin),
        )
    return absolute


def shown_host(url: str) -> str:
    """Scheme and host of any address, without user name, path and query, for a message."""
    parts = _split(url)
    return f"{parts.scheme or '?'}://{parts.netloc.rpartition('@')[2] or '?'}"


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        return SplitResult("", "", "", "", "")
