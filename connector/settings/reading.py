"""One source at a time: the environment, `.env`, `projops.toml`, each as settings by our names."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource
from pydantic_settings import SettingsError as UnreadableValue

from connector.errors import SettingsError
from connector.settings.profiles import TABLE, from_variables, tables_of, variable_of
from connector.settings.toml_lines import lines_of_keys
from connector.settings.variables import (
    NEVER_FROM_FILES,
    NEVER_FROM_THE_PROJECT,
    SECTIONS,
    Given,
    Values,
    check_variables,
    nearest,
    own_name,
    variables_of,
)


@dataclass(frozen=True)
class Source:
    """What one source gives to all, and to each profile. `lines` says where a setting ("job.name", and
    "test" before it for one of the profile test) stands, where that is known."""

    values: Values = field(default_factory=dict)
    profiles: Mapping[str, Values] = field(default_factory=dict)
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict)


def read_environment(profiles: Iterable[str] = ()) -> Source:
    check_variables(os.environ, "The environment")
    return Source(
        _read(EnvSettingsSource(Given), "The environment"),
        from_variables(os.environ, profiles, "The environment"),
    )


def read_environment_file(path: Path, profiles: Iterable[str] = ()) -> Source:
    """Raises SettingsError for a line that is none, a misspelled name, and what that file may not set."""
    if not path.is_file():
        return Source()
    bindings = list(parse_stream(StringIO(_text_of(path))))
    for binding in bindings:
        if binding.error:
            raise SettingsError(f"{path}, line {binding.original.line}: expected NAME=value.")
    check_variables([binding.key for binding in bindings if binding.key], str(path))
    source = DotEnvSettingsSource(
        Given, env_file=path, env_file_encoding="utf-8-sig", dotenv_filtering="only_existing"
    )
    found = _read(source, str(path))
    _refuse(found, NEVER_FROM_FILES, path)
    given = from_variables(dotenv_values(path, encoding="utf-8-sig"), profiles, str(path))
    for profile, values in given.items():
        _refuse(values, NEVER_FROM_FILES, path, profile)
    return Source(found, given)


def read_project_file(path: Path) -> Source:
    """Raises SettingsError with the line or the key, and what was expected there."""
    if not path.is_file():
        return Source()
    text = _text_of(path)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}.") from None
    lines = lines_of_keys(text)
    tables = tables_of(tree.pop(TABLE, {}), str(path))
    profiles = {
        name: _of_project(
            table, path, {key[2:]: n for key, n in lines.items() if key[:2] == (TABLE, name)}, name
        )
        for name, table in tables.items()
    }
    return Source(_of_project(tree, path, lines), profiles, lines)


def _of_project(
    tree: Mapping[str, Any], path: Path, lines: Mapping[tuple[str, ...], int], profile: str = ""
) -> Values:
    """One level of the project file, or one profile in it, by our names."""
    written = {own_name(name): name for name in tree}
    found = {own_name(name): value for name, value in tree.items()}
    _refuse(found, NEVER_FROM_THE_PROJECT, path, profile)
    for name, value in found.items():
        line = lines.get((written[name],))
        place = f"{path}{'' if line is None else f', line {line}'}"
        if name not in Given.model_fields:
            raise SettingsError(
                f"{place}: {name} is not a setting{nearest(name, (*Given.model_fields, TABLE))}"
            )
        if name in SECTIONS and not isinstance(value, dict):
            section = f"profiles.{profile}.{name}" if profile else name
            raise SettingsError(f"{place}: {name} = {value!r}, expected a section [{section}].")
    if "names" in found:
        found["names"] = dict(_flattened(found["names"]))
    return found


def _read(source: EnvSettingsSource, place: str) -> Values:
    try:
        found = source()
    except UnreadableValue as error:
        name = next((one for one in SECTIONS if f'"{one}"' in str(error)), "")
        variable = variables_of(name)[0].rstrip("_") if name else "a setting"
        raise SettingsError(
            f"{place}: {variable} is not a JSON object.",
            f'Write it as {variable}={{"key": "value"}}, or one variable a key: {variable}__KEY=value.',
        ) from None
    by_variable = {variables_of(name)[0]: name for name in Given.model_fields}
    return {by_variable.get(name, name): value for name, value in found.items()}


def _flattened(section: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """`a.b = "c"` is a nested table to TOML and one role to us."""
    pairs: list[tuple[str, Any]] = []
    for name, value in section.items():
        full = f"{prefix}{name}"
        pairs += _flattened(value, f"{full}.") if isinstance(value, dict) else [(full, value)]
    return pairs


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None


def _refuse(found: Values, names: tuple[str, ...], path: Path, profile: str = "") -> None:
    for name in names:
        if name in found:
            variable = variable_of(profile, name) if profile else variables_of(name)[0]
            where = f" in the profile {profile}" if profile else ""
            raise SettingsError(
                f"{path} sets {variables_of(name)[0]}{where}, which is not taken from that file: it may have "
                "come with somebody's repository, and this setting decides who sees a secret.",
                f"Set {variable} in the process environment"
                f"{'' if name in NEVER_FROM_FILES else ' or in .env'}.",
            )
