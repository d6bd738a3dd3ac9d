"""The control endpoint's part of the trouble: JSON objects in and out."""

from __future__ import annotations

from typing import Any

import msgspec

from connector.emulator.trouble.rule import parse_rule
from connector.emulator.trouble.trouble import Trouble
from connector.errors import UsageError

Body = dict[str, Any]


class TroubleControl:
    """Each method answers what GET says afterwards. Raises UsageError for what cannot be."""

    def __init__(self, trouble: Trouble) -> None:
        self._trouble = trouble

    def faults(self) -> Body:
        return {"faults": msgspec.to_builtins(self._trouble.standing())}

    def add_fault(self, body: Body) -> Body:
        self._trouble.add(parse_rule(body))
        return self.faults()

    def clear_faults(self) -> Body:
        self._trouble.clear()
        return self.faults()

    def remove_fault(self, id: str) -> Body:
        if not id.isdecimal():
            raise UsageError(f"{id!r} is no id of a fault rule.", "It is a number.")
        self._trouble.remove(int(id))
        return self.faults()

    def limits(self) -> Body:
        return dict(msgspec.to_builtins(self._trouble.limits))

    def change_limits(self, body: Body) -> Body:
        self._trouble.change_limits(**body)
        return self.limits()

    def requests(self) -> Body:
        return {"requests": msgspec.to_builtins(self._trouble.received())}

    def forget_requests(self) -> Body:
        self._trouble.forget_received()
        return self.requests()
