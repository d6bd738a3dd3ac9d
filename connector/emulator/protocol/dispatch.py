"""From a request to an answer: which resource is meant, and inside which transaction."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial

from sqlalchemy.exc import DatabaseError

from connector.emulator.problems import (
    SQL_ERROR,
    ODataError,
    bad_request,
    not_implemented,
    unknown_segment,
    wrong_verb,
)
from connector.emulator.protocol.address import Options, Segment, parse_options, parse_path
from connector.emulator.protocol.batch import answer_batch
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.csdl import csdl
from connector.emulator.protocol.impersonation import effective_caller
from connector.emulator.protocol.keys import keys_of
from connector.emulator.protocol.messages import (
    Preferences,
    Request,
    Response,
    error_response,
    json_response,
    parse_preferences,
)
from connector.emulator.protocol.metadata import answer_metadata, is_metadata
from connector.emulator.protocol.operations import call_operation, is_operation
from connector.emulator.protocol.resources import answer_table
from connector.emulator.registry import Registry
from connector.emulator.schema import Schema
from connector.emulator.store import Store, Transaction

_log = logging.getLogger(__name__)
_READS = ("GET", "HEAD")
_FILE_TROUBLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_READONLY,
    }
)


class Service:
    """The Web API as a function from Request to Response."""

    def __init__(
        self,
        store: Store,
        schema: Schema,
        registry: Registry,
        disturb: Callable[[Request], None] = lambda _: None,
    ) -> None:
        """`disturb` is shown each operation inside of a batch, and may refuse it with an ODataError."""
        self.store = store
        self.schema = schema
        self.registry = registry
        self.disturb = disturb

    def answer(self, request: Request, caller: str) -> Response:
        """Answer one request of `caller`, batches included; refusals are answers too."""
        try:
            return self._answer(request, caller)
        except Exception as error:  # noqa: BLE001 - the last place where anything becomes an answer
            return self.refusal(request, error)

    def refusal(self, request: Request, error: Exception) -> Response:
        """The answer that an exception means; one that nobody foresaw is logged and answered with 500."""
        match error:
            case ODataError():
                return error_response(error, _preferences(request))
            case RecursionError():
                return error_response(bad_request("The request is nested too deeply."))
            case DatabaseError() | sqlite3.DatabaseError() | OverflowError():
                return error_response(_of_database(error))
        _log.error("%s %s", request.method, request.path, exc_info=error)
        return error_response(ODataError(500, "0x80040216", "An unexpected error occurred in the emulator."))

    def _answer(self, request: Request, caller: str) -> Response:
        if request.path.strip("/") == "$batch":
            return answer_batch(self, request, caller)
        with self._transaction(request) as tx:
            return self.answer_within(tx, request, caller, {})

    def answer_within(
        self, tx: Transaction, request: Request, caller: str, references: dict[str, str]
    ) -> Response:
        """Answer inside an open transaction; an ODataError escapes, so that it can be rolled back."""
        preferences = parse_preferences(request)
        caller = effective_caller(tx, self.registry, request.headers, caller)
        tx.check_read = partial(self.registry.check_access, tx, caller, "Read")
        context = Context(request, preferences, tx, tx.schema, self.registry, caller, references)
        return _route(context, parse_path(request.path))

    @contextlib.contextmanager
    def _transaction(self, request: Request) -> Iterator[Transaction]:
        opened = self.store.snapshot() if request.method in _READS else self.store.transaction()
        with opened as tx:
            yield tx


def _route(context: Context, segments: list[Segment]) -> Response:
    options = parse_options(context.request.query, context.request.longest_query)
    if not segments:
        return _service_document(context, options)
    first = segments[0]
    table = context.schema.by_set.get(first.name)
    if table is not None:
        if context.request.method in _READS:
            context.registry.check_access(context.tx, context.caller, "Read", table.logical_name)
        return answer_table(context, table, segments, options)
    if first.name == "$metadata":
        return _csdl(context, segments, options)
    if first.name == "$batch":
        raise bad_request("A batch cannot contain a batch.")
    if is_metadata(first):
        return answer_metadata(context, segments, options)
    if is_operation(context, first):
        if len(segments) > 1:
            raise not_implemented(f"a path behind {first.name}")
        return call_operation(context, None, None, first, options)
    raise unknown_segment(first.name)


def _csdl(context: Context, segments: list[Segment], options: Options) -> Response:
    if context.request.method != "GET":
        raise wrong_verb(context.request.method, "$metadata")
    if len(segments) > 1 or segments[0].args is not None:
        raise unknown_segment(segments[-1].name)
    options.only()
    keys = tuple((table.logical_name, keys_of(context.tx, table)) for table in context.schema)
    headers = {"Content-Type": "application/xml", "OData-Version": "4.0", **context.preferences.headers}
    return Response(200, headers, csdl(context.schema, keys))


def _of_database(error: Exception) -> ODataError:
    """SQLite's own limits on what can be asked, or trouble with its file; statements stay out of answers."""
    _log.info("the database refused", exc_info=error)
    original = getattr(error, "orig", error)
    code = getattr(original, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _FILE_TROUBLE:
        return ODataError(503, SQL_ERROR, f"The emulator's state cannot be read or written: {original}.")
    return bad_request("The request is too large for the emulator's database.")


def _service_document(context: Context, options: Options) -> Response:
    if context.request.method != "GET":
        raise wrong_verb(context.request.method, "the service document")
    options.only()
    sets = [{"name": t.entity_set, "kind": "EntitySet", "url": t.entity_set} for t in context.schema]
    url = f"{context.request.root}/$metadata"
    return json_response(200, {"@odata.context": url, "value": sets})


def _preferences(request: Request) -> Preferences | None:
    try:
        return parse_preferences(request)
    except ODataError:
        return None
