"""msal's application with a client secret: what it gives, what it refuses, and nothing of it shown."""

from __future__ import annotations

from typing import Any

from msal import ConfidentialClientApplication  # type: ignore[import-untyped]  # msal ships no types

from connector.dataverse.guarded_http import GuardedHttp
from connector.dataverse.token_errors import refused, unknown_tenant
from connector.errors import DataverseError, MalformedAnswer, UntrustedAuthority


class Hidden:
    """A secret that no repr, log or traceback with values shows."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "(hidden)"


class SecretApp:
    """msal's application for one authority, made at its first use."""

    def __init__(
        self,
        client_id: str,
        secret: Hidden,
        authority: str,
        origin: str,
        http: GuardedHttp,
        *,
        is_emulator: bool,
    ) -> None:
        self._client_id = client_id
        self._authority = authority
        self._scope = f"{origin}/.default"
        self._http = http
        failure: DataverseError | None = None
        try:
            self._msal = ConfidentialClientApplication(
                client_id,
                client_credential=secret.value,
                authority=authority,
                http_client=http,
                instance_discovery=False if is_emulator else None,
                azure_region=ConfidentialClientApplication.DISABLE_MSAL_FORCE_REGION,
            )
        except DataverseError as error:
            failure = error
        except ValueError as error:
            failure = self._not_found(str(error))
        except (KeyError, RuntimeError):
            failure = self._malformed()
        # Raised out here, without msal's frames: their values include the secret.
        if failure is not None:
            raise failure.with_traceback(None)

    def token(self) -> str:
        failure: DataverseError | None = None
        result: dict[str, Any] = {}
        try:
            result = self._msal.acquire_token_for_client([self._scope]) or {}
        except DataverseError as error:
            failure = error
        except (ValueError, KeyError, RuntimeError):
            failure = self._malformed()
        finally:
            self._http.close()
        if failure is not None:
            raise failure.with_traceback(None)
        if isinstance(found := result.get("access_token"), str) and found:
            return found
        raise refused(result, self._client_id, self._authority)

    def _not_found(self, text: str) -> DataverseError:
        host, _, tenant = self._authority.rpartition("/")
        if "invalid_instance" in text:
            return UntrustedAuthority(f"Microsoft does not know the authority {host}.", "Check the setting.")
        return unknown_tenant(tenant, host)

    def _malformed(self) -> MalformedAnswer:
        return MalformedAnswer(f"The authority {self._authority} does not answer as OpenID Connect wants it.")
