"""HTTPS on loopback: a certificate authority that lives as long as the emulator does.

The authority's private key exists in memory only; its certificate goes to a file for clients.
"""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

import trustme


class Certificates:
    def __init__(self, name: str = "localhost") -> None:
        """`name`: what clients call this machine, beside the names of loopback."""
        authority = trustme.CA()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*dict.fromkeys(("127.0.0.1", "localhost", name))).configure_cert(self.context)
        self._folder = tempfile.TemporaryDirectory(prefix="projops-emulator-")
        self.ca_file = Path(self._folder.name) / "ca.pem"
        authority.cert_pem.write_to_path(self.ca_file)

    def remove(self) -> None:
        self._folder.cleanup()
