"""OpenTelemetry spans, where it is installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import responses

from connector.dataverse import DataverseClient, Query, column
from connector.dataverse.transport import tracing
from connector.errors import NotFound, Unreachable
from tests.dataverse.conftest import Table

trace = pytest.importorskip("opentelemetry.trace")
sdk = pytest.importorskip("opentelemetry.sdk.trace")
export = pytest.importorskip("opentelemetry.sdk.trace.export")
memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")

ID = "0f7d4c1a-1111-2222-3333-444455556666"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A tracer of the test's own: the process-wide one can be set only once."""
    exporter = memory.InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    api = tracing._api()
    assert api is not None
    own = SimpleNamespace(**{**vars(api), "tracer": provider.get_tracer("test")})
    monkeypatch.setattr(tracing, "_api", lambda: own)
    yield SimpleNamespace(finished=exporter.get_finished_spans, tracer=own.tracer)
    provider.shutdown()


def test_a_call_is_one_span_and_each_try_an_event(
    service: responses.RequestsMock,
    client: DataverseClient,
    root: str,
    accounts: Table,
    spans: SimpleNamespace,
) -> None:
    """Named after the route, with the conventions' attributes, and without the query."""
    service.get(f"{root}/accounts({ID})", status=503)
    service.get(
        f"{root}/accounts({ID})", json={"accountid": ID}, headers={"x-ms-service-request-id": "req-1"}
    )
    client.retrieve(accounts, ID)
    (span,) = spans.finished()
    assert (span.name, span.kind) == ("GET accounts", trace.SpanKind.CLIENT)
    told = dict(span.attributes)
    assert told.pop("azure.client.id") == service.calls[0].request.headers["x-ms-client-request-id"]
    assert told == {
        "http.request.method": "GET",
        "url.scheme": "https",
        "url.path": f"/api/data/v9.2/accounts({ID})",
        "server.address": "contoso.crm4.dynamics.com",
        "server.port": 443,
        "http.response.status_code": 200,
        "http.request.resend_count": 1,
        "azure.service.request.id": "req-1",
    }
    assert [event.attributes["http.response.status_code"] for event in span.events] == [503, 200]
    assert span.status.status_code is trace.StatusCode.UNSET


def test_a_call_that_was_saved_by_a_repetition_is_no_error(
    service: responses.RequestsMock,
    client: DataverseClient,
    root: str,
    accounts: Table,
    spans: SimpleNamespace,
) -> None:
    """The error of an earlier try stands on its event, not on the span."""
    service.get(f"{root}/accounts({ID})", status=503)
    service.get(f"{root}/accounts({ID})", json={"accountid": ID})
    client.retrieve(accounts, ID)
    (span,) = spans.finished()
    assert "error.type" not in span.attributes
    assert span.events[0].attributes["error.type"] == "503"


def test_the_trace_goes_along(
    service: responses.RequestsMock,
    client: DataverseClient,
    root: str,
    accounts: Table,
    spans: SimpleNamespace,
) -> None:
    """traceparent names the span of the call, inside the caller's own trace; baggage stays at home."""
    service.get(f"{root}/accounts({ID})", json={"accountid": ID})
    with spans.tracer.start_as_current_span("job"):
        client.retrieve(accounts, ID)
    span, job = spans.finished()
    headers = service.calls[0].request.headers
    ids = f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-"
    assert headers["traceparent"].startswith(ids)
    assert span.parent.span_id == job.context.span_id
    assert "baggage" not in headers


def test_a_refusal_is_an_error_by_its_status(
    service: responses.RequestsMock,
    client: DataverseClient,
    root: str,
    accounts: Table,
    spans: SimpleNamespace,
) -> None:
    """404 is the outcome of the call, whatever the caller makes of it."""
    service.get(f"{root}/accounts({ID})", status=404)
    with pytest.raises(NotFound):
        client.retrieve(accounts, ID)
    (span,) = spans.finished()
    assert span.attributes["error.type"] == "404"
    assert span.status.status_code is trace.StatusCode.ERROR


def test_no_answer_is_an_error_by_its_kind(
    service: responses.RequestsMock,
    client: DataverseClient,
    root: str,
    accounts: Table,
    spans: SimpleNamespace,
) -> None:
    """The kind of failure alone: its text may name proxies and paths."""
    service.get(f"{root}/accounts({ID})", body=ConnectionResetError("by peer"))
    with pytest.raises(Unreachable):
        client.retrieve(accounts, ID)
    (span,) = spans.finished()
    assert "by peer" not in str(span.attributes)
    assert "http.response.status_code" not in span.attributes
    assert span.status.status_code is trace.StatusCode.ERROR


def test_neither_filter_nor_token_nor_body_is_in_a_span(
    service: responses.RequestsMock,
    client: DataverseClient,
    root: str,
    accounts: Table,
    spans: SimpleNamespace,
) -> None:
    """What is customers' or secret does not leave by this door."""
    service.get(f"{root}/accounts", json={"value": []})
    service.patch(f"{root}/accounts({ID})", status=204)
    list(client.list(accounts, Query(filter=column("name") == "Adatum")))
    client.create("accounts", ID, {"name": "Adatum"})
    told = "".join(span.to_json() for span in spans.finished())
    assert "PATCH accounts" in told
    assert "Adatum" not in told
    assert "token-1" not in told


def test_without_the_extra_nothing_is_imported_and_all_works(
    service: responses.RequestsMock,
    client: DataverseClient,
    root: str,
    accounts: Table,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No header, no span, no error."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.setattr(tracing, "_api", tracing._api.__wrapped__)
    service.get(f"{root}/accounts({ID})", json={"accountid": ID})
    client.retrieve(accounts, ID)
    assert "traceparent" not in service.calls[0].request.headers


def test_importing_the_client_does_not_import_opentelemetry() -> None:
    """It is looked for at the first call, so that a command that makes none does not pay for it."""
    code = "import sys, connector.dataverse; print(any(m.startswith('opentelemetry') for m in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
