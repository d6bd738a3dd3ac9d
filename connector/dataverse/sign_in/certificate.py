"""Signing in with an application's certificate."""

from __future__ import annotations

from pathlib import Path

from connector.dataverse.sign_in.authority import TrustedAuthorities
from connector.dataverse.sign_in.certificate_file import read_certificate
from connector.dataverse.sign_in.confidential import ConfidentialDesk
from connector.dataverse.sign_in.entra import NO_EXTRA, EntraTokens
from connector.dataverse.sign_in.kept import Desk
from connector.dataverse.sign_in.quietly import quietly
from connector.dataverse.sign_in.refusals import Proof
from connector.dataverse.sign_in.tokens import Hidden, TokenRequest
from connector.errors import SettingsError


class ClientCertificate(EntraTokens):
    """Signs an application in with its certificate: a PEM file with private key and certificate, or a PFX.

    `password` opens an encrypted key. The file is read when msal's application is made, so that a renewed
    certificate counts after the next refusal. See EntraTokens for tenant and authority.
    """

    def __init__(
        self,
        tenant_id: str | None,
        client_id: str,
        path: Path,
        password: str | None = None,
        *,
        authority_host: str | None = None,
        trusted: TrustedAuthorities = NO_EXTRA,
    ) -> None:
        super().__init__(tenant_id, client_id, authority_host=authority_host, trusted=trusted)
        self._path = Path(path)
        self._password = Hidden(password or "")

    def _desk(self, request: TokenRequest) -> Desk:
        self._require_client_id()
        # A file that cannot be used is told before anybody is asked for anything.
        self._credential()
        return ConfidentialDesk(
            self._client_id, Proof.CERTIFICATE, lambda: self._site(request), lambda _: self._credential()
        )

    def _credential(self) -> dict[str, object]:
        def read() -> dict[str, object]:
            return read_certificate(self._path, self._password)

        return quietly(
            read,
            lambda error: SettingsError(
                f"The certificate file {self._path} cannot be used ({type(error).__name__}).",
                "It has to hold a private key and its certificate, as PEM or PFX (PKCS #12).",
            ),
        )
