"""Table.resolved and Tables.resolved: what an environment really has."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from connector.errors import SettingsError
from connector.model.actual import ACTUAL
from connector.model.batch_job import BATCH_JOB
from connector.model.contract_customer import CONTRACT_CUSTOMER
from connector.model.table import Record, Table, logical_name_of
from connector.model.tables import DECLARED


@dataclass(frozen=True)
class Column:
    label: str = ""
    type: str = "String"


@dataclass(frozen=True)
class Live:
    entity_set: str = "msdyn_actuals"
    primary_id: str = "msdyn_actualid"
    columns: Mapping[str, Column] = field(default_factory=dict)


KNOWN = {name: Column() for name in (logical_name_of(name) for name in ACTUAL.select)}


def test_a_role_is_found_by_the_name_that_it_proposes() -> None:
    """A role whose proposed column is there takes it."""
    table = ACTUAL.resolved(Live(columns={**KNOWN, "msdyn_transactiondate": Column(type="DateTime")}))
    assert table.property_of("transaction_date") == "msdyn_transactiondate"
    assert table.has("transaction_date")


def test_a_role_is_found_by_its_label_whatever_the_case() -> None:
    """A role without a proposal takes the one column that carries its label."""
    live = Live(columns={**KNOWN, "contoso_ntestatus": Column("NOT-TO-EXCEED status", "Picklist")})
    table = ACTUAL.resolved(live)
    assert "contoso_ntestatus" in table.select
    row = msgspec.json.decode(b'{"msdyn_actualid": "1", "contoso_ntestatus": 192350001}', type=table.record)
    assert row.not_to_exceed_status == 192350001


def test_a_label_that_two_columns_carry_resolves_nothing() -> None:
    """A role is not guessed where its label names two columns."""
    twice = {"a_tax": Column("Sales tax amount", "Money"), "b_tax": Column("Sales tax amount", "Money")}
    table = ACTUAL.resolved(Live(columns={**KNOWN, **twice}))
    assert not table.has("tax")
    assert not {"a_tax", "b_tax"} & set(table.select)


def test_a_lookup_behind_a_role_is_asked_for_as_a_lookup() -> None:
    """A role that resolves to a lookup column is selected as _name_value."""
    live = Live(columns={**KNOWN, "contoso_linecustomer": Column("Contract Line Customer", "Lookup")})
    table = ACTUAL.resolved(live)
    assert "_contoso_linecustomer_value" in table.select
    assert table.column_of("contract_line_customer") == "contoso_linecustomer"


def test_an_override_outranks_proposal_and_label() -> None:
    """An override names the column, also where the proposal would have been found."""
    columns = {**KNOWN, "msdyn_transactiondate": Column(type="DateTime"), "x_day": Column(type="DateTime")}
    table = ACTUAL.resolved(Live(columns=columns), {"msdyn_actual.transaction_date": "x_day"})
    assert table.property_of("transaction_date") == "x_day"


def test_an_override_that_names_no_column_is_an_error_with_place_and_value() -> None:
    """A wrong override ends in one error that names the setting, its value, the table and the way out."""
    with pytest.raises(SettingsError) as caught:
        ACTUAL.resolved(Live(columns=KNOWN), {"msdyn_actual.tax": "contoso_txa"})
    assert "msdyn_actual.tax" in caught.value.message
    assert "contoso_txa" in caught.value.message
    assert "projops.toml" in caught.value.hint


def test_a_missing_column_is_not_asked_for() -> None:
    """A declared column that the environment lacks is left out of $select and known to be missing."""
    table = ACTUAL.resolved(Live(columns={name: Column() for name in KNOWN if name != "msdyn_task"}))
    assert "_msdyn_task_value" not in table.select
    assert not table.has("task")
    assert table.has("project")


def test_an_unresolved_role_is_never_asked_for() -> None:
    """A role that resolves to nothing does not reach $select and stays unknown in the row."""
    table = ACTUAL.resolved(Live(columns=KNOWN))
    assert table.unresolved == {"transaction_date", "contract_line_customer", "not_to_exceed_status", "tax"}
    assert all(not name.startswith("?") for name in table.select)


def test_a_resolved_row_still_decodes_exact_amounts() -> None:
    """Resolving roles keeps amounts exact decimals, those of the role included."""
    live = Live(columns={**KNOWN, "contoso_tax": Column("Sales tax amount", "Money")})
    raw = b'{"msdyn_actualid": "1", "msdyn_amount": 0.1, "contoso_tax": 0.07}'
    row = msgspec.json.decode(raw, type=ACTUAL.resolved(live).record)
    assert (row.amount, row.tax) == (Decimal("0.1"), Decimal("0.07"))


def test_the_environment_names_the_entity_set() -> None:
    """The entity set comes from live metadata, which outranks the declaration."""
    assert ACTUAL.resolved(Live(entity_set="msdyn_actualset", columns=KNOWN)).entity_set == "msdyn_actualset"


def test_a_table_that_is_not_there_ends_in_absent() -> None:
    """Tables that the environment does not have are known by the names of their fields."""
    live = {"msdyn_batchjob": Live("msdyn_batchjobs", "msdyn_batchjobid", {"msdyn_name": Column()})}
    tables = DECLARED.resolved(live)
    assert tables.has("batch_job")
    assert not tables.has("actual")
    assert "contract_line_customer" in tables.absent


def test_the_table_of_line_customers_is_named_by_an_override() -> None:
    """The table that no public page names is asked for, and found, under the name given."""
    overrides = {"contract_line_customer": "contoso_linecustomer"}
    assert "contoso_linecustomer" in DECLARED.logical_names(overrides)
    columns = {
        "contoso_line": Column("Contract Line", "Lookup"),
        "contoso_share": Column("Billing split percent"),
    }
    live = {"contoso_linecustomer": Live("contoso_linecustomers", "contoso_linecustomerid", columns)}
    table = DECLARED.resolved(live, overrides).contract_line_customer
    assert (table.entity_set, table.key) == ("contoso_linecustomers", "contoso_linecustomerid")
    assert set(table.select) == {"_contoso_line_value", "contoso_share"}


def test_nothing_is_asked_for_a_table_without_a_name() -> None:
    """A role table without an override stands in no request for metadata."""
    assert "" not in DECLARED.logical_names()


def test_declared_tables_ask_for_each_column_once() -> None:
    """No declared table names a column twice."""
    for table in (ACTUAL, BATCH_JOB, CONTRACT_CUSTOMER):
        assert len(table.select) == len(set(table.select))


def test_what_a_record_holds_is_found_out_where_its_table_is_made() -> None:
    """Two threads that let msgspec look into a struct at once can crash the process: nobody lets it later."""
    kind = msgspec.defstruct("Fresh", [("id", str, msgspec.field(name="freshid"))], bases=(Record,))
    table: Table[Any] = Table(kind, "fresh", "freshes", "freshid")
    called: list[str] = []
    sys.setprofile(lambda frame, event, _: called.append(frame.f_code.co_name) if event == "call" else None)
    try:
        msgspec.json.Decoder(table.record)
    finally:
        sys.setprofile(None)
    assert "get_class_annotations" not in called
