"""What the console says to people on stderr, beside the results on stdout."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass

from connector.model.shown_text import harmless


@dataclass(frozen=True)
class Voice:
    is_quiet: bool = False
    is_verbose: bool = False

    def say(self, sentence: str) -> None:
        """Something worth knowing; --quiet keeps it back."""
        if not self.is_quiet:
            self.warn(sentence)

    def warn(self, sentence: str) -> None:
        """Something that has to be said."""
        for line in sentence.splitlines():
            sys.stderr.write(harmless(line) + "\n")
        sys.stderr.flush()

    def listen(self) -> None:
        """With --verbose, show what the rooms log: each request with its status and id, nothing secret."""
        if not self.is_verbose:
            return
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        logger = logging.getLogger("connector")
        logger.handlers[:] = [handler]
        logger.setLevel(logging.DEBUG)
