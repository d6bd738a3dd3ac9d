"""Contracts as they stand in an environment, read over real HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connector.dataverse import Query, any_of
from connector.errors import HttpError, SettingsError, UsageError
from connector.model.contract_customer import CONTRACT_LINE_CUSTOMER
from connector.model.invoicing_rules import InvoicingRules
from connector.runner.invoicing import RunRequest
from connector.runner.read import is_emulator, stream_contracts, unknown_roles
from connector.runner.read_zone import read_zone
from connector.workflow import (
    CONTRACT_LINE_CUSTOMER_OF_ACTUAL,
    CUSTOMERS_OF_CONTRACT,
    CUSTOMERS_OF_LINE,
    NOT_TO_EXCEED_STATUS_OF_ACTUAL,
)
from tests.job.faults import watched
from tests.runner.emulated import EXAMPLE, Emulated

NOWHERE = "99999999-9999-9999-9999-999999999999"


def test_a_contract_comes_with_all_that_decides_about_it(sample: Emulated) -> None:
    """Lines, schedule rows, milestones, unbilled actuals, customers and currencies, with their etags."""
    [found] = stream_contracts(sample.client, sample.tables, [sample.contract(EXAMPLE).id])
    lines = {line.line.title: line for line in found.lines}
    assert set(lines) == {"Prototype work", "Implementation work", "Expenses incurred"}
    work = lines["Implementation work"]
    assert len(work.schedule) == 4
    assert len(work.actuals) == 16
    amounts = {milestone.amount for milestone in lines["Prototype work"].milestones}
    assert amounts == {Decimal(5000), Decimal(12000)}
    assert sum(customer.split_percent or 0 for customer in found.customers) == 100
    assert found.currencies[found.contract.currency or ""].iso_code == "USD"
    assert all(row.etag for line in found.lines for row in (*line.schedule, *line.actuals, *line.milestones))


def test_a_chunk_of_contracts_costs_a_request_for_each_table(sample: Emulated) -> None:
    """Requests do not grow with the number of contracts in a chunk."""
    example = sample.contract(EXAMPLE).id
    with watched(sample.client.url) as every:
        contracts = list(stream_contracts(sample.client, sample.tables))
    with watched(sample.client.url) as one:
        list(stream_contracts(sample.client, sample.tables, [example]))
    assert len(contracts) >= 9
    assert len(every.seen) == len(one.seen) == 12


def test_what_was_posted_long_ago_is_not_read(world: Emulated) -> None:
    """A line with years of invoiced work costs no more than its open work; drafts are looked at."""
    contract = world.contract(EXAMPLE).id
    world.apply(contract)
    [found] = stream_contracts(world.client, world.tables, [contract])
    [work] = [line for line in found.lines if line.line.title == "Implementation work"]
    drafted = [actual for actual in work.actuals if actual.id in found.invoiced]
    assert drafted
    posted = drafted[0]
    world.client.update(
        world.tables.actual.entity_set, posted.id, {"msdyn_billingstatus": 192350002}, etag=posted.etag or ""
    )
    [again] = stream_contracts(world.client, world.tables, [contract])
    ids = {actual.id for line in again.lines for actual in line.actuals}
    assert posted.id not in ids
    assert drafted[1].id in ids


def test_what_stands_on_a_draft_is_known_by_its_source(world: Emulated) -> None:
    """G8: actuals, milestones and product lines of drafts, each with its invoice."""
    outcomes = world.apply()
    planned = {
        detail.source_id: one.id
        for outcome in outcomes
        for one in outcome.invoices
        for line in one.invoice.lines
        for detail in line.details
    }
    found: dict[str, str] = {}
    for contract in stream_contracts(world.client, world.tables):
        found.update(contract.invoiced)
    assert found == planned


def test_an_id_that_is_no_contract_is_an_error_before_anything_is_planned(sample: Emulated) -> None:
    """Half a run because of a wrong id would be worse than none."""
    with pytest.raises(UsageError, match=NOWHERE):
        next(stream_contracts(sample.client, sample.tables, [sample.contract(EXAMPLE).id, NOWHERE]))


def test_roles_that_the_environment_does_not_have_are_unknown(sample: Emulated) -> None:
    """The emulator has names for three of the four, and says nothing about the fourth."""
    assert unknown_roles(sample.tables) == {CONTRACT_LINE_CUSTOMER_OF_ACTUAL}
    without = replace(sample.tables, contract_line_customer=CONTRACT_LINE_CUSTOMER)
    assert unknown_roles(without) == {CONTRACT_LINE_CUSTOMER_OF_ACTUAL, CUSTOMERS_OF_LINE}


def test_a_run_without_the_customers_of_contracts_says_so(sample: Emulated) -> None:
    """G2: milestones go to the contract's own customer, and nobody takes that for the platform's answer."""
    absent = frozenset({"contract_customer", "contract_line_customer"})
    blind = replace(sample, tables=replace(sample.tables, absent=absent), rules=InvoicingRules())
    assert {CUSTOMERS_OF_CONTRACT, CUSTOMERS_OF_LINE} <= unknown_roles(blind.tables)
    unknown = blind.start(RunRequest(on=date(2020, 10, 5))).header.unknown
    assert any(CUSTOMERS_OF_CONTRACT in sentence for sentence in unknown)
    assert any(NOT_TO_EXCEED_STATUS_OF_ACTUAL in sentence for sentence in unknown)


def test_the_emulator_is_recognised_by_what_it_offers(sample: Emulated) -> None:
    """Not by its address: a real environment behind a loopback proxy is none."""
    assert is_emulator(sample.client)


def test_the_day_is_that_of_the_user_under_whom_the_job_runs(sample: Emulated) -> None:
    """L7: user settings name a code, the environment the Windows zone, Unicode the IANA one."""
    zone = read_zone(sample.client, sample.tables, InvoicingRules())
    assert zone.is_known
    assert zone.zone.key == "UTC"


def test_the_setting_outranks_the_user(sample: Emulated) -> None:
    """L7: an override needs no request."""
    with watched(sample.client.url) as line:
        zone = read_zone(sample.client, sample.tables, InvoicingRules(time_zone="Asia/Kolkata"))
    assert (zone.zone.key, line.seen) == ("Asia/Kolkata", [])
    with pytest.raises(SettingsError, match="Moon/Crater"):
        read_zone(sample.client, sample.tables, InvoicingRules(time_zone="Moon/Crater"))


@pytest.mark.parametrize("missing", ["user_settings", "time_zone_definition"])
def test_a_zone_that_cannot_be_told_is_unknown_and_said(sample: Emulated, missing: str) -> None:
    """L7: UTC is used, and the header says that it is not the user's."""
    tables = replace(sample.tables, absent=frozenset({missing}))
    zone = read_zone(sample.client, tables, InvoicingRules())
    assert not zone.is_known
    assert zone.zone.key == "UTC"
    assert "time_zone" in zone.source
    assert not read_zone(sample.client, sample.tables, InvoicingRules(), NOWHERE).is_known


def test_a_query_function_knows_a_lookup_by_its_logical_name(sample: Emulated) -> None:
    """As the platform's do: the form that $select and comparisons have is no attribute to them."""
    table, contract = sample.tables.contract_line, sample.contract(EXAMPLE).id
    assert len(list(sample.client.list(table, Query(filter=any_of("salesorderid", [contract]))))) == 3
    with pytest.raises(HttpError, match="doesn't contain attribute"):
        list(sample.client.list(table, Query(filter=any_of("_salesorderid_value", [contract]))))
