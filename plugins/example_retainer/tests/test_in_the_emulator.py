"""The retainer in an environment: the emulator of projops over real HTTP, and the command of finance.

The fixtures come with the connector (extra `emulator`); nothing leaves this machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from example_retainer.retainer import RETAINER

if TYPE_CHECKING:
    from connector.emulator.ownership import OpenEmulator


def make_a_retainer(emulator: OpenEmulator, line: str, price: Decimal) -> None:
    """One line of the sample contracts is billed by a monthly fee from now on.

    Written past the Web API, which knows Microsoft's own options only: in a real environment somebody has
    added the option to the choice.
    """
    with emulator.store.transaction() as tx:
        [found] = tx.find("salesorderdetail", {"salesorderdetailname": line})
        values: dict[str, int | Decimal] = {"msdyn_billingmethod": RETAINER, "priceperunit": price}
        tx.update("salesorderdetail", str(found["salesorderdetailid"]), values)


def preview(environment: Mapping[str, str], on: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "connector.console", "run", "--on", on, "-o", "json"]
    everything = {**os.environ, **environment}
    done = subprocess.run(command, env=everything, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_preview_bills_the_fee(
    projops_emulator: OpenEmulator, projops_environment: Mapping[str, str]
) -> None:
    """The fee on the run date of 5 October, and not the hours that were worked."""
    make_a_retainer(projops_emulator, "Shop rollout", Decimal("1500.00"))
    [invoice] = [
        one
        for one in preview(projops_environment, "2020-10-05")["invoices"]
        if one["contract_name"].startswith("Fourth Coffee")
    ]
    assert invoice["total"] == "1500.00"
    assert [line["billing_method"] for line in invoice["lines"]] == ["retainer"]
