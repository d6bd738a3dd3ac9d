"""Many rows at once: each once, each answered for, in the order of the input."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import pytest
import requests
import responses
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.dataverse import (
    Action,
    Chunks,
    Create,
    DataverseClient,
    Delete,
    Operation,
    RetryPolicy,
    RowResult,
    RowStatus,
    Update,
)
from connector.dataverse.bulk.sizes import Shares, Size
from connector.errors import (
    AccessDenied,
    Conflict,
    HttpError,
    MalformedAnswer,
    NotFound,
    OutcomeUnknown,
    Throttled,
    Unreachable,
    UsageError,
)
from tests.dataverse.bulk.bulk_service import ROOT, BulkService
from tests.dataverse.conftest import FixedTokens

R = TypeVar("R")
E = TypeVar("E", bound=Exception)
URL = "https://contoso.crm4.dynamics.com"
CREATE = f"{ROOT}/accounts/Microsoft.Dynamics.CRM.CreateMultiple"
IDS = [str(uuid.UUID(int=number)) for number in range(1, 40)]
SMALL = Chunks(start=5, ceiling=5)


@dataclass(frozen=True)
class BulkAccounts:
    logical_name: str = "account"
    entity_set: str = "accounts"
    key: str = "accountid"


TABLE = BulkAccounts()


@pytest.fixture
def table_service() -> Iterator[BulkService]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        service = BulkService()
        service.install(mocked)
        yield service


def named(*names: str) -> list[dict[str, object]]:
    return [{"name": name} for name in names]


def with_ids(count: int) -> list[dict[str, object]]:
    return [{"accountid": id, "name": f"row {number}"} for number, id in enumerate(IDS[:count])]


def statuses(results: Iterator[RowResult]) -> list[str]:
    return [result.status.value for result in results]


def seen_before(results: Iterator[R], kind: type[E], words: str | None = None) -> tuple[list[R], E]:
    """What arrives, and the error that comes then."""
    seen: list[R] = []
    with pytest.raises(kind, match=words) as caught:
        seen.extend(results)
    return seen, caught.value


def targets(service: BulkService, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(service.seen[number][1].body)["Targets"]
    return found


def names_of(service: BulkService) -> list[str]:
    return [name for name, _ in service.seen]


def test_created_rows_come_back_in_order_with_the_ids_that_they_have(
    client: DataverseClient, table_service: BulkService
) -> None:
    """The client makes the ids, before the first try."""
    results = list(client.create_multiple(TABLE, named(*(f"n{i}" for i in range(23))), chunks=SMALL))
    assert [result.index for result in results] == list(range(23))
    assert {result.status for result in results} == {RowStatus.CREATED}
    assert [table_service.records[str(result.id)]["name"] for result in results] == [
        f"n{i}" for i in range(23)
    ]
    assert len({uuid.UUID(result.id).version for result in results}) == 1


def test_a_target_has_its_type_its_id_and_exact_values(
    client: DataverseClient, service: responses.RequestsMock
) -> None:
    """The body is what the service wants to read: amounts with all their digits, days as days."""
    service.post(CREATE, json={"Ids": [IDS[0]]})
    row = {"name": "Zoë", "revenue": Decimal("1E+3"), "since": date(2020, 10, 5), "accountid": IDS[0].upper()}
    assert statuses(client.create_multiple(TABLE, [row])) == ["created"]
    assert (
        service.calls[0].request.body
        == (
            f'{{"Targets":[{{"@odata.type":"Microsoft.Dynamics.CRM.account","accountid":"{IDS[0]}",'
            '"name":"Zoë","revenue":1000,"since":"2020-10-05"}]}'
        ).encode()
    )


def test_updates_and_upserts_say_which_record(client: DataverseClient, table_service: BulkService) -> None:
    """An update carries the key, an upsert the address, as the service documents them."""
    list(client.upsert_multiple(TABLE, with_ids(2)))
    list(client.update_multiple(TABLE, with_ids(2)))
    first, second = targets(table_service, 0), targets(table_service, 1)
    assert first[0] == {
        "@odata.type": "Microsoft.Dynamics.CRM.account",
        "@odata.id": f"accounts({IDS[0]})",
        "name": "row 0",
    }
    assert second[0] == {
        "@odata.type": "Microsoft.Dynamics.CRM.account",
        "accountid": IDS[0],
        "name": "row 0",
    }


def test_an_alternate_key_stands_in_the_address_and_not_in_the_body(
    client: DataverseClient, service: responses.RequestsMock
) -> None:
    """Key columns in the body as well are refused on the create path."""
    service.post(f"{ROOT}/accounts/Microsoft.Dynamics.CRM.UpsertMultiple", status=204)
    rows = [{"accountnumber": "O'Neil 1", "_owner_value": IDS[0], "size": 5, "name": "x"}]
    by = ("accountnumber", "_owner_value", "size")
    results = list(client.upsert_multiple(TABLE, rows, by=by))
    assert [(result.id, result.status.value) for result in results] == [(None, "upserted")]
    body = service.calls[0].request.body
    assert isinstance(body, bytes)
    assert json.loads(body)["Targets"] == [
        {
            "@odata.type": "Microsoft.Dynamics.CRM.account",
            "@odata.id": f"accounts(accountnumber='O''Neil 1',_owner_value={IDS[0]},size=5)",
            "name": "x",
        }
    ]


@pytest.mark.parametrize("value", ["a/b", "50%", "x?y", "a+b", "", None, "a&b", "c:d", "é\\"])
def test_an_alternate_key_that_cannot_be_addressed_is_refused_before(
    client: DataverseClient, value: object
) -> None:
    """The service documents the characters; the row and the column are named."""
    with pytest.raises(UsageError, match="Row 1, accountnumber"):
        client.upsert_multiple(
            TABLE, [{"accountnumber": "1"}, {"accountnumber": value}], by=("accountnumber",)
        )


def test_the_row_that_is_refused_is_named_with_its_input_and_the_others_go_through(
    client: DataverseClient, table_service: BulkService
) -> None:
    """One bad row costs itself and nothing else."""
    rows = named("a", "b", "bad one", "c", "d", "e", "f")
    results = list(client.create_multiple(TABLE, rows, chunks=SMALL))
    assert [result.status.value for result in results] == [
        "created", "created", "failed", "created", "created", "created", "created",
    ]  # fmt: skip
    failed = results[2]
    assert (failed.index, failed.row) == (2, {"name": "bad one"})
    assert isinstance(failed.error, HttpError)
    assert failed.error.code == "0x80044331"
    assert "Row 2 " in failed.error.message
    assert "bad one" not in repr(failed)
    assert len(table_service.records) == 6
    assert names_of(table_service) == ["CreateMultiple", "$batch", "CreateMultiple"]


def test_a_missing_record_is_a_row_that_failed(client: DataverseClient, table_service: BulkService) -> None:
    """An update makes no record, also where rows are sent one by one."""
    table_service.records = {IDS[0]: {}, IDS[2]: {}}
    results = list(client.update_multiple(TABLE, with_ids(3)))
    assert [result.status.value for result in results] == ["updated", "failed", "updated"]
    assert isinstance(results[1].error, NotFound)
    assert set(table_service.records) == {IDS[0], IDS[2]}


def test_an_id_that_is_taken_is_a_conflict_even_when_the_values_are_the_same(
    client: DataverseClient, table_service: BulkService
) -> None:
    """Nothing was lost on the way, so the record is somebody else's."""
    table_service.records = {IDS[1]: {"accountid": IDS[1], "name": "row 1"}}
    results = list(client.create_multiple(TABLE, with_ids(3)))
    assert [result.status.value for result in results] == ["created", "failed", "created"]
    assert isinstance(results[1].error, Conflict)


@pytest.mark.parametrize(
    "trouble",
    [
        "before",
        "after",
        "timeout",
        "502",
        "503",
        "504",
        "429",
        "413",
        "0x80044150",
        "-2147204784",
        "0x80044151",
    ],
)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_no_row_is_lost_or_doubled_whatever_happens_to_a_chunk(
    client: DataverseClient, table_service: BulkService, trouble: str, at: int
) -> None:
    """A repeated chunk carries the same ids, and what it is refused for is looked up."""
    table_service.trouble = {at: trouble}
    results = list(client.create_multiple(TABLE, named(*(f"n{i}" for i in range(12))), chunks=SMALL))
    assert {result.status for result in results} == {RowStatus.CREATED}
    assert [result.index for result in results] == list(range(12))
    assert [table_service.records[str(result.id)]["name"] for result in results] == [
        f"n{i}" for i in range(12)
    ]
    assert set(table_service.creations.values()) == {1}


def test_a_chunk_that_was_done_is_confirmed_by_reading(
    client: DataverseClient, table_service: BulkService
) -> None:
    """Lost answer, repetition, duplicate, one question over the ids: that is all."""
    table_service.trouble = {0: "after"}
    assert statuses(client.create_multiple(TABLE, with_ids(3))) == ["created"] * 3
    assert names_of(table_service) == ["CreateMultiple", "CreateMultiple", "accounts"]


def test_a_record_that_is_not_as_sent_is_not_taken_for_ours(
    client: DataverseClient, table_service: BulkService
) -> None:
    """After a lost answer too: an id that holds something else was taken before."""
    table_service.records = {IDS[1]: {"accountid": IDS[1], "name": "another"}}
    table_service.trouble = {0: "before"}
    results = list(client.create_multiple(TABLE, with_ids(3)))
    assert [result.status.value for result in results] == ["created", "failed", "created"]
    assert table_service.records[IDS[1]]["name"] == "another"


def test_a_long_chunk_is_looked_up_with_several_questions(
    client: DataverseClient, table_service: BulkService
) -> None:
    """An address holds two hundred ids, and every row counts."""
    table_service.trouble = {0: "after"}
    rows = named(*(f"n{i}" for i in range(450)))
    chunks = Chunks(start=450, ceiling=450)
    assert statuses(client.create_multiple(TABLE, rows, chunks=chunks)) == ["created"] * 450
    questions = [request for name, request in table_service.seen if name == "accounts"]
    assert len(questions) == 3
    assert max(len(request.url) for request in questions) < 32_000


@pytest.mark.parametrize("trouble", ["timeout", "413", "504", "0x80044151", "-2147204783"])
def test_a_chunk_that_is_too_much_is_tried_in_halves(
    client: DataverseClient, table_service: BulkService, pauses: list[float], trouble: str
) -> None:
    """Not the same again: half as much, at once, and smaller chunks afterwards."""
    table_service.trouble = {0: trouble}
    chunks = Chunks(start=8, ceiling=8)
    assert statuses(client.create_multiple(TABLE, with_ids(20), chunks=chunks)) == ["created"] * 20
    sizes = [len(targets(table_service, number)) for number in range(3)]
    assert sizes == [8, 4, 4]
    assert pauses == []


def test_a_deadlock_is_no_reason_for_smaller_chunks(
    client: DataverseClient, table_service: BulkService, pauses: list[float]
) -> None:
    """It passes: the same chunk again, after a pause with jitter."""
    table_service.trouble = {0: "0x80044150"}
    chunks = Chunks(start=8, ceiling=8)
    assert statuses(client.create_multiple(TABLE, with_ids(8), chunks=chunks)) == ["created"] * 8
    assert [len(targets(table_service, number)) for number in range(2)] == [8, 8]
    assert len(pauses) == 1


def test_one_row_that_is_too_large_fails_alone(client: DataverseClient, table_service: BulkService) -> None:
    """Halves end at a row."""
    # Four rows, two, one, that one in a batch of its own: too large each time.
    table_service.trouble = dict.fromkeys(range(4), "413")
    results = list(client.create_multiple(TABLE, with_ids(4)))
    assert [result.status.value for result in results] == ["failed", "created", "created", "created"]
    assert isinstance(results[0].error, HttpError)
    assert results[0].error.status == 413


def test_chunks_grow_with_quick_answers_and_keep_their_ceiling(
    client: DataverseClient, table_service: BulkService
) -> None:
    """A hundred first, then as many as are answered in time."""
    list(client.create_multiple(TABLE, named(*(f"n{i}" for i in range(1500))), chunks=Chunks(ceiling=300)))
    sizes = [len(targets(table_service, number)) for number in range(len(table_service.seen))]
    assert sizes[0] == 100
    assert max(sizes) <= 300
    assert sum(sizes) == 1500
    assert max(sizes) > 100


def test_elastic_tables_get_a_hundred_rows_at_most(
    client: DataverseClient, table_service: BulkService
) -> None:
    """The service says so."""
    list(client.create_multiple(TABLE, named(*(f"n{i}" for i in range(450))), is_elastic=True))
    assert max(len(targets(table_service, number)) for number in range(len(table_service.seen))) == 100


def test_an_elastic_table_may_have_kept_rows_of_a_chunk_that_it_refused(
    client: DataverseClient, table_service: BulkService
) -> None:
    """The rows that are there as they were sent are ours."""
    table_service.records = {IDS[0]: {"accountid": IDS[0], "name": "row 0"}}
    rows = with_ids(3)
    assert statuses(client.create_multiple(TABLE, rows, is_elastic=True)) == ["created"] * 3


def test_a_body_has_a_bound_in_bytes_too(client: DataverseClient, table_service: BulkService) -> None:
    """Large rows make small chunks."""
    rows = named(*("x" * 1000 for _ in range(20)))
    list(client.create_multiple(TABLE, rows, chunks=Chunks(most_bytes=5_000)))
    assert max(len(request.body) for _, request in table_service.seen) < 7_000


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "", HttpError),
        (403, "0x80040220", AccessDenied),
        (404, "0x8006088a", NotFound),
        (400, "0x0", HttpError),
        (501, "0x80040219", HttpError),
    ],
)
def test_a_reason_that_is_not_about_rows_is_raised_and_not_told_a_thousand_times(
    client: DataverseClient,
    service: responses.RequestsMock,
    status: int,
    code: str,
    kind: type[HttpError],
) -> None:
    """No access, no such table, no such column: one error, and the second chunk is never sent."""
    body = json.dumps({"error": {"code": code, "message": "no"}})
    service.post(CREATE, status=status, body=body)

    def batch(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        assert isinstance(request.body, bytes)
        part = f"--r\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 {status} X\r\n\r\n{body}\r\n"
        kind = {"Content-Type": "multipart/mixed; boundary=r"}
        return 200, kind, part * request.body.count(b"PATCH ") + "--r--\r\n"

    if status != 401:
        service.add_callback("POST", f"{ROOT}/$batch", batch)
    with pytest.raises(kind) as caught:
        list(client.create_multiple(TABLE, named(*"abcdefghijkl"), chunks=SMALL))
    assert caught.value.status == status
    creates = [call for call in service.calls if call.request.url == CREATE]
    assert len(creates) == (2 if status == 401 else 1)


def test_a_table_without_the_message_is_written_by_batch(
    client: DataverseClient, table_service: BulkService
) -> None:
    """Not all tables have the Multiple messages; after the first chunk nobody asks again."""
    table_service.trouble = {0: "404"}
    assert statuses(client.create_multiple(TABLE, with_ids(12), chunks=SMALL)) == ["created"] * 12
    assert names_of(table_service)[:2] == ["CreateMultiple", "$batch"]
    assert set(names_of(table_service)[1:]) == {"$batch"}


def test_when_the_service_is_lost_what_was_sent_has_results_and_then_the_error_comes(
    client: DataverseClient, table_service: BulkService
) -> None:
    """The rows that got no answer are unknown, their input is there, and the rest is not sent."""
    table_service.trouble = dict.fromkeys(range(1, 100_000), "before")
    rows = iter(named(*(f"n{i}" for i in range(1000))))
    seen, error = seen_before(client.create_multiple(TABLE, rows, chunks=SMALL), OutcomeUnknown)
    assert [result.index for result in seen] == list(range(len(seen)))
    assert {result.status.value for result in seen[:5]} == {"created"}
    assert {result.status.value for result in seen[5:]} == {"unknown"}
    assert len(seen) < 200
    assert seen[5].row == {"name": "n5"}
    assert next(rows, None) is not None
    assert {"name": "n5"} in error.sent
    assert "n5" not in repr(error)


def test_a_service_that_is_not_there_is_unreachable(
    client: DataverseClient, service: responses.RequestsMock
) -> None:
    """The first chunk's reason is raised as it is."""
    from urllib3.exceptions import MaxRetryError, NewConnectionError  # noqa: PLC0415

    refused = MaxRetryError(None, "/", NewConnectionError(None, "refused"))  # type: ignore[arg-type]  # no pool
    service.post(CREATE, body=requests.ConnectionError(refused))
    with pytest.raises(Unreachable):
        list(client.create_multiple(TABLE, with_ids(3)))


def test_limits_beyond_the_budget_of_a_chunk_end_the_work(
    table_service: BulkService, tokens: FixedTokens, pauses: list[float]
) -> None:
    """Each chunk has the budget; what was refused was not done."""
    table_service.trouble = dict.fromkeys(range(1, 100), "429")
    policy = RetryPolicy(budget_s=11, sleep=pauses.append)
    with DataverseClient(URL, tokens, retry=policy) as client:
        seen, _ = seen_before(client.create_multiple(TABLE, with_ids(30), chunks=SMALL), Throttled)
    assert statuses(iter(seen[:5])) == ["created"] * 5
    assert set(statuses(iter(seen[5:]))) == {"failed"}


NAIVE = datetime(2020, 10, 5)  # noqa: DTZ001 - without a time zone on purpose
BAD_ROWS: list[tuple[Callable[[DataverseClient, Any], Any], dict[Any, object], str]] = [
    (lambda client, rows: client.create_multiple(TABLE, rows), {"name": 1.5}, "row 1, name: a float"),
    (lambda client, rows: client.create_multiple(TABLE, rows), {"name": object()}, "row 1, name"),
    (lambda client, rows: client.create_multiple(TABLE, rows), {"x": Decimal("NaN")}, "row 1, x: NaN"),
    (lambda client, rows: client.create_multiple(TABLE, rows), {"x": NAIVE}, "row 1, x: The instant"),
    (lambda client, rows: client.create_multiple(TABLE, rows), {"name": "\ud800"}, "row 1"),
    (lambda client, rows: client.create_multiple(TABLE, rows), {"\ud800": "x"}, "row 1"),
    (lambda client, rows: client.create_multiple(TABLE, rows), {"accountid": "x"}, "Row 1, accountid"),
    (lambda client, rows: client.create_multiple(TABLE, rows), {"AccountId": IDS[5]}, "Row 1: the id column"),
    (
        lambda client, rows: client.create_multiple(TABLE, rows),
        {"@odata.etag": "W/1"},
        "Row 1: '@odata.etag'",
    ),
    (lambda client, rows: client.create_multiple(TABLE, rows), {5: "x"}, "Row 1: 5 is not a column"),
    (lambda client, rows: client.create_multiple(TABLE, rows), {"accountid": IDS[0]}, "Rows 0 and 1"),
    (lambda client, rows: client.update_multiple(TABLE, rows), {"name": "x"}, "Row 1 has no accountid"),
    (lambda client, rows: client.upsert_multiple(TABLE, rows), {"name": "x"}, "Row 1 has no accountid"),
    (lambda client, rows: client.update_multiple(TABLE, rows), {"accountid": IDS[0]}, "Rows 0 and 1"),
    (lambda client, rows: client.upsert_multiple(TABLE, rows), {"accountid": IDS[0]}, "Rows 0 and 1"),
]


@pytest.mark.parametrize(("act", "row", "words"), BAD_ROWS)
@pytest.mark.parametrize("is_list", [True, False])
def test_a_row_that_cannot_be_sent_is_named_before_anything_is_sent(
    client: DataverseClient,
    service: responses.RequestsMock,
    act: Callable[[DataverseClient, Any], Any],
    row: dict[Any, object],
    words: str,
    is_list: bool,
) -> None:
    """A list is looked at when it is given, another iterable before the chunk of the row is sent."""
    rows: list[dict[Any, object]] = [{"accountid": IDS[0], "name": "fine"}, row]
    if is_list:
        with pytest.raises(UsageError, match=words):
            act(client, rows)
    else:
        results = act(client, iter(rows))
        with pytest.raises(UsageError, match=words):
            list(results)


def test_what_is_no_mapping_is_no_row(client: DataverseClient) -> None:
    """A list of texts is a mistake of the caller."""
    with pytest.raises(UsageError, match="Row 0 is a str"):
        client.create_multiple(TABLE, ["x"])  # type: ignore[list-item]  # that is the mistake


def test_a_bad_row_of_a_stream_keeps_nothing_back_that_was_sent_before(
    client: DataverseClient, table_service: BulkService
) -> None:
    """First the results of the chunks before it, then the error."""
    rows: list[dict[str, object]] = [*with_ids(12), {"name": 1.5}]
    seen, _ = seen_before(client.create_multiple(TABLE, iter(rows), chunks=SMALL), UsageError, "row 12")
    assert [result.index for result in seen] == list(range(10))
    assert len(table_service.records) == 10


def test_a_stream_is_read_no_farther_than_what_is_on_its_way(
    client: DataverseClient, table_service: BulkService
) -> None:
    """Memory holds the chunks that are in flight, not the input."""
    taken = 0

    def rows() -> Iterator[Mapping[str, object]]:
        nonlocal taken
        row: dict[str, object] = {}
        for number in range(100_000):
            taken += 1
            # One mapping for all rows: what was handed over stays as it was.
            row["name"] = f"n{number}"
            yield row

    results = client.create_multiple(TABLE, rows(), chunks=SMALL)
    assert taken == 0
    first = [next(results) for _ in range(10)]
    results.close()
    assert taken < 2_000
    assert [table_service.records[str(result.id)]["name"] for result in first] == [
        f"n{number}" for number in range(10)
    ]


def test_no_rows_are_no_requests(client: DataverseClient, service: responses.RequestsMock) -> None:
    """Nothing to do is done at once."""
    assert list(client.create_multiple(TABLE, [])) == []
    assert list(client.delete_multiple(TABLE, [])) == []
    assert list(client.batch([])) == []


def test_other_ids_than_ours_are_an_error(client: DataverseClient, service: responses.RequestsMock) -> None:
    """A service that makes its own ids cannot be asked twice; nobody pretends that it can."""
    service.post(CREATE, json={"Ids": [IDS[5]]})
    service.get(f"{ROOT}/accounts", json={"value": []})
    results = client.create_multiple(TABLE, with_ids(1))
    seen, _ = seen_before(results, MalformedAnswer, "under other ids")
    assert statuses(iter(seen)) == ["unknown"]


def test_deleting_many_names_those_that_are_not_there(
    client: DataverseClient, table_service: BulkService
) -> None:
    """The rest is deleted."""
    table_service.records = {IDS[0]: {}, IDS[2]: {}}
    results = list(client.delete_multiple(TABLE, IDS[:3]))
    assert [result.status.value for result in results] == ["deleted", "failed", "deleted"]
    assert results[1].row == {"accountid": IDS[1]}
    assert isinstance(results[1].error, NotFound)
    assert table_service.records == {}


@pytest.mark.parametrize("trouble", ["before", "after", "503", "504", "timeout", "429", "part-429"])
def test_deleting_many_survives_trouble(
    client: DataverseClient, table_service: BulkService, trouble: str
) -> None:
    """After a lost answer a record that is gone was deleted by us."""
    table_service.records = {id: {} for id in IDS}
    table_service.trouble = {0: trouble, 1: trouble}
    assert statuses(client.delete_multiple(TABLE, IDS)) == ["deleted"] * len(IDS)
    assert table_service.records == {}


OPERATIONS: list[Operation] = [
    Create("accounts", IDS[0], {"name": "a"}),
    Create("accounts", IDS[1], {"name": "bad"}),
    Update("accounts", IDS[2], {"name": "c"}, 'W/"1"'),
    Delete("accounts", IDS[3], "*"),
]


def test_operations_of_a_batch_are_independent(client: DataverseClient, table_service: BulkService) -> None:
    """Each has its own answer or error; the one that fails keeps nobody back."""
    table_service.records = {IDS[2]: {}, IDS[3]: {}}
    results = list(client.batch(OPERATIONS))
    assert [result.index for result in results] == [0, 1, 2, 3]
    assert [result.operation for result in results] == OPERATIONS
    assert [result.is_done for result in results] == [True, False, True, True]
    assert results[0].answer is not None
    assert results[0].answer.status == 204
    assert isinstance(results[1].error, HttpError)
    assert "Operation 1 (PATCH accounts" in results[1].error.message
    assert set(table_service.records) == {IDS[0], IDS[2]}


def test_only_the_throttled_items_are_sent_again(
    client: DataverseClient, table_service: BulkService, pauses: list[float]
) -> None:
    """With the pause that they were told, and no item twice."""
    table_service.trouble = {0: "part-429"}
    operations = [Create("accounts", id, {"name": "x"}) for id in IDS[:6]]
    assert all(result.is_done for result in client.batch(operations))
    counts = [request.body.count(b"PATCH ") for _, request in table_service.seen]
    assert counts == [6, 3]
    assert len(pauses) == 1
    assert 3 <= pauses[0] <= 3.15


def test_an_action_in_a_batch_is_not_repeated_and_the_others_are(
    client: DataverseClient, service: responses.RequestsMock
) -> None:
    """After a lost answer the action is unknown; what may be sent twice is sent without it."""
    bodies: list[bytes] = []

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        assert isinstance(request.body, bytes)
        bodies.append(request.body)
        if len(bodies) == 1:
            raise requests.ConnectionError("reset by peer")
        part = "--r\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\r\n"
        return 200, {"Content-Type": "multipart/mixed; boundary=r"}, part + "--r--\r\n"

    service.add_callback("POST", f"{ROOT}/$batch", answer)
    operations: list[Operation] = [Action("DoIt", {"secret": "s"}), Create("accounts", IDS[0], {"name": "x"})]
    results = list(client.batch(operations))
    error = results[0].error
    assert [(result.is_done, result.is_unknown) for result in results] == [(False, True), (True, False)]
    assert b"DoIt" not in bodies[1]
    assert isinstance(error, OutcomeUnknown)
    assert error.sent == (operations[0],)
    assert "secret" not in repr(results) + repr(error)


def test_a_bad_operation_is_named_before_anything_is_sent(client: DataverseClient) -> None:
    """By its place in the list."""
    with pytest.raises(UsageError, match="Operation 1: 'x' is not a record's id"):
        client.batch([OPERATIONS[0], Delete("accounts", "x", "*")])


TROUBLES = ["before", "after", "timeout", "429", "503", "504", "part-429"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.sampled_from(["a", "b", "bad x"]), max_size=25),
    trouble=st.dictionaries(st.integers(0, 25), st.sampled_from(TROUBLES), max_size=8),
    size=st.integers(1, 9),
    hint=st.integers(1, 8),
)
def test_results_are_complete_and_true_for_random_failures(
    names: list[str], trouble: dict[int, str], size: int, hint: int
) -> None:
    """Each row has one result in its place; done means there once, failed means not there."""
    policy = RetryPolicy(sleep=lambda _: None, most_faults=50)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        service = BulkService(trouble=trouble)
        service.install(mocked)
        with DataverseClient(URL, FixedTokens(), retry=policy, most_at_once=hint) as client:
            chunks = Chunks(start=size, ceiling=size)
            results = list(client.create_multiple(TABLE, named(*names), chunks=chunks))
    assert [result.index for result in results] == list(range(len(names)))
    for name, result in zip(names, results, strict=True):
        assert result.status is (RowStatus.FAILED if name.startswith("bad") else RowStatus.CREATED)
        assert (str(result.id) in service.records) == result.is_done
    assert len(service.records) == sum(result.is_done for result in results)
    assert set(service.creations.values()) <= {1}


@pytest.mark.parametrize(
    "sizes", [{"floor": 0}, {"ceiling": 1001}, {"floor": 20, "ceiling": 10}, {"start": 0}, {"aim_s": 0}]
)
def test_sizes_that_cannot_be_are_refused(sizes: dict[str, Any]) -> None:
    """A thousand is what the service takes, and nothing is sent in chunks of none."""
    with pytest.raises(UsageError, match="cannot be"):
        Chunks(**sizes)


@pytest.mark.parametrize(
    ("size", "rows", "took_s", "following"),
    [
        (100, 100, 0.1, 400),
        (100, 100, 1.0, 300),
        (600, 600, 0.1, 1000),
        (100, 100, 3.0, 100),
        (100, 100, 4.0, 75),
        (100, 100, 60.0, 50),
        (100, 49, 60.0, 100),
        (1, 1, 60.0, 1),
    ],
)
def test_a_size_follows_the_answer_time(size: int, rows: int, took_s: float, following: int) -> None:
    """Three seconds an answer is what it aims at, in steps; a tail says nothing."""
    assert Chunks().after(size, rows, took_s) == following


def test_values_that_the_service_changed_do_not_make_a_lost_row_of_a_new_one(
    client: DataverseClient, table_service: BulkService
) -> None:
    """An id that was made here is in nobody else's hands, so the record is ours whatever it holds."""
    table_service.is_renaming = True
    table_service.trouble = {0: "after"}
    assert statuses(client.create_multiple(TABLE, named("a", "b"))) == ["created"] * 2
    assert set(table_service.creations.values()) == {1}


def test_a_long_list_is_looked_at_as_a_whole_too(client: DataverseClient) -> None:
    """It is not kept a second time, and its last row is named before anything is sent."""
    rows: list[dict[str, object]] = [{"name": "x"}] * 20_001
    with pytest.raises(UsageError, match="row 20001, name: a float"):
        client.create_multiple(TABLE, [*rows, {"name": 1.5}])
    ids = [{"accountid": str(uuid.UUID(int=number))} for number in range(20_001)]
    with pytest.raises(UsageError, match="Rows 7 and 20001"):
        client.update_multiple(TABLE, [*ids, ids[7]])


@pytest.mark.parametrize(
    ("size", "rows", "chunks"),
    [
        (400, 4_900, [*[400] * 8, *[213] * 7, 209]),
        (400, 1_600, [200] * 8),
        (400, 300, [100] * 3),
        (50, 120, [50, 50, 20]),
        (400, 1, [1]),
    ],
)
def test_the_last_rows_are_shared_out(size: int, rows: int, chunks: list[int]) -> None:
    """So that the end of a list does not wait for one large chunk; nothing smaller than a first chunk."""
    learnt = Size(Chunks())
    learnt._size = size
    shares = Shares(learnt, rows)
    found: list[int] = []
    while (left := rows - sum(found)) > 0:
        found.append(min(left, shares.next(8)))
        shares.took(found[-1])
    assert found == chunks
