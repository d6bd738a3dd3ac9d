"""What answers from the first moment on: a shell that comes back by itself, until the page is there."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connector.console.page.assets import STATIC, version_of

_SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="1">
<title>projops</title>
<link rel="icon" type="image/svg+xml" href="/static/{icon}/icon.svg">
<link rel="stylesheet" href="/static/{style}/page.css">
</head>
<body data-waiting>
<header class="top"><div class="top-in"><span class="brand">projops</span></div></header>
<main><div class="card empty"><b class="busy">Starting</b><p>It takes a moment.</p></div></main>
</body>
</html>
"""


class Door:
    """The shell at first, and from `open` on the page itself."""

    def __init__(self) -> None:
        paths = "/{path:path}"
        self._app: ASGIApp = Starlette(
            routes=[*STATIC, Route(paths, _shell), Route(paths, _not_yet, methods=["POST"])]
        )

    def open(self, page: ASGIApp) -> None:
        self._app = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


async def _shell(_request: Request) -> Response:
    return HTMLResponse(_SHELL.format(icon=version_of("icon.svg"), style=version_of("page.css")))


async def _not_yet(_request: Request) -> Response:
    return PlainTextResponse("The page is just being started: try again in a moment.", 503)
