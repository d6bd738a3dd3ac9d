"""Tables and columns of one's own: added while the emulator runs, kept by its state, like any other."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.emulator.ownership import open_emulator
from connector.emulator.schema import load_schema, read_own
from connector.errors import UsageError
from tests.emulator.platform.world import World, refusal_of

TICKETS: dict[str, Any] = {
    "tables": [
        {
            "logical_name": "new_ticket",
            "schema_name": "new_Ticket",
            "display_name": "Ticket",
            "columns": [
                {"name": "new_title", "type": "String", "max_length": 20},
                {"name": "new_priority", "type": "Picklist", "options": {"1": "High", "2": "Low"}},
                {"name": "new_hours", "type": "Decimal", "precision": 2},
                {"name": "new_cost", "type": "Money"},
                {"name": "new_due", "type": "DateTime", "date_behavior": "DateOnly"},
                {"name": "new_isopen", "type": "Boolean"},
                {
                    "name": "new_accountid",
                    "type": "Lookup",
                    "targets": ["account"],
                    "navigation": "new_AccountId",
                },
            ],
        }
    ],
    "columns": [{"table": "salesorder", "name": "new_region", "type": "String"}],
}


def add(world: World, content: dict[str, Any]) -> requests.Response:
    return requests.post(f"{world.emulator.control_url}/tables", json=content, timeout=60)


def test_a_table_of_ones_own_works_like_any_other(bare: World) -> None:
    """Create, filter, expand both ways, formatted labels, exact decimals, base amounts, owner and state."""
    assert add(bare, TICKETS).status_code == 200
    account = bare.create("accounts", {"name": "Adatum"})
    ticket = bare.create(
        "new_tickets",
        {
            "new_title": "Broken",
            "new_priority": 1,
            "new_hours": 1.5,
            "new_cost": 10.25,
            "new_due": "2020-10-05",
            "new_isopen": True,
            "new_AccountId@odata.bind": f"/accounts({account})",
        },
    )
    row = bare.row("new_tickets", ticket)
    assert (row["new_hours"], row["new_cost"], row["new_cost_base"]) == (
        Decimal("1.50"),
        Decimal("10.25"),
        Decimal("10.25"),
    )
    assert (row["new_due"], row["statecode"], row["statuscode"]) == ("2020-10-05", 0, 1)
    assert row["_ownerid_value"] == bare.user
    path = "new_tickets?$filter=new_isopen eq true and new_AccountId/name eq 'Adatum'"
    path += "&$expand=new_AccountId($select=name)"
    (found,) = bare.request("GET", path).json()["value"]
    assert found["new_AccountId"]["name"] == "Adatum"
    back = bare.request(
        "GET", f"accounts({account})?$expand=new_ticket_new_accountid_account($select=new_title)"
    )
    assert [one["new_title"] for one in back.json()["new_ticket_new_accountid_account"]] == ["Broken"]


def test_what_metadata_says_of_it(bare: World) -> None:
    """EntityDefinitions has the table with its columns, and the column that was added to another one."""
    add(bare, TICKETS)
    found = bare.request("GET", "EntityDefinitions(LogicalName='new_ticket')?$expand=Attributes").json()
    assert (found["EntitySetName"], found["PrimaryIdAttribute"]) == ("new_tickets", "new_ticketid")
    kinds = {one["LogicalName"]: one["AttributeType"] for one in found["Attributes"]}
    assert kinds["new_priority"] == "Picklist"
    assert kinds["createdon"] == "DateTime"
    order = bare.request(
        "GET", "EntityDefinitions(LogicalName='salesorder')/Attributes(LogicalName='new_region')"
    )
    assert order.status_code == 200


def test_its_values_are_checked(bare: World) -> None:
    """Too long a text, an unknown choice and an unknown column are refused with the documented codes."""
    add(bare, TICKETS)
    assert refusal_of(bare.request("POST", "new_tickets", {"new_title": "x" * 21})) == (400, "0x80044331")
    assert refusal_of(bare.request("POST", "new_tickets", {"new_priority": 3})) == (400, "0x8004431a")
    assert bare.request("POST", "new_tickets", {"new_nothing": 3}).status_code == 400


def test_rows_that_were_there_have_the_new_column(bare: World) -> None:
    """Empty at first, then writable; more can be added later."""
    order = bare.create("salesorders", {"name": "Before"})
    add(bare, TICKETS)
    assert bare.row("salesorders", order)["new_region"] is None
    bare.patch("salesorders", order, {"new_region": "North"})
    more = {"columns": [{"table": "new_ticket", "name": "new_note", "type": "Memo"}]}
    assert add(bare, more).json()["columns"][-1]["name"] == "new_note"
    assert bare.create("new_tickets", {"new_note": "x"})


def test_custom_columns_of_actuals_stay_open_under_update_release_55(sample: World) -> None:
    """The page names updates of custom fields among what is not blocked."""
    add(sample, {"columns": [{"table": "msdyn_actual", "name": "new_tag", "type": "String"}]})
    sample.emulator.change_switches(is_update_release_55=True)
    (actual, *_) = sample.rows("msdyn_actuals")
    sample.patch("msdyn_actuals", actual["msdyn_actualid"], {"new_tag": "x"})


def test_they_are_kept_by_the_state(tmp_path: Path) -> None:
    """Opened again the file has them; a snapshot from before has them not, one from after has."""
    path = tmp_path / "state.db"
    with open_emulator(path, seed="none") as emulator:
        world = World(emulator)
        before = emulator.take_snapshot()
        add(world, TICKETS)
        world.create("new_tickets", {"new_title": "Here"})
        after = emulator.take_snapshot()
        emulator.restore_snapshot(before)
        assert world.request("GET", "new_tickets").status_code == 404
        emulator.restore_snapshot(after)
        assert len(world.rows("new_tickets")) == 1
        world.session.close()
    with open_emulator(path) as emulator:
        world = World(emulator)
        assert [row["new_title"] for row in world.rows("new_tickets")] == ["Here"]
        world.session.close()


WRONG: tuple[tuple[object, str], ...] = (
    ([], "describes no tables"),
    ({}, "neither tables nor columns"),
    ({"tables": [{"logical_name": "new_x"}]}, "columns"),
    ({"tables": [{"logical_name": "new_x", "columns": [], "colour": 1}]}, "colour"),
    ({"tables": [{"logical_name": "x", "columns": []}]}, "cannot be the name of a table"),
    ({"tables": [{"logical_name": 'new_x" (', "columns": []}]}, "cannot be the name of a table"),
    ({"tables": [{"logical_name": "msdyn_x", "columns": []}]}, "cannot be the name of a table"),
    ({"tables": [{"logical_name": "new_x", "columns": [], "entity_set": "accounts"}]}, "entity set"),
    ({"tables": [{"logical_name": "new_x", "columns": [], "primary_name": "new_y"}]}, "no column new_y"),
    ({"columns": [{"table": "nothing", "name": "new_x", "type": "String"}]}, "no table nothing"),
    ({"columns": [{"table": "account", "name": "name", "type": "String"}]}, "cannot be the name of a column"),
    ({"columns": [{"table": "account", "name": "new_x", "type": "Text"}]}, "type"),
    ({"columns": [{"table": "account", "name": "new_x", "type": "Picklist"}]}, "wants options"),
    ({"columns": [{"table": "account", "name": "new_x", "type": "Lookup"}]}, "leads to one table"),
    (
        {"columns": [{"table": "account", "name": "new_x", "type": "Lookup", "targets": ["y"]}]},
        "leads to one",
    ),
)


@pytest.mark.parametrize(("content", "sentence"), WRONG)
def test_what_cannot_be_added_is_refused(content: object, sentence: str) -> None:
    """Each with a sentence that names it, before anything is changed."""
    with pytest.raises(UsageError) as error:
        load_schema().with_own(read_own(content))
    assert sentence in str(error.value)


def test_a_refused_addition_adds_nothing(bare: World) -> None:
    """A file whose second column cannot be leaves the first one out too; names are taken once."""
    wrong = {"columns": [*TICKETS["columns"], {"table": "account", "name": "new_x", "type": "Picklist"}]}
    assert add(bare, wrong).status_code == 400
    assert add(bare, TICKETS).status_code == 200
    again = add(bare, TICKETS)
    assert (again.status_code, "already" in again.json()["error"]) == (400, True)
