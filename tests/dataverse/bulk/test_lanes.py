"""Which chunks are on their way at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import responses

from connector.dataverse import Chunks, DataverseClient, RowResult
from connector.dataverse.bulk.lanes import Done, Lanes, in_order
from connector.dataverse.exchange.watching import Interest
from connector.errors import AccessDenied
from tests.dataverse.bulk.bulk_service import ROOT, BulkService
from tests.dataverse.bulk.test_bulk import TABLE, named, seen_before, table_service

__all__ = ["table_service"]

PATIENCE_S = 20.0
TWO_LANES = Lanes(lambda: 2, 2)


def test_the_first_chunk_goes_alone() -> None:
    """It shows whether the service takes such chunks: the second begins when the first is answered."""
    running: list[str] = []

    def work(chunk: str) -> Done[str]:
        running.append(f"begins {chunk}")
        running.append(f"ends {chunk}")
        return Done([chunk])

    assert list(in_order(iter("abc"), work, TWO_LANES, Interest())) == ["a", "b", "c"]
    assert running[:2] == ["begins a", "ends a"]


def test_where_such_chunks_were_taken_before_the_first_one_has_company() -> None:
    """Both are on their way at the same time: each of them waits for the other."""
    meeting = threading.Barrier(2)

    def work(chunk: str) -> Done[str]:
        meeting.wait(PATIENCE_S)
        return Done([chunk])

    lanes = Lanes(lambda: 2, 2, is_first_alone=False)
    assert list(in_order(iter("ab"), work, lanes, Interest())) == ["a", "b"]


def test_the_second_list_for_a_table_saves_a_round_trip(
    client: DataverseClient, table_service: BulkService
) -> None:
    """What this client has written once needs no trial: the widest moment of the second list is its first."""
    small = Chunks(start=1, ceiling=1)
    meeting = threading.Barrier(2)
    assert len(list(client.create_multiple(TABLE, named("a"), chunks=small))) == 1
    answer = table_service.answer

    with responses.RequestsMock() as mocked:
        mocked.add_callback(
            "POST",
            f"{ROOT}/accounts/Microsoft.Dynamics.CRM.CreateMultiple",
            lambda request: (meeting.wait(PATIENCE_S), answer(request))[1],
        )
        results = list(client.create_multiple(TABLE, named("b", "c"), chunks=small))
    assert [result.index for result in results] == [0, 1]
    assert all(result.is_done for result in results)


def test_rights_that_are_gone_later_fail_the_rows_and_then_the_list(
    client: DataverseClient, table_service: BulkService
) -> None:
    """A first chunk that had company may not be the only one that was sent: its rows have their results."""
    assert len(list(client.create_multiple(TABLE, named("a")))) == 1
    table_service.trouble = dict.fromkeys(range(1, 40), "403")
    results: Iterator[RowResult] = client.create_multiple(TABLE, named("b", "c"))
    seen, _ = seen_before(results, AccessDenied)
    assert [(result.index, result.status.value) for result in seen] == [(0, "failed"), (1, "failed")]


@pytest.mark.parametrize("message", ["create_multiple", "update_multiple"])
def test_each_message_is_tried_by_itself(
    message: str, client: DataverseClient, table_service: BulkService
) -> None:
    """That rows were created says nothing of updates: their first refusal is raised alone."""
    table_service.trouble = dict.fromkeys(range(1 if message == "update_multiple" else 0, 40), "403")
    if message == "update_multiple":
        assert len(list(client.create_multiple(TABLE, named("a")))) == 1
    row = {"accountid": "00000000-0000-0000-0000-000000000001", "name": "b"}
    seen, _ = seen_before(getattr(client, message)(TABLE, [row]), AccessDenied)
    assert seen == []
