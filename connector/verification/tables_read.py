"""Which tables each piece of evidence is read from, as fields of Tables: what ENV04 wants to be readable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connector.model.tables import Tables
from connector.verification.contract_parts import CONTRACTS, LINES, PARTS
from connector.verification.evidence import Need

_JOB = ("batch_job", "system_job", "process", "workflow_log")
TABLES_READ: Mapping[Need, tuple[str, ...]] = {
    Need.IDENTITY: ("user",),
    Need.SOLUTIONS: ("solution",),
    Need.BATCH_JOBS: ("batch_job",),
    Need.WORKFLOWS: ("process",),
    Need.OWNERS: ("process", "user", "security_role"),
    Need.CHAIN: _JOB,
    Need.STARTER: (*_JOB, "user", "security_role"),
    Need.PRIVILEGES: ("user",),
    Need.UTILIZATION_JOBS: _JOB,
    Need.BACKLOG: ("system_job",),
    Need.TODAY: ("user_settings", "time_zone_definition"),
    Need.CONTRACTS: (CONTRACTS.field, LINES.field),
    **{part.need: (part.field,) for part in PARTS},
    Need.INVOICES: ("invoice",),
    Need.INVOICE_SOURCES: ("invoice", "invoice_line", "invoice_line_detail", "transaction_connection"),
    Need.FREQUENCIES: ("invoice_frequency", "invoice_frequency_detail"),
    Need.PRICE_LISTS: ("price_list",),
    Need.ROLE_PRICES: ("role_price",),
    Need.INACTIVE_ACCOUNTS: ("account",),
    Need.UNITS: ("organizational_unit",),
    Need.CURRENCIES: ("currency",),
    Need.WAITING: ("time_entry", "expense"),
    Need.APPROVAL_FLOWS: ("process",),
}


def tables_read(tables: Tables, needs: Iterable[Need] = TABLES_READ) -> tuple[str, ...]:
    """The logical names of the tables that are there and are read for these pieces."""
    fields = dict.fromkeys(field for need in needs for field in TABLES_READ.get(need, ()))
    return tuple(getattr(tables, field).logical_name for field in fields if tables.has(field))
