"""One source at a time: the environment, `.env`, `projops.toml`, each as settings by our names."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv.parser import parse_stream
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource
from pydantic_settings import SettingsError as UnreadableValue

from connector.errors import SettingsError
from connector.settings.variables import (
    NEVER_FROM_FILES,
    NEVER_FROM_THE_PROJECT,
    SECTIONS,
    Given,
    Values,
    check_variables,
    nearest,
    variables_of,
)


def read_environment() -> Values:
    check_variables(os.environ, "The environment")
    return _read(EnvSettingsSource(Given), "The environment")


def read_environment_file(path: Path) -> Values:
    """Raises SettingsError for a line that is none, a misspelled name, and what that file may not set."""
    if not path.is_file():
        return {}
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
    return found


def read_project_file(path: Path) -> Values:
    """Raises SettingsError with the line or the key, and what was expected there."""
    if not path.is_file():
        return {}
    try:
        tree = tomllib.loads(_text_of(path))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}.") from None
    found = {_own_name(name): value for name, value in tree.items()}
    _refuse(found, NEVER_FROM_THE_PROJECT, path)
    for name, value in found.items():
        if name not in Given.model_fields:
            raise SettingsError(f"{path}: {name} is not a setting{nearest(name, Given.model_fields)}")
        if name in SECTIONS and not isinstance(value, dict):
            raise SettingsError(f"{path}: {name} = {value!r}, expected a section [{name}].")
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


def _own_name(name: str) -> str:
    """`AZURE_TENANT_ID` and `azure_tenant_id` are `tenant_id`: what is refused is refused by any name."""
    upper = name.upper()
    return next((own for own in Given.model_fields if upper in variables_of(own)), name.lower())


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


def _refuse(found: Values, names: tuple[str, ...], path: Path) -> None:
    for name in names:
        if name in found:
            variable = variables_of(name)[0]
            raise SettingsError(
                f"{path} sets {variable}, which is not taken from that file: the file may have come with "
                "somebody's repository, and this setting decides who sees a secret.",
                f"Set {variable} in the process environment.",
            )
