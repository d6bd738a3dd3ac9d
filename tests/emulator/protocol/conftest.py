"""An emulator in memory over real HTTPS, with one behaviour of each kind registered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.emulator import RunningEmulator, start
from connector.emulator.problems import ODataError
from connector.emulator.registry import Call, Change, ComplexAnswer, Reference, Registry, RowAnswer
from connector.emulator.schema import Schema
from connector.emulator.store import Transaction
from tests.emulator.protocol.caller import NOW, Api


def behaviour(registry: Registry, schema: Schema) -> None:
    """Behaviour as the platform's side registers it, one of each kind."""
    assert "account" in schema

    def rename(tx: Transaction, call: Call) -> RowAnswer:
        assert call.id is not None
        tx.update("account", call.id, {"name": call.body["Name"]}, caller=call.caller)
        return RowAnswer("account", call.id, ("name",))

    def point(_: Transaction, call: Call) -> ComplexAnswer:
        target: Reference = call.resolve(call.body["Target"])
        return ComplexAnswer("PointResponse", {"Table": target.table, "Id": target.id})

    def add(_: Transaction, call: Call) -> ComplexAnswer:
        return ComplexAnswer("AddResponse", {"Sum": call.body["a"] + call.body["b"], "Text": call.body["t"]})

    def refuse_forbidden(_: Transaction, change: Change) -> None:
        if change.values.get("name") == "forbidden":
            raise ODataError(400, "0x80040265", "This name is not for you.")
        if change.values.get("description") == "shout":
            change.values["name"] = str(change.values["name"]).upper()

    def count_changes(tx: Transaction, change: Change) -> None:
        tx.set_setting(f"changes:{change.id}", tx.setting(f"changes:{change.id}", 0) + 1)

    registry.action("account", "Rename", rename)
    registry.action(None, "projops_Point", point)
    registry.function(None, "projops_Add", add)
    registry.before("account", refuse_forbidden)
    registry.after("account", count_changes)


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start(None, now=NOW, extensions=[behaviour]) as running:
        yield running


@pytest.fixture(scope="module")
def api(emulator: RunningEmulator) -> Iterator[Api]:
    caller = Api(emulator)
    yield caller
    caller.session.close()


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"
