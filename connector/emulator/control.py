"""The control endpoint: moves the clock, turns the switches, makes trouble.

It is plain http on a loopback port of its own, and every path stands under an unguessable token:
`control_url` is http://127.0.0.1:PORT/<token>. Bodies and answers are JSON.

    GET  /clock                                  {"now": "2020-10-03T06:00:00Z"}
    POST /clock {"set": "2020-10-05T06:00Z"}     moves it there
    POST /clock {"advance_s": 86400}             moves it on
    GET  /switches                               all switches, and the invoicing rules under "rules"
    POST /switches {"job_shape": "steps", "rules": {"cut_off": "exclusive"}}
    POST /chains/duplicate {}                    starts a second chain beside the live one
    GET  /snapshot                               the whole state, as an SQLite file
    POST /snapshot                               such a file of this emulator: the state is that one again
    POST /mark {}                                remembers the state in memory
    POST /reset {}                               goes back to the mark
    GET  /tables                                 tables and columns of one's own
    POST /tables {"tables": [...], "columns": [...]}   adds some; schema/own.py describes them
    GET  /privileges                             names of the application user's privileges
    POST /privileges {"take": ["prvCreateInvoice"], "give": [], "user": id}
    GET  /sign-in                                who signs in, codes that wait, addresses of pipelines
    POST /sign-in {"user": id, "approves": false, "approve": "BCDFGHJKL"}
    GET  /applications                           what applications may sign in with
    POST /applications {"certificate": pem, "federated": {"issuer": …, "subject": …}}
    GET  /faults                                 the fault rules in force: id, rule, matched, struck
    POST /faults {"fault": {"kind": "cut", "moment": "after"}, "method": "PATCH", "start": 3, "times": 1}
    DELETE /faults, DELETE /faults/ID            removes all of them, or one
    GET  /limits                                 the service protection limits and x-ms-dop-hint
    POST /limits {"is_on": true, "requests": 100, "window_s": 10}
    GET  /requests                               what was received, in order; the latest 10,000
    DELETE /requests                             forgets them

A POST or DELETE answers once all jobs that are due have run, with what GET would say. Wrong input is a
400 with {"error": message}, an unknown path or token a 404. `trouble/` describes faults, rules, limits
and requests.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connector.emulator.bootstrap import APPLICATION_USER
from connector.emulator.clock import FARTHEST, advance_clock, move_clock, parse_moment
from connector.emulator.identity.control import IdentityControl
from connector.emulator.identity.tokens import Issuer
from connector.emulator.platform.privileges import change_privileges, privileges_of
from connector.emulator.platform.service import AsynchronousService
from connector.emulator.platform.switches import change_switches, describe_switches
from connector.emulator.schema import read_own
from connector.emulator.snapshots import Mark, restore
from connector.emulator.store import Image
from connector.emulator.trouble.control import TroubleControl
from connector.emulator.trouble.trouble import Trouble
from connector.errors import ProjopsError, UsageError

Body = dict[str, Any]
_LARGEST_STATE_BYTES = 1 << 30


def new_token() -> str:
    return secrets.token_urlsafe(32)


def make_control_app(service: AsynchronousService, token: str, trouble: Trouble, issuer: Issuer) -> Starlette:
    """The ASGI application; `token` is the first segment of every path."""
    control, troubles, identity = _Control(service), TroubleControl(trouble), IdentityControl(issuer)
    return Starlette(
        routes=[
            _route(token, "clock", control.clock, control.move_clock),
            _route(token, "switches", control.switches, control.change_switches),
            _route(token, "chains/duplicate", None, control.duplicate_chain),
            Route(f"/{token}/snapshot", control.snapshot, methods=["GET", "POST"]),
            _route(token, "mark", None, control.set_mark),
            _route(token, "reset", None, control.go_back),
            _route(token, "tables", control.tables, control.add_tables),
            _route(token, "privileges", control.privileges, control.change_privileges),
            _route(token, "sign-in", identity.sign_in, identity.change_sign_in),
            _route(token, "applications", identity.applications, identity.change_application),
            _route(token, "faults", troubles.faults, troubles.add_fault, lambda _: troubles.clear_faults()),
            _route(token, "faults/{id}", None, None, troubles.remove_fault),
            _route(token, "limits", troubles.limits, troubles.change_limits),
            _route(token, "requests", troubles.requests, None, lambda _: troubles.forget_requests()),
        ]
    )


class _Control:
    def __init__(self, service: AsynchronousService) -> None:
        self._service = service
        self._mark = Mark(service)

    async def snapshot(self, request: Request) -> Response:
        if request.method != "POST":
            image = await run_in_threadpool(self._service.store.image)
            return Response(image.content, media_type="application/vnd.sqlite3")
        try:
            content = await _limited(request)
            return JSONResponse(await run_in_threadpool(self._restore, content))
        except ProjopsError as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    def _restore(self, content: bytes) -> Body:
        restore(self._service, Image.read(content))
        return self.clock()

    def set_mark(self, body: Body) -> Body:
        _only(body)
        self._mark.set()
        return self.clock()

    def go_back(self, body: Body) -> Body:
        _only(body)
        self._mark.go_back()
        return self.clock()

    def clock(self) -> Body:
        return {"now": _text(self._service.store.now)}

    def move_clock(self, body: Body) -> Body:
        _only(body, "set", "advance_s")
        if len(body) != 1:
            raise UsageError('The clock wants {"set": time} or {"advance_s": seconds}.')
        if "set" in body:
            move_clock(self._service, parse_moment(str(body["set"])))
        else:
            advance_clock(self._service, timedelta(seconds=_seconds(body["advance_s"])))
        return self.clock()

    def switches(self) -> Body:
        with self._service.store.snapshot() as tx:
            return describe_switches(tx)

    def change_switches(self, body: Body) -> Body:
        with self._service.store.transaction() as tx:
            change_switches(tx, body)
            self._service.wake(tx)
        return self.switches()

    def tables(self) -> Body:
        found: Body = msgspec.to_builtins(self._service.store.own)
        return found

    def add_tables(self, body: Body) -> Body:
        self._service.store.extend(read_own(body))
        return self.tables()

    def duplicate_chain(self, body: Body) -> Body:
        _only(body, "workflow")
        return {"asyncoperationid": self._service.duplicate_chain(body.get("workflow"))}

    def privileges(self) -> Body:
        with self._service.store.snapshot() as tx:
            user = str(tx.setting(APPLICATION_USER))
            return {"user": user, "privileges": list(privileges_of(tx, user))}

    def change_privileges(self, body: Body) -> Body:
        _only(body, "take", "give", "user")
        with self._service.store.transaction() as tx:
            change_privileges(tx, body)
            self._service.wake(tx)
        return self.privileges()


def _route(
    token: str,
    path: str,
    read: Callable[[], Body] | None,
    write: Callable[[Body], Body] | None,
    remove: Callable[[str], Body] | None = None,
) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            if request.method == "DELETE" and remove is not None:
                id = request.path_params.get("id", "")
                return JSONResponse(await run_in_threadpool(remove, id))
            if request.method == "POST" and write is not None:
                return JSONResponse(await run_in_threadpool(write, _parsed(await request.body())))
            if read is not None:
                return JSONResponse(await run_in_threadpool(read))
        except ProjopsError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return Response(status_code=405)

    verbs = (("GET", read), ("POST", write), ("DELETE", remove))
    methods = [verb for verb, handler in verbs if handler is not None]
    return Route(f"/{token}/{path}", endpoint, methods=methods)


async def _limited(request: Request) -> bytes:
    """The body, as long as it can be a state."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _LARGEST_STATE_BYTES:
            raise UsageError(f"The snapshot is larger than {_LARGEST_STATE_BYTES} bytes.")
        chunks.append(chunk)
    return b"".join(chunks)


def _parsed(text: bytes) -> Body:
    try:
        body = json.loads(text or b"{}")
    except ValueError as error:
        raise UsageError("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise UsageError("The body is not a JSON object.")
    return body


def _only(body: Body, *known: str) -> None:
    for name in body:
        if name not in known:
            raise UsageError(f"{name!r} is unknown here.", f"There are: {', '.join(known) or 'none'}.")


def _seconds(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= FARTHEST.total_seconds():
        raise UsageError(f"advance_s = {value!r}: a number of seconds is expected, at most ten years.")
    return float(value)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
