"""The federated token that Kubernetes and others put into a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connector.dataverse.sign_in.federated import require_jwt
from connector.dataverse.sign_in.tokens import TokenRequest
from connector.errors import SettingsError

LARGEST_TOKEN_BYTES: Final = 1 << 17
_HINT = "AZURE_FEDERATED_TOKEN_FILE names the file that the platform keeps the token in."


@dataclass(frozen=True)
class AssertionFile:
    """Reads the file anew each time: the token in it is replaced long before it expires."""

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))

    def assertion(self, request: TokenRequest) -> str:  # noqa: ARG002  # a file is the same for all
        try:
            with self.path.open("rb") as file:
                content = file.read(LARGEST_TOKEN_BYTES + 1)
        except OSError as error:
            raise SettingsError(
                f"The federated token file {self.path} cannot be read: {error.strerror}.", _HINT
            ) from None
        text = content.decode("ascii", "replace").strip() if len(content) <= LARGEST_TOKEN_BYTES else ""
        return require_jwt(text, f"What stands in the federated token file {self.path}", _HINT)
