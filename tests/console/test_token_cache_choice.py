"""Where a person's sign-in is kept, by what is set and what the machine can: a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.console.sign_in import cache_for
from connector.dataverse import TokenCacheFile
from connector.settings import TokenCacheKind

FOLDER = Path("tokens")
ENCRYPTED = TokenCacheFile(FOLDER)
PLAIN_IF_NEED_BE = TokenCacheFile(FOLDER, is_plain_allowed=True)


@pytest.mark.parametrize(
    ("kind", "is_encrypted", "kept"),
    [
        (None, True, ENCRYPTED),
        (None, False, None),
        (TokenCacheKind.MEMORY, True, None),
        (TokenCacheKind.MEMORY, False, None),
        (TokenCacheKind.ENCRYPTED, True, ENCRYPTED),
        (TokenCacheKind.ENCRYPTED, False, ENCRYPTED),
        (TokenCacheKind.PLAIN_FILE, True, PLAIN_IF_NEED_BE),
        (TokenCacheKind.PLAIN_FILE, False, PLAIN_IF_NEED_BE),
    ],
)
def test_a_plain_file_has_to_be_asked_for(
    kind: TokenCacheKind | None, is_encrypted: bool, kept: TokenCacheFile | None
) -> None:
    """Unset it is encrypted or nothing; a demand for encryption is never weakened."""
    assert cache_for(kind, FOLDER, is_encrypted=is_encrypted) == kept
