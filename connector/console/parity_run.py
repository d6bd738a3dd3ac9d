"""What the platform created for a run date, beside our plan, as a command shows it."""

from __future__ import annotations

from datetime import date

from connector.console.connection import Connection
from connector.console.output import Layout
from connector.hooks import load_plugins
from connector.runner.invoicing import RunRequest
from connector.runner.parity_report import Comparison
from connector.runner.read import is_emulator
from connector.runner.read_parity import start_parity
from connector.settings import Settings

LAYOUT = Layout(
    "projops.run_compare/1",
    {"contract": "contracts"},
    ("contract", "contract_name", "verdict", "planned", "created", "differences", "notes"),
)


def comparison_of(
    connection: Connection, settings: Settings, on: date, contracts: tuple[str, ...], user: str | None
) -> Comparison:
    """`user` is the id of the user under whom the job runs. Raises UsageError for a day to come."""
    client, rules = connection.client, connection.rules_here(settings.rules)
    request = RunRequest(on=on, contracts=contracts, user=user)
    run = start_parity(client, connection.tables, load_plugins(), rules, request)
    return Comparison(run, is_emulator=is_emulator(client))
