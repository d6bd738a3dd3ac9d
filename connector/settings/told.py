"""The settings as they came out, for people: each with its value and who gave it. No secret is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from connector.settings.loading import Settings
from connector.settings.profiles import shown_variable
from connector.settings.variables import SECTIONS, Given, variables_of

DEFAULT = "the default"


@dataclass(frozen=True)
class Told:
    """One setting. `value` is None where nothing is set, and where it is a secret, which is only told of."""

    name: str
    variable: str
    value: str | None
    source: str
    is_secret: bool = False


def told(settings: Settings) -> tuple[Told, ...]:
    """All settings of their own, and what is given within the sections."""
    plain = tuple(_told(name, settings) for name in Given.model_fields if name not in SECTIONS)
    return plain + tuple(
        Told(name, _variable(name), _in_section(name, settings), source)
        for name, source in settings.sources.items()
        if "." in name
    )


def _told(name: str, settings: Settings) -> Told:
    value = _value(name, settings)
    is_secret = "SecretStr" in str(Given.model_fields[name].annotation)
    shown = None if is_secret or value in (None, "") else without_secrets(str(value))
    source = settings.sources.get(name, DEFAULT)
    return Told(name, shown_variable(name, settings.profile, source), shown, source, is_secret=is_secret)


def _value(name: str, settings: Settings) -> Any:
    if name == "sign_in":
        return settings.sign_in.way
    return getattr(settings, name) if hasattr(settings, name) else getattr(settings.sign_in, name)


def _in_section(name: str, settings: Settings) -> str:
    section, _, key = name.partition(".")
    held = getattr(settings, section)
    value = held.get(key) if hasattr(held, "get") else getattr(held, key, None)
    return str(getattr(value, "value", value))


def _variable(name: str) -> str:
    section, _, key = name.partition(".")
    return f"{variables_of(section)[0]}{key.upper()}"


def without_secrets(text: str) -> str:
    """An address without a user name and what follows its path: people paste passwords there."""
    if "://" not in text:
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return "(no address)"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
