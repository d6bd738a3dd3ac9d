"""From the chosen way to sign in to a source of tokens."""

from __future__ import annotations

import logging
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from pydantic import SecretStr

from connector.console.voice import Voice
from connector.dataverse import (
    AssertionFile,
    AzureCli,
    AzurePipelinesAssertion,
    ClientCertificate,
    ClientSecret,
    DeviceCode,
    FederatedIdentity,
    GitHubAssertion,
    Interactive,
    ManagedIdentity,
    TokenCacheFile,
    TokenSource,
    TrustedAuthorities,
)
from connector.dataverse.sign_in import can_encrypt
from connector.settings import Choice, Settings, SignInSettings, SignInWay, TokenCacheKind, search_path

log = logging.getLogger("connector.console")


class _Authority(TypedDict):
    authority_host: str | None
    trusted: TrustedAuthorities


@dataclass(frozen=True)
class _Case:
    """The settings, the authority that they name, and a voice for what a person has to do."""

    given: SignInSettings
    authority: _Authority
    voice: Voice

    @property
    def tenant(self) -> str | None:
        return self.given.tenant_id or None


def chosen_source(
    settings: Settings, voice: Voice, host: str | None, *, is_emulator: bool
) -> tuple[TokenSource, Choice]:
    """The source of tokens that the settings lead to, and why. Nothing is asked or sent yet.

    `host` is the authority that the process environment or a flag names. Raises SettingsError.
    """
    choice = settings.choose_sign_in()
    log.debug("sign-in: %s", choice.reason)
    trusted = TrustedAuthorities(extra=(host,) if host else (), is_emulator=is_emulator)
    case = _Case(settings.sign_in, _Authority(authority_host=host, trusted=trusted), voice)
    return _MADE_BY[choice.way](case), choice


def _client_secret(case: _Case) -> TokenSource:
    given = case.given
    return ClientSecret(case.tenant, given.client_id, _text(given.client_secret), **case.authority)


def _certificate(case: _Case) -> TokenSource:
    given = case.given
    assert given.client_certificate_path is not None  # the choice has seen to it
    return ClientCertificate(
        case.tenant,
        given.client_id,
        given.client_certificate_path,
        _text(given.client_certificate_password) or None,
        **case.authority,
    )


def _federated(case: _Case) -> TokenSource:
    path = case.given.federated_token_file
    assert path is not None  # the choice has seen to it
    return FederatedIdentity(case.tenant, case.given.client_id, AssertionFile(path), **case.authority)


def _github(case: _Case) -> TokenSource:
    given = case.given
    assertion = GitHubAssertion(given.github_request_url, _text(given.github_request_token))
    return FederatedIdentity(case.tenant, given.client_id, assertion, **case.authority)


def _azure_devops(case: _Case) -> TokenSource:
    """The ids that a task sets beside its service connection's belong to it and win."""
    given = case.given
    assertion = AzurePipelinesAssertion(
        given.azure_devops_request_url, _text(given.azure_devops_access_token), given.service_connection_id
    )
    tenant = given.service_connection_tenant_id or case.tenant
    client_id = given.service_connection_client_id or given.client_id
    return FederatedIdentity(tenant, client_id, assertion, **case.authority)


def _managed_identity(case: _Case) -> TokenSource:
    """An object or resource id names the identity; else the client id does, if there is one."""
    given = case.given
    if given.managed_identity_object_id or given.managed_identity_resource_id:
        return ManagedIdentity(
            object_id=given.managed_identity_object_id, resource_id=given.managed_identity_resource_id
        )
    return ManagedIdentity(client_id=given.client_id)


def _device_code(case: _Case) -> TokenSource:
    return DeviceCode(
        case.tenant, case.given.client_id, case.voice.warn, cache=_cache(case), **case.authority
    )


def _interactive(case: _Case) -> TokenSource:
    def opened(address: str) -> bool:
        case.voice.warn("Sign in in the browser that opens now.")
        return webbrowser.open(address)

    return Interactive(
        case.tenant, case.given.client_id, browser=opened, cache=_cache(case), **case.authority
    )


def _azure_cli(case: _Case) -> TokenSource:
    return AzureCli(search_path(), tenant_id=case.tenant)


def _cache(case: _Case) -> TokenCacheFile | None:
    """Where a person's sign-in is kept: as it is set, else encrypted if that can be had."""
    kind, folder = case.given.token_cache, case.given.token_folder
    cache = cache_for(kind, folder, is_encrypted=kind is None and can_encrypt(folder))
    if kind is None and cache is None:
        case.voice.say("This sign-in lasts for this command: PROJOPS_TOKEN_CACHE says how to keep it.")
    return cache


def cache_for(kind: TokenCacheKind | None, folder: Path, *, is_encrypted: bool) -> TokenCacheFile | None:
    """The cache of a setting, None for none; where nothing is set, `is_encrypted` decides."""
    match kind:
        case None:
            return TokenCacheFile(folder) if is_encrypted else None
        case TokenCacheKind.MEMORY:
            return None
        case TokenCacheKind.ENCRYPTED | TokenCacheKind.PLAIN_FILE:
            return TokenCacheFile(folder, is_plain_allowed=kind is TokenCacheKind.PLAIN_FILE)


def _text(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


_MADE_BY: Mapping[SignInWay, Callable[[_Case], TokenSource]] = {
    SignInWay.CLIENT_SECRET: _client_secret,
    SignInWay.CERTIFICATE: _certificate,
    SignInWay.FEDERATED: _federated,
    SignInWay.GITHUB: _github,
    SignInWay.AZURE_DEVOPS: _azure_devops,
    SignInWay.MANAGED_IDENTITY: _managed_identity,
    SignInWay.DEVICE_CODE: _device_code,
    SignInWay.INTERACTIVE: _interactive,
    SignInWay.AZURE_CLI: _azure_cli,
}
