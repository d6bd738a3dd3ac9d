"""All sources laid over each other, checked, and handed down as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from connector.errors import SettingsError
from connector.model.desired_job import DesiredJob
from connector.model.invoicing_rules import InvoicingRules
from connector.settings.reading import read_environment, read_environment_file, read_project_file
from connector.settings.sections import RunSettings, check_job, check_rules, filled, place_of
from connector.settings.sign_in import Choice, SignInSettings, chosen
from connector.settings.variables import SECTIONS, Given, Values, variables_of


@dataclass(frozen=True)
class Settings:
    """What the console hands down. `sources` says for each setting ("job.name") who gave it."""

    dataverse_url: str
    tenant_id: str
    client_id: str
    client_secret: SecretStr | None
    authority_host: str
    ca_file: Path | None
    log_folder: Path
    history_file: Path | None
    cache_dir: Path
    sign_in: SignInSettings
    names: Mapping[str, str]
    job: DesiredJob
    rules: InvoicingRules
    run: RunSettings
    sources: Mapping[str, str] = field(default_factory=dict)

    def choose_sign_in(self) -> Choice:
        """The way to sign in and the reason for it. Raises SettingsError that names what is missing."""
        return chosen(
            self.sign_in, self.sources, {name: variables_of(name)[0] for name in Given.model_fields}
        )

    def require_url(self) -> str:
        """The environment to work on. Raises SettingsError: there is no silent default."""
        if self.dataverse_url:
            return self.dataverse_url
        raise SettingsError(
            "DATAVERSE_URL is not set, and no environment is taken by default.",
            "For a real environment set DATAVERSE_URL=https://ORG.crm.dynamics.com and AZURE_TENANT_ID, "
            "AZURE_CLIENT_ID, AZURE_CLIENT_SECRET; for the embedded emulator set "
            "DATAVERSE_URL=emulator:sandbox.db.",
        )


def load(flags: Mapping[str, Any] | None = None, *, folder: Path | None = None) -> Settings:
    """Read all sources; `.env` and `projops.toml` are looked for in `folder` (the working directory).

    `flags` carries settings by their names here, sections as mappings, None for a flag that was not
    given. Raises SettingsError with the source, the name and what was expected.
    """
    here = folder or Path.cwd()
    return _settled(
        {
            "a flag": _without_none(flags or {}),
            "the environment": read_environment(),
            ".env": read_environment_file(here / ".env"),
            "projops.toml": read_project_file(here / "projops.toml"),
        }
    )


def load_flags_alone(flags: Mapping[str, Any]) -> Settings:
    """Settings of these values and the defaults: neither the environment nor a file is read.

    Raises SettingsError.
    """
    return _settled({"a flag": _without_none(flags)})


def _settled(layers: Mapping[str, Values]) -> Settings:
    values, sources = _laid_over_each_other(layers)
    try:
        given = Given(**values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{place_of(name, sources)}: {first['msg']}.") from None
    return _checked(given, sources)


def _without_none(values: Mapping[str, Any]) -> Values:
    nested = {name: _without_none(one) if isinstance(one, Mapping) else one for name, one in values.items()}
    return {name: one for name, one in nested.items() if one is not None and one != {}}


def _laid_over_each_other(layers: Mapping[str, Values]) -> tuple[Values, dict[str, str]]:
    """The first layer that gives a setting wins; within a section each key for itself."""
    values: Values = {}
    sources: dict[str, str] = {}
    for source, layer in layers.items():
        for name, value in layer.items():
            if name in SECTIONS and isinstance(value, Mapping):
                section = values.setdefault(name, {})
                for key in [key for key in value if key not in section]:
                    section[key], sources[f"{name}.{key}"] = value[key], source
            elif name not in values:
                values[name], sources[name] = value, source
    return values, sources


def _checked(given: Given, sources: Mapping[str, str]) -> Settings:
    job = filled(DesiredJob, "job", given.job, sources)
    rules = filled(InvoicingRules, "rules", given.rules, sources)
    check_rules(rules, sources)
    check_job(job, rules, sources)
    return Settings(
        dataverse_url=given.dataverse_url,
        tenant_id=given.tenant_id,
        client_id=given.client_id,
        client_secret=given.client_secret,
        authority_host=given.authority_host,
        ca_file=given.ca_file,
        log_folder=given.log_folder,
        history_file=given.history_file,
        cache_dir=given.cache_dir,
        sign_in=_sign_in(given),
        names=given.names,
        job=job,
        rules=rules,
        run=filled(RunSettings, "run", given.run, sources),
        sources=sources,
    )


def _sign_in(given: Given) -> SignInSettings:
    same = {name: getattr(given, name) for name in SignInSettings.__dataclass_fields__ if name != "way"}
    return SignInSettings(way=given.sign_in, **same)
