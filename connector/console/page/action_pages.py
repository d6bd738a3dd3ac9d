"""The addresses of actions: a plan is asked for by GET, and carried out by POST alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from connector.console.page.actions import Actions, RerunAsked, RunAsked
from connector.console.page.panels.actions import contracts_ready, run_view
from connector.console.page.templating import rendered
from connector.errors import ProjopsError, Refused
from connector.job.refusal import Refusal
from connector.model.process import INVOICE_WORKFLOWS

if TYPE_CHECKING:
    from connector.console.page.app import Site

WORKFLOW_WORDS = dict(zip(INVOICE_WORKFLOWS, ("sleep first", "invoice at once"), strict=True))
LONGEST_REASON = 500


class Tab(NamedTuple):
    """An entry of the navigation."""

    path: str
    title: str


ACTIONS = Tab("/actions", "Actions")
Form = Mapping[str, list[str]]


@dataclass(frozen=True)
class ActionPages:
    site: Site
    actions: Actions

    def routes(self) -> list[Route]:
        return [
            Route("/actions", self.overview),
            Route("/actions/rerun", self.rerun_plan, methods=["GET"]),
            Route("/actions/run", self.run_plan, methods=["GET"]),
            Route("/actions/rerun", self.rerun, methods=["POST"]),
            Route("/actions/run", self.run, methods=["POST"]),
            Route("/actions/done/{id}", self.done),
        ]

    def overview(self, request: Request) -> Response:
        return self._overview(request)

    def rerun_plan(self, request: Request) -> Response:
        asked = _rerun_asked(_form(request.url.query))
        return self._planned(request, lambda: self._rerun_page(request, asked))

    def run_plan(self, request: Request) -> Response:
        asked = _run_asked(_form(request.url.query))
        return self._planned(request, lambda: self._run_page(request, asked))

    async def rerun(self, request: Request) -> Response:
        return await self._posted(
            request, lambda form, reason: self.actions.rerun(_rerun_asked(form), _one(form, "digest"), reason)
        )

    async def run(self, request: Request) -> Response:
        return await self._posted(
            request, lambda form, reason: self.actions.run(_run_asked(form), _one(form, "digest"), reason)
        )

    def done(self, request: Request) -> Response:
        result = self.actions.result(request.path_params["id"])
        if result is None:
            return self._overview(request, Refusal("What came of that action is not kept any more.", ""), 404)
        view = run_view(result.items, is_planned=False)
        return self._page(request, "action_done.html", {"result": result, "view": view})

    def _overview(self, request: Request, refusal: Refusal | None = None, status: int = 200) -> Response:
        job, work = self.site.keeper.job.known.value, self.site.keeper.work.known.value
        chains = () if job is None else job.diagnosis.chains
        more: dict[str, Any] = {
            "refusal": refusal,
            "sentence": "" if job is None else job.diagnosis.sentence,
            "jobs": [] if len(chains) < 2 else [job for chain in chains for job in chain.open_jobs],
            "choices": contracts_ready(work),
            "workflows": WORKFLOW_WORDS.items(),
            "start_with": self.site.keeper.settings.job.start_with,
        }
        return self._page(request, "actions.html", more, status)

    def _planned(self, request: Request, show: Callable[[], Response]) -> Response:
        try:
            return show()
        except ProjopsError as error:
            return self._overview(request, Refusal(error.message, error.hint), 409)

    def _rerun_page(self, request: Request, asked: RerunAsked) -> Response:
        plan = self.actions.planned_rerun(asked)
        fields = [("start_with", plan.start_with), *(("cancel", id) for id in asked.cancel)]
        return self._page(request, "rerun_plan.html", {"plan": plan, "fields": fields})

    def _run_page(self, request: Request, asked: RunAsked) -> Response:
        plan = self.actions.planned_run(asked)
        fields = [("contract", id) for id in asked.contracts]
        if asked.is_all_contracts:
            fields.append(("all", "1"))
        view = run_view(plan.items, is_planned=True)
        return self._page(request, "run_plan.html", {"plan": plan, "fields": fields, "view": view})

    async def _posted(self, request: Request, do: Callable[[Form, str], str]) -> Response:
        """Refuses what has no token of this page, no word and no reason; a reload does nothing again."""
        form = _form((await request.body()).decode("utf-8", "replace"))
        try:
            reason = self._checked(form)
            id = await run_in_threadpool(do, form, reason)
        except ProjopsError as error:
            refusal = Refusal(error.message, error.hint)
            return await run_in_threadpool(self._overview, request, refusal, 409)
        return RedirectResponse(f"{self.site.root}/actions/done/{id}", 303)

    def _checked(self, form: Form) -> str:
        """The reason. Raises Refused."""
        if not self.site.access.is_csrf(_one(form, "csrf")):
            raise Refused("This form is none of this page's.", "Make the plan again.")
        if _one(form, "word").strip() != self.actions.word:
            raise Refused(
                f"To confirm, type {self.actions.word}: that is where it would be done.",
                "Make the plan again.",
            )
        reason = _one(form, "reason").strip()[:LONGEST_REASON]
        if not reason:
            raise Refused("An action has a reason.", "Say why, in a few words.")
        return reason

    def _page(self, request: Request, template: str, more: Mapping[str, Any], status: int = 200) -> Response:
        self.site.keeper.visit()
        context = self.site.context(request, ACTIONS.title, ("job",), self.site.known())
        own = {"csrf": self.site.access.csrf, "word": self.actions.word, "is_live": False}
        return HTMLResponse(rendered(template, {**context, **own, **more}), status)


def _form(text: str) -> Form:
    return parse_qs(text, keep_blank_values=True, max_num_fields=1_000)


def _one(form: Form, name: str) -> str:
    return form.get(name, [""])[0]


def _rerun_asked(form: Form) -> RerunAsked:
    return RerunAsked(_one(form, "start_with") or None, tuple(form.get("cancel", ())))


def _run_asked(form: Form) -> RunAsked:
    is_all = bool(_one(form, "all"))
    return RunAsked(() if is_all else tuple(form.get("contract", ())), is_all)
