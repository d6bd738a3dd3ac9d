"""All sources laid over each other, checked, and handed down as one value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import SecretStr, ValidationError

from connector.errors import SettingsError
from connector.model.desired_job import DesiredJob
from connector.model.invoicing_rules import InvoicingRules
from connector.model.plan_limits import PlanLimits
from connector.settings.profiles import PROJECT, TABLE, shown_variable
from connector.settings.profiles import chosen as chosen_profile
from connector.settings.reading import Source, read_environment, read_environment_file, read_project_file
from connector.settings.sections import (
    RunSettings,
    check_job,
    check_notify_url,
    check_rules,
    filled,
    place_of,
)
from connector.settings.sign_in import Choice, SignInSettings, chosen
from connector.settings.variables import SECTIONS, Given, Values, own_name

ENVIRONMENT: Final = "the environment"


@dataclass(frozen=True)
class Settings:
    """What the console hands down. `sources` says for each setting ("job.name") who gave it.

    `profile` is the one in force, empty without one; `profiles` are all that the project file names.
    """

    profile: str
    profiles: tuple[str, ...]
    dataverse_url: str
    expect_environment: str
    tenant_id: str
    client_id: str
    client_secret: SecretStr | None
    authority_host: str
    ca_file: Path | None
    log_folder: Path
    history_file: Path | None
    watch_folder: Path
    notify_url: SecretStr | None
    cache_dir: Path
    state_url: SecretStr | None
    state_folder: Path
    sign_in: SignInSettings
    names: Mapping[str, str]
    job: DesiredJob
    rules: InvoicingRules
    run: RunSettings
    limits: PlanLimits
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret that is set, for whoever has to keep them out of a log."""
        return (*self.sign_in.secrets, *_parts_of(self.notify_url), *_password_of(self.state_url))

    def choose_sign_in(self) -> Choice:
        """The way to sign in and the reason for it. Raises SettingsError that names what is missing."""
        variables = {
            name: shown_variable(name, self.profile, self.sources.get(name, ""))
            for name in Given.model_fields
        }
        return chosen(self.sign_in, self.sources, variables)

    def require_url(self) -> str:
        """The environment to work on. Raises SettingsError: there is no silent default."""
        if self.dataverse_url:
            return self.dataverse_url
        if self.profile:
            raise SettingsError(
                f"The profile {self.profile} names no environment.",
                f'Write dataverse_url = "https://ORG.crm.dynamics.com" under [profiles.{self.profile}].',
            )
        if self.profiles:
            raise SettingsError(
                f"Which environment? projops.toml has the profiles {', '.join(self.profiles)}.",
                f"Say --profile {self.profiles[0]}, or set PROJOPS_PROFILE.",
            )
        raise SettingsError(
            "DATAVERSE_URL is not set, and no environment is taken by default.",
            "For a real environment set DATAVERSE_URL=https://ORG.crm.dynamics.com and AZURE_TENANT_ID, "
            "AZURE_CLIENT_ID, AZURE_CLIENT_SECRET; for the embedded emulator set "
            "DATAVERSE_URL=emulator:sandbox.db.",
        )


def load(flags: Mapping[str, Any] | None = None, *, folder: Path | None = None) -> Settings:
    """Read all sources; `.env` and `projops.toml` are looked for in `folder` (the working directory).

    `flags` carries settings by their names here, sections as mappings, None for a flag that was not
    given; `profile` among them chooses one. Raises SettingsError with the source, the name and what was
    expected.
    """
    here = folder or Path.cwd()
    given = _without_none(flags or {})
    project = read_project_file(here / PROJECT)
    profiles = tuple(project.profiles)
    sources = {
        ENVIRONMENT: read_environment(profiles),
        ".env": read_environment_file(here / ".env", profiles),
        PROJECT: project,
    }
    profile = str(given.get("profile") or sources[ENVIRONMENT].values.get("profile") or "")
    layers = [Layer("a flag", given)]
    if profile:
        name = chosen_profile(profile, profiles)
        layers += [_layer_of_profile(label, source, name) for label, source in sources.items()]
    layers += [Layer(label, source.values, _by_name(source.lines)) for label, source in sources.items()]
    return _settled(layers, profiles)


def profile_names(*, folder: Path | None = None) -> tuple[str, ...]:
    """The profiles that the project file names, in its order. Raises SettingsError."""
    return tuple(read_project_file((folder or Path.cwd()) / PROJECT).profiles)


def load_flags_alone(flags: Mapping[str, Any]) -> Settings:
    """Settings of these values and the defaults: neither the environment nor a file is read.

    Raises SettingsError.
    """
    return _settled([Layer("a flag", _without_none(flags))], ())


@dataclass(frozen=True)
class Layer:
    """What one source says; `lines` are those of its file, by the names of settings ("job.name")."""

    source: str
    values: Values
    lines: Mapping[str, int] = field(default_factory=dict)

    def place_of(self, name: str) -> str:
        line = self.lines.get(name)
        return self.source if line is None else f"{self.source}, line {line}"


def _layer_of_profile(label: str, source: Source, profile: str) -> Layer:
    lines = {path[2:]: line for path, line in source.lines.items() if path[:2] == (TABLE, profile)}
    return Layer(f"{label}, profile {profile}", source.profiles.get(profile, {}), _by_name(lines))


def _by_name(lines: Mapping[tuple[str, ...], int]) -> dict[str, int]:
    return {".".join((own_name(path[0]), *path[1:])): line for path, line in lines.items() if path}


def _settled(layers: Iterable[Layer], profiles: tuple[str, ...]) -> Settings:
    values, sources, places = _laid_over_each_other(layers)
    try:
        given = Given(**values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{place_of(name, places)}: {first['msg']}.") from None
    return _checked(given, sources, places, profiles)


def _without_none(values: Mapping[str, Any]) -> Values:
    nested = {name: _without_none(one) if isinstance(one, Mapping) else one for name, one in values.items()}
    return {name: one for name, one in nested.items() if one is not None and one != {}}


def _laid_over_each_other(layers: Iterable[Layer]) -> tuple[Values, dict[str, str], dict[str, str]]:
    """The first layer that gives a setting wins; within a section each key for itself.

    The values, who gave each of them, and where exactly.
    """
    values: Values = {}
    sources: dict[str, str] = {}
    places: dict[str, str] = {}
    for layer in layers:
        for name, value in layer.values.items():
            if name in SECTIONS and isinstance(value, Mapping):
                section = values.setdefault(name, {})
                for key in [key for key in value if key not in section]:
                    full = f"{name}.{key}"
                    section[key], sources[full], places[full] = value[key], layer.source, layer.place_of(full)
            elif name not in values:
                values[name], sources[name], places[name] = value, layer.source, layer.place_of(name)
    return values, sources, places


def _checked(
    given: Given, sources: Mapping[str, str], places: Mapping[str, str], profiles: tuple[str, ...]
) -> Settings:
    job = filled(DesiredJob, "job", given.job, places)
    rules = filled(InvoicingRules, "rules", given.rules, places)
    check_rules(rules, places)
    check_job(job, rules, places)
    check_notify_url(given.notify_url, places)
    return Settings(
        profile=given.profile,
        profiles=profiles,
        dataverse_url=given.dataverse_url,
        expect_environment=given.expect_environment,
        tenant_id=given.tenant_id,
        client_id=given.client_id,
        client_secret=given.client_secret,
        authority_host=given.authority_host,
        ca_file=given.ca_file,
        log_folder=given.log_folder,
        history_file=given.history_file,
        watch_folder=given.watch_folder,
        notify_url=given.notify_url,
        cache_dir=given.cache_dir,
        state_url=given.state_url,
        state_folder=given.state_folder,
        sign_in=_sign_in(given),
        names=given.names,
        job=job,
        rules=rules,
        run=filled(RunSettings, "run", given.run, places),
        limits=filled(PlanLimits, "limits", given.limits, places),
        sources=sources,
    )


def _parts_of(address: SecretStr | None) -> tuple[str, ...]:
    """The address as a whole, and what libraries name of it: its host, and the rest."""
    if address is None:
        return ()
    whole = address.get_secret_value()
    parts = urlsplit(whole)
    rest = whole.partition(parts.netloc)[2]
    return tuple(part for part in (whole, rest, parts.netloc, parts.hostname) if part and part != "/")


def _password_of(database: SecretStr | None) -> tuple[str, ...]:
    """The address and its password, where it has one: a file's path is no secret."""
    whole = "" if database is None else database.get_secret_value()
    if "://" not in whole:
        return ()
    parts = urlsplit(whole)
    password = unquote(parts.password or "") or parse_qs(parts.query).get("password", [""])[0]
    return (whole, password) if password else ()


def _sign_in(given: Given) -> SignInSettings:
    same = {name: getattr(given, name) for name in SignInSettings.__dataclass_fields__ if name != "way"}
    return SignInSettings(way=given.sign_in, **same)
