"""Definitions that the metadata API refuses, and what it refuses to change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connector.emulator import start
from tests.emulator.protocol.caller import NOW, Api, code_of
from tests.emulator.protocol.definitions import NAMESPACE, column, label, one_to_many, table

NAMED = {"Options": [{"Value": 1, "Label": label("A")}, {"Value": 1, "Label": label("B")}]}
REFUSED: tuple[tuple[str, str, Any, int, str], ...] = (
    ("EntityDefinitions", "exists", table("Account"), 400, "0x80047010"),
    ("EntityDefinitions", "no prefix", table("Bank"), 400, "0x80040203"),
    ("EntityDefinitions", "not a name", table('new_"; DROP TABLE account'), 400, "0x80040203"),
    ("EntityDefinitions", "no primary name", table() | {"Attributes": []}, 400, "0x0"),
    ("EntityDefinitions", "unknown member", table(IsActivity=True), 501, "0x80040219"),
    (
        "EntityDefinitions",
        "another language",
        table(Description={"LocalizedLabels": [{"Label": "x", "LanguageCode": 1036}]}),
        501,
        "0x80040219",
    ),
    ("EntityDefinitions", "ownership", table(OwnershipType="BusinessOwned"), 400, "0x0"),
    ("EntityDefinitions", "no schema name", {"Attributes": []}, 400, "0x0"),
    ("EntityDefinitions", "a list", [], 400, "0x80048d19"),
    ("EntityDefinitions", "columns are no list", table() | {"Attributes": 1}, 400, "0x0"),
    ("ACCOUNT/Attributes", "exists", column("String", "Name"), 400, "0x80047013"),
    ("ACCOUNT/Attributes", "no type", {"SchemaName": "new_x"}, 400, "0x0"),
    ("ACCOUNT/Attributes", "lookup", column("Lookup", "new_x"), 400, "0x0"),
    ("ACCOUNT/Attributes", "file", column("File", "new_x"), 501, "0x80040219"),
    ("ACCOUNT/Attributes", "second name", column("String", "new_x", IsPrimaryName=True), 400, "0x8004701e"),
    ("ACCOUNT/Attributes", "length", column("String", "new_x", MaxLength=4001), 400, "0x0"),
    ("ACCOUNT/Attributes", "length text", column("String", "new_x", MaxLength="5"), 400, "0x0"),
    (
        "ACCOUNT/Attributes",
        "auto number",
        column("String", "new_x", AutoNumberFormat="{SEQNUM:4}"),
        501,
        "0x80040219",
    ),
    ("ACCOUNT/Attributes", "formula", column("Decimal", "new_x", FormulaDefinition="1+1"), 501, "0x80040219"),
    ("ACCOUNT/Attributes", "twice", column("Picklist", "new_x", OptionSet=NAMED), 400, "0x0"),
    ("ACCOUNT/Attributes", "no options", column("Picklist", "new_x"), 400, "0x0"),
    (
        "ACCOUNT/Attributes",
        "bound",
        column("Picklist", "new_x", **{"GlobalOptionSet@odata.bind": "/x(1)"}),
        400,
        "0x0",
    ),
    ("RelationshipDefinitions", "no type", {}, 400, "0x0"),
    (
        "RelationshipDefinitions",
        "exists",
        one_to_many("account", "contact", "new_x", SchemaName="account_primary_contact"),
        400,
        "0x80047010",
    ),
    ("RelationshipDefinitions", "no table", one_to_many("nothing", "contact", "new_x"), 400, "0x80040203"),
    (
        "RelationshipDefinitions",
        "cascade",
        one_to_many("account", "contact", "new_x", CascadeConfiguration={"Delete": "Active"}),
        400,
        "0x0",
    ),
    (
        "RelationshipDefinitions",
        "user owned",
        one_to_many("account", "contact", "new_x", CascadeConfiguration={"Assign": "UserOwned"}),
        501,
        "0x80040219",
    ),
    (
        "RelationshipDefinitions",
        "taken",
        one_to_many("account", "contact", "new_x", ReferencedEntityNavigationPropertyName="name"),
        400,
        "0x80040203",
    ),
    (
        "GlobalOptionSetDefinitions",
        "boolean",
        {"@odata.type": f"{NAMESPACE}BooleanOptionSetMetadata"},
        501,
        "0x80040219",
    ),
    ("CreateEntities", "nothing", {}, 400, "0x0"),
    ("CreateEntities", "solution", {"Entities": [table()], "SolutionUniqueName": "x"}, 400, "0x0"),
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Api]:
    with start(None, now=NOW) as running:
        caller = Api(running)
        yield caller
        caller.session.close()


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [pytest.param(p, b, s, c, id=f"{p}: {what}") for p, what, b, s, c in REFUSED],
)
def test_bad_definitions_are_refused(shared: Api, path: str, body: Any, status: int, code: str) -> None:
    """Each with its code, before anything is changed."""
    before = shared.emulator.store.schema
    path = path.replace("ACCOUNT", "EntityDefinitions(LogicalName='account')")
    assert code_of(shared.send("POST", path, body)) == (status, code)
    assert shared.emulator.store.schema is before


MANAGED = (
    "EntityDefinitions(LogicalName='account')",
    "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='name')",
    "RelationshipDefinitions(SchemaName='account_primary_contact')",
)


@pytest.mark.parametrize("address", MANAGED)
def test_what_came_with_the_schema_stays(shared: Api, address: str) -> None:
    """Managed components are neither changed nor deleted, with the code of their managed property."""
    present = shared.get(address).json()
    for method in ("PUT", "DELETE"):
        assert code_of(shared.send(method, address, present)) == (400, "0x8004f032")
