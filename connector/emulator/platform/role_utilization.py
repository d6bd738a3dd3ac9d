"""UpdateRoleUtilization: the billable utilization of the past seven days by role (rule J9).

Documented are its rhythm, every seven days, and what it covers; the formula is not, so the numbers are
the estimate that a plug-in brings, rounded to the whole percent that msdyn_roleutilization holds. That
each role has one row, which is written anew, is our reading.
Source, below articles/: resource-management/add-team-members-grid.md, psa/manage-resources.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from connector.emulator.platform.switches import read_rules
from connector.emulator.platform.user_zone import zone_of_user
from connector.emulator.platform.words import ACTUAL, TIME, UNBILLED_SALES
from connector.emulator.store import Transaction, Value
from connector.hooks import Plugins
from connector.model.column_date import day_in
from connector.model.invoicing_rules import InvoicingRules
from connector.model.money import rounded
from connector.model.process import UPDATE_ROLE_UTILIZATION
from connector.model.table import logical_name_of
from connector.model.utilization import DAYS, RECORDED_HOURS, RecordedHours, RoleUtilization
from connector.workflow import (
    Call,
    ContractDecision,
    ContractSnapshot,
    Run,
    StartWorkflow,
    StepDecision,
    WaitUntil,
)

ROLE = "bookableresourcecategory"
UTILIZATION = "msdyn_roleutilization"
_COLUMNS = tuple(map(logical_name_of, RECORDED_HOURS.select))


@dataclass(frozen=True, slots=True)
class RoleUtilizationWorkflow:
    """Works at once, then comes back seven days after its end."""

    name: str = UPDATE_ROLE_UTILIZATION
    is_reading_contracts: bool = False

    def start(self, call: Call, rules: InvoicingRules) -> Sequence[StepDecision]:  # noqa: ARG002 - the contract of workflows
        return () if call.handed_end is None else (WaitUntil(call.handed_end + timedelta(days=DAYS)),)

    def decide(self, contract: ContractSnapshot, run: Run) -> Iterable[ContractDecision]:  # noqa: ARG002 - the contract of workflows
        return ()

    def end(self, call: Call, ended_at: datetime) -> Sequence[StepDecision]:  # noqa: ARG002 - the contract of workflows
        return (StartWorkflow(self.name, handed_end=ended_at),)


def update_role_utilization(tx: Transaction, plugins: Plugins, user: str) -> None:
    """Write a row of msdyn_roleutilization for each role that recorded time, as `user`."""
    rules = read_rules(tx)
    zone = zone_of_user(tx, user, rules)
    end = day_in(zone, tx.now)
    first = end - timedelta(days=DAYS)
    week = [
        one
        for one in _hours(tx)
        if one.document_date is not None and first <= day_in(zone, one.document_date) < end
    ]
    estimate = plugins.utilization_estimate(UPDATE_ROLE_UTILIZATION)
    roles, _ = estimate.estimate(week, Decimal(rules.week_capacity_h))
    for one in roles:
        if one.role is not None and one.percent is not None:
            _write(tx, one, user)


def _hours(tx: Transaction) -> list[RecordedHours]:
    where: dict[str, Value | Sequence[Value]] = {
        "msdyn_transactiontypecode": UNBILLED_SALES,
        "msdyn_transactionclassification": TIME,
    }
    names = tx.schema[ACTUAL].by_name
    return [
        msgspec.convert({names[name].property_name: row[name] for name in _COLUMNS}, RecordedHours)
        for row in tx.find(ACTUAL, where, columns=_COLUMNS)
    ]


def _write(tx: Transaction, one: RoleUtilization, user: str) -> None:
    assert one.percent is not None
    role = tx.get(ROLE, str(one.role)) or {}
    percent = int(rounded(one.percent, 0))
    target = role.get("msdyn_targetutilization")
    values: dict[str, Value] = {
        "msdyn_name": role.get("name"),
        "msdyn_utilpercent": percent,
        "msdyn_targetutilpercent": target,
        "msdyn_utilpercentdiff": percent - target if isinstance(target, int) else None,
    }
    found = tx.find(UTILIZATION, {"msdyn_role": one.role}, limit=1)
    if found:
        tx.update(UTILIZATION, str(found[0]["msdyn_roleutilizationid"]), values, caller=user)
    else:
        tx.insert(UTILIZATION, values | {"msdyn_role": one.role}, caller=user)
