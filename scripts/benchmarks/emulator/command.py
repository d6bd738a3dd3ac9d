"""`python scripts/bench.py emulator`: requests a second, beside a bare server in the same round."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.emulator.load import Asked, Connection, rate_of
from benchmarks.emulator.starting import Started, seconds_of_libraries, seconds_to_answer
from benchmarks.figures import Spread, spread_of
from benchmarks.layout import machine, number, spread, table, verdict
from benchmarks.processes import LineProcess
from benchmarks.targets import Target

PAGE = 5000
WANTED = 0.2
"""Pages of 5,000 rows, beside a bare server that encodes the same rows with msgspec."""
GROWTH = 1.1
START_S = 1.0
_CREATES = 100


@dataclass(frozen=True)
class Found:
    """One request with so many connections: rates of emulator, constant bytes and, for pages, encoded."""

    what: str
    connections: int
    emulator: Spread
    constant: Spread
    share: Spread
    share_of_encoded: Spread | None = None


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    python = Path(sys.executable)
    started = list(_started(options))
    with (
        tempfile.TemporaryDirectory(prefix="projops-bench-") as folder,
        LineProcess(python, "benchmarks.emulator.served") as served,
        LineProcess(python, "benchmarks.emulator.bare") as bare,
    ):
        emulator = served.ask({"work": "start", "rows": options.rows})
        asked = requests_of(emulator)
        for name, one in asked.items():
            Path(folder, name).write_bytes(_body_of(one))
        answers = bare.ask({"work": "start", "folder": folder})
        found = [
            _measured(name, one, connections, answers["url"], options)
            for name, one in asked.items()
            for connections in (1, 8)
        ]
        growth = _growth(served, asked["page"], options.pages)
    if not answers["is_same"]:
        print("The bare server does not write the same bytes.", file=sys.stderr)
        return 1
    for line in (*_report(found, growth, options), *started):
        print(line)
    return 0


def _started(options: argparse.Namespace) -> Iterator[str]:
    """In turn, round by round: in memory, over a file that is made, and over the same file once more."""
    ways: dict[str, list[Started]] = {"in memory": [], "a new file": [], "the same file again": []}
    libraries: list[float] = []
    for _ in range(options.rounds):
        libraries.append(seconds_of_libraries())
        with tempfile.TemporaryDirectory(prefix="projops-bench-") as folder:
            file = str(Path(folder, "state.db"))
            for found, arguments in zip(ways.values(), ((), (file,), (file,)), strict=True):
                found.append(seconds_to_answer(arguments))
    yield ""
    yield from table(
        ("start to", "first answer, s", "", "first record, s", "", "of the imports"),
        [_row_of_start(way, found, libraries) for way, found in ways.items()],
    )
    first = spread_of([one.answer for one in ways["in memory"]])
    yield ""
    yield verdict(Target("seconds from `emulator serve` to its first answer", first, START_S, is_floor=False))


def _row_of_start(way: str, found: list[Started], libraries: list[float]) -> tuple[str, ...]:
    answer, record = spread_of([one.answer for one in found]), spread_of([one.record for one in found])
    share = _share([one.answer for one in found], libraries)
    told = (number(answer.median, 2), spread(answer, 2), number(record.median, 2), spread(record, 2))
    return (way, *told, number(share.median, 2))


def requests_of(emulator: Mapping[str, Any]) -> dict[str, Asked]:
    root = f"{emulator['url']}/api/data/v9.2"
    sign = {"Authorization": f"Bearer {emulator['token']}", "Content-Type": "application/json"}
    account = json.dumps({"name": "Litware, Inc.", "telephone1": "555-0100"}).encode()
    batch = sign | {"Content-Type": "multipart/mixed; boundary=batch_1"}
    return {
        "retrieve": Asked(f"{root}/accounts({emulator['account']})?$select=name,telephone1", headers=sign),
        "create": Asked(f"{root}/accounts", "POST", sign, account, status=204),
        "page": Asked(f"{root}/msdyn_actuals?$select={emulator['select']}", headers=sign),
        "batch": Asked(f"{root}/$batch", "POST", batch, _batch_of(root, account)),
    }


def _batch_of(root: str, account: bytes) -> bytes:
    """One change set of so many creates."""
    lines = ["--batch_1", "Content-Type: multipart/mixed; boundary=changeset_1", ""]
    for item in range(1, _CREATES + 1):
        lines += [
            "--changeset_1",
            "Content-Type: application/http",
            "Content-Transfer-Encoding: binary",
            f"Content-ID: {item}",
            "",
            f"POST {root}/accounts HTTP/1.1",
            "Content-Type: application/json",
            "",
            account.decode(),
        ]
    return "\r\n".join([*lines, "--changeset_1--", "--batch_1--", ""]).encode()


def _body_of(asked: Asked) -> bytes:
    connection = Connection(asked)
    try:
        return connection.once()
    finally:
        connection.close()


def _measured(name: str, asked: Asked, connections: int, bare: str, options: argparse.Namespace) -> Found:
    """In turn, round by round, so that a drift of the machine meets all of them."""
    contenders = {"emulator": asked, "constant": Asked(f"{bare}/{name}", asked.method, body=asked.body)}
    if name == "page":
        contenders["encoded"] = Asked(f"{bare}/encoded")
    rates: dict[str, list[float]] = {which: [] for which in contenders}
    for _ in range(options.rounds):
        for which, one in contenders.items():
            rates[which].append(rate_of(one, connections, options.seconds))
    shares = {which: _share(rates["emulator"], each) for which, each in rates.items() if which != "emulator"}
    return Found(
        f"{name} of {PAGE:,}"
        if name == "page"
        else f"{name} of {_CREATES} creates" * (name == "batch") or name,
        connections,
        spread_of(rates["emulator"]),
        spread_of(rates["constant"]),
        shares["constant"],
        shares.get("encoded"),
    )


def _share(ours: list[float], theirs: list[float]) -> Spread:
    return spread_of([one / other for one, other in zip(ours, theirs, strict=True)])


def _growth(served: LineProcess, page: Asked, pages: int) -> Spread | None:
    """Resident memory after many pages, over that after the first tenth of them."""
    connection = Connection(page)
    held: list[float] = []
    for part in (pages // 10, pages):
        for _ in range(part):
            connection.once()
        resident = served.ask({"work": "memory"})["resident_mib"]
        if resident is None:
            return None
        held.append(resident)
    connection.close()
    return spread_of([held[1] / held[0]])


def _report(found: list[Found], growth: Spread | None, options: argparse.Namespace) -> Iterator[str]:
    yield f"Emulator in memory, plain http, {options.rows:,} actuals. {machine(date.today())}"  # noqa: DTZ011  # for people
    yield f"Requests a second: the median of {options.rounds} rounds of {options.seconds:g} s, least to most."
    yield ""
    head = ("request", "connections", "emulator", "", "constant bytes", "share", "share of encoded")
    rows = [
        (
            one.what,
            str(one.connections),
            number(one.emulator.median, 1),
            spread(one.emulator, 1),
            number(one.constant.median, 1),
            number(one.share.median, 3),
            number(one.share_of_encoded.median if one.share_of_encoded else None, 3),
        )
        for one in found
    ]
    yield from table(head, rows)
    yield ""
    for one in found:
        if one.share_of_encoded is not None:
            sentence = (
                f"{one.what}, {one.connections} connection(s), over a bare server that encodes the same rows"
            )
            yield verdict(Target(sentence, one.share_of_encoded, WANTED))
    if growth is not None:
        sentence = f"resident memory after {options.pages:,} more pages, over that before them"
        yield verdict(Target(sentence, growth, GROWTH, is_floor=False))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.py emulator", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: 5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each time (default: 1)")
    parser.add_argument("--rows", type=int, default=PAGE, help="actuals in the table (default: 5000)")
    parser.add_argument("--pages", type=int, default=200, help="pages for the memory (default: 200)")
    return parser
