"""An application that signs in as itself, by whatever proves that it is the one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msal import ConfidentialClientApplication  # type: ignore[import-untyped]  # msal ships no types

from connector.dataverse.sign_in.entra import Site, lifetime_s
from connector.dataverse.sign_in.quietly import quietly
from connector.dataverse.sign_in.refusals import Proof, refused
from connector.dataverse.sign_in.tokens import Issued, issued


class ConfidentialDesk:
    """msal's application for one environment, made at its first use and again after a refusal.

    `credential` gives what msal takes as client_credential; it is called for each new application, so
    that a file which was replaced meanwhile is read anew.
    """

    def __init__(
        self, client_id: str, proof: Proof, site: Callable[[], Site], credential: Callable[[Site], Any]
    ) -> None:
        self._client_id = client_id
        self._proof = proof
        self._open = site
        self._credential = credential
        self._app: tuple[Site, Any] | None = None

    def issue(self, *, is_refused: bool) -> Issued:
        if self._app is None or is_refused:
            site = self._open()
            self._app = site, quietly(lambda: self._made(site), site.strange)
        site, app = self._app
        try:
            result = quietly(
                lambda: app.acquire_token_for_client([f"{site.origin}/.default"]) or {}, site.strange
            )
        finally:
            site.http.close()
        if isinstance(found := result.get("access_token"), str) and found:
            return issued(found, lifetime_s(result))
        # msal keeps refusals for a minute; the next try is to ask anew.
        self._app = None
        refusal = refused(result, self._client_id, site.authority, self._proof)
        del result  # an answer without an access token may hold other ones, and tracebacks show locals
        raise refusal

    def _made(self, site: Site) -> Any:
        return ConfidentialClientApplication(
            self._client_id,
            client_credential=self._credential(site),
            authority=site.authority,
            http_client=site.http,
            instance_discovery=False if site.is_emulator else None,
            azure_region=ConfidentialClientApplication.DISABLE_MSAL_FORCE_REGION,
        )
