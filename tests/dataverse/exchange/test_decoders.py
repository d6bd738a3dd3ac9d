"""Decoders are made by one thread, however many want one."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from connector.dataverse.exchange.decoding import decoder_for

THREADS, KINDS, FIELDS = 4, 20, 30


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns much oftener than usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hasty")
def test_a_decoder_is_made_once_for_all_threads() -> None:
    """Two threads that look into a struct at once can crash the process: all get the same decoder."""
    barrier = threading.Barrier(THREADS)

    def wanted(kind: Any) -> Any:
        barrier.wait()
        return decoder_for(kind)

    with ThreadPoolExecutor(THREADS) as threads:
        for number in range(KINDS):
            fields = [(f"field_{place}", "int | None", None) for place in range(FIELDS)]
            kind = msgspec.defstruct(f"Kind{number}", fields)
            found = list(threads.map(wanted, [kind] * THREADS))
            assert len(set(map(id, found))) == 1
