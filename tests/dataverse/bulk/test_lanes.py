"""Which chunks are on their way at the same time."""

from __future__ import annotations

from connector.dataverse.bulk.lanes import Done, in_order
from connector.dataverse.exchange.watching import Interest


def test_the_first_chunk_goes_alone() -> None:
    """It shows whether the service takes such chunks: the second begins when the first is answered."""
    running: list[str] = []

    def work(chunk: str) -> Done[str]:
        running.append(f"begins {chunk}")
        running.append(f"ends {chunk}")
        return Done([chunk])

    assert list(in_order(iter("abc"), work, lambda: 2, 2, Interest())) == ["a", "b", "c"]
    assert running[:2] == ["begins a", "ends a"]
