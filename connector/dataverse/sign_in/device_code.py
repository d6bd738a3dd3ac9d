"""Signing a person in on another device: a code is shown here and typed there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from connector.dataverse.sign_in.authority import TrustedAuthorities
from connector.dataverse.sign_in.entra import NO_EXTRA, EntraTokens, Site
from connector.dataverse.sign_in.kept import Desk
from connector.dataverse.sign_in.public import Answer, PublicDesk
from connector.dataverse.sign_in.token_cache import TokenCacheFile
from connector.dataverse.sign_in.tokens import TokenRequest

_WAITING: Final = frozenset({"authorization_pending", "slow_down"})
_SLOWER_S: Final = 5


class DeviceCode(EntraTokens):
    """Signs a person in by a code; `prompt` is given the sentence that says where to type which code.

    The application needs "allow public client flows". See EntraTokens for tenant and authority.
    """

    def __init__(
        self,
        tenant_id: str | None,
        client_id: str,
        prompt: Callable[[str], None],
        *,
        cache: TokenCacheFile | None = None,
        authority_host: str | None = None,
        trusted: TrustedAuthorities = NO_EXTRA,
    ) -> None:
        super().__init__(tenant_id, client_id, authority_host=authority_host, trusted=trusted)
        self._prompt = prompt
        self._cache = cache

    def _desk(self, request: TokenRequest) -> Desk:
        self._require_client_id()
        return PublicDesk(self._client_id, lambda: self._site(request), self._ask, self._cache)

    def _ask(self, app: Any, scopes: list[str], site: Site) -> Answer:
        flow = app.initiate_device_flow(scopes)
        if "user_code" not in flow:
            return dict(flow)
        self._prompt(str(flow.get("message") or f"{flow.get('verification_uri')}: {flow['user_code']}"))
        return _polled(app, flow, site.request.retry.sleep)


def _polled(app: Any, flow: dict[str, Any], sleep: Callable[[float], None]) -> Answer:
    """Ask until the person has decided or the code has expired (RFC 8628, 3.5)."""
    interval_s, waited_s = max(1, flow["interval"]), 0
    while True:
        # msal's own waiting is left out: it sleeps where no policy can see it.
        flow["interval"], flow["latest_attempt_at"] = 1, 0
        result = dict(app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True))
        error = result.get("error")
        if error not in _WAITING or waited_s >= flow["expires_in"]:
            return result if error not in _WAITING else {"error": "expired_token"}
        interval_s += _SLOWER_S if error == "slow_down" else 0
        sleep(interval_s)
        waited_s += interval_s
