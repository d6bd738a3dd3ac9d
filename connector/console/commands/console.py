"""`projops console`: the page that support and finance keep open."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from connector.console.call import Call
from connector.console.options import connected_to_environment
from connector.console.output import Format

if TYPE_CHECKING:
    from connector.console.page.guard import Access

# Windows lets a Ctrl-C through only between waits.
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
    from connector.console.extras import needs_console_extra

    with needs_console_extra():
        from connector.console.page.open import open_page

    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: ended.set())
    with open_page(call, port=port, is_acting=actions) as page:
        address = page.access.new_address()
        if call.form in (Format.JSON, Format.JSONL):
            import json

            sys.stdout.write(json.dumps({"address": address}) + "\n")
        else:
            call.voice.say("Open this address in a browser; it works once, and Enter gives another one:")
            sys.stdout.write(address + "\n")
            call.voice.say("Ctrl-C ends the page.")
        sys.stdout.flush()
        if sys.stdin is not None and sys.stdin.isatty():
            threading.Thread(target=_give_more, args=(page.access,), daemon=True).start()
        _wait(ended)
    call.voice.say("The page has ended.")


def _give_more(access: Access) -> None:
    for _ in sys.stdin:
        sys.stdout.write(access.new_address() + "\n")
        sys.stdout.flush()


def _wait(ended: threading.Event) -> None:
    """Return at Ctrl-C or when the process is told to end: a server has no other end."""
    try:
        while not ended.wait(BREATH_S):
            pass
    except KeyboardInterrupt:
        return
