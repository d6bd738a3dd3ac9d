"""An application without a secret, in which a person signs in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msal import PublicClientApplication, TokenCache  # type: ignore[import-untyped]  # msal ships no types

from connector.dataverse.sign_in.entra import Site, lifetime_s
from connector.dataverse.sign_in.quietly import quietly
from connector.dataverse.sign_in.refusals import Proof, refused
from connector.dataverse.sign_in.token_cache import TokenCacheFile
from connector.dataverse.sign_in.tokens import Issued, issued

Answer = dict[str, Any]
AskTheUser = Callable[[Any, list[str], Site], Answer]


class PublicDesk:
    """msal's application for one environment. A person is asked only where no refresh token serves.

    `cache` keeps refresh tokens between processes; without it they live as long as this one.
    """

    def __init__(
        self,
        client_id: str,
        site: Callable[[], Site],
        ask_the_user: AskTheUser,
        cache: TokenCacheFile | None,
    ) -> None:
        self._client_id = client_id
        self._open = site
        self._ask_the_user = ask_the_user
        self._cache = cache
        self._app: tuple[Site, Any] | None = None

    def issue(self, *, is_refused: bool) -> Issued:
        if self._app is None:
            site = self._open()
            self._app = site, quietly(lambda: self._made(site), site.strange)
        site, app = self._app
        scopes = [f"{site.origin}/user_impersonation"]
        try:
            result = quietly(lambda: _silently(app, scopes, is_refused), site.strange)
            if "access_token" not in result:
                result = quietly(lambda: self._ask_the_user(app, scopes, site), site.strange)
        finally:
            site.http.close()
        if isinstance(found := result.get("access_token"), str) and found:
            return issued(found, lifetime_s(result))
        # msal keeps refusals for a minute; the next try is to ask anew.
        self._app = None
        refusal = refused(result, self._client_id, site.authority, Proof.USER)
        del result  # an answer without an access token may hold other ones, and tracebacks show locals
        raise refusal

    def _made(self, site: Site) -> Any:
        cache = self._cache.opened(site.origin, site.authority, self._client_id) if self._cache else None
        return PublicClientApplication(
            self._client_id,
            authority=site.authority,
            http_client=site.http,
            token_cache=cache,
            instance_discovery=False if site.is_emulator else None,
        )


def _silently(app: Any, scopes: list[str], is_refused: bool) -> Answer:
    """By the refresh token of whoever signed in here before; {} where nobody did or it no longer serves."""
    # Without a look into the cache msal would ask Microsoft about the authority's other names.
    if not any(app.token_cache.search(TokenCache.CredentialType.ACCOUNT)):
        return {}
    accounts = app.get_accounts()
    if not accounts:
        return {}
    found = app.acquire_token_silent(scopes, accounts[0], force_refresh=is_refused)
    return found if isinstance(found, dict) else {}
