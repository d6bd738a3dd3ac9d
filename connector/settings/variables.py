"""The names that settings are given under."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connector.errors import SettingsError
from connector.settings.places import (
    usual_cache_folder,
    usual_state_folder,
    usual_token_folder,
    usual_watch_folder,
)
from connector.settings.sign_in import SignInWay, TokenCacheKind

PREFIX = "PROJOPS_"
PROFILE_VARIABLES = f"{PREFIX}PROFILES__"
# Whom to trust with a secret, and where pipelines and hosts say that their own tokens are had.
NEVER_FROM_FILES = (
    "authority_host",
    "ca_file",
    "github_request_url",
    "github_request_token",
    "azure_devops_request_url",
    "azure_devops_access_token",
    "identity_endpoint",
    "token_folder",
    "profile",
)
NEVER_FROM_THE_PROJECT = (
    *NEVER_FROM_FILES,
    "client_secret",
    "client_certificate_password",
    "notify_url",
    "state_url",
)
SECTIONS = ("job", "rules", "names", "run", "limits")

Values = dict[str, Any]


class Given(BaseSettings):
    """Every setting by its name here, its alias the variables that give it.

    The class itself reads nothing: `loading` lays the sources over each other, because it has to
    remember which one won.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
    )

    dataverse_url: str = Field("", validation_alias=AliasChoices("DATAVERSE_URL"))
    tenant_id: str = Field("", validation_alias=AliasChoices("AZURE_TENANT_ID", "POWER_PLATFORM_TENANT_ID"))
    client_id: str = Field("", validation_alias=AliasChoices("AZURE_CLIENT_ID", "POWER_PLATFORM_CLIENT_ID"))
    client_secret: SecretStr | None = Field(
        None, validation_alias=AliasChoices("AZURE_CLIENT_SECRET", "POWER_PLATFORM_CLIENT_SECRET")
    )
    authority_host: str = Field("", validation_alias=AliasChoices("AZURE_AUTHORITY_HOST"))
    ca_file: Path | None = None
    profile: str = ""
    expect_environment: str = ""
    sign_in: SignInWay | None = None
    client_certificate_path: Path | None = Field(
        None,
        validation_alias=AliasChoices(
            "AZURE_CLIENT_CERTIFICATE_PATH", "POWER_PLATFORM_CLIENT_CERTIFICATE_FILE_PATH"
        ),
    )
    client_certificate_password: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices(
            "AZURE_CLIENT_CERTIFICATE_PASSWORD", "POWER_PLATFORM_CLIENT_CERTIFICATE_PASSWORD"
        ),
    )
    federated_token_file: Path | None = Field(
        None, validation_alias=AliasChoices("AZURE_FEDERATED_TOKEN_FILE")
    )
    service_connection_id: str = Field(
        "",
        validation_alias=AliasChoices(
            "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "POWER_PLATFORM_AZDO_SERVICE_CONNECTION_ID"
        ),
    )
    service_connection_tenant_id: str = Field(
        "", validation_alias=AliasChoices("AZURESUBSCRIPTION_TENANT_ID")
    )
    service_connection_client_id: str = Field(
        "", validation_alias=AliasChoices("AZURESUBSCRIPTION_CLIENT_ID")
    )
    github_request_url: str = Field("", validation_alias=AliasChoices("ACTIONS_ID_TOKEN_REQUEST_URL"))
    github_request_token: SecretStr | None = Field(
        None, validation_alias=AliasChoices("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    )
    azure_devops_request_url: str = Field("", validation_alias=AliasChoices("SYSTEM_OIDCREQUESTURI"))
    azure_devops_access_token: SecretStr | None = Field(
        None, validation_alias=AliasChoices("SYSTEM_ACCESSTOKEN")
    )
    identity_endpoint: str = Field("", validation_alias=AliasChoices("IDENTITY_ENDPOINT"))
    managed_identity_object_id: str = ""
    managed_identity_resource_id: str = ""
    token_cache: TokenCacheKind | None = None
    token_folder: Path = Field(default_factory=usual_token_folder)
    log_folder: Path = Field(default_factory=lambda: Path(tempfile.gettempdir()))
    history_file: Path | None = None
    watch_folder: Path = Field(default_factory=usual_watch_folder)
    notify_url: SecretStr | None = None
    cache_dir: Path = Field(default_factory=usual_cache_folder)
    state_url: SecretStr | None = None
    state_folder: Path = Field(default_factory=usual_state_folder)
    job: Values = Field(default_factory=dict)
    rules: Values = Field(default_factory=dict)
    names: dict[str, str] = Field(default_factory=dict)
    run: Values = Field(default_factory=dict)
    limits: Values = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # the parameters are pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def variables_of(name: str) -> tuple[str, ...]:
    """The environment variables of one setting; of a section the prefix ("PROJOPS_JOB__")."""
    alias = Given.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (f"{PREFIX}{name.upper()}" + ("__" if name in SECTIONS else ""),)


def names_of_variables() -> tuple[str, ...]:
    """Every environment variable that is read."""
    named = (variable for name in Given.model_fields for variable in variables_of(name))
    return (*named, PROFILE_VARIABLES)


def check_variables(variables: Iterable[str], place: str) -> None:
    """Refuse what begins like ours and is not: a misspelled setting would otherwise change nothing."""
    known = names_of_variables()
    sections = tuple(one for one in known if one.endswith("__"))
    for variable in variables:
        upper = variable.upper()
        is_known = (
            upper in known or upper.startswith((*sections, PROFILE_VARIABLES)) or f"{upper}__" in sections
        )
        if upper.startswith(PREFIX) and not is_known:
            raise SettingsError(f"{place}: {variable} is not a setting{_nearest_variable(upper, known)}")


def own_name(name: str) -> str:
    """`AZURE_TENANT_ID` and `azure_tenant_id` are `tenant_id`: what is refused is refused by any name."""
    upper = name.upper()
    return next((own for own in Given.model_fields if upper in variables_of(own)), name.lower())


def nearest(name: str, known: Iterable[str], what: str = "settings") -> str:
    """What to say after "is not a setting", full stop included: the likely one, or all that there are."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]}?" if near else f"; {what} are {', '.join(names)}."


def _nearest_variable(variable: str, known: Iterable[str]) -> str:
    """As `nearest`, by the part that tells variables apart: all of ours begin alike."""
    by_stem = {_stem(one): one for one in known if one.startswith(PREFIX)}
    near = get_close_matches(_stem(variable), by_stem, n=1)
    if near:
        return f"; did you mean {by_stem[near[0]]}?"
    return f"; settings are {', '.join(by_stem.values())}."


def _stem(variable: str) -> str:
    return variable.removeprefix(PREFIX).partition("__")[0]
