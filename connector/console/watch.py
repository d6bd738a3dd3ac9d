"""The loop of `projops watch`: look, remember, tell, wait."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from pydantic import SecretStr

from connector.console.call import Call
from connector.console.memory import environment_of, history_of
from connector.errors import DataverseError, SettingsError
from connector.job.look import look
from connector.job.read import check_project_operations
from connector.support.notify import post
from connector.support.watch_file import read_memory, watch_file, write_memory
from connector.support.watching import UNREACHABLE, Seen, after_look, after_telling, event_as_json, seen_of

_SLICE_S = 1.0
"""How long one wait lasts: Windows interrupts none."""


@contextmanager
def until_terminated() -> Iterator[threading.Event]:
    """Set when the process is told to terminate; a look that is under way is finished first."""
    stop = threading.Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = signal.signal(signal.SIGTERM, told)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)


@dataclass
class Watch:
    """`trouble` says what went wrong at the last look, "" when nothing did."""

    call: Call
    environment: str
    profile: str
    address: SecretStr | None
    ca_file: Path | None
    file: Path
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    trouble: str = ""

    @classmethod
    def of(cls, call: Call, *, is_notifying: bool | None) -> Watch:
        """Raises SettingsError when something is to be posted and no address is set."""
        settings = call.settings()
        if is_notifying and settings.notify_url is None:
            raise SettingsError(
                "--notify needs an address, and PROJOPS_NOTIFY_URL is not set.",
                "Set it in the environment or in .env; it has to begin with https://.",
            )
        environment = environment_of(settings.require_url())
        return cls(
            call,
            environment,
            settings.profile,
            None if is_notifying is False else settings.notify_url,
            settings.ca_file,
            watch_file(settings.watch_folder, environment),
        )

    def events(self, stop: threading.Event, pause_s: float, *, is_once: bool) -> Iterator[dict[str, Any]]:
        """What was told, until `stop` is set. Raises SettingsError, and Refused for another environment."""
        while True:
            yield from self._look()
            sys.stdout.flush()
            if is_once or _waited(stop, pause_s):
                return

    def _look(self) -> Iterator[dict[str, Any]]:
        seen = self._seen()
        memory = after_look(read_memory(self.file, self.environment), seen, self.environment, self.profile)
        # Kept before it is sent: after a crash in between it goes out again under the same id.
        write_memory(self.file, self.environment, memory)
        if memory.pending is None:
            return
        event = event_as_json(memory.pending)
        if self.address is not None:
            why = post(self.address.get_secret_value(), {"schema": "projops.watch/1", **event}, self.ca_file)
            if why:
                self.trouble = f"Not told to PROJOPS_NOTIFY_URL: {why}. It is tried again at the next look."
                self.call.voice.warn(self.trouble)
                return
        write_memory(self.file, self.environment, after_telling(memory))
        yield event

    def _seen(self) -> Seen:
        self.trouble = ""
        try:
            # What is said of each connection would be said at each look.
            quiet = replace(self.call, voice=replace(self.call.voice, is_quiet=True))
            with quiet.connected() as (connection, settings):
                check_project_operations(connection.client, connection.tables)
                diagnosis = look(connection.environment(settings.rules)).diagnosis
                with history_of(settings, self.call.voice) as history:
                    history.status(connection, diagnosis)
        except DataverseError as error:
            self.trouble = error.message
            self.call.voice.warn(f"Could not look: {error.message}")
            return Seen(UNREACHABLE, f"Unreachable: {error.message}", datetime.now(UTC), error.hint)
        return seen_of(diagnosis)


def _waited(stop: threading.Event, pause_s: float) -> bool:
    """Whether it was told to stop in the meantime."""
    left = pause_s
    while left > 0 and not stop.is_set():
        stop.wait(min(_SLICE_S, left))
        left -= _SLICE_S
    return stop.is_set()
