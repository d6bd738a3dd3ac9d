"""Questions to the emulator over real HTTP. The two share no code; agreement here proves wiring."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.dataverse import (
    ClientSecret,
    Condition,
    DataverseClient,
    Expand,
    MetadataCache,
    Query,
    RelationshipKind,
    TrustedAuthorities,
    all_where,
    any_where,
    column,
    guid,
)
from connector.emulator import RunningEmulator, start
from tests.dataverse.conftest import Account, Table

NOW = datetime(2020, 10, 4, 6, tzinfo=UTC)
ACCOUNTS = Table("account", "accounts", Account, ("accountid", "name", "revenue", "createdon"))


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start(None, now=NOW, https=False) as running:
        yield running


def client_of(emulator: RunningEmulator, cache: MetadataCache | None = None) -> DataverseClient:
    trusted = TrustedAuthorities(extra=(emulator.authority,), is_emulator=True)
    tokens = ClientSecret(None, emulator.client_id, emulator.client_secret, trusted=trusted)
    return DataverseClient(emulator.url, tokens, ca_file=emulator.ca_file, cache=cache)


@pytest.fixture(scope="module")
def real(emulator: RunningEmulator) -> Iterator[DataverseClient]:
    with client_of(emulator) as client:
        client.table_definitions(["account", "contact", "salesorder"])
        yield client


@pytest.fixture(scope="module")
def town(real: DataverseClient) -> str:
    """Four accounts that share a town of their own, the last of them without revenue."""
    name = uuid.uuid4().hex
    for account, amount in (("Adatum", "10.50"), ("Bellows 50%_off [new]", "20"), ("Coho's", "30.01")):
        values = {"name": account, "revenue": Decimal(amount), "address1_city": name}
        real.create("accounts", str(uuid.uuid4()), values)
    real.create("accounts", str(uuid.uuid4()), {"name": "Delta", "address1_city": name})
    return name


revenue, called, created = column("revenue"), column("name"), column("createdon")


@pytest.mark.parametrize(
    ("condition", "initials"),
    [
        (revenue > Decimal("20"), "C"),
        (revenue >= Decimal("20"), "BC"),
        (~(revenue >= 20), "AD"),
        (revenue.is_null | (revenue == Decimal("10.5")), "AD"),
        (revenue.between(Decimal("10.5"), 20), "AB"),
        (called.in_(["Coho's", "Delta"]), "CD"),
        (called.not_in(["Coho's", "Delta"]), "AB"),
        (called.contains("50%_off [n"), "B"),
        (called.contains("%"), "B"),
        (called.contains("a%m", has_wildcards=True), "A"),
        (called.startswith("a"), "A"),
        (called.endswith("'s"), "C"),
        (created.on(date(2020, 10, 4)) & (called != "Delta"), "ABC"),
        (created.on_or_after(date(2020, 10, 5)), ""),
        (created <= NOW + timedelta(days=1), "ABCD"),
        (created == column("modifiedon"), "ABCD"),
        (~any_where("contact_customer_accounts"), "ABCD"),
        (all_where("contact_customer_accounts", column("fullname") == "x"), "ABCD"),
        (any_where("contact_customer_accounts", column("fullname") == "x"), ""),
    ],
)  # fmt: skip
def test_conditions_find_what_they_say(
    real: DataverseClient, town: str, condition: Condition, initials: str
) -> None:
    """Every kind of condition is understood, and finds exactly its records."""
    query = Query(filter=(column("address1_city") == town) & condition, order_by=(called.ascending,))
    found = [account.name or "" for account in real.list(ACCOUNTS, query)]
    assert "".join(name[0] for name in found) == initials
    assert real.count(ACCOUNTS, (column("address1_city") == town) & condition) == len(initials)


# What no text column keeps: controls, halves of pairs; and what Dataverse trims at the ends.
_TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp", "Zs", "Cf"]), min_size=1, max_size=40)  # fmt: skip  # noqa: E501


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=_TEXTS)
def test_any_text_survives_the_round_trip(real: DataverseClient, name: str) -> None:
    """Written in a body, quoted in a filter, in an array and in a pattern: it is always the same text."""
    id = str(uuid.uuid4())
    real.create("accounts", id, {"name": name})
    mine = column("accountid") == guid(id)
    for condition in (
        called == name,
        called.in_([name, "?"]),
        called.contains(name),
        called.startswith(name),
    ):
        assert [found.name for found in real.list(ACCOUNTS, Query(filter=mine & condition))] == [name]


def test_an_unchanged_record_is_spared(real: DataverseClient, town: str) -> None:
    """The etag that was read answers with nothing, an older one with the record."""
    query = Query(filter=column("address1_city") == town, top=1)
    account = next(iter(real.list(ACCOUNTS, query)))
    assert account.etag is not None
    assert real.retrieve(ACCOUNTS, account.id, if_changed_from=account.etag) is None
    assert real.retrieve(ACCOUNTS, account.id, if_changed_from='W/"0"') == account


def test_an_expand_brings_its_records(real: DataverseClient, town: str) -> None:
    """Options inside of an expand are understood."""
    expand = Expand("contact_customer_accounts", ("fullname",), column("fullname") != "x", top=2)
    query = Query(filter=column("address1_city") == town, expand=(expand,))
    assert len(list(real.list(ACCOUNTS, query))) == 4


def test_the_emulators_tables_can_be_described(real: DataverseClient) -> None:
    """Sizes, choices and navigation names come by the casts that the service wants."""
    order = real.table_description("salesorder")
    name = order.columns["name"]
    assert (name.type, name.max_length is not None) == ("String", True)
    assert order.columns["totalamount"].precision is not None
    assert {choice.value for choice in order.columns["statecode"].choices} >= {0, 1}
    assert all(choice.state is not None for choice in order.columns["statuscode"].choices)
    kinds = {each.kind for each in order.relationships or ()}
    assert {RelationshipKind.MANY_TO_ONE, RelationshipKind.ONE_TO_MANY} <= kinds
    assert "customerid_account" in (order.navigations() or ())
    for table, other in (("systemuser", "role"), ("role", "systemuser")):
        many = [
            each
            for each in real.table_description(table).relationships or ()
            if each.kind is RelationshipKind.MANY_TO_MANY
        ]
        assert [(each.navigation, each.table) for each in many] == [("systemuserroles_association", other)]


def test_the_cache_works_with_the_emulator(emulator: RunningEmulator, tmp_path: Path) -> None:
    """It tells the version of its schema, so the second client finds what the first one kept."""
    for is_kept in (False, True):
        with client_of(emulator, MetadataCache(tmp_path)) as client:
            assert bool(list(tmp_path.iterdir())) == is_kept
            assert set(client.table_definitions(["account", "salesorder", "x"])) == {"account", "salesorder"}
