"""Contracts put together from tables that arrive in any order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from connector.model.table import Table
from connector.verification.contract_parts import CONTRACTS, LINES, Kind, Part
from connector.verification.evidence import READ, Need
from connector.verification.read_contracts import _Reading
from connector.verification.spill import Spill
from connector.verification.stored_contracts import StoredContracts
from tests.verification.conftest import World


def names_of_lines(world: World, order: Sequence[Part]) -> dict[str, set[str]]:
    spill, kinds = Spill(), dict[Kind, Table[Any]]()
    reading = _Reading(world.client, world.tables, frozenset({Need.CONTRACTS}), lambda _name, _count: None)
    for part in order:
        assert reading._part(part, spill, kinds) is READ
    return {
        case.contract.name or "": {line.line.title for line in case.lines}
        for case in StoredContracts(spill, kinds)
    }


@pytest.mark.parametrize("order", [(CONTRACTS, LINES), (LINES, CONTRACTS)], ids=["first", "last"])
def test_no_line_is_lost_to_the_order_in_which_tables_arrive(world: World, order: Sequence[Part]) -> None:
    """Contracts and lines are read at the same time: a line that comes before its contract is kept."""
    found = names_of_lines(world, order)
    assert found["Tailspin - support without a schedule"] == {"Support"}
    assert len(found["Fabrikam and Litware - joint rollout, 60 to 40"]) == 2
