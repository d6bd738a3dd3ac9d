"""An emulator over real HTTP with the sample data, and a run against it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path

from connector.dataverse import (
    EVERYTHING,
    ClientSecret,
    DataverseClient,
    Query,
    RetryPolicy,
    TableDefinition,
    TrustedAuthorities,
    eq,
    guid,
)
from connector.emulator.ownership import OpenEmulator, open_emulator
from connector.hooks import load_plugins
from connector.model.contract_customer import CONTRACT_LINE_CUSTOMER_ROLE
from connector.model.invoicing_rules import InvoicingRules
from connector.model.project_contract import ProjectContract
from connector.model.tables import DECLARED, Tables
from connector.runner.invoicing import RunRequest, start_run
from connector.runner.outcome import ContractOutcome, InvoiceRun

NAMES = {CONTRACT_LINE_CUSTOMER_ROLE: "emu_contractlinecustomer"}
EXAMPLE = "Adatum"
"""How the name of the documented example's contract begins."""


RULES = InvoicingRules(not_to_exceed_failed=192350001)
"""The emulator's invented choice has Failed there."""


@dataclass(frozen=True)
class Emulated:
    emulator: OpenEmulator
    client: DataverseClient
    tables: Tables
    row_definition: TableDefinition
    rules: InvoicingRules = RULES

    def start(self, request: RunRequest, rules: InvoicingRules | None = None) -> InvoiceRun:
        return start_run(
            self.client, self.tables, self.row_definition, load_plugins(), rules or self.rules, request
        )

    def run(self, request: RunRequest, rules: InvoicingRules | None = None) -> list[ContractOutcome]:
        return list(self.start(request, rules).outcomes)

    def preview(self, on: date, *contracts: str) -> list[ContractOutcome]:
        return self.run(RunRequest(on=on, contracts=contracts))

    def apply(self, *contracts: str, is_by_records: bool = False) -> list[ContractOutcome]:
        return self.run(RunRequest(contracts=contracts, is_applying=True, is_by_records=is_by_records))

    def set_clock(self, day: date) -> None:
        """Noon of a day, in UTC."""
        self.emulator.move_clock(datetime.combine(day, time(12), UTC))

    def contract(self, name: str) -> ProjectContract:
        """The one contract whose name begins so."""
        table = self.tables.project_contract
        found = [row for row in self.client.list(table, EVERYTHING) if (row.name or "").startswith(name)]
        assert len(found) == 1, [row.name for row in found]
        return found[0]

    def drafts(self, contract: str) -> list[str]:
        table = self.tables.invoice
        query = Query(filter=eq(table.property_of("contract"), guid(contract)))
        return [invoice.id for invoice in self.client.list(table, query)]


@contextmanager
def emulated(seed: str = "sample", path: Path | None = None) -> Iterator[Emulated]:
    """In memory, or over a state file."""
    with open_emulator(path, seed=seed) as emulator, _client(emulator) as client:
        definitions = client.table_definitions(DECLARED.logical_names(NAMES))
        tables = DECLARED.resolved(definitions, NAMES)
        yield Emulated(emulator, client, tables, definitions[tables.invoice_schedule.logical_name])


def other(world: Emulated, client: DataverseClient) -> Emulated:
    """The same environment, through another client."""
    return replace(world, client=client)


def _client(emulator: OpenEmulator) -> DataverseClient:
    host = emulator.authority.rpartition("/")[0]
    tokens = ClientSecret(
        emulator.tenant_id,
        emulator.client_id,
        emulator.client_secret,
        authority_host=host,
        trusted=TrustedAuthorities(extra=(host,), is_emulator=True),
    )
    return DataverseClient(
        emulator.url, tokens, ca_file=emulator.ca_file, retry=RetryPolicy(sleep=lambda _: None)
    )
