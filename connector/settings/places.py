"""Places on this machine that the process environment tells."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def search_path() -> str:
    """The folders in which programs are looked for, as the system writes them (PATH)."""
    return os.environ.get("PATH", "")


def usual_token_folder(platform: str = sys.platform) -> Path:
    """Where a user's tokens are kept between commands, by the custom of each system."""
    return _usual_data_folder(platform) / "tokens"


def usual_watch_folder(platform: str = sys.platform) -> Path:
    """Where a watch keeps what it has told, by the custom of each system."""
    return _usual_data_folder(platform) / "watch"


def _usual_data_folder(platform: str) -> Path:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111  # Path.home() fails where there is none
    if platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "projops"


def usual_cache_folder(platform: str = sys.platform) -> Path:
    """Where is kept what can be had again, by the custom of each system."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111  # Path.home() fails where there is none
    if platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "projops" / "cache"
    if platform == "darwin":
        return home / "Library" / "Caches" / "projops"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "projops"


def usual_state_folder(platform: str = sys.platform) -> Path:
    """Where is kept what a program was about, by the custom of each system."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111  # Path.home() fails where there is none
    if platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "projops" / "state"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "projops" / "state"
    return Path(os.environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "projops"
