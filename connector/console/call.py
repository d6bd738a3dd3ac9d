"""One call of a command: what every command is given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector.console.failures import FaultLog
from connector.console.output import (
    Envelope,
    Format,
    Item,
    Layout,
    is_closed_pipe,
    write,
    write_text,
)
from connector.console.voice import Voice

if TYPE_CHECKING:
    from connector.console.connection import Connection
    from connector.settings import Settings


@dataclass(frozen=True)
class Call:
    """`surplus` are arguments that the command has no place for, where it lets them come this far."""

    form: Format = Format.TABLE
    voice: Voice = field(default_factory=Voice)
    flags: Mapping[str, Any] = field(default_factory=dict)
    log: FaultLog = field(default_factory=FaultLog)
    surplus: tuple[str, ...] = ()

    def settings(self, more: Mapping[str, Any] | None = None) -> Settings:
        """The settings with this call's flags laid over them. Raises SettingsError."""
        from connector.settings import load

        settings = load({**self.flags, **(more or {})})
        self.log.folder = settings.log_folder
        self.log.secrets.update(settings.secrets)
        return settings

    @contextmanager
    def connected(self, more: Mapping[str, Any] | None = None) -> Iterator[tuple[Connection, Settings]]:
        """A signed-in connection, and the settings that led to it."""
        from connector.console.connection import connected

        settings = self.settings(more)
        with connected(settings, self.voice) as connection:
            if settings.profile:
                self.voice.say(f"Profile {settings.profile}: {settings.require_url()}")
            yield connection, settings

    def show(
        self,
        layout: Layout,
        envelope: Envelope,
        *,
        stream: Callable[[], Iterable[Item]],
        text: Callable[[], Iterable[str]],
        is_acting: bool = False,
    ) -> None:
        """Write the result to stdout in the format that was asked for; only that one is produced.

        `is_acting`: things are done while the result is produced. Then a reader who closes the pipe
        early stops the writing, not the doing.
        """
        if self.form is Format.TABLE:
            lines = iter(text())
            _written(lambda: write_text(sys.stdout, lines), lines if is_acting else ())
        else:
            items = iter(stream())
            _written(
                lambda: write(sys.stdout, self.form, layout, envelope, items), items if is_acting else ()
            )


def _written(work: Callable[[], None], unfinished: Iterable[object]) -> None:
    """Write; a reader who has seen enough and closes the pipe ends the writing, not the command's verdict."""
    try:
        work()
        sys.stdout.flush()
    except OSError as error:
        if not is_closed_pipe(error):
            raise
        for _ in unfinished:
            pass
