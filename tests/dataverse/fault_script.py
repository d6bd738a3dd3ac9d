"""A script of many mixed requests, written as somebody would who uses the client."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

from connector.dataverse import (
    Action,
    Chunks,
    Create,
    DataverseClient,
    Delete,
    Operation,
    Query,
    Update,
    any_of,
    eq,
)
from connector.errors import NotFound, OutcomeUnknown, ServerFault

T = TypeVar("T")


class Account(msgspec.Struct, frozen=True, rename={"id": "accountid", "etag": "@odata.etag"}):
    id: str
    name: str | None = None
    revenue: Decimal | None = None
    etag: str = ""


class SystemJob(msgspec.Struct, frozen=True, rename={"id": "asyncoperationid"}):
    id: str


class Process(msgspec.Struct, frozen=True, rename={"id": "workflowid"}):
    id: str


@dataclass(frozen=True)
class Shape(Generic[T]):
    logical_name: str
    entity_set: str
    record: type[T]
    select: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.select[0]


ACCOUNTS = Shape("account", "accounts", Account, ("accountid", "name", "revenue"))
SYSTEM_JOBS = Shape("asyncoperation", "asyncoperations", SystemJob, ("asyncoperationid",))
PROCESSES = Shape("workflow", "workflows", Process, ("workflowid",))


def id_of(name: str) -> str:
    """The same id for the same name, as a script would have that can be started again."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"fault-script/{name}"))


NAMES = (*"abcdefghijklmnopqrstuvwxyz", "job 1", "job 2", "job 3", "job 4")
PAIRS = Chunks(start=2, ceiling=2)
KNOWN = frozenset(id_of(name) for name in NAMES)


def surely(act: Callable[[Callable[[], bool | None]], T], happened: Callable[[], bool]) -> T | None:
    """Do once what cannot be repeated: after a lost answer or a fault look, and go on by that."""
    while True:
        try:
            return act(happened)
        except OutcomeUnknown as unknown:
            is_done = happened() if unknown.happened is None else unknown.happened
        except ServerFault:
            is_done = happened()
        if is_done:
            return None


# --- the parts: each does some requests and says what it saw; etags are not told, they count repetitions ---


def look_around(client: DataverseClient) -> object:
    who = client.who_am_i()
    tables = client.table_definitions(["account", "msdyn_batchjob", "msdyn_nothing"])
    privileges = client.function("RetrieveUserPrivileges", bound_to=("systemusers", who.user_id))
    return who, sorted(tables), len(privileges["RolePrivileges"])


def create_accounts(client: DataverseClient) -> object:
    for name in "abcdefg":
        client.create("accounts", id_of(name), {"name": name, "revenue": Decimal("0.10")})
    client.upsert("accounts", id_of("h"), {"name": "h", "creditonhold": True})
    return account(client, "a").revenue


def change_accounts(client: DataverseClient) -> object:
    client.upsert("accounts", id_of("a"), {"revenue": Decimal(12)})
    client.update("accounts", id_of("b"), {"name": "b, O'Hara & Söhne"}, etag=etag(client, "b"))
    client.update("accounts", id_of("c"), {"description": "c\r\n2"}, etag=etag(client, "c"))
    client.delete("accounts", id_of("d"), etag=etag(client, "d"))
    client.update("accounts", id_of("b"), {"revenue": None}, etag=etag(client, "b"))
    return [account(client, name).name for name in "abc"]


def read_pages(client: DataverseClient) -> object:
    ours = any_of("accountid", [id_of(name) for name in "abcdefgh"])
    all_of_them = client.list(ACCOUNTS, Query(filter=ours, order_by=("name desc",)), page_size=2)
    first = client.list(ACCOUNTS, Query(filter=ours, order_by=("name",), top=3))
    return [record.name for record in all_of_them], [record.name for record in first]


def send_change_sets(client: DataverseClient) -> object:
    client.change_set(
        [
            Create("accounts", id_of("i"), {"name": "i"}),
            Update("accounts", id_of("e"), {"name": "e2"}, etag(client, "e")),
            Delete("accounts", id_of("f"), etag(client, "f")),
        ]
    )
    client.change_set([Create("accounts", id_of(name), {"name": name}) for name in "jklm"])
    client.change_set(
        [
            Update("accounts", id_of("i"), {"revenue": Decimal("7.77")}, etag(client, "i")),
            Create("accounts", id_of("n"), {"name": "n"}),
        ]
    )
    return [account(client, name).revenue for name in "in"]


def start_jobs(client: DataverseClient) -> object:
    workflow = find_workflow(client)
    for name in ("job 1", "job 2"):
        client.create("msdyn_batchjobs", id_of(name), batch_job(name))
        start_once(client, workflow, name)
    create_and_start_once(client, workflow, "job 3")
    return [is_started(client, name) for name in ("job 1", "job 2", "job 3")]


def tidy_up(client: DataverseClient) -> object:
    for name in "jk":
        client.delete("accounts", id_of(name), etag=etag(client, name))
    client.change_set([Delete("accounts", id_of(name), etag(client, name)) for name in "lm"])
    client.create("accounts", id_of("o"), {"name": "o", "revenue": Decimal("1000000.01")})
    return [is_gone(client, name) for name in "jmo"]


def write_in_bulk(client: DataverseClient) -> object:
    """Two rows a request, so that there are several on their way at a time."""
    rows = [{"accountid": id_of(name), "name": name, "revenue": Decimal("1.10")} for name in "qrstuv"]
    made = client.create_multiple(ACCOUNTS, rows, chunks=PAIRS)
    told = [[(row.id, row.status) for row in made]]
    changes = [{"accountid": id_of(name), "revenue": Decimal("2.20")} for name in "qrst"]
    told.append([(row.id, row.status) for row in client.update_multiple(ACCOUNTS, changes, chunks=PAIRS)])
    mixed = [{"accountid": id_of(name), "description": name} for name in "stwx"]
    told.append([(row.id, row.status) for row in client.upsert_multiple(ACCOUNTS, mixed, chunks=PAIRS)])
    gone = client.delete_multiple(ACCOUNTS, [id_of("q"), id_of("r"), id_of("w")], chunks=PAIRS)
    return [*told, [(row.id, row.status) for row in gone]]


def send_batches(client: DataverseClient) -> object:
    """Operations of their own, an action among them; after it nothing is certain but what can be seen."""
    workflow = find_workflow(client)
    operations: list[Operation] = [
        Create("accounts", id_of("y"), {"name": "y"}),
        Update("accounts", id_of("s"), {"name": "s2"}, etag(client, "s")),
        Delete("accounts", id_of("t"), etag(client, "t")),
        Create("accounts", id_of("z"), {"name": "z"}),
        Create("msdyn_batchjobs", id_of("job 4"), batch_job("job 4")),
    ]
    told = [result.is_done for result in client.batch(operations, chunks=PAIRS)]
    start_once_by_batch(client, workflow, "job 4")
    return told, client.count(ACCOUNTS, any_of("accountid", sorted(KNOWN)))


PARTS = (
    look_around,
    create_accounts,
    change_accounts,
    read_pages,
    send_change_sets,
    start_jobs,
    write_in_bulk,
    send_batches,
    tidy_up,
)


# --- what cannot be repeated ---


def batch_job(name: str) -> dict[str, object]:
    return {"msdyn_name": name, "msdyn_jobtype": 867380000}


def start_once(client: DataverseClient, workflow: str, name: str) -> None:
    body, bound_to = {"EntityId": id_of(name)}, ("workflows", workflow)
    surely(
        lambda happened: client.action("ExecuteWorkflow", body, bound_to=bound_to, happened=happened),
        lambda: is_started(client, name),
    )


def create_and_start_once(client: DataverseClient, workflow: str, name: str) -> None:
    operations: list[Operation] = [
        Create("msdyn_batchjobs", id_of(name), batch_job(name)),
        Action("ExecuteWorkflow", {"EntityId": id_of(name)}, ("workflows", workflow)),
    ]
    surely(
        lambda happened: client.change_set(operations, happened=happened),
        lambda: is_started(client, name),
    )


def start_once_by_batch(client: DataverseClient, workflow: str, name: str) -> None:
    start = Action("ExecuteWorkflow", {"EntityId": id_of(name)}, ("workflows", workflow))

    def act(_: Callable[[], bool | None]) -> None:
        for result in client.batch([start]):
            if result.error is not None:
                raise result.error

    surely(act, lambda: is_started(client, name))


def is_started(client: DataverseClient, name: str) -> bool:
    query = Query(filter=f"_regardingobjectid_value eq {id_of(name)}")
    return any(True for _ in client.list(SYSTEM_JOBS, query))


# --- reading ---


def find_workflow(client: DataverseClient) -> str:
    query = Query(filter=f"{eq('name', 'ProcessRunCaller')} and type eq 1")
    (found,) = client.list(PROCESSES, query)
    return found.id


def account(client: DataverseClient, name: str) -> Account:
    return client.retrieve(ACCOUNTS, id_of(name))


def etag(client: DataverseClient, name: str) -> str:
    return account(client, name).etag


def is_gone(client: DataverseClient, name: str) -> bool:
    try:
        account(client, name)
    except NotFound:
        return True
    return False
