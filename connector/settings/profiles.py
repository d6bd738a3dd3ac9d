"""Named profiles: the settings of several environments in one project file.

    [profiles.test]                                  in projops.toml
    dataverse_url = "https://contoso-test.crm.dynamics.com"
    [profiles.test.rules]
    time_zone = "Europe/Berlin"

    PROJOPS_PROFILES__TEST__CLIENT_SECRET=…          in the process environment or .env

What a profile sets outranks what is set for all, wherever that is: an address that happens to lie in the
environment must not lead `--profile prod` somewhere else. Only flags outrank a profile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from connector.errors import SettingsError
from connector.settings.variables import (
    PROFILE_VARIABLES,
    SECTIONS,
    Given,
    Values,
    nearest,
    own_name,
    variables_of,
)

TABLE: Final = "profiles"
PROJECT: Final = "projops.toml"
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_NOT_IN_A_PROFILE: Final = ("profile",)


def check_name(name: str, place: str) -> None:
    """Raises SettingsError for a name that no variable could carry."""
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"{place}: {name!r} cannot be the name of a profile.",
            "Write small letters, digits and hyphens, for example [profiles.contoso-test].",
        )


def variable_of(profile: str, setting: str) -> str:
    """The variable that gives one setting to one profile: PROJOPS_PROFILES__CONTOSO_TEST__CLIENT_SECRET."""
    return f"{PROFILE_VARIABLES}{_in_variables(profile)}__{setting.upper()}"


def from_variables(
    variables: Mapping[str, str | None], profiles: Iterable[str], place: str
) -> dict[str, Values]:
    """What the variables of a source give to each profile, by our names.

    Raises SettingsError for a profile that projops.toml does not name, and for a setting that is none.
    """
    by_part = {_in_variables(name): name for name in profiles}
    found: dict[str, Values] = {}
    for variable, value in variables.items():
        upper = variable.upper()
        if not upper.startswith(PROFILE_VARIABLES) or not by_part:
            continue
        part, _, rest = upper.removeprefix(PROFILE_VARIABLES).partition("__")
        if part not in by_part:
            there = nearest(part, by_part, "profiles")
            raise SettingsError(f"{place}: {variable} is for a profile that {PROJECT} does not name{there}")
        name, _, key = rest.partition("__")
        setting = _checked(own_name(name), key, f"{place}: {variable}")
        if not value:
            continue
        values = found.setdefault(by_part[part], {})
        if key:
            values.setdefault(setting, {})[key.lower()] = value
        else:
            values[setting] = value
    return found


def chosen(name: str, profiles: Iterable[str]) -> str:
    """The profile of that name. Raises SettingsError that names those there are."""
    known = tuple(profiles)
    if name in known:
        return name
    if not known:
        raise SettingsError(
            f"There is no profile {name}: projops.toml in this folder has no [profiles.…].",
            f'Write [profiles.{name}] with dataverse_url = "https://…" there.',
        )
    raise SettingsError(f"There is no profile {name}{nearest(name, known, 'profiles')}")


def _checked(setting: str, key: str, place: str) -> str:
    if setting not in Given.model_fields or setting in _NOT_IN_A_PROFILE:
        raise SettingsError(f"{place} is not a setting{nearest(setting, Given.model_fields)}")
    if (setting in SECTIONS) is not bool(key):
        expected = (
            f"one variable for each key, …__{setting.upper()}__KEY" if setting in SECTIONS else "no key"
        )
        raise SettingsError(f"{place}: expected {expected}.")
    return setting


def _in_variables(profile: str) -> str:
    return profile.upper().replace("-", "_")


def shown_variable(setting: str, profile: str, source: str) -> str:
    """The variable under which a person changes this setting, given where it comes from now."""
    of_all = variables_of(setting)[0]
    return variable_of(profile, setting) if profile and f"profile {profile}" in source else of_all


def tables_of(tree: Mapping[str, Any], place: str) -> dict[str, Mapping[str, Any]]:
    """The profiles of a project file as they stand there. Raises SettingsError for what is none."""
    if not isinstance(tree, Mapping):
        raise SettingsError(f"{place}: profiles = {tree!r}, expected sections [profiles.NAME].")
    for name, table in tree.items():
        check_name(name, place)
        if not isinstance(table, Mapping):
            raise SettingsError(
                f"{place}: profiles.{name} = {table!r}, expected a section [profiles.{name}]."
            )
    return dict(tree)
