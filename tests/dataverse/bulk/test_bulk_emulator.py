"""Many rows at once against the embedded emulator, over real HTTP, with real connections and threads."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import msgspec
import pytest

from connector.dataverse import (
    Chunks,
    ClientSecret,
    Create,
    DataverseClient,
    Delete,
    Query,
    RetryPolicy,
    RowStatus,
    TrustedAuthorities,
    Update,
    eq,
)
from connector.emulator import RunningEmulator, start
from connector.errors import Conflict, HttpError, NotFound, UsageError


class Account(msgspec.Struct, frozen=True, rename={"id": "accountid", "etag": "@odata.etag"}):
    id: str
    name: str | None = None
    revenue: Decimal | None = None
    etag: str = ""


@dataclass(frozen=True)
class AccountTable:
    logical_name: str = "account"
    entity_set: str = "accounts"
    key: str = "accountid"
    record: type[Account] = Account
    select: tuple[str, ...] = ("accountid", "name", "revenue")


ACCOUNTS = AccountTable()
TENS = Chunks(start=10, ceiling=10)


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start(None, https=False) as running:
        yield running


@pytest.fixture
def real(emulator: RunningEmulator) -> Iterator[DataverseClient]:
    trusted = TrustedAuthorities(extra=(emulator.authority,), is_emulator=True)
    tokens = ClientSecret(None, emulator.client_id, emulator.client_secret, trusted=trusted)
    policy = RetryPolicy(sleep=lambda _: None)
    with DataverseClient(emulator.url, tokens, ca_file=emulator.ca_file, retry=policy) as client:
        yield client


def created(client: DataverseClient, name: str, count: int) -> list[str]:
    rows = [{"name": name, "revenue": Decimal("0.10") * number} for number in range(count)]
    return [str(result.id) for result in client.create_multiple(ACCOUNTS, rows, chunks=TENS)]


def found(client: DataverseClient, name: str) -> dict[str, Account]:
    return {record.id: record for record in client.list(ACCOUNTS, Query(filter=eq("name", name)))}


def test_rows_are_created_under_our_ids_with_exact_amounts(real: DataverseClient) -> None:
    """What the results say is what is there."""
    name = str(uuid.uuid4())
    ids = created(real, name, 55)
    there = found(real, name)
    assert set(there) == set(ids)
    assert [there[id].revenue for id in ids] == [Decimal("0.10") * number for number in range(55)]


def test_bad_rows_are_found_among_many_and_the_others_are_there(real: DataverseClient) -> None:
    """Too long a text, an id that is taken, a lookup to nowhere: each is named with its own error."""
    name = str(uuid.uuid4())
    (taken,) = created(real, "taken", 1)
    rows: list[dict[str, object]] = [{"name": name} for _ in range(40)]
    rows[3] = {"name": "x" * 500}
    rows[17] = {"name": name, "accountid": taken}
    rows[38] = {"name": name, "primarycontactid@odata.bind": f"/contacts({uuid.uuid4()})"}
    results = list(real.create_multiple(ACCOUNTS, rows, chunks=TENS))
    failed = {result.index: result for result in results if not result.is_done}
    assert sorted(failed) == [3, 17, 38]
    assert isinstance(failed[3].error, HttpError)
    assert isinstance(failed[17].error, Conflict)
    assert isinstance(failed[38].error, HttpError)
    assert [failed[index].row for index in sorted(failed)] == [rows[3], rows[17], rows[38]]
    assert len(found(real, name)) == 37


def test_updates_touch_what_is_there_and_make_nothing(real: DataverseClient) -> None:
    """Also where a missing record sends the rows of its chunk out one by one."""
    before, after = str(uuid.uuid4()), str(uuid.uuid4())
    ids = created(real, before, 20)
    missing = str(uuid.uuid4())
    rows = [{"accountid": id, "name": after} for id in [*ids, missing]]
    results = list(real.update_multiple(ACCOUNTS, rows, chunks=TENS))
    assert [result.status for result in results] == [RowStatus.UPDATED] * 20 + [RowStatus.FAILED]
    assert isinstance(results[-1].error, NotFound)
    assert set(found(real, after)) == set(ids)


def test_upserts_create_and_change(real: DataverseClient) -> None:
    """By the primary id."""
    name = str(uuid.uuid4())
    old, new = created(real, "old", 3), [str(uuid.uuid4()) for _ in range(3)]
    rows = [{"accountid": id, "name": name} for pair in zip(old, new, strict=True) for id in pair]
    results = list(real.upsert_multiple(ACCOUNTS, rows))
    assert {result.status for result in results} == {RowStatus.UPSERTED}
    assert set(found(real, name)) == {*old, *new}


def test_many_are_deleted_and_those_that_were_gone_are_named(real: DataverseClient) -> None:
    """In batches, each record for itself."""
    name = str(uuid.uuid4())
    ids = created(real, name, 25)
    assert [result.is_done for result in real.delete_multiple(ACCOUNTS, ids[:5])] == [True] * 5
    again = list(real.delete_multiple(ACCOUNTS, ids))
    assert [result.index for result in again if not result.is_done] == [0, 1, 2, 3, 4]
    assert found(real, name) == {}


def test_a_batch_holds_each_operation_to_its_own_condition(real: DataverseClient) -> None:
    """One that is refused keeps the others from nothing."""
    name = str(uuid.uuid4())
    ids = created(real, name, 2)
    etags = {record.id: record.etag for record in found(real, name).values()}
    fresh = str(uuid.uuid4())
    results = list(
        real.batch(
            [
                Update("accounts", ids[0], {"revenue": Decimal("1.5")}, etags[ids[0]]),
                Update("accounts", ids[0], {"revenue": Decimal("2.5")}, etags[ids[0]]),
                Create("accounts", fresh, {"name": f"{name}\r\n--x"}),
                Delete("accounts", ids[1], etags[ids[1]]),
            ]
        )
    )
    assert [result.is_done for result in results] == [True, False, True, True]
    assert isinstance(results[1].error, Conflict)
    assert found(real, name)[ids[0]].revenue == Decimal("1.5")
    assert real.retrieve(ACCOUNTS, fresh).name == f"{name}\r\n--x"


def test_a_column_that_nobody_knows_is_raised(real: DataverseClient) -> None:
    """It is not about rows."""
    rows: list[dict[str, object]] = [{"nmae": "x"} for _ in range(30)]
    with pytest.raises(HttpError, match="nmae"):
        list(real.create_multiple(ACCOUNTS, rows, chunks=TENS))


def test_a_stream_may_be_left_in_the_middle(real: DataverseClient) -> None:
    """What was on its way is finished, nothing more is begun, and the client goes on working."""
    name = str(uuid.uuid4())
    results = real.create_multiple(ACCOUNTS, ({"name": name} for _ in range(10_000)), chunks=TENS)
    first = next(results)
    results.close()
    count = len(found(real, name))
    assert first.id in found(real, name)
    assert count % 10 == 0
    assert count < 5_000


def test_a_float_is_refused_before_a_request(real: DataverseClient) -> None:
    """Amounts are exact or not written at all."""
    with pytest.raises(UsageError, match="row 1, revenue: a float"):
        real.create_multiple(ACCOUNTS, [{"name": "x"}, {"name": "x", "revenue": 0.1}])
