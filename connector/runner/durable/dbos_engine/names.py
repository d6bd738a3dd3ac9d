"""Under which name and version an environment's parts are kept, and where the engine's log lines go."""

from __future__ import annotations

import hashlib
import logging
from typing import Final

_log = logging.getLogger(__name__)
VERSION: Final = "1"
"""Of the parts and their steps: raised when runs of the version before could not be gone on with. DBOS
takes a hash of the source unless it is told; then no sleeping run would survive an update."""


def application_of(environment: str) -> str:
    """The name under which the runs of an environment are kept apart from those of others."""
    return f"projops-{hashlib.sha256(environment.encode()).hexdigest()[:16]}"


def version_of(application: str) -> str:
    """DBOS wants the versions of all applications of one database to differ."""
    return f"{application}/{VERSION}"


def keep_quiet() -> None:
    """DBOS's lines go where ours go, from warnings on; it would set up a handler of its own."""
    logger = logging.getLogger("dbos")
    if not any(isinstance(one, _AsOurs) for one in logger.handlers):
        logger.addHandler(_AsOurs())
    logger.setLevel(logging.WARNING)
    logger.propagate = False


class _AsOurs(logging.Handler):
    """What the engine says, as a line of ours: shown with --verbose, else nowhere. Of an error of the
    database the first line: behind it stand statements with their parameters."""

    def emit(self, record: logging.LogRecord) -> None:
        if _log.hasHandlers():
            _log.log(record.levelno, "%s", record.getMessage().partition("\n")[0])
