"""Signing in with an application's secret."""

from __future__ import annotations

from connector.dataverse.sign_in.authority import TrustedAuthorities
from connector.dataverse.sign_in.confidential import ConfidentialDesk
from connector.dataverse.sign_in.entra import NO_EXTRA, EntraTokens
from connector.dataverse.sign_in.kept import Desk
from connector.dataverse.sign_in.refusals import Proof
from connector.dataverse.sign_in.tokens import Hidden, TokenRequest
from connector.errors import SettingsError


class ClientSecret(EntraTokens):
    """Signs an application in with its secret, by msal; see EntraTokens for tenant and authority."""

    def __init__(
        self,
        tenant_id: str | None,
        client_id: str,
        secret: str,
        *,
        authority_host: str | None = None,
        trusted: TrustedAuthorities = NO_EXTRA,
    ) -> None:
        super().__init__(tenant_id, client_id, authority_host=authority_host, trusted=trusted)
        self._secret = Hidden(secret)

    def _desk(self, request: TokenRequest) -> Desk:
        if not self._client_id or not self._secret.value:
            raise SettingsError("The client id or its secret is empty.", "Set both.")
        return ConfidentialDesk(
            self._client_id, Proof.SECRET, lambda: self._site(request), lambda _: self._secret.value
        )
