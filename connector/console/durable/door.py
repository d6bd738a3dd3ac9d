"""The door to durable runs, which are an extra of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connector.errors import SettingsError

PACKAGES_OF_THE_EXTRA = {"dbos", "psycopg", "sqlalchemy"}


@contextmanager
def durable_extra() -> Iterator[None]:
    """For the imports of what needs the extra. Raises SettingsError where it is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in PACKAGES_OF_THE_EXTRA:
            raise
        raise SettingsError(
            f"Durable runs need {error.name}, which is not installed.",
            'Install the extra: pip install "projops-connector[durable]".',
        ) from None
