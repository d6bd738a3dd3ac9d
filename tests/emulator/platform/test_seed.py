"""What a new state file holds."""

from __future__ import annotations

from connector.emulator.platform.contracts import contract_ids, read_contract, resolve_tables
from connector.emulator.schema import load_schema
from connector.emulator.seed.time_zones import TIME_ZONES
from connector.model.time_zone import zone_of
from tests.emulator.platform.world import World


def test_a_bare_environment_has_what_any_environment_has(bare: World) -> None:
    """Organisation, users, currencies, processes, solutions and roles; no business data, no batch job."""
    assert len(bare.rows("organizations")) == 1
    assert {row["isocurrencycode"] for row in bare.rows("transactioncurrencies")} == {"USD", "EUR"}
    flows = [row for row in bare.rows("workflows") if row["category"] == 5]
    assert ["Project Approval Sets" in row["name"] and row["statecode"] == 1 for row in flows] == [True]
    processes = [row for row in bare.rows("workflows") if row["category"] == 0]
    assert {row["name"] for row in processes} == {
        "ProcessRunCaller",
        "ProcessRunner",
        "UpdateRoleUtilization",
    }
    for row in processes:
        assert (row["statecode"], row["ondemand"], row["mode"], row["primaryentity"]) == (
            1,
            True,
            0,
            "msdyn_batchjob",
        )
    pairs = {row["workflowid"]: row for row in processes}
    for row in processes:
        other = pairs[row["_activeworkflowid_value"] or row["_parentworkflowid_value"]]
        assert (row["type"], other["type"]) in {(1, 2), (2, 1)}
    solutions = {row["uniquename"]: row["version"] for row in bare.rows("solutions")}
    assert solutions == {"ProjectService": "4.166.3403.4", "msdyn_ProjectServiceCore": "4.166.3403.4"}
    for entity_set in ("salesorders", "accounts", "msdyn_actuals", "msdyn_batchjobs", "asyncoperations"):
        assert bare.rows(entity_set) == []


def test_the_user_is_in_utc(bare: World) -> None:
    """usersettings has the code that timezonedefinition calls UTC."""
    user = bare.user
    code = bare.row("usersettingscollection", user)["timezonecode"]
    (zone,) = bare.rows("timezonedefinitions", f"timezonecode eq {code}")
    assert zone["standardname"] == "UTC"


def test_every_time_zone_is_known_to_unicode_and_named_once() -> None:
    """Each seeded Windows name maps to an IANA zone; codes and names are unique."""
    assert [name for _, name, _ in TIME_ZONES if zone_of(name) is None] == []
    assert (
        len({code for code, _, _ in TIME_ZONES})
        == len({name for _, name, _ in TIME_ZONES})
        == len(TIME_ZONES)
    )


def test_seeded_ids_are_always_the_same(sample: World) -> None:
    """The id of the documented contract is that of every other state file."""
    (contract,) = sample.rows("salesorders", "startswith(name,'Adatum')")
    assert contract["salesorderid"] == "bb6e9bcc-9083-5afc-8036-e04eaead5203"


def test_all_that_can_be_read_into_values_is(sample: World) -> None:
    """Every contract of the sample becomes a snapshot with its lines, rows, milestones and actuals."""
    with sample.emulator.store.snapshot() as tx:
        snapshots = [read_contract(tx, id) for id in contract_ids(tx)]
    found = [snapshot for snapshot in snapshots if snapshot is not None]
    lines = [line for snapshot in found for line in snapshot.lines]
    assert len(found) == 10
    assert sum(len(line.actuals) for line in lines) == len(sample.rows("msdyn_actuals"))
    assert sum(len(line.milestones) for line in lines) == len(
        sample.rows("msdyn_contractlinescheduleofvalues")
    )
    assert sum(len(line.schedule) for line in lines) == len(sample.rows("msdyn_contractlineinvoiceschedules"))


def test_roles_are_resolved_against_the_emulators_own_schema() -> None:
    """The invented names fill the roles of customers and of the not-to-exceed status."""
    tables = resolve_tables(load_schema())
    assert tables.contract_line_customer.entity_set
    assert tables.contract_line_customer.property_of("account") == "_emu_account_value"
    assert tables.contract_customer.property_of("split_percent") == "emu_splitpercent"
    assert tables.actual.property_of("not_to_exceed_status") == "emu_nottoexceedstatus"
