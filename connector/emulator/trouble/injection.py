"""Trouble around an ASGI application: the log outside, then the limits, then the faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connector.emulator.problems import ODataError
from connector.emulator.protocol.messages import Request, Response
from connector.emulator.sending import send_response
from connector.emulator.trouble.connection import cut, cut_in_body, drain, hold_back, keep, pass_on
from connector.emulator.trouble.fault import Cut, ExpiredToken, Fault, Slow, Sql, Status, Throttle, kind_of
from connector.emulator.trouble.meter import Admission
from connector.emulator.trouble.received import Entry
from connector.emulator.trouble.refusal import answer_of, error_of
from connector.emulator.trouble.rule import Place
from connector.emulator.trouble.trouble import Trouble

_HINT = b"x-ms-dop-hint"
_REQUESTS_LEFT = b"x-ms-ratelimit-burst-remaining-xrm-requests"
_TIME_LEFT = b"x-ms-ratelimit-time-remaining-xrm-requests"


@dataclass(frozen=True)
class Surroundings:
    """What trouble has to know of the application that it surrounds.

    `root` takes the common beginning off a path; `user_of` names the user of an Authorization header, None
    where there is none to count; `expire_tokens` has every token expire.
    """

    place: Place
    now: Callable[[], datetime]
    root: Callable[[str], str]
    user_of: Callable[[str | None], str | None] | None = None
    expire_tokens: Callable[[], None] = lambda: None


@dataclass
class _Exchange:
    """One request, and where it is written down."""

    scope: Scope
    receive: Receive
    send: Send
    entry: Entry


class Disturbed:
    """The application, with trouble."""

    def __init__(self, app: ASGIApp, trouble: Trouble, around: Surroundings) -> None:
        self._app = app
        self._trouble = trouble
        self._around = around

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        entry = self._trouble.log.begin(self._around.place, scope["method"], self._around.root(scope["path"]))

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
            await send(message)

        await self._limited(_Exchange(scope, receive, noting, entry))

    # --- limits ---

    async def _limited(self, exchange: _Exchange) -> None:
        limits = self._trouble.limits
        if self._around.user_of is None:
            await self._troubled(exchange)
            return
        if limits.dop_hint is not None:
            _add_headers(exchange, [(_HINT, str(limits.dop_hint).encode())])
        user = await self._user(exchange) if limits.is_on else None
        if user is None:
            await self._troubled(exchange)
            return
        stay = self._trouble.enter(user)
        if isinstance(stay, Throttle):
            exchange.entry.fault = "limit"
            await drain(exchange.receive)
            await self._answer(exchange, answer_of(stay, self._around.now(), self._around.place))
            return
        _add_headers(exchange, _left(stay.admission))
        try:
            await self._troubled(exchange)
        finally:
            self._trouble.leave(stay)

    async def _user(self, exchange: _Exchange) -> str | None:
        assert self._around.user_of is not None
        headers = dict(exchange.scope["headers"])
        authorization = headers.get(b"authorization")
        given = None if authorization is None else authorization.decode("latin-1")
        try:
            return await run_in_threadpool(self._around.user_of, given)
        except ODataError:
            return None  # the application says why

    # --- faults ---

    async def _troubled(self, exchange: _Exchange) -> None:
        scope = exchange.scope
        query = scope.get("query_string", b"").decode("ascii", "replace")
        fault = self._trouble.choose(self._around.place, scope["method"], exchange.entry.path, query)
        if fault is None:
            await self._carry_out(exchange, exchange.send)
            return
        exchange.entry.fault = kind_of(fault)
        await self._strike(exchange, fault)

    async def _strike(self, exchange: _Exchange, fault: Fault) -> None:
        match fault:
            case ExpiredToken():
                self._around.expire_tokens()
                await self._carry_out(exchange, exchange.send)
            case Cut(moment="before"):
                await drain(exchange.receive)
                await cut(exchange.scope, exchange.receive, is_reset=fault.is_reset)
            case Cut(moment="after"):
                await keep(lambda send: self._carry_out(exchange, send))
                await cut(exchange.scope, exchange.receive, is_reset=fault.is_reset)
            case Cut():
                kept = await keep(lambda send: self._carry_out(exchange, send))
                await cut_in_body(
                    exchange.scope, exchange.receive, exchange.send, kept, is_gzip=fault.is_gzip
                )
            case Slow():
                kept = await keep(lambda send: self._carry_out(exchange, send))
                receive, ended = exchange.receive, self._trouble.ended
                await hold_back(fault.first_byte_s, receive, ended)
                await pass_on(exchange.send, kept, lambda: hold_back(fault.body_s, receive, ended))
            case _:
                if isinstance(fault, Status) and fault.is_after:
                    await keep(lambda send: self._carry_out(exchange, send))
                else:
                    await drain(exchange.receive)
                await self._answer(exchange, answer_of(fault, self._around.now(), self._around.place))

    async def _carry_out(self, exchange: _Exchange, send: Send) -> None:
        """Let the application answer, and note whether it did what it was asked."""

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.entry.took_effect = message["status"] < 400
            await send(message)

        await self._app(exchange.scope, exchange.receive, noting)

    async def _answer(self, exchange: _Exchange, response: Response) -> None:
        await send_response(exchange.send, response, self._around.now())


def disturb_item(trouble: Trouble, request: Request, now: datetime) -> None:
    """Refuse an operation inside of a batch, where a rule says so; raises ODataError."""
    fault = trouble.choose("batch_item", request.method, request.path, request.query)
    if isinstance(fault, Throttle | Status | Sql):
        raise error_of(fault, now)


def _add_headers(exchange: _Exchange, more: list[tuple[bytes, bytes]]) -> None:
    plain = exchange.send

    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *more]}
        await plain(message)

    exchange.send = adding


def _left(admission: Admission) -> list[tuple[bytes, bytes]]:
    return [
        (_REQUESTS_LEFT, str(admission.requests_left).encode()),
        (_TIME_LEFT, f"{admission.execution_left_s:.2f}".encode()),
    ]
