"""The server's process as whoever measures sees it: started with its ports, ended with the measurement."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import trustme

from benchmarks.client.service import Behaviour
from benchmarks.processes import LineProcess


@dataclass(frozen=True)
class Served:
    """Where the ports are, and the certificate authority of those that speak TLS."""

    origins: Mapping[str, str]
    ca_file: Path


@contextmanager
def served(ports: Mapping[str, Behaviour]) -> Iterator[Served]:
    """A server with these ports, each by its name. Raises ProcessFailed when it does not come up."""
    with TemporaryDirectory(prefix="bench-") as folder:
        ca_file, certificate = Path(folder) / "ca.pem", Path(folder) / "server.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(ca_file))
        authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(
            str(certificate)
        )
        with LineProcess(Path(sys.executable), "benchmarks.client.server") as process:
            settings = {name: asdict(behaviour) for name, behaviour in ports.items()}
            origins = process.ask({"certificate": str(certificate), "ports": settings})
            yield Served(origins, ca_file)
