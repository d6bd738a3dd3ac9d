"""What is installed with an extra: one sentence where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from connector.errors import SettingsError

OF_THE_CONSOLE = {"jinja2", "markupsafe", "pygal", "starlette", "uvicorn"}


@contextmanager
def needs_console_extra() -> Iterator[None]:
    """Around imports. Raises SettingsError where a package of the extra is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in OF_THE_CONSOLE:
            raise
        raise _missing(error.name or "") from None


def check_console_extra() -> None:
    """The same without importing anything, which takes its time. Raises SettingsError."""
    for name in sorted(OF_THE_CONSOLE):
        if find_spec(name) is None:
            raise _missing(name)


def _missing(name: str) -> SettingsError:
    return SettingsError(
        f"A page needs {name}, which is not installed.",
        'Install the extra: pip install "projops-connector[console]".',
    )
