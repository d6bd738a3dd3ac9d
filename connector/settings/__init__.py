"""The only reader of the environment, of `.env` and of `projops.toml`.

A flag wins over the environment, that over `.env`, that over `projops.toml`, that over the default; what
a chosen profile sets wins over all but flags (`connector.settings.profiles`).
What decides whom we trust with a secret is taken from a flag or the process environment alone: the
files can come with a cloned repository.
"""

from connector.settings.loading import Settings, load, load_flags_alone, profile_names
from connector.settings.places import search_path
from connector.settings.proxies import way_to
from connector.settings.sections import CreateWith, RunSettings
from connector.settings.sign_in import Choice, SignInSettings, SignInWay, TokenCacheKind
from connector.settings.variables import names_of_variables, variables_of

__all__ = [
    "Choice",
    "CreateWith",
    "RunSettings",
    "Settings",
    "SignInSettings",
    "SignInWay",
    "TokenCacheKind",
    "load",
    "load_flags_alone",
    "names_of_variables",
    "profile_names",
    "search_path",
    "variables_of",
    "way_to",
]
