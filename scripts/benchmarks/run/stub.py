"""A server that takes the same time for every answer, so that it is not what limits a run.

It is no Dataverse. An emulator plays one contract, before and after it was invoiced; what it answers about
that one is kept, and given out for as many contracts as are asked about, with other first eight digits in
their ids. Of writes it remembers which contracts they were for, and checks nothing.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, unquote

import requests

from benchmarks.client.server import read_request
from benchmarks.client.service import Asked
from benchmarks.processes import LineProcess
from benchmarks.run.environment import NOON, TABLES, plant_contract
from connector.emulator.ownership import OpenEmulator, open_emulator
from connector.emulator.seed.planter import Planter

API = "/api/data/v9.2/"
TOKEN = "stub"  # noqa: S105  # nobody looks at it
PAGE = 5_000
CONTRACT = "salesorder"
ACTION = "msdyn_createinvoicefrominvoiceschedule"
_ID = re.compile(r"[0-9a-f]{8}((?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_LIST = re.compile(r"\[([^\]]*)\]")
_SKIP = re.compile(r"&\$skiptoken=(\d+)")
_ROWS = re.compile(rb'"value":\[(.*)\]\}\s*$', re.DOTALL)
_OK, _DONE = "200 OK", "204 No Content"
_JSON = "Content-Type: application/json; odata.metadata=minimal\r\nOData-Version: 4.0\r\n"


@contextmanager
def stub(contracts: int, latency_s: float, *, is_done: bool = False) -> Iterator[str]:
    """The address of a stub with so many contracts, in a process of its own; `is_done`: all of them have
    been invoiced already."""
    with LineProcess(Path(sys.executable), "benchmarks.run.stub", [Path.cwd()]) as process:
        told = {"contracts": contracts, "latency_s": latency_s, "is_done": is_done}
        yield str(process.ask(told)["url"])


@dataclass
class _Played:
    """An emulator with one contract, and what it has been asked so far. `tails` leads from all but the
    first eight digits of an id of that contract to the whole id."""

    emulator: OpenEmulator
    tails: dict[str, str] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)
    templates: dict[str, bytes] = field(default_factory=dict)
    session: requests.Session = field(default_factory=requests.Session)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, target: str) -> bytes:
        with self.lock:
            if target not in self.answers:
                self.answers[target] = self.fetch("GET", target).content
            return self.answers[target]

    def fetch(self, method: str, target: str, body: object = None) -> requests.Response:
        if "Authorization" not in self.session.headers:
            self.session.headers.update({"Authorization": f"Bearer {self._token()}"})
        found = self.session.request(method, self.emulator.url + target, json=body, timeout=60)
        found.raise_for_status()
        return found

    def learn(self) -> None:
        """The ids of all that belongs to the contract, its invoice too where there is one."""
        with self.emulator.store.snapshot() as tx:
            for table in (*TABLES, "invoice", "invoicedetail", *_OF_AN_INVOICE):
                key = tx.schema[table].primary_id
                self.tails.update({str(row[key])[8:]: str(row[key]) for row in tx.find(table, {})})

    def _token(self) -> str:
        emulator = self.emulator
        form = {
            "grant_type": "client_credentials",
            "client_id": emulator.client_id,
            "client_secret": emulator.client_secret,
            "scope": f"{emulator.url}/.default",
        }
        answer = requests.post(emulator.token_url, data=form, verify=str(emulator.ca_file), timeout=60)
        return str(answer.json()["access_token"])


_OF_AN_INVOICE = ("msdyn_invoicelinetransaction", "msdyn_transactionconnection")


class Stub:
    """Listens on a port of its own; `invoiced` are the numbers of contracts that a write was for."""

    def __init__(
        self, before: _Played, after: _Played, contracts: int, latency_s: float, *, is_done: bool
    ) -> None:
        self._before, self._after = before, after
        self._contracts, self._latency_s = contracts, latency_s
        self._invoiced = set(range(contracts)) if is_done else set()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        # A client that goes away in the middle is its own affair.
        with suppress(OSError), connection, connection.makefile("rb") as stream:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (asked := read_request(stream)) is not None:
                since = time.monotonic()
                answer = self._encoded(*self._answer(asked))
                time.sleep(max(0.0, since + self._latency_s - time.monotonic()))
                connection.sendall(answer)

    def _encoded(self, status: str, headers: str, body: bytes) -> bytes:
        head = (
            f"HTTP/1.1 {status}\r\nDate: {formatdate(NOON.timestamp(), usegmt=True)}\r\n{headers}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def _answer(self, asked: Asked) -> tuple[str, str, bytes]:
        target = unquote(asked.target)
        if asked.method == "POST":
            return self._written(target, asked.body.decode())
        numbers = self._numbers(target)
        if numbers:
            return _OK, _JSON, self._of_contracts(target, numbers)
        if target.startswith(f"{API}{CONTRACT}s?"):
            return _OK, _JSON, self._page(target)
        body = self._before.ask(asked.target)
        return _OK, _JSON, body.replace(self._before.emulator.url.encode(), self.url.encode())

    def _numbers(self, text: str) -> list[int]:
        """Which contracts it is about, in the order in which they are named."""
        found = (match for match in _ID.finditer(text) if match[1] in self._after.tails)
        return list(dict.fromkeys(int(match[0][:8], 16) for match in found))

    def _of_contracts(self, target: str, numbers: list[int]) -> bytes:
        done, left = set(numbers) & self._invoiced, set(numbers) - self._invoiced
        rows = []
        for played, some in ((self._before, left), (self._after, done)):
            if some and (template := self._template(played, target)):
                rows += [template.replace(b"\0", f"{one:08x}".encode()) for one in sorted(some)]
        return b'{"value":[' + b",".join(rows) + b"]}"

    def _page(self, target: str) -> bytes:
        found = _SKIP.search(target)
        first = int(found[1]) if found else 0
        template = self._template(self._before, _SKIP.sub("", target))
        last = min(first + PAGE, self._contracts)
        rows = b",".join(template.replace(b"\0", f"{one:08x}".encode()) for one in range(first, last))
        link = f'"@odata.nextLink":"{self.url}{quote(_SKIP.sub("", target), safe="/?&=$(),")}'
        more = f'{link}&$skiptoken={last}",'.encode() if last < self._contracts else b""
        return b"{" + more + b'"value":[' + rows + b"]}"

    def _template(self, played: _Played, target: str) -> bytes:
        """The rows of one contract, with a zero byte in place of the first eight digits of its ids."""
        one = _LIST.sub(_unique, _ID.sub(lambda match: self._after.tails.get(match[1], match[0]), target))
        known = played.templates
        if one not in known:
            rows = _ROWS.search(played.ask(quote(one, safe="/?&=$(),'")))
            text = rows[1].decode() if rows else ""
            known[one] = _ID.sub(
                lambda match: f"\0{match[1]}" if match[1] in self._after.tails else match[0], text
            ).encode()
        return known[one]

    def _written(self, target: str, body: str) -> tuple[str, str, bytes]:
        if ACTION in target:
            self._invoiced.update(self._numbers(target))
            return _DONE, "OData-Version: 4.0\r\n", b""
        self._invoiced.update(self._numbers(body))
        return self._batch(body)

    def _batch(self, body: str) -> tuple[str, str, bytes]:
        """Every operation of a change set has been done."""
        ids = re.findall(r"Content-ID: ?(\S+)", body, re.IGNORECASE)
        parts = "".join(
            "--changesetresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
            f"Content-ID: {id}\r\n\r\nHTTP/1.1 204 No Content\r\nOData-Version: 4.0\r\n\r\n\r\n"
            for id in ids
        )
        whole = (
            "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n"
            f"{parts}--changesetresponse_1--\r\n--batchresponse_1--\r\n"
        )
        return _OK, "Content-Type: multipart/mixed; boundary=batchresponse_1\r\n", whole.encode()


def _unique(found: re.Match[str]) -> str:
    return f"[{','.join(dict.fromkeys(found[1].split(',')))}]"


def _pair(stack: ExitStack, folder: Path) -> tuple[_Played, _Played]:
    """The contract before it was invoiced, and after."""
    before = stack.enter_context(open_emulator(folder / "before.db", seed="none", https=False))
    with before.store.transaction() as tx:
        plant_contract(Planter(tx), 0)
    before.move_clock(NOON)
    image = before.take_snapshot()
    after = stack.enter_context(open_emulator(folder / "after.db", image=image, https=False))
    pair = (_Played(before), _Played(after))
    with after.store.snapshot() as tx:
        (contract,), (row,) = tx.find(CONTRACT, {}), tx.find(_ROW, {})
    item = {"@odata.type": f"Microsoft.Dynamics.CRM.{_ROW}", f"{_ROW}id": row[f"{_ROW}id"]}
    address = f"{API}{CONTRACT}s({contract[f'{CONTRACT}id']})/Microsoft.Dynamics.CRM.{ACTION}"
    pair[1].fetch("POST", address, {"InvoiceSchedules": [item]})
    for played in pair:
        played.learn()
    return pair


_ROW = "msdyn_contractlineinvoiceschedule"


def main() -> None:
    with ExitStack() as stack, TemporaryDirectory(prefix="bench-") as folder:
        for line in sys.stdin:
            told = json.loads(line)
            stub = Stub(
                *_pair(stack, Path(folder)), told["contracts"], told["latency_s"], is_done=told["is_done"]
            )
            print(json.dumps({"url": stub.url}), flush=True)


if __name__ == "__main__":
    main()
