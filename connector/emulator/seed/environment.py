"""What any Project Operations environment has: people, roles, a second currency, solutions, settings.

Planted with every seed, "none" included, into what the protocol's bootstrap made.
"""

from __future__ import annotations

from decimal import Decimal

from connector.emulator.bootstrap import APPLICATION_USER, BUSINESS_UNIT
from connector.emulator.platform.privileges import all_privileges, grant_role
from connector.emulator.seed.ids import seed_id
from connector.emulator.seed.processes import plant_processes
from connector.emulator.seed.time_zones import UTC_CODE, plant_time_zones
from connector.emulator.store import ORGANIZATION, SYSTEM_USER, Transaction, Value

ADMINISTRATOR = "Alex Admin"
SOLUTION_VERSION = "4.166.3403.4"
SOLUTIONS = (
    ("ProjectService", "Dynamics 365 Project Operations"),
    ("msdyn_ProjectServiceCore", "Project Service Core"),
)
MONTHLY = "Monthly"
SYSTEM_ADMINISTRATOR = "System Administrator"
ROLES = (
    "Practice manager",
    "Project approver",
    "Project billing administrator",
    "Project manager",
    "Project resource",
    "Project user",
    "Resource Manager",
)


def plant_environment(tx: Transaction) -> None:
    unit = str(tx.setting(BUSINESS_UNIT))
    tx.update("organization", str(tx.setting(ORGANIZATION)), {"name": "Contoso (emulator)"})
    tx.update("businessunit", unit, {"name": "Contoso"})
    plant_time_zones(tx)
    _plant_currencies(tx)
    administrator = _plant_administrator(tx, unit)
    _plant_roles(tx, unit, administrator)
    for user in (administrator, str(tx.setting(APPLICATION_USER)), str(tx.setting(SYSTEM_USER))):
        _plant_settings(tx, user, unit)
    plant_processes(tx, administrator)
    _plant_solutions(tx)
    _plant_parameters(tx)
    _plant_frequency(tx)


def _plant_currencies(tx: Transaction) -> None:
    euro: dict[str, Value] = {
        "transactioncurrencyid": seed_id("transactioncurrency", "EUR"),
        "currencyname": "Euro",
        "isocurrencycode": "EUR",
        "currencysymbol": "€",
        "currencyprecision": 2,
        "exchangerate": Decimal("0.85"),
    }
    tx.insert("transactioncurrency", euro)


def _plant_administrator(tx: Transaction, unit: str) -> str:
    row: dict[str, Value] = {
        "systemuserid": seed_id("systemuser", ADMINISTRATOR),
        "fullname": ADMINISTRATOR,
        "firstname": "Alex",
        "lastname": "Admin",
        "domainname": "alex.admin@emulator.invalid",
        "internalemailaddress": "alex.admin@emulator.invalid",
        "businessunitid": unit,
        "accessmode": 0,
        "islicensed": True,
    }
    return tx.insert("systemuser", row)


def _plant_roles(tx: Transaction, unit: str, administrator: str) -> None:
    """The administrators may everything; what the other roles may, no document says in detail."""
    for name in (SYSTEM_ADMINISTRATOR, *ROLES):
        id = seed_id("role", name)
        tx.insert("role", {"roleid": id, "name": name, "businessunitid": unit})
        grant_role(tx, id, all_privileges() if name == SYSTEM_ADMINISTRATOR else ())
    for user in (administrator, str(tx.setting(APPLICATION_USER))):
        tx.insert("systemuserroles", {"systemuserid": user, "roleid": seed_id("role", SYSTEM_ADMINISTRATOR)})


def _plant_settings(tx: Transaction, user: str, unit: str) -> None:
    row: dict[str, Value] = {
        "systemuserid": user,
        "businessunitid": unit,
        "timezonecode": UTC_CODE,
        "timezonebias": 0,
        "uilanguageid": 1033,
        "localeid": 1033,
    }
    tx.insert("usersettings", row)


def _plant_solutions(tx: Transaction) -> None:
    for unique_name, title in SOLUTIONS:
        row: dict[str, Value] = {
            "solutionid": seed_id("solution", unique_name),
            "uniquename": unique_name,
            "friendlyname": title,
            "version": SOLUTION_VERSION,
            "ismanaged": True,
            "isvisible": True,
            "installedon": tx.now,
        }
        tx.insert("solution", row)


def _plant_parameters(tx: Transaction) -> None:
    row: dict[str, Value] = {
        "msdyn_projectparameterid": seed_id("msdyn_projectparameter", "default"),
        "msdyn_description": "Project Parameters",
    }
    tx.insert("msdyn_projectparameter", row)


def _plant_frequency(tx: Transaction) -> None:
    """Monthly, on the fifth: what the sample's lines are invoiced by."""
    frequency: dict[str, Value] = {
        "msdyn_invoicefrequencyid": seed_id("msdyn_invoicefrequency", MONTHLY),
        "msdyn_name": MONTHLY,
        "msdyn_period": 192350001,
        "msdyn_daysofrun": 192350000,
        "msdyn_runspermonth": 1,
    }
    detail: dict[str, Value] = {
        "msdyn_invoicefrequencydetailid": seed_id("msdyn_invoicefrequencydetail", MONTHLY),
        "msdyn_name": MONTHLY,
        "msdyn_invoicefrequency": tx.insert("msdyn_invoicefrequency", frequency),
        "msdyn_dayofmonth": 192350005,
    }
    tx.insert("msdyn_invoicefrequencydetail", detail)
