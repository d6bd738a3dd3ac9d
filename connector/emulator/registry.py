"""Where behaviour is hung up: actions, functions, guards before a write, hooks after it.

The protocol knows rows; what they mean is registered here by the platform's side:

    registry.action("workflow", "ExecuteWorkflow", handler)     POST workflows(id)/Microsoft.Dynamics.CRM.…
    registry.action(None, "projops_Something", handler)         POST projops_Something
    registry.function("systemuser", "RetrieveUserPrivileges", handler)
    registry.before("asyncoperation", guard)                    may change `change.values` or refuse
    registry.after("invoicedetail", hook)

Everything runs inside the transaction of the request: an exception takes all of it back.
Refuse by raising `ODataError`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from connector.emulator.schema import Schema
from connector.emulator.store import Transaction, Value


@dataclass(frozen=True)
class Reference:
    """A row that a parameter points at."""

    table: str
    id: str


@dataclass(frozen=True)
class Call:
    """One call of an action or function.

    `caller` is the id of the calling systemuser, `id` the bound row (None when unbound), `body` the
    JSON body of an action or the parsed parameters of a function (text, int, Decimal, bool, None,
    lists and dictionaries). `resolve` turns an entity parameter ({"@odata.id": …}, {"accountid": …,
    "@odata.type": …} or a table's address) into a Reference, or refuses with 400. `origin` is that of
    the environment, as the client addressed it.
    """

    caller: str
    id: str | None
    body: Mapping[str, Any]
    resolve: Callable[[Any], Reference]
    origin: str = ""


@dataclass(frozen=True)
class RowAnswer:
    """The action returns a row: rendered like a retrieve, all columns or the given ones."""

    table: str
    id: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComplexAnswer:
    """The action or function returns a complex type: its type name and members."""

    type_name: str
    members: Mapping[str, Any]


Answer: TypeAlias = RowAnswer | ComplexAnswer | None
Handler: TypeAlias = Callable[[Transaction, Call], Answer]


@dataclass
class Change:
    """A write by a client, before or after it happens.

    `values` are the columns that are written (guards may change them), `before` is the row as it
    stood (None on create).
    """

    kind: Literal["create", "update", "delete"]
    table: str
    id: str
    caller: str
    values: dict[str, Value] = field(default_factory=dict)
    before: Mapping[str, Value] | None = None


Guard: TypeAlias = Callable[[Transaction, Change], None]
Access: TypeAlias = Callable[[Transaction, str, str, str], None]
"""Given the caller's id, a right (Create, Read, Write, Delete) and a table; refuses, or returns."""
TablePrivileges: TypeAlias = Callable[[str, Schema], list[dict[str, Any]]]
"""Given a table and the schema, the table's privileges as EntityDefinitions tells them."""
_RIGHTS = {"create": "Create", "update": "Write", "delete": "Delete"}


class Registry:
    def __init__(self) -> None:
        self._actions: dict[tuple[str | None, str], Handler] = {}
        self._functions: dict[tuple[str | None, str], Handler] = {}
        self._before: dict[str, list[Guard]] = defaultdict(list)
        self._after: dict[str, list[Guard]] = defaultdict(list)
        self._access: list[Access] = []
        self._customizing: list[Access] = []
        self._impersonation: list[Callable[[Transaction, str], None]] = []
        self._table_privileges: TablePrivileges = lambda _table, _schema: []

    def action(self, table: str | None, name: str, handler: Handler) -> None:
        self._register(self._actions, table, name, handler)

    def function(self, table: str | None, name: str, handler: Handler) -> None:
        self._register(self._functions, table, name, handler)

    def before(self, table: str, guard: Guard) -> None:
        """Run `guard` before each create, update and delete of a row of `table` by a client."""
        self._before[table].append(guard)

    def after(self, table: str, hook: Guard) -> None:
        """Run `hook` after each create, update and delete of a row of `table` by a client."""
        self._after[table].append(hook)

    def access(self, guard: Access) -> None:
        """Run `guard` before a client reads a table or writes a row."""
        self._access.append(guard)

    def check_access(self, tx: Transaction, caller: str, right: str, table: str) -> None:
        for guard in self._access:
            guard(tx, caller, right, table)

    def table_privileges(self, describe: TablePrivileges) -> None:
        """Have `describe` fill the member Privileges of a table's definition."""
        self._table_privileges = describe

    def privileges_of(self, table: str, schema: Schema) -> list[dict[str, Any]]:
        return self._table_privileges(table, schema)

    def customizing(self, guard: Access) -> None:
        """Run `guard` before a client changes the schema; in place of a table it gets what is changed."""
        self._customizing.append(guard)

    def check_customizing(self, tx: Transaction, caller: str, right: str, what: str) -> None:
        for guard in self._customizing:
            guard(tx, caller, right, what)

    def impersonation(self, guard: Callable[[Transaction, str], None]) -> None:
        """Run `guard` with the id of a user who wants to act for another one; it may refuse."""
        self._impersonation.append(guard)

    def check_impersonation(self, tx: Transaction, caller: str) -> None:
        for guard in self._impersonation:
            guard(tx, caller)

    def find_action(self, table: str | None, name: str) -> Handler | None:
        return self._actions.get((table, name))

    def find_function(self, table: str | None, name: str) -> Handler | None:
        return self._functions.get((table, name))

    def check(self, tx: Transaction, change: Change) -> None:
        self.check_access(tx, change.caller, _RIGHTS[change.kind], change.table)
        for guard in self._before.get(change.table, ()):
            guard(tx, change)

    def follow(self, tx: Transaction, change: Change) -> None:
        for hook in self._after.get(change.table, ()):
            hook(tx, change)

    @staticmethod
    def _register(
        where: dict[tuple[str | None, str], Handler], table: str | None, name: str, handler: Handler
    ) -> None:
        if (table, name) in where:
            raise ValueError(f"{name} is registered twice for {table or 'the service'}")
        where[(table, name)] = handler
