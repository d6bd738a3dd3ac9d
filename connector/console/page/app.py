"""The page's addresses: what each shows, from what the keeper knows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, cast
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from connector.console.page.action_pages import ACTIONS, ActionPages, Tab
from connector.console.page.actions import Actions
from connector.console.page.assets import STATIC
from connector.console.page.catalog import PANELS, Panel, View
from connector.console.page.keeper import Keeper
from connector.console.page.keys import Access
from connector.console.page.known import Known
from connector.console.page.moments import Pulse, Zones, is_still
from connector.console.page.panels import health, line, next_run
from connector.console.page.panels.environments import Peer, place_view
from connector.console.page.panels.history import KIND_WORDS
from connector.console.page.panels.paging import OnPage
from connector.console.page.readings import read_history, read_noted
from connector.console.page.templating import rendered

STORY_WITHIN_S = 8.0
ENVIRONMENTS = Tab("/environments", "Environments")
COMMON_PATHS = frozenset({*(panel.path for panel in PANELS), ENVIRONMENTS.path})
"""What every environment of a page has under its own root."""
STORY = ("story",)
"""What is read when somebody asks for it, and not again by itself."""


@dataclass
class Site:
    """What all pages share."""

    keeper: Keeper
    access: Access
    label: str
    here: tzinfo
    actions: Actions | None = None
    root: str = ""
    peers: Peers | None = None
    first: dict[str, Pulse] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        """All addresses of one environment; `root` stands before them."""
        return [
            *(Route(panel.path, self._shown(panel)) for panel in PANELS),
            Route("/next-run.csv", self.csv),
            Route("/line/{id}", self.line),
            Route("/line", self.find),
            Route("/refresh", self.refresh, methods=["POST"]),
            Route("/pulse", self.pulse),
            *([] if self.peers is None else [Route(ENVIRONMENTS.path, self.environments)]),
            *([] if self.actions is None else ActionPages(self, self.actions).routes()),
        ]

    def _shown(self, panel: Panel) -> Callable[[Request], Response]:
        def show(request: Request) -> Response:
            known = self.known(panel.topics)
            return self.page(request, panel.template, panel.title, panel.topics, known, panel.view)

        return show

    def _tabs(self) -> list[Tab]:
        """The panels; actions where they are allowed, environments where there are several."""
        tabs = [Tab(panel.path, panel.title) for panel in PANELS]
        if self.peers is not None:
            tabs.append(ENVIRONMENTS)
        return tabs if self.actions is None else [*tabs, ACTIONS]

    def environments(self, request: Request) -> Response:
        """All of them, each with its health: those that nobody has opened are asked for that alone."""
        assert self.peers is not None
        known = self.known()
        context = self.context(request, ENVIRONMENTS.title, ("job",), known)
        places = [place_view(one) for one in self.peers.seen()]
        # The script looks again until each of them has been read once.
        more = {"is_awaited": any(one.light is None for one in places), "seen": places}
        return HTMLResponse(rendered("environments.html", {**context, **more}))

    def known(self, topics: tuple[str, ...] = ()) -> dict[str, Known[Any]]:
        """What is known of everything; the history, which is a file of this machine, where it is wanted."""
        known: dict[str, Known[Any]] = {name: topic.known for name, topic in self.keeper.topics.items()}
        if "history" in topics:
            seen = read_history(self.keeper.settings)
            known["history"] = Known(seen, self.keeper.clock(), known["job"].number)
        return known

    def page(
        self,
        request: Request,
        template: str,
        title: str,
        topics: tuple[str, ...],
        known: Mapping[str, Known[Any]],
        view: View,
    ) -> Response:
        """What is known now: the last state with its trouble, or that it is being read."""
        self.keeper.start()
        self.keeper.visit()
        needed = known[topics[0]]
        context = self.context(request, title, topics, known)
        if needed.value is None:
            more = {"noted": read_noted(self.keeper.settings), "kind_words": KIND_WORDS}
            return HTMLResponse(rendered("reading.html", {**context, **more}))
        # How many rows a table holds is not the address's to say.
        query = {name: text for name, text in request.query_params.items() if name != "rows"}
        values = {name: one.value for name, one in known.items()} | {
            "zones": context["zones"],
            "is_report": False,
        }
        return HTMLResponse(rendered(template, {**context, **view(values, query)}))

    def context(
        self, request: Request, title: str, topics: tuple[str, ...], known: Mapping[str, Known[Any]]
    ) -> dict[str, Any]:
        clock = self.keeper.clock()
        needed = known[topics[0]]
        job = known["job"].value
        return {
            "title": title,
            "label": self.label,
            "panels": self._tabs(),
            "layout": "base.html",
            "is_report": False,
            "root": self.root,
            "at": OnPage(self.root),
            "places": () if self.peers is None else self.peers.sites,
            "common_paths": COMMON_PATHS,
            "path": request.url.path.removeprefix(self.root),
            "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "query": dict(request.query_params),
            "zones": self._zones(known),
            "light": None if job is None else health.light_of(job.diagnosis.health),
            "findings_light": _findings(known),
            "known": needed,
            "as_of": self._as_of(known, needed),
            "age": None if needed.read_s is None else timedelta(seconds=clock - needed.read_s),
            "reading_for_s": None if needed.reading_since_s is None else int(clock - needed.reading_since_s),
            "trouble_for": None
            if needed.trouble is None
            else timedelta(seconds=clock - needed.trouble.since_s),
            "state": state_of(known, topics),
            "topics": topics,
            "is_live": topics != STORY,
            "is_repeated": topics != STORY,
            "is_awaited": topics == STORY and needed.is_reading,
            "url": None if job is None else job.url,
            "is_emulator": job is not None and job.is_emulator,
            **self._now(known["job"]),
        }

    def _as_of(self, known: Mapping[str, Known[Any]], needed: Known[Any]) -> datetime | None:
        """The environment's time of what is shown; of a story that which the job's reading tells."""
        if needed.value is None or needed.read_s is None:
            return None
        if hasattr(needed.value, "now"):
            return cast(datetime, needed.value.now)
        now, job = self._now(known["job"]), known["job"]
        if now["is_still"] or job.value is None or job.read_s is None:
            return None if job.value is None else cast(datetime, job.value.now)
        return cast(datetime, job.value.now) + timedelta(seconds=needed.read_s - job.read_s)

    def _now(self, known: Known[Any]) -> dict[str, Any]:
        """The environment's now at this moment, and whether its clock stands."""
        job, read_s = known.value, known.read_s
        if job is None or read_s is None:
            return {"now": None, "is_still": False}
        pulse = Pulse(job.now, read_s)
        still = is_still(self.first.setdefault("job", pulse), pulse, is_emulator=job.is_emulator)
        passed = timedelta() if still else timedelta(seconds=self.keeper.clock() - read_s)
        return {"now": job.now + passed, "is_still": still}

    def _zones(self, known: Mapping[str, Known[Any]]) -> Zones:
        work = known["work"].value
        return Zones(self.here, UTC if work is None else work.header.zone.zone)

    def csv(self, request: Request) -> Response:
        seen = self.keeper.work.known.value
        if seen is None:
            return PlainTextResponse("Nothing has been read yet: try again in a moment.", 503)
        rows: Iterator[str] = next_run.as_csv(seen, next_run.Asked.of(request.query_params))
        name = f"next-run-{seen.header.on.isoformat()}.csv"
        return StreamingResponse(
            rows,
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )

    def line(self, request: Request) -> Response:
        id = request.path_params["id"]
        story = self.keeper.story(id, STORY_WITHIN_S)
        known = {**self.known(), "story": story}
        return self.page(
            request,
            "line.html",
            "One line",
            ("story",),
            known,
            lambda values, _query: line.line_view(values["story"]),
        )

    def find(self, request: Request) -> Response:
        """What somebody typed: a line or a contract by its id, number or name."""
        what = request.query_params.get("q", "").strip()
        return RedirectResponse(self.root + (f"/line/{_quoted(what)}" if what else "/next-run"), 303)

    def pulse(self, _request: Request) -> Response:
        """For the page's script: what is known in which state, and what is being read."""
        self.keeper.visit()
        known = self.known()
        return _json(
            {
                "numbers": {name: one.number for name, one in known.items()},
                "reading": [name for name, one in known.items() if one.is_reading],
            }
        )

    async def refresh(self, request: Request) -> Response:
        """Everything again; back to where the button was."""
        form = (await request.body()).decode("utf-8", "replace")
        self.keeper.forget_stories()
        self.keeper.ask()
        return RedirectResponse(_back(form), 303)

    def not_found(self, request: Request, _error: Exception) -> Response:
        return self._plain(request, "There is no such page", "The address leads nowhere.", 404)

    def fault(self, request: Request, error: Exception) -> Response:
        return self._plain(request, "A fault in the program", self.keeper.told(error), 500)

    def _plain(self, request: Request, title: str, text: str, status: int) -> Response:
        known = self.known()
        context = self.context(request, title, ("job",), known)
        return HTMLResponse(rendered("plain.html", {**context, "text": text}), status)


@dataclass(frozen=True)
class Peers:
    """All environments of a page; the first is the one that it opens with."""

    sites: tuple[Site, ...]
    broken: tuple[tuple[str, str], ...] = ()
    """Profiles that cannot be used, with the reason."""

    def seen(self) -> Iterator[Peer]:
        for site in self.sites:
            site.keeper.start("job")
            site.keeper.visit()
            yield Peer(site.label, site.root, site.keeper.job.known)
        for name, reason in self.broken:
            yield Peer(name, None, Known(), reason)


def application(sites: Sequence[Site]) -> ASGIApp:
    """The first at the root, every other one under its own path."""
    first, *others = sites
    handlers: Mapping[Any, Any] = {404: first.not_found, 500: first.fault}
    routes = [*first.routes(), *STATIC, *(Mount(site.root, routes=site.routes()) for site in others)]
    return Starlette(routes=routes, exception_handlers=handlers)


def state_of(known: Mapping[str, Known[Any]], topics: tuple[str, ...]) -> str:
    """Changes when what a panel shows may have changed: `job=3 work=1`."""
    return " ".join(f"{name}={known[name].number}" for name in topics)


def _findings(known: Mapping[str, Known[Any]]) -> health.Light | None:
    seen = known["findings"].value
    return None if seen is None else health.findings_glance(seen).light


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def _back(form: str) -> str:
    """Only to a page of our own: the path and query of what the form names."""
    from urllib.parse import parse_qs

    given = parse_qs(form).get("back", ["/"])[0]
    with suppress(ValueError):
        parts = urlsplit(given)
        if not parts.scheme and not parts.netloc and parts.path.startswith("/"):
            return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return "/"


def _json(value: Mapping[str, Any]) -> Response:
    return Response(json.dumps(value), media_type="application/json")
