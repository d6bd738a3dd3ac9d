"""The emulator's state in SQLite. See `Store` and `Transaction`."""

from connector.emulator.store.ddl import target_column
from connector.emulator.store.filling import ORGANIZATION
from connector.emulator.store.image import Image
from connector.emulator.store.statefile import read_owner
from connector.emulator.store.store import Store
from connector.emulator.store.transaction import SYSTEM_USER, Found, Transaction
from connector.emulator.store.values import Value

__all__ = [
    "ORGANIZATION",
    "SYSTEM_USER",
    "Found",
    "Image",
    "Store",
    "Transaction",
    "Value",
    "read_owner",
    "target_column",
]
