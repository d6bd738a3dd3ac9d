"""Signing in with a token of somebody whom the application trusts: no secret is kept anywhere."""

from __future__ import annotations

import re
from typing import Final, Protocol

from connector.dataverse.sign_in.authority import TrustedAuthorities
from connector.dataverse.sign_in.confidential import ConfidentialDesk
from connector.dataverse.sign_in.entra import NO_EXTRA, EntraTokens, Site
from connector.dataverse.sign_in.kept import Desk
from connector.dataverse.sign_in.refusals import Proof
from connector.dataverse.sign_in.tokens import TokenRequest
from connector.errors import SignInError

AUDIENCE: Final = "api://AzureADTokenExchange"
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)


class Assertions(Protocol):
    """Gives signed tokens of an outside issuer; asked anew for each sign-in, since they live for minutes."""

    def assertion(self, request: TokenRequest) -> str:
        """A JWT. Raises SignInError, SettingsError, Unreachable."""
        ...


class FederatedIdentity(EntraTokens):
    """Signs an application in with a federated credential; see EntraTokens for tenant and authority."""

    def __init__(
        self,
        tenant_id: str | None,
        client_id: str,
        assertions: Assertions,
        *,
        authority_host: str | None = None,
        trusted: TrustedAuthorities = NO_EXTRA,
    ) -> None:
        super().__init__(tenant_id, client_id, authority_host=authority_host, trusted=trusted)
        self._assertions = assertions

    def _desk(self, request: TokenRequest) -> Desk:
        self._require_client_id()

        def credential(site: Site) -> dict[str, object]:
            # A callable: msal calls it whenever it asks the authority.
            return {"client_assertion": lambda: self._assertions.assertion(site.request)}

        return ConfidentialDesk(self._client_id, Proof.FEDERATED, lambda: self._site(request), credential)


def require_jwt(text: str, where: str, hint: str) -> str:
    """The text, if it has the form of a JWT: a file's other content is sent to nobody."""
    if _JWT.fullmatch(text):
        return text
    raise SignInError(f"{where} is no signed token (JWT).", hint)
