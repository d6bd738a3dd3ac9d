"""OpenTelemetry spans, where its API is installed (extra `otel`); nothing at all where it is not.

A span for each call with an event for each try, by the semantic conventions of HTTP clients, less what may
hold data: no query string, no header, no body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any

from connector.dataverse.exchange.address import Origin
from connector.dataverse.exchange.wire import Answer, Attempt, Request

_NAME = "connector.dataverse"
_IDS = re.compile(r"\([^/]*\)")
# The name of an exception; what follows it may hold anything.
_KIND = re.compile(r"[A-Za-z]+(?=: )", re.ASCII)


class CallSpan:
    """One call as others will see it; this one is seen by nobody. `headers` go along with each try."""

    headers: Mapping[str, str] = {}

    def tried(self, number: int, attempt: Attempt, took_s: float) -> None:
        """Try `number`, from 1, ended like this."""


_NOBODY = CallSpan()


class _Recorded(CallSpan):
    def __init__(self, span: Any, api: Any) -> None:
        self._span = span
        self._api = api
        self._last: Attempt | None = None
        self._tries = 0
        carrier: dict[str, str] = {}
        api.propagator.inject(carrier, api.set_span_in_context(span))
        self.headers = carrier

    def tried(self, number: int, attempt: Attempt, took_s: float) -> None:
        self._last, self._tries = attempt, number
        attributes = {"http.request.resend_count": number - 1, "http.try.duration_s": took_s}
        self._span.add_event("http.try", {**attributes, **_outcome(attempt)})

    def ended(self, error: BaseException | None = None) -> None:
        """The last try is the outcome, unless an exception is."""
        told = {} if self._last is None else _outcome(self._last)
        if error is not None:
            told["error.type"] = type(error).__name__
        if self._tries > 1:
            told["http.request.resend_count"] = self._tries - 1
        if isinstance(self._last, Answer) and self._last.service_request_id:
            told["azure.service.request.id"] = self._last.service_request_id
        self._span.set_attributes(told)
        if "error.type" in told:
            self._span.set_status(self._api.StatusCode.ERROR)


@contextmanager
def call_span(request: Request, origin: Origin, identity: str) -> Iterator[CallSpan]:
    """The span of one call, repetitions included; `identity` is the id that the call gets."""
    api = _api()
    if api is None:
        yield _NOBODY
        return
    attributes = {
        "http.request.method": request.method,
        "url.scheme": origin.scheme,
        "url.path": request.path,
        "server.address": origin.host,
        "server.port": origin.port,
        "azure.client.id": identity,
    }
    with api.tracer.start_as_current_span(
        span_name(request),
        kind=api.SpanKind.CLIENT,
        attributes=attributes,
        # An exception's text may be long and is told by whoever handles it.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        recorded = _Recorded(span, api)
        try:
            yield recorded
        except BaseException as error:
            recorded.ended(error)
            raise
        recorded.ended()


def span_name(request: Request) -> str:
    """Method and route without ids: few names, however many records."""
    route = _IDS.sub("", request.path.removeprefix("/api/data/v9.2/"))
    return f"{request.method} {route}"


def _outcome(attempt: Attempt) -> dict[str, str | int]:
    if isinstance(attempt, Answer):
        failed = {"error.type": str(attempt.status)} if attempt.status >= 400 else {}
        return {"http.response.status_code": attempt.status, **failed}
    kind = _KIND.match(attempt.reason)
    return {"error.type": kind[0] if kind else "no_answer"}


@cache
def _api() -> Any:
    """What is needed of OpenTelemetry, or None where it is not installed; looked for at the first call."""
    try:
        from opentelemetry import trace  # noqa: PLC0415 - an extra, and slow to import
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415 - likewise
            TraceContextTextMapPropagator,
        )
    except ImportError:
        return None
    return SimpleNamespace(
        tracer=trace.get_tracer(_NAME),
        propagator=TraceContextTextMapPropagator(),
        set_span_in_context=trace.set_span_in_context,
        SpanKind=trace.SpanKind,
        StatusCode=trace.StatusCode,
    )
