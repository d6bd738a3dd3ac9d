"""A client of one Dataverse environment."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar, overload

from connector.dataverse.bulk.results import BatchResult, RowResult
from connector.dataverse.bulk.rows import CREATE, UPDATE, UPSERT, BulkTable
from connector.dataverse.bulk.sizes import Chunks
from connector.dataverse.bulk.work import BulkWriter
from connector.dataverse.exchange.decoding import decode_object, decode_record
from connector.dataverse.exchange.page import open_page
from connector.dataverse.exchange.retrying import DEFAULT_POLICY, RetryPolicy
from connector.dataverse.metadata.cache import MetadataCache
from connector.dataverse.metadata.definitions import TableDefinition
from connector.dataverse.metadata.knowledge import TableKnowledge
from connector.dataverse.metadata.known_names import check_filter, check_names, known_names
from connector.dataverse.query.arguments import check_table, refuse_text
from connector.dataverse.query.conditions import Condition
from connector.dataverse.query.literals import guid
from connector.dataverse.query.paths import record_path
from connector.dataverse.query.query import Query, check_bounded
from connector.dataverse.reading.asker import Asker
from connector.dataverse.reading.counting import count_of
from connector.dataverse.reading.fetch_xml import FetchQuestion
from connector.dataverse.reading.parallel import PartsPlan
from connector.dataverse.reading.partitioned import by_creation, by_keys
from connector.dataverse.reading.reader import Reader
from connector.dataverse.sign_in import TokenSource
from connector.dataverse.transport.pace import CEILING
from connector.dataverse.transport.settling import Happened
from connector.dataverse.transport.transport import Transport, check_record_link
from connector.dataverse.writing.operations import Action, Create, Delete, Operation, OperationResult, Update
from connector.dataverse.writing.versions import tell_versions, versions_told
from connector.dataverse.writing.writer import Writer
from connector.errors import Conflict, MalformedAnswer, UsageError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_NOTHING_SAID = Query()
_IN_PARTS = PartsPlan()
_READABLE = ("logical_name", "entity_set", "record", "select")


class TableShape(Protocol[T_co]):
    """What the client needs to know of a table.

    `record` is a msgspec.Struct whose fields carry the JSON names, `select` the columns to ask for.
    """

    @property
    def logical_name(self) -> str: ...
    @property
    def entity_set(self) -> str: ...
    @property
    def record(self) -> type[T_co]: ...
    @property
    def select(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class WhoAmI:
    """Ids of the user that the token stands for, of its business unit and of the organization."""

    user_id: str
    business_unit_id: str
    organization_id: str


class DataverseClient:
    """Reads and writes the records of one environment; a context manager that closes its connections.

    Every method raises DataverseError: SignInError, UntrustedAuthority or ForeignOrigin before anything
    secret leaves; Unreachable when nothing was changed; OutcomeUnknown when something may have been; an
    HttpError for what the service refuses. Arguments that cannot be are a UsageError.
    """

    def __init__(  # noqa: PLR0913  # what a client can be told, by keywords
        self,
        url: str,
        tokens: TokenSource,
        *,
        ca_file: Path | None = None,
        retry: RetryPolicy = DEFAULT_POLICY,
        user_agent: str = "projops-connector",
        cache: MetadataCache | None = None,
        most_at_once: int = CEILING,
        most_per_minute: int | None = None,
    ) -> None:
        """`url` is the environment's address alone; raises SettingsError that says what else it holds.

        `ca_file` holds the certificate authorities to trust in place of the usual ones; `cache` keeps
        what tables are from one start to the next. There are never more than `most_at_once` requests on
        their way, and fewer when the environment recommends so; with `most_per_minute` they begin that far
        apart.
        """
        if not callable(getattr(tokens, "token", None)):
            raise UsageError(
                f"A {type(tokens).__name__} is no source of tokens.",
                "Give ClientSecret, ManagedIdentity or another source, or an object of your own "
                "with token(request) and forget(): see Signing in in docs/client.md.",
            )
        ca_file = None if ca_file is None else Path(ca_file)
        self._cache = cache
        self._over(Transport(url, tokens, ca_file, retry, user_agent, most_at_once, most_per_minute))

    def _over(self, transport: Transport, *, is_view: bool = False) -> None:
        """Everything that asks and writes, over one way out."""
        self._is_view = is_view
        self._transport = transport
        self._reader = Reader(transport)
        self._writer = Writer(transport, self._reader)
        self._bulk = BulkWriter(transport)
        self._asker = Asker(transport)
        if not is_view:
            # What tables are is the same for everybody, so views share it.
            self._knowledge = TableKnowledge(self._asker, self._cache, self._identity)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"DataverseClient({self.url!r})"

    def __getstate__(self) -> object:
        raise UsageError(
            "A client cannot be copied or sent to another process: it has connections and a token.",
            "Make one in each process; threads share one.",
        )

    def close(self) -> None:
        """Close the connections; a later request opens new ones. On what `as_user` gave it does nothing."""
        if not self._is_view:
            self._transport.close()

    def as_user(self, object_id: str) -> DataverseClient:
        """The same client on behalf of another user, named by its Entra object id (CallerObjectId).

        It shares connections, tokens and pace with this one and lives as long. What it may do is what both
        users may do, and the identity needs prvActOnBehalfOfAnotherUser (`impersonate-another-user-web-api`).
        Workflows cannot be activated like that. Raises UsageError for what is no id.
        """
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__)
        transport = self._transport.acting({"CallerObjectId": guid(object_id)})
        view._over(transport, is_view=True)
        return view

    @property
    def url(self) -> str:
        """The environment's origin, without a slash at its end."""
        return str(self._transport.origin)

    @property
    def now(self) -> datetime:
        """The environment's now, in UTC: the Date of its latest answer, of WhoAmI when there was none yet."""
        if self._transport.now is None:
            self.who_am_i()
        if self._transport.now is None:
            raise MalformedAnswer(
                f"{self.url} does not date its answers.", "A proxy may take the header away."
            )
        return self._transport.now

    def who_am_i(self) -> WhoAmI:
        found = self._reader.function("WhoAmI", {}, None)
        try:
            return WhoAmI(str(found["UserId"]), str(found["BusinessUnitId"]), str(found["OrganizationId"]))
        except KeyError as error:
            raise MalformedAnswer(f"WhoAmI was answered without {error}.", "Check the address.") from error

    def list(
        self, table: TableShape[T], query: Query = _NOTHING_SAID, *, page_size: int = 5000
    ) -> Iterator[T]:
        """The records that the query asks for, as they arrive; later pages are fetched when needed.

        From the second page on the next one is asked for while this one is decoded, where waiting is what
        takes long. Memory holds the pages on their way. A question too long for an address goes through
        $batch. Raises UsageError for a query without filter and top that does not say `is_unbounded`, and for
        names that the table does not have: by what `table_definitions` told before, else by its record.
        """
        self._check(table, query, is_bounded=True)
        return self._reader.records(table.entity_set, table.record, table.select, query, page_size)

    def list_by_keys(
        self,
        table: TableShape[T],
        column: str,
        keys: Iterable[object],
        query: Query = _NOTHING_SAID,
        *,
        keys_per_question: int = 500,
        plan: PartsPlan = _IN_PARTS,
    ) -> Iterator[T]:
        """The records whose column holds one of any number of keys, each record once, read in parallel.

        As many keys go into one question as its address can hold, at most `keys_per_question`. The order is
        that of arrival, or with `plan.is_ordered` that of the keys' lists; `query.order_by` counts within a
        list. Raises UsageError for a query with a top, and for keys that cannot stand in a filter.
        """
        self._check(table, query)
        length = self._reader.asked_length(table.entity_set, table.select, query, plan.page_size)
        questions = by_keys(query, column, keys, length, keys_per_question)
        return self._reader.records_in_parts(table.entity_set, table.record, table.select, questions, plan)

    def list_by_creation(
        self,
        table: TableShape[T],
        query: Query = _NOTHING_SAID,
        *,
        parts: int = 32,
        since: datetime | None = None,
        until: datetime | None = None,
        plan: PartsPlan = _IN_PARTS,
    ) -> Iterator[T]:
        """The records created from `since` until before `until`, read in parallel, each record once.

        The time is cut into `parts` ranges of the same length. A bound that is not given is open; where to
        cut is found by asking for the oldest and the newest record. Without bounds all records are read, also
        those without a date. Ranges over ids would be no such cut: how ids are ordered is not documented.

        A record that is created while reading goes on is read if its range is not yet at its end, as in
        `list`; so is one whose creation date is set to an earlier one. The order is that of arrival, or with
        `plan.is_ordered` that of the ranges; `query.order_by` counts within a range. Raises UsageError for a
        query with a top, and for bounds without a time zone or in the wrong order.
        """
        self._check(table, query)
        questions = by_creation(self._reader, table.entity_set, query, parts, (since, until))
        return self._reader.records_in_parts(table.entity_set, table.record, table.select, questions, plan)

    @overload
    def retrieve(self, table: TableShape[T], id: str) -> T: ...
    @overload
    def retrieve(self, table: TableShape[T], id: str, *, if_changed_from: str) -> T | None: ...
    def retrieve(self, table: TableShape[T], id: str, *, if_changed_from: str | None = None) -> T | None:
        """One record. Raises NotFound.

        With `if_changed_from`, an etag, None when the record is still that version. A table without
        optimistic concurrency is always answered with its record.
        """
        check_table(table, *_READABLE)
        if if_changed_from is None:
            return self._reader.record(table.entity_set, id, table.record, table.select)
        path = record_path(table.entity_set, id)
        answer = self._asker.ask_if_changed(path, {"$select": ",".join(table.select)}, if_changed_from)
        return None if answer is None else decode_record(answer.content, table.record, path)

    def count(self, table: TableShape[T], filter: str | Condition = "") -> int:
        """How many records there are, exactly: one request up to 5000, where the service stops counting;
        above it the keys are read, 5000 in a request."""
        check_table(table, *_READABLE)
        check_filter(filter, known_names(table, self._knowledge.of(table.logical_name)))
        return count_of(self._asker, self._reader, table.entity_set, str(filter), table.select[:1])

    def fetch(self, table: TableShape[T], xml: str, *, page_size: int = 5000) -> Iterator[T]:
        """The records that a FetchXML text asks for, page after page by cookie.

        Raises UsageError for what is no FetchXML about this table. Its attributes have to be columns of the
        record; see `fetch_rows` for aliases and aggregates.
        """
        check_table(table, *_READABLE)
        question = FetchQuestion(xml, table.logical_name, page_size)
        contents = question.contents(self._asker, table.entity_set)
        pages = (open_page(each, table.record, table.entity_set) for each in contents)
        return (row for page in pages for piece in page.pieces for row in piece)

    def fetch_rows(
        self, table: TableShape[T], xml: str, *, page_size: int = 5000
    ) -> Iterator[Mapping[str, Any]]:
        """Like `fetch`, with each row as it comes: aliases, aggregates, annotations. Amounts are Decimal."""
        check_table(table, *_READABLE)
        question = FetchQuestion(xml, table.logical_name, page_size)
        contents = question.contents(self._asker, table.entity_set)
        return (row for each in contents for row in decode_object(each, table.entity_set).get("value", ()))

    def aggregate(self, table: TableShape[T], apply: str) -> Iterator[Mapping[str, Any]]:
        """The rows of `$apply`, given as OData text. Amounts are Decimal; a null column is missing.

        The service aggregates at most 50,000 records and raises an HttpError with 0x8004e023 beyond.
        """
        check_table(table, "entity_set")
        return self._asker.rows(table.entity_set, {"$apply": apply})

    def create(self, entity_set: str, id: str, values: Mapping[str, object]) -> None:
        """Create under an id of ours, never over another record. Raises Conflict when the id exists."""
        operation = Create(entity_set, id, values)
        with versions_told(self._transport, [operation]):
            self._writer.write(operation)

    def update(
        self,
        entity_set: str,
        id: str,
        values: Mapping[str, object],
        *,
        etag: str,
        is_claim: bool = False,
    ) -> None:
        """Change what is still as it was read. Raises Conflict when it is not, NotFound when it is gone.

        With `is_claim` the update decides who of several goes on: after a lost answer a record that holds
        the values proves nothing, since others write the same ones, and a Conflict stays one. It carries
        no versions then: who lost wants to know that and nothing more.
        """
        operation = Update(entity_set, id, values, etag)
        with versions_told(self._transport, [] if is_claim else [operation]):
            self._writer.write(operation, is_confirming=not is_claim)

    def upsert(self, entity_set: str, id: str, values: Mapping[str, object]) -> None:
        """Create or overwrite."""
        self._writer.upsert(entity_set, id, values)

    def delete(self, entity_set: str, id: str, *, etag: str) -> None:
        """Delete what is still as it was read. Raises Conflict when it is not, NotFound when it is gone."""
        operation = Delete(entity_set, id, etag)
        with versions_told(self._transport, [operation]):
            self._writer.write(operation)

    def action(
        self,
        name: str,
        body: Mapping[str, object] | None = None,
        *,
        bound_to: tuple[str, str] | None = None,
        happened: Happened | None = None,
    ) -> Mapping[str, Any] | None:
        """Call an action once; its answer's body, None where it has none.

        `bound_to` is (entity_set, id). After an answer that was lost it is not repeated: OutcomeUnknown
        carries what `happened` says then.
        """
        answer = self._writer.write(Action(name, body, bound_to), happened)
        if answer is None or not answer.content:
            return None
        return self._at_home(decode_object(answer.content, name), name)

    def execute_workflow(
        self, workflow_id: str, record_id: str, *, happened: Happened | None = None
    ) -> str | None:
        """Start an on-demand workflow on a record, once; the id of its system job, None where none is said.

        The workflow has to be active. To start it only if the record is still what it was, put the action
        into a change set behind an Update of the record.
        """
        body = {"EntityId": guid(record_id)}
        answer = self.action("ExecuteWorkflow", body, bound_to=("workflows", workflow_id), happened=happened)
        found = (answer or {}).get("asyncoperationid")
        return str(found) if found else None

    def function(
        self,
        name: str,
        parameters: Mapping[str, str] | None = None,
        *,
        bound_to: tuple[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Ask a function; the parameters' values are OData text, made with `quote` or `guid`."""
        return self._at_home(self._reader.function(name, parameters or {}, bound_to), name)

    def change_set(
        self, operations: Sequence[Operation], *, happened: Happened | None = None
    ) -> Sequence[OperationResult]:
        """All operations or none of them, in one request; what each was answered, in their order.

        Raises the error of the member that failed, a Conflict among them. With an action inside it is not
        repeated after an answer that was lost, see `action`.
        """
        operations = tuple(operations)
        with versions_told(self._transport, operations):
            results = self._writer.change_set(operations, happened)
        for result in results:
            self._at_home(result.body or {}, "A member of a change set")
        return results

    def create_multiple(
        self,
        table: BulkTable,
        rows: Iterable[Mapping[str, object]],
        *,
        chunks: Chunks | None = None,
        is_elastic: bool = False,
    ) -> Generator[RowResult, None, None]:
        """Create many records, each once; what became of each row, in the order of the input.

        A row is column name → value, with or without the table's `key`: an id that is missing is made here,
        so that a repetition is the same record. Rows are sent as the results are asked for, in chunks, as
        many at a time as the environment recommends; memory holds the chunks that are on their way. A row
        that is refused is named in its result, and the others go through.
        Raises UsageError for a row that cannot be sent: for a list at once, for any other iterable before
        its chunk is sent. Raises a DataverseError when the first chunk meets a reason that is not about
        rows (no access, no such table or column), and later when the service is lost: then after the
        results of all the rows that were sent, and what was not sent has no result.
        `is_elastic` sends at most 100 rows at a time, and expects that a refused chunk is kept in part.
        """
        return self._bulk.rows(table, CREATE, rows, chunks=chunks, is_elastic=is_elastic)

    def update_multiple(
        self,
        table: BulkTable,
        rows: Iterable[Mapping[str, object]],
        *,
        chunks: Chunks | None = None,
        is_elastic: bool = False,
    ) -> Generator[RowResult, None, None]:
        """Change many records, whatever they are now; like `create_multiple`.

        Every row has the table's `key`. A record that is not there is a row that failed. To change what is
        still as it was read, give `batch` an Update with its etag for each.
        """
        return self._bulk.rows(table, UPDATE, rows, chunks=chunks, is_elastic=is_elastic)

    def upsert_multiple(
        self,
        table: BulkTable,
        rows: Iterable[Mapping[str, object]],
        *,
        by: Sequence[str] = (),
        chunks: Chunks | None = None,
        is_elastic: bool = False,
    ) -> Generator[RowResult, None, None]:
        """Create or overwrite many records; like `create_multiple`.

        Every row has the table's `key`, or the columns of the alternate key that `by` names (a lookup as
        `_name_value`). A result does not tell created from updated: the service does not either.
        """
        return self._bulk.rows(table, UPSERT, rows, by=by, chunks=chunks, is_elastic=is_elastic)

    def delete_multiple(
        self, table: BulkTable, ids: Iterable[str], *, chunks: Chunks | None = None
    ) -> Generator[RowResult, None, None]:
        """Delete many records, whatever they are now; what became of each, in the order of the input.

        A record that is not there is a row that failed, with NotFound.
        """
        return self._bulk.delete(table, ids, chunks)

    def batch(
        self, operations: Iterable[Operation], *, chunks: Chunks | None = None
    ) -> Generator[BatchResult, None, None]:
        """Operations that are independent of each other, each with a result of its own, in their order.

        One that fails does not keep the others from being done; for all or nothing see `change_set`. They
        are sent as the results are asked for. A Conflict carries both versions. An action is not repeated
        after an answer that was lost: its result is unknown then. Raises UsageError and DataverseError as
        `create_multiple` does.
        """
        return self._with_versions(self._bulk.batch(operations, chunks))

    def table_definitions(self, logical_names: Sequence[str]) -> dict[str, TableDefinition]:
        """Tables and their columns as they are here, in one request; those that are not here are missing."""
        refuse_text(logical_names, "The list of tables", '["account"]')
        return self._knowledge.definitions(logical_names) if logical_names else {}

    def table_description(self, logical_name: str) -> TableDefinition:
        """One table in full: column sizes and levels, choices with labels, relationships, alternate keys.

        One request, and one more for each type of column with something to tell. Raises NotFound.
        """
        return self._knowledge.description(logical_name)

    def _check(self, table: TableShape[Any], query: Query, *, is_bounded: bool = False) -> None:
        check_table(table, *_READABLE)
        if not isinstance(query, Query):
            raise UsageError(f"{query!r} is no query.", "Give Query(filter=…, top=…).")
        if is_bounded:
            check_bounded(query, table.entity_set)
        check_names(query, known_names(table, self._knowledge.of(table.logical_name)))

    def _with_versions(
        self, results: Generator[BatchResult, None, None]
    ) -> Generator[BatchResult, None, None]:
        with closing(results):
            for result in results:
                if isinstance(result.error, Conflict):
                    tell_versions(result.error, self._transport, result.operation)
                yield result

    def _at_home(self, body: Mapping[str, Any], what: str) -> Mapping[str, Any]:
        """The body again. Raises ForeignOrigin when it says that it lies in another place."""
        check_record_link(self._transport.origin, str(body.get("@odata.id", "")), f"The answer to {what}")
        return body

    def _identity(self) -> tuple[str, str, str]:
        me = self.who_am_i()
        return self.url, me.organization_id, me.user_id
