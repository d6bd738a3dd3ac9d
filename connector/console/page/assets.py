"""The page's own files: its style, its script, its icon. Nothing heavy: they are served first of all."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

PACKAGE = "connector.console.page"
ASSETS = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@cache
def asset(name: str) -> bytes:
    return resources.files(PACKAGE).joinpath("static", name).read_bytes()


@cache
def version_of(name: str) -> str:
    """A part of an asset's address that changes with it, so that it can be kept for ever."""
    return hashlib.sha256(asset(name)).hexdigest()[:12]


def static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in ASSETS or request.path_params["version"] != version_of(name):
        return PlainTextResponse("There is no such file.", 404)
    kept = {"cache-control": "private, max-age=31536000, immutable"}
    return Response(asset(name), media_type=ASSETS[name], headers=kept)


def icon(_request: Request) -> Response:
    """Browsers ask for it on the page that a ticket opens, which has no head of ours."""
    return Response(asset("icon.svg"), media_type=ASSETS["icon.svg"])


STATIC = (Route("/static/{version}/{name}", static), Route("/favicon.ico", icon))
