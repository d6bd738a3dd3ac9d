"""The border that no frame with a secret crosses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from connector.errors import ProjopsError

T = TypeVar("T")
# What msal, PyJWT and cryptography raise over an answer or a file that is not as it should be.
_STRANGE = (ValueError, LookupError, TypeError, AttributeError, RuntimeError, OSError)


def quietly(work: Callable[[], T], otherwise: Callable[[Exception], ProjopsError]) -> T:
    """Do the work. Its errors leave without the frames below: their values include secrets.

    `otherwise` makes our error of what a library raises; it must not quote the other's text unseen.
    """
    failure: ProjopsError
    try:
        return work()
    except ProjopsError as error:
        failure = error
    except _STRANGE as error:
        failure = otherwise(error)
    failure.__cause__ = failure.__context__ = None
    raise failure.with_traceback(None)
