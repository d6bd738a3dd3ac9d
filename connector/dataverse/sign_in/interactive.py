"""Signing a person in by the browser on this machine: authorization code with PKCE (RFC 8252, RFC 7636)."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from typing import Any, Final

from connector.dataverse.sign_in.authority import TrustedAuthorities
from connector.dataverse.sign_in.browser_answer import BrowserAnswer
from connector.dataverse.sign_in.entra import NO_EXTRA, EntraTokens, Site
from connector.dataverse.sign_in.kept import Desk
from connector.dataverse.sign_in.public import Answer, PublicDesk
from connector.dataverse.sign_in.token_cache import TokenCacheFile
from connector.dataverse.sign_in.tokens import TokenRequest
from connector.errors import SignInError

WAIT_FOR_THE_USER_S: Final = 300.0
_INSTEAD = "Sign in by device code instead."


class Interactive(EntraTokens):
    """Signs a person in by `browser`, which opens an address and says whether it could.

    The application needs the redirect http://localhost, registered under mobile and desktop. The answer
    comes to a port of this machine's loopback address. See EntraTokens for tenant and authority.
    """

    def __init__(
        self,
        tenant_id: str | None,
        client_id: str,
        *,
        browser: Callable[[str], bool] = webbrowser.open,
        timeout_s: float = WAIT_FOR_THE_USER_S,
        cache: TokenCacheFile | None = None,
        authority_host: str | None = None,
        trusted: TrustedAuthorities = NO_EXTRA,
    ) -> None:
        super().__init__(tenant_id, client_id, authority_host=authority_host, trusted=trusted)
        self._browser = browser
        self._timeout_s = timeout_s
        self._cache = cache

    def _desk(self, request: TokenRequest) -> Desk:
        self._require_client_id()
        return PublicDesk(self._client_id, lambda: self._site(request), self._ask, self._cache)

    def _ask(self, app: Any, scopes: list[str], site: Site) -> Answer:
        with BrowserAnswer() as waiting:
            flow = app.initiate_auth_code_flow(
                scopes, redirect_uri=waiting.redirect_uri, response_mode="form_post", prompt="select_account"
            )
            # A discovery document that names a page elsewhere must not send a person there.
            self._trusted.require(flow["auth_uri"], f"The authority {site.authority}")
            if not self._browser(flow["auth_uri"]):
                raise SignInError("No browser could be opened on this machine.", _INSTEAD)
            answer = waiting.wait(flow["state"], self._timeout_s)
        if answer is None:
            raise SignInError(
                f"Nobody signed in within {self._timeout_s:.0f} seconds.", f"Try again. {_INSTEAD}"
            )
        return dict(app.acquire_token_by_auth_code_flow(flow, answer))
