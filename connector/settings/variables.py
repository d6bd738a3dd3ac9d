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

PREFIX = "PROJOPS_"
NEVER_FROM_FILES = ("authority_host", "ca_file")
NEVER_FROM_THE_PROJECT = (*NEVER_FROM_FILES, "client_secret")
SECTIONS = ("job", "rules", "names", "run")

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
    log_folder: Path = Field(default_factory=lambda: Path(tempfile.gettempdir()))
    job: Values = Field(default_factory=dict)
    rules: Values = Field(default_factory=dict)
    names: dict[str, str] = Field(default_factory=dict)
    run: Values = Field(default_factory=dict)

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
    return tuple(variable for name in Given.model_fields for variable in variables_of(name))


def check_variables(variables: Iterable[str], place: str) -> None:
    """Refuse what begins like ours and is not: a misspelled setting would otherwise change nothing."""
    known = names_of_variables()
    sections = tuple(one for one in known if one.endswith("__"))
    for variable in variables:
        upper = variable.upper()
        is_known = upper in known or upper.startswith(sections) or f"{upper}__" in sections
        if upper.startswith(PREFIX) and not is_known:
            raise SettingsError(f"{place}: {variable} is not a setting{_nearest_variable(upper, known)}")


def nearest(name: str, known: Iterable[str]) -> str:
    """What to say after "is not a setting", full stop included: the likely one, or all that there are."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]}?" if near else f"; settings are {', '.join(names)}."


def _nearest_variable(variable: str, known: Iterable[str]) -> str:
    """As `nearest`, by the part that tells variables apart: all of ours begin alike."""
    by_stem = {_stem(one): one for one in known if one.startswith(PREFIX)}
    near = get_close_matches(_stem(variable), by_stem, n=1)
    if near:
        return f"; did you mean {by_stem[near[0]]}?"
    return f"; settings are {', '.join(by_stem.values())}."


def _stem(variable: str) -> str:
    return variable.removeprefix(PREFIX).partition("__")[0]
