"""Who signs in, and how: chosen by what is set, in an order that is documented, unless it is named.

The order is that of Microsoft's own tools: secret, certificate, federated token file; then what a pipeline
or an Azure host brings along. Nobody is signed in by a browser, a code or the Azure CLI's login unless
PROJOPS_SIGN_IN says so: whoever happens to be logged in would otherwise act.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from connector.errors import SettingsError


class SignInWay(StrEnum):
    CLIENT_SECRET = "client-secret"  # noqa: S105  # a name, not a secret
    CERTIFICATE = "certificate"
    DEVICE_CODE = "device-code"
    INTERACTIVE = "interactive"
    MANAGED_IDENTITY = "managed-identity"
    FEDERATED = "federated"
    GITHUB = "github"
    AZURE_DEVOPS = "azure-devops"
    AZURE_CLI = "azure-cli"


class TokenCacheKind(StrEnum):
    MEMORY = "memory"
    ENCRYPTED = "encrypted"
    PLAIN_FILE = "plain-file"


@dataclass(frozen=True)
class SignInSettings:
    """What the ways to sign in are made of; "" and None for what is not set."""

    way: SignInWay | None
    tenant_id: str
    client_id: str
    client_secret: SecretStr | None
    client_certificate_path: Path | None
    client_certificate_password: SecretStr | None
    federated_token_file: Path | None
    github_request_url: str
    github_request_token: SecretStr | None
    azure_devops_request_url: str
    azure_devops_access_token: SecretStr | None
    service_connection_id: str
    service_connection_tenant_id: str
    service_connection_client_id: str
    identity_endpoint: str
    managed_identity_object_id: str
    managed_identity_resource_id: str
    token_cache: TokenCacheKind | None
    token_folder: Path

    def is_set(self, name: str) -> bool:
        value = getattr(self, name)
        return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret that is set, for whoever has to keep them out of a log."""
        found = (getattr(self, name) for name in self.__dataclass_fields__)
        return tuple(one.get_secret_value() for one in found if isinstance(one, SecretStr))


@dataclass(frozen=True)
class Choice:
    """The way that is taken, and why, in words."""

    way: SignInWay
    reason: str


# The setting that makes a way the chosen one, in the order in which they win.
MARKS: Final[tuple[tuple[SignInWay, str], ...]] = (
    (SignInWay.CLIENT_SECRET, "client_secret"),
    (SignInWay.CERTIFICATE, "client_certificate_path"),
    (SignInWay.FEDERATED, "federated_token_file"),
    (SignInWay.GITHUB, "github_request_url"),
    (SignInWay.AZURE_DEVOPS, "service_connection_id"),
    (SignInWay.MANAGED_IDENTITY, "identity_endpoint"),
)
_NEEDED: Final[dict[SignInWay, tuple[str, ...]]] = {
    SignInWay.CLIENT_SECRET: ("client_id", "client_secret"),
    SignInWay.CERTIFICATE: ("client_id", "client_certificate_path"),
    SignInWay.FEDERATED: ("client_id", "federated_token_file"),
    SignInWay.GITHUB: ("client_id", "github_request_url", "github_request_token"),
    SignInWay.AZURE_DEVOPS: (
        "service_connection_id",
        "azure_devops_request_url",
        "azure_devops_access_token",
    ),
    SignInWay.DEVICE_CODE: ("client_id",),
    SignInWay.INTERACTIVE: ("client_id",),
    SignInWay.MANAGED_IDENTITY: (),
    SignInWay.AZURE_CLI: (),
}
_HINTS: Final[dict[SignInWay, str]] = {
    SignInWay.GITHUB: "GitHub sets the latter two in a job with `permissions: id-token: write`.",
    SignInWay.AZURE_DEVOPS: (
        "Azure DevOps sets SYSTEM_OIDCREQUESTURI; pass SYSTEM_ACCESSTOKEN: $(System.AccessToken) to the step."
    ),
    SignInWay.DEVICE_CODE: "It is the id of an application of yours that allows public client flows.",
    SignInWay.INTERACTIVE: "It is the id of an application of yours with the redirect http://localhost.",
}
_ANY_WAY: Final = (
    "Set the application's id and its client secret in the environment or in .env; it has to be an "
    "application user of the environment. PROJOPS_SIGN_IN names other ways: managed-identity on a virtual "
    "machine in Azure; azure-cli, interactive and device-code for people."
)


def chosen(settings: SignInSettings, sources: Mapping[str, str], variables: Mapping[str, str]) -> Choice:
    """Which way is taken and why. `sources` says who gave a setting, `variables` what it is called outside.

    Raises SettingsError that names what the way lacks.
    """
    marks = [(way, name) for way, name in MARKS if settings.is_set(name)]
    if settings.way is not None:
        way, why = settings.way, f"PROJOPS_SIGN_IN says so ({sources.get('sign_in', 'the defaults')})"
    elif marks:
        way, why = marks[0][0], f"{_said(marks[0][1], sources, variables)} is set"
    else:
        way, why = SignInWay.CLIENT_SECRET, "nothing else is set"
    _require_all(settings, way, variables, is_guess=settings.way is None and not marks)
    unused = [_said(name, sources, variables) for other, name in marks if other is not way]
    told = f"; {' and '.join(unused)} {'is' if len(unused) == 1 else 'are'} set too and not used"
    return Choice(way, f"{way}, because {why}{told if unused else ''}")


def _said(name: str, sources: Mapping[str, str], variables: Mapping[str, str]) -> str:
    return f"{variables[name]} ({sources.get(name, 'the defaults')})"


def _require_all(
    settings: SignInSettings, way: SignInWay, variables: Mapping[str, str], *, is_guess: bool
) -> None:
    """`is_guess`: nothing tells which way is meant, so that what was looked for is said too."""
    missing = [variables[name] for name in _NEEDED[way] if not settings.is_set(name)]
    if way is SignInWay.AZURE_DEVOPS and not (settings.service_connection_client_id or settings.client_id):
        missing.append(variables["client_id"])
    if missing:
        are, them = ("is", "it") if len(missing) == 1 else ("are", "them")
        looked = ", ".join(variables[name] for _, name in MARKS)
        found = f" None of what names another way is set either ({looked})." if is_guess else ""
        raise SettingsError(
            f"{' and '.join(missing)} {are} not set, and the sign-in by {way} wants {them}.{found}",
            _HINTS.get(way, _ANY_WAY),
        )
