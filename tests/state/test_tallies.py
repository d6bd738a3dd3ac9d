"""Figures of a run: kept as its batches end, and what is under way found without reading the run."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from connector.state import tables
from connector.state.database import Database
from connector.state.facts import Facts
from connector.state.leases import Holding, Leases
from connector.state.runs import Runs
from connector.state.tallies import Tallies, under_way

RUN = "run-1"


def add(added: Sequence[Facts], taken: Sequence[Facts]) -> Facts:
    return {"n": sum(one["n"] for one in added) - sum(one["n"] for one in taken)}


@pytest.fixture
def tallies(database: Database) -> Tallies:
    """Of a run of three chunks, of which two are at work."""
    runs = Runs(database)
    runs.begin(RUN, "here", "ProcessRunner", {})
    runs.freeze(RUN, {}, [["a", "b"], ["c", "d"], ["e", "f"]])
    for chunk in (1, 2):
        runs.take_chunk(RUN, chunk, "worker-1")
    return runs.tallies


def record(database: Database, contract: str, chunk: int, batch: int) -> None:
    holding = Holding(Leases(database), ())
    Runs(database).writes.record(holding, RUN, (chunk, batch), contract, {"of": contract}, is_failed=False)


def test_the_total_is_that_of_all_batches(tallies: Tallies) -> None:
    """Each that ends adds to it; one that is done again takes the place of the first."""
    assert tallies.total(RUN) is None
    for chunk, number, count in ((1, 1, 5), (1, 2, 7), (2, 1, 20), (1, 2, 8)):
        tallies.end_batch(RUN, chunk, number, {"n": count}, add)
    assert tallies.total(RUN) == {"n": 33}
    assert sum(one["n"] for one in tallies.figures(RUN)) == 33


def test_a_total_that_is_missing_is_that_of_the_batches_before(database: Database, tallies: Tallies) -> None:
    """A run that began before totals were kept."""
    tallies.end_batch(RUN, 1, 1, {"n": 5}, add)
    database.do(lambda connection: connection.execute(sa.delete(tables.total)))
    tallies.end_batch(RUN, 1, 2, {"n": 7}, add)
    assert tallies.total(RUN) == {"n": 12}


def test_under_way_is_what_is_through_of_batches_that_are_not(database: Database, tallies: Tallies) -> None:
    """Neither of batches that are done, nor of chunks that have ended."""
    for contract, chunk, batch in (("a", 1, 1), ("b", 1, 2), ("c", 2, 1), ("d", 2, 1)):
        record(database, contract, chunk, batch)
    tallies.end_batch(RUN, 1, 1, {"n": 1}, add)
    assert sorted(one["of"] for one in tallies.under_way(RUN)) == ["b", "c", "d"]
    Runs(database).end_chunk(RUN, 2)
    assert [one["of"] for one in tallies.under_way(RUN)] == ["b"]


def test_under_way_does_not_grow_with_the_run(database: Database, tallies: Tallies) -> None:
    """The contracts of the chunks at work are looked up, not searched for among all of the run."""
    query = under_way(RUN).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    plan = database.do(lambda connection: connection.execute(sa.text(f"EXPLAIN QUERY PLAN {query}")).all())
    steps = [row.detail for row in plan]
    assert any(
        "projops_contract USING INDEX projops_contract_of_batch (run=? AND chunk=?)" in one for one in steps
    ), steps
    assert not [one for one in steps if one.startswith("SCAN")], steps
