"""A small Dataverse Web API over SQLite, with Project Operations' tables.

    from connector.emulator import start
    with start(None) as emulator: ...

`start` and `RunningEmulator` live in `connector.emulator.server`; they are loaded when asked for,
because the server needs the extra `emulator` (SQLAlchemy, Starlette, uvicorn, trustme, odata-query).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.emulator.server import RunningEmulator, start

__all__ = ["RunningEmulator", "start"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from connector.emulator import server  # noqa: PLC0415 - the extra may not be installed

        return getattr(server, name)
    raise AttributeError(f"module {__name__} has no attribute {name}")
