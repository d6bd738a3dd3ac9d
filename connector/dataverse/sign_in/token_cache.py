"""Refresh tokens kept between processes, encrypted by the operating system (DPAPI, Keychain, libsecret)."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.errors import SettingsError

_INSTEAD = "PROJOPS_TOKEN_CACHE=memory keeps nothing, plain-file keeps a file that only you can read."


@dataclass(frozen=True)
class TokenCacheFile:
    """A folder with one cache for each environment, authority and application.

    `is_plain_allowed`: where this system cannot encrypt, a plain file of mode 0600 serves.
    """

    folder: Path
    is_plain_allowed: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder))

    def opened(self, origin: str, authority: str, client_id: str) -> Any:
        """msal's token cache over the file. Raises SettingsError where it cannot be had."""
        key = hashlib.sha256(f"{origin}\n{authority}\n{client_id}".encode()).hexdigest()[:32]
        persistence = self._persistence(self.folder / f"{key}.tokens")
        from msal_extensions import PersistedTokenCache  # type: ignore[import-untyped]  # it ships no types

        _check(persistence)
        return PersistedTokenCache(persistence)

    def _persistence(self, path: Path) -> Any:
        extensions = _extensions()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"The folder of the token cache {self.folder} cannot be made: {error.strerror}.", _INSTEAD
            ) from None
        try:
            return extensions.build_encrypted_persistence(str(path))
        except Exception as error:  # noqa: BLE001  # each system's key store has exceptions of its own
            if self.is_plain_allowed:
                return _plain_file(extensions, path)
            raise SettingsError(
                f"Tokens cannot be kept encrypted on this machine ({type(error).__name__}).", _INSTEAD
            ) from None


def can_encrypt(folder: Path) -> bool:
    """Whether this machine keeps tokens encrypted: the extra is installed and the key store answers."""
    try:
        TokenCacheFile(folder)._persistence(folder / "trial.tokens")  # noqa: SLF001  # of this module
    except SettingsError:
        return False
    return True


def _extensions() -> Any:
    try:
        import msal_extensions
    except ModuleNotFoundError:
        raise SettingsError(
            "Keeping tokens between commands needs msal-extensions, which is not installed.",
            'Install the extra: pip install "projops-connector[interactive]". '
            "PROJOPS_TOKEN_CACHE=memory keeps nothing.",
        ) from None
    return msal_extensions


def _plain_file(extensions: Any, path: Path) -> Any:
    # Made before anything is written to it, and narrowed where it was there with a wider mode.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    path.chmod(0o600)
    if not path.stat().st_size:
        path.write_text("{}", encoding="ascii")
    return extensions.FilePersistence(str(path))


def _check(persistence: Any) -> None:
    """A file that is no cache would be met later, in the middle of a sign-in."""
    place = persistence.get_location()
    try:
        text = persistence.load()
        json.loads(text or "{}")
    except Exception as error:  # noqa: BLE001  # each system's key store has exceptions of its own
        if getattr(error, "errno", None) == errno.ENOENT:
            return
        raise SettingsError(
            f"The token cache {place} cannot be read ({type(error).__name__}).",
            "Delete it and sign in again.",
        ) from None
