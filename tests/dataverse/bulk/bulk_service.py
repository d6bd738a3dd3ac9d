"""A table behind `responses`: the Multiple messages, $batch, and trouble at the requests that a test names.

It reads multipart with the standard library and shares nothing with the client.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.parser import BytesParser
from typing import Any
from urllib.parse import unquote

import requests
import responses
from requests import PreparedRequest

ROOT = "https://contoso.crm4.dynamics.com/api/data/v9.2"
Answered = tuple[int, dict[str, str], str]


class Lost(Exception):
    """The connection went away, `is_committed` or not."""


@dataclass
class BulkService:
    """Records by id. A name of "bad…" is refused with 400. `trouble` maps a request's number to what happens.

    "before" and "after" lose the answer before and after the commit; a number is a status without effect,
    a code one of the database's own;
    "part-429" throttles every second operation of a batch.
    """

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    trouble: dict[int, str] = field(default_factory=dict)
    seen: list[tuple[str, Any]] = field(default_factory=list)
    creations: dict[str, int] = field(default_factory=dict)
    widest: int = 0
    is_renaming: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def install(self, mocked: responses.RequestsMock) -> None:
        for action in ("CreateMultiple", "UpdateMultiple", "UpsertMultiple"):
            mocked.add_callback("POST", f"{ROOT}/accounts/Microsoft.Dynamics.CRM.{action}", self.answer)
        mocked.add_callback("POST", f"{ROOT}/$batch", self.answer)
        mocked.add_callback("GET", f"{ROOT}/accounts", self.answer)
        mocked.add_callback("GET", re.compile(rf"{re.escape(ROOT)}/accounts\([0-9a-f-]+\)"), self.answer)

    def answer(self, request: PreparedRequest) -> Answered:
        with self.lock:
            name = (request.path_url.partition("?")[0]).rpartition("/")[2].rpartition(".")[2]
            body = request.body or b""
            assert isinstance(body, bytes)
            self.seen.append((name, request))
            trouble = self.trouble.get(len(self.seen) - 1, "")
            if trouble == "before":
                raise requests.ConnectionError("reset before the commit")
            if trouble == "timeout":
                raise requests.ReadTimeout("read timed out")
            if trouble.startswith(("0x", "-")):
                return 500, {}, json.dumps({"error": {"code": trouble, "message": "rolled back"}})
            if trouble.isdigit():
                return self._refusal(int(trouble))
            answered = self._act(name, body, request, trouble)
            if trouble == "after":
                raise requests.ConnectionError("reset after the commit")
            return answered

    def _refusal(self, status: int) -> Answered:
        headers = {"Retry-After": "2"} if status == 429 else {}
        return status, headers, json.dumps({"error": {"code": "0x80072322", "message": "trouble"}})

    def _act(self, name: str, body: bytes, request: PreparedRequest, trouble: str) -> Answered:
        if name == "$batch":
            return self._batch(request, body, trouble)
        if request.method == "GET":
            text = unquote(request.url or "")
            if "filter" not in text:
                id = text.partition("accounts(")[2].rstrip(")")
                return (200, {}, json.dumps(self.records[id])) if id in self.records else self._error(404)
            return 200, {}, json.dumps({"value": [row for id, row in self.records.items() if id in text]})
        targets = json.loads(body)["Targets"]
        return self._multiple(name, targets)

    def _multiple(self, name: str, targets: list[dict[str, Any]]) -> Answered:
        for target in targets:
            assert target.pop("@odata.type") == "Microsoft.Dynamics.CRM.account"
            id = target.get("accountid") or target.pop("@odata.id").partition("(")[2].rstrip(")")
            status = self._status(name.removesuffix("Multiple"), id, target)
            if status >= 400:
                return self._error(status)
        for target in targets:
            self._keep(target["accountid"], target)
        if name == "CreateMultiple":
            return 200, {}, json.dumps({"Ids": [target["accountid"] for target in targets]})
        return 204, {}, ""

    def _status(self, verb: str, id: str, row: dict[str, Any]) -> int:
        row["accountid"] = id
        if str(row.get("name", "")).startswith("bad"):
            return 400
        if verb == "Create" and id in self.records:
            return 412
        if verb == "Update" and id not in self.records:
            return 404
        return 204

    def _keep(self, id: str, row: dict[str, Any]) -> None:
        if id not in self.records:
            self.creations[id] = self.creations.get(id, 0) + 1
        self.records[id] = {**self.records.get(id, {}), **row}
        if self.is_renaming:
            self.records[id]["name"] = "as a plug-in wants it"

    def _error(self, status: int) -> Answered:
        code = {412: "0x80040237", 404: "0x80040217"}.get(status, "0x80044331")
        return status, {}, json.dumps({"error": {"code": code, "message": "refused"}})

    def _batch(self, request: PreparedRequest, body: bytes, trouble: str) -> Answered:
        assert request.headers["Prefer"] == "odata.continue-on-error"
        parts = []
        for number, (method, path, headers, row) in enumerate(operations_in(request, body)):
            if trouble == "part-429" and number % 2:
                status, text = 429, json.dumps({"error": {"code": "0x80072326", "message": "busy"}})
            else:
                status, text = self._single(method, path, headers, row)
            extra = "Retry-After: 3\r\n" if status == 429 else ""
            parts.append(
                "--r\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
                f"HTTP/1.1 {status} X\r\n{extra}Content-Type: application/json\r\n\r\n{text}\r\n"
            )
        return 200, {"Content-Type": "multipart/mixed; boundary=r"}, "".join(parts) + "--r--\r\n"

    def _single(self, method: str, path: str, headers: Any, row: dict[str, Any]) -> tuple[int, str]:
        id = path.partition("(")[2].rstrip(")")
        if method == "DELETE":
            return (404, self._error(404)[2]) if self.records.pop(id, None) is None else (204, "")
        verb = {"*": "Create"}.get(headers["If-None-Match"] or "", "Upsert")
        verb = "Update" if headers["If-Match"] else verb
        status = self._status(verb, id, row)
        if status < 400:
            self._keep(id, row)
            return 204, ""
        return status, self._error(status)[2]


def operations_in(request: PreparedRequest, body: bytes) -> Iterator[tuple[str, str, Any, dict[str, Any]]]:
    """Method, path, headers and JSON of each operation, as the standard library reads them."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    for part in BytesParser().parsebytes(head + body).walk():
        if part.get_content_type() != "application/http":
            continue
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        line, _, rest = payload.partition(b"\r\n")
        # Not by email.parser: it reads U+0085 and others as ends of lines.
        header_text, _, content = rest.partition(b"\r\n\r\n")
        headers = BytesParser().parsebytes(header_text + b"\r\n\r\n", headersonly=True)
        method, path, _ = line.decode().split(" ")
        yield method, path, headers, json.loads(content) if content.strip() else {}
