"""Asking the pipeline that we run in for a token about itself."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from connector.dataverse.exchange.address import Origin, origin_of, shown_host
from connector.dataverse.sign_in.entra import wire_of
from connector.dataverse.sign_in.federated import require_jwt
from connector.dataverse.sign_in.guarded_http import GuardedHttp, MsalResponse
from connector.dataverse.sign_in.tokens import Hidden, TokenRequest
from connector.errors import SettingsError, SignInError, UntrustedAuthority


@dataclass(frozen=True)
class Pipeline:
    """Who is asked: its name for people, the address that it gave, and what to do when it refuses."""

    name: str
    url: str
    variable: str
    hint: str

    def address(self, **parameters: str) -> str:
        """The address with parameters added. Raises SettingsError for what is none, or not https."""
        origin = origin_of(self.url)
        if origin is None or origin.scheme != "https":
            raise SettingsError(
                f"{self.variable} is no https address ({shown_host(self.url)}).",
                f"{self.name} sets it; nothing was sent.",
            )
        base = self.url.rstrip("/") if "?" not in self.url else self.url
        return f"{base}{'&' if '?' in base else '?'}{urlencode(parameters)}"

    def token_in(self, answer: MsalResponse, member: str) -> str:
        """The token in an answer. Raises SignInError; nothing of the answer but its status is shown."""
        if answer.status_code != 200:
            raise SignInError(f"{self.name} answered {answer.status_code} and gave no token.", self.hint)
        found = msgspec.json.decode(answer.text).get(member)
        return require_jwt(str(found or ""), f"What {self.name} gave", self.hint)

    def http(self, request: TokenRequest, address: str) -> GuardedHttp:
        return GuardedHttp(wire_of(request), _Only(origin_of(address)), request.retry, self.name)


@dataclass(frozen=True)
class _Only:
    """The request token goes to the origin that the pipeline named, and to no other."""

    origin: Origin | None

    def require(self, address: str, named_by: str) -> Origin:
        origin = origin_of(address)
        if origin is not None and origin == self.origin:
            return origin
        raise UntrustedAuthority(f"{named_by} leads to {shown_host(address)}. No token was sent.")


def bearer(token: Hidden, variable: str) -> dict[str, str]:
    """Raises SettingsError for what cannot be a header's value."""
    text = token.value
    if not (text and text.isascii() and text.isprintable() and " " not in text):
        raise SettingsError(f"{variable} is empty or cannot be a token.", "The pipeline sets it.")
    return {"Authorization": f"Bearer {text}", "Accept": "application/json"}
