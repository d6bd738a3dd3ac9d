"""Several machines whose requests reach an environment one at a time, in an order that a test chooses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

_PATIENCE_S = 60.0


@dataclass
class Stage:
    """Machines are told apart by the User-Agent of their clients; other clients pass freely.

    `granted` are the machines whose requests went out, in their order.
    """

    origin: str
    granted: list[str] = field(default_factory=list)
    _condition: threading.Condition = field(default_factory=threading.Condition)
    _waiting: list[tuple[str, threading.Event]] = field(default_factory=list)
    _unfinished: set[str] = field(default_factory=set)
    _is_busy: bool = False

    def play(
        self,
        machines: dict[str, Callable[[], None]],
        choose: Callable[[list[str]], str],
        before: Callable[[int], None],
    ) -> None:
        """Run each machine's part to its end. `choose` picks whose request is next, of those that wait;
        `before` is told the number of a request right before it goes out."""
        self._unfinished = set(machines)
        threads = [threading.Thread(target=self._run, args=item) for item in machines.items()]
        with self._staged():
            for thread in threads:
                thread.start()
            while self._next(choose, before):
                pass
            for thread in threads:
                thread.join()

    def _run(self, machine: str, part: Callable[[], None]) -> None:
        try:
            part()
        finally:
            with self._condition:
                self._unfinished.discard(machine)
                self._condition.notify_all()

    def _next(self, choose: Callable[[list[str]], str], before: Callable[[int], None]) -> bool:
        with self._condition:
            assert self._condition.wait_for(self._is_ready, _PATIENCE_S), "a machine does not come on stage"
            if not self._waiting:
                return False
            machine = choose(sorted({name for name, _ in self._waiting}))
            before(len(self.granted))
            self.granted.append(machine)
            place = next(number for number, (name, _) in enumerate(self._waiting) if name == machine)
            _, turn = self._waiting.pop(place)
            self._is_busy = True
        turn.set()
        return True

    def _is_ready(self) -> bool:
        return not self._is_busy and self._unfinished <= {name for name, _ in self._waiting}

    @contextmanager
    def _staged(self) -> Iterator[None]:
        real = requests.adapters.HTTPAdapter.send

        def send(adapter: Any, request: requests.PreparedRequest, **more: Any) -> requests.Response:
            machine = str(request.headers.get("User-Agent"))
            if not str(request.url).startswith(self.origin) or machine not in self._unfinished:
                return real(adapter, request, **more)
            turn = threading.Event()
            with self._condition:
                self._waiting.append((machine, turn))
                self._condition.notify_all()
            assert turn.wait(_PATIENCE_S), "nobody gives this request its turn"
            try:
                return real(adapter, request, **more)
            finally:
                with self._condition:
                    self._is_busy = False
                    self._condition.notify_all()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(requests.adapters.HTTPAdapter, "send", send)
            yield
