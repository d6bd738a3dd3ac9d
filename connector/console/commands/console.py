"""`projops console`: the page that support and finance keep open."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from connector.console.call import Call
from connector.console.options import connected_to_environment
from connector.console.output import Format

if TYPE_CHECKING:
    from connector.console.page.keys import Access

BREATH_S = 0.5


@connected_to_environment
def console(
    call: Call,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    actions: Annotated[
        bool, typer.Option("--actions", help="Also let the page rerun the job and create drafts.")
    ] = False,
) -> None:
    """Serve a page for the browser: health, timeline, the next run, problems, history.

    Only this machine can reach it, and only by the address that is printed, which works once; Enter gives
    another one. Without --actions the page changes nothing. Ctrl-C ends it.

    Examples:

      projops console

      projops console --port 8321

      projops console --actions
    """
    from connector.console.extras import check_console_extra
    from connector.console.page.open import open_page

    check_console_extra()
    with _ended_by_signals() as ended, open_page(call, port=port, is_acting=actions) as page:
        _announce(call, page.access.new_address())
        if sys.stdin is not None and sys.stdin.isatty():
            threading.Thread(target=_give_more, args=(page.access,), daemon=True).start()
        # Windows lets a Ctrl-C through only between waits.
        while not ended.wait(BREATH_S):
            page.check()
    call.voice.say("The page has ended.")


def _announce(call: Call, address: str) -> None:
    if call.form in (Format.JSON, Format.JSONL):
        import json

        sys.stdout.write(json.dumps({"address": address}) + "\n")
    else:
        call.voice.say("Open this address in a browser; it works once, and Enter gives another one:")
        sys.stdout.write(address + "\n")
        call.voice.say("Ctrl-C ends the page.")
    sys.stdout.flush()


@contextmanager
def _ended_by_signals() -> Iterator[threading.Event]:
    """Set by Ctrl-C and by being told to end: a server has no other end. A second Ctrl-C ends it at once."""
    ended = threading.Event()

    def end(number: int, _frame: object) -> None:
        if ended.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        ended.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _give_more(access: Access) -> None:
    for _ in sys.stdin:
        sys.stdout.write(access.new_address() + "\n")
        sys.stdout.flush()
