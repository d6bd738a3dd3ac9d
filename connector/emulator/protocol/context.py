"""What a request carries with it while it is answered."""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.emulator.protocol.messages import Preferences, Request
from connector.emulator.registry import Registry
from connector.emulator.schema import Schema, Table
from connector.emulator.store import Transaction


@dataclass(frozen=True)
class Context:
    """One request inside one transaction. `caller` is the id of its systemuser.

    `references` are the addresses that earlier parts of the same change set were given by their
    Content-ID.
    """

    request: Request
    preferences: Preferences
    tx: Transaction
    schema: Schema
    registry: Registry
    caller: str
    references: dict[str, str] = field(default_factory=dict)

    def url(self, table: Table, id: str) -> str:
        return f"{self.request.root}/{table.entity_set}({id})"

    def context_url(self, what: str) -> str:
        return f"{self.request.root}/$metadata#{what}"
