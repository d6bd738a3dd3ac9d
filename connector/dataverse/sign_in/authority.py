"""Which hosts may be sent a secret, and what an environment proposes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from connector.dataverse.exchange.address import Origin, origin_of, shown_host
from connector.errors import UntrustedAuthority

# Commercial and GCC, GCC High and DoD, China (both hosts in use).
MICROSOFT_HOSTS: Final = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.chinacloudapi.cn",
        "login.partner.microsoftonline.cn",
    }
)
# Not a tenant: these serve everybody, and an application signs in to a tenant of its own.
_SHARED_TENANTS: Final = frozenset({"common", "organizations", "consumers"})
_TENANT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)
_PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True)
class TrustedAuthorities:
    """Sign-in hosts beyond Microsoft's own: `host`, `host:port` or `https://host:port`.

    `is_emulator` says that they belong to an emulator which this process started; it alone switches
    msal's instance discovery off.
    """

    extra: tuple[str, ...] = ()
    is_emulator: bool = False

    def require(self, address: str, named_by: str) -> Origin:
        """The origin of an authority that may be sent a secret. Raises UntrustedAuthority otherwise.

        A host counts only when it is named exactly, port included; upper case makes no difference.
        """
        origin = _https_origin(address)
        if origin is not None and (self._is_microsoft(origin) or origin in map(_https_origin, self.extra)):
            return origin
        shown = shown_host(address if "://" in address else f"https://{address}")
        raise UntrustedAuthority(
            f"{named_by} names {shown} for the sign-in, which is not a known authority. No secret was sent.",
            "If it is yours, name it by AZURE_AUTHORITY_HOST in the process environment or by a flag.",
        )

    @staticmethod
    def _is_microsoft(origin: Origin) -> bool:
        return origin.host in MICROSOFT_HOSTS and origin.port == 443


@dataclass(frozen=True)
class Challenge:
    """What an environment answers to a request without a token; "" for what it does not say."""

    authorization_uri: str = ""
    resource_id: str = ""

    @property
    def tenant(self) -> str:
        """The tenant in the proposed authority's path, "" where it is none or stands for everybody."""
        origin = origin_of(self.authorization_uri)
        path = self.authorization_uri.partition("://")[2].partition("/")[2] if origin else ""
        tenant = path.partition("/")[0]
        return tenant if is_tenant(tenant) and tenant.lower() not in _SHARED_TENANTS else ""


def challenge_in(headers: Mapping[str, str]) -> Challenge:
    """The challenge of a 401 answer, with or without quotes around its values."""
    text = headers.get("WWW-Authenticate", "")
    found = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(text)}
    return Challenge(found.get("authorization_uri", ""), found.get("resource_id", ""))


def is_tenant(text: str) -> bool:
    """A GUID or a domain name: nothing that could lead elsewhere within a URL."""
    return bool(_TENANT.fullmatch(text)) and ".." not in text


def _https_origin(address: str) -> Origin | None:
    origin = origin_of(address if "://" in address else f"https://{address}")
    return origin if origin is not None and origin.scheme == "https" else None
