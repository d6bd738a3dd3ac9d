"""What answers before everything behind the port is loaded."""

from __future__ import annotations

import re
from contextlib import closing

import requests
from starlette.responses import PlainTextResponse

from connector.console.page.door import Door
from connector.console.page.guard import Guard
from connector.console.page.keys import Access
from connector.console.page.port import HOST, listen
from connector.console.page.server import Serving


def test_a_shell_answers_until_the_page_is_there() -> None:
    """At once, in the page's style, behind the same guard; it comes back by itself, and takes no action."""
    door = Door()
    with closing(listen(0)) as held, requests.Session() as session:
        access = Access(held.getsockname()[1])
        serving = Serving(Guard(door, access), held)
        serving.start()
        origin = f"http://{HOST}:{access.port}"
        assert session.get(origin, timeout=60).status_code == 401
        session.get(access.new_address(), timeout=60)
        shell = session.get(f"{origin}/next-run", timeout=60)
        assert "Starting" in shell.text
        assert 'http-equiv="refresh"' in shell.text
        for asset in re.findall(r'href="(/static/[^"]+)"', shell.text):
            assert session.get(origin + asset, timeout=60).status_code == 200
        posted = session.post(f"{origin}/refresh", headers={"origin": origin}, timeout=60)
        assert posted.status_code == 503
        door.open(PlainTextResponse("The page"))
        assert session.get(f"{origin}/next-run", timeout=60).text == "The page"
        serving.end()
