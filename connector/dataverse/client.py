"""A client of one Dataverse environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from connector.dataverse.decoding import decode_object
from connector.dataverse.metadata import EntityDefinition, TableDefinition, definition_options, definitions_of
from connector.dataverse.operations import Action, Create, Delete, Operation, OperationResult, Update
from connector.dataverse.query import Query
from connector.dataverse.reading import Reader
from connector.dataverse.retrying import DEFAULT_POLICY, RetryPolicy
from connector.dataverse.settling import Happened
from connector.dataverse.sign_in import TokenSource
from connector.dataverse.transport import Transport
from connector.dataverse.writing import Writer
from connector.errors import MalformedAnswer

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_EVERYTHING = Query()


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

    def __init__(
        self,
        url: str,
        tokens: TokenSource,
        *,
        ca_file: Path | None = None,
        retry: RetryPolicy = DEFAULT_POLICY,
        user_agent: str = "projops-connector",
    ) -> None:
        """`url` is the environment's address alone; raises SettingsError that says what else it holds.

        `ca_file` holds the certificate authorities to trust in place of the usual ones.
        """
        self._transport = Transport(url, tokens, ca_file, retry, user_agent)
        self._reader = Reader(self._transport)
        self._writer = Writer(self._transport, self._reader)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"DataverseClient({self.url!r})"

    def close(self) -> None:
        self._transport.close()

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

    def list(self, table: TableShape[T], query: Query = _EVERYTHING, *, page_size: int = 5000) -> Iterator[T]:
        """The records that the query asks for, as they arrive; later pages are fetched when needed."""
        return self._reader.records(table.entity_set, table.record, table.select, query, page_size)

    def retrieve(self, table: TableShape[T], id: str) -> T:
        """One record. Raises NotFound."""
        return self._reader.record(table.entity_set, id, table.record, table.select)

    def create(self, entity_set: str, id: str, values: Mapping[str, object]) -> None:
        """Create under an id of ours, never over another record. Raises Conflict when the id exists."""
        self._writer.write(Create(entity_set, id, values))

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
        the values proves nothing, since others write the same ones, and a Conflict stays one.
        """
        self._writer.write(Update(entity_set, id, values, etag), is_confirming=not is_claim)

    def upsert(self, entity_set: str, id: str, values: Mapping[str, object]) -> None:
        """Create or overwrite."""
        self._writer.upsert(entity_set, id, values)

    def delete(self, entity_set: str, id: str, *, etag: str) -> None:
        """Delete what is still as it was read. Raises Conflict when it is not, NotFound when it is gone."""
        self._writer.write(Delete(entity_set, id, etag))

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
        return decode_object(answer.content, name) if answer is not None and answer.content else None

    def function(
        self,
        name: str,
        parameters: Mapping[str, str] | None = None,
        *,
        bound_to: tuple[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Ask a function; the parameters' values are OData text, made with `quote` or `guid`."""
        return self._reader.function(name, parameters or {}, bound_to)

    def change_set(
        self, operations: Sequence[Operation], *, happened: Happened | None = None
    ) -> Sequence[OperationResult]:
        """All operations or none of them, in one request; what each was answered, in their order.

        Raises the error of the member that failed, a Conflict among them. With an action inside it is not
        repeated after an answer that was lost, see `action`.
        """
        return self._writer.change_set(operations, happened)

    def table_definitions(self, logical_names: Sequence[str]) -> dict[str, TableDefinition]:
        """Tables and their columns as they are here, in one request; those that are not here are missing."""
        if not logical_names:
            return {}
        options = definition_options(logical_names)
        return definitions_of(self._reader.rows("EntityDefinitions", options, EntityDefinition))
