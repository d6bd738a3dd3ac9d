"""What every environment has before anybody adds data: the organization, a unit, users, a currency."""

from __future__ import annotations

import uuid
from decimal import Decimal

from connector.emulator.identity.tokens import TENANT, Application, create_application
from connector.emulator.store import ORGANIZATION, SYSTEM_USER, Transaction

BUSINESS_UNIT = "business_unit_id"
APPLICATION_USER = "application_user_id"
CLIENT = "client_id"
_BULK_MESSAGES = ("CreateMultiple", "UpdateMultiple")


def bootstrap(tx: Transaction) -> None:
    """Fill a new state: settings ORGANIZATION, BUSINESS_UNIT, SYSTEM_USER, APPLICATION_USER, CLIENT.

    The organization's base currency is the US dollar; a seed may rename or extend all of it.
    """
    tx.set_setting(TENANT, str(uuid.uuid4()))
    organization = tx.insert("organization", {"name": "emulator"})
    tx.set_setting(ORGANIZATION, organization)
    unit = tx.insert("businessunit", {"name": "emulator", "organizationid": organization})
    tx.set_setting(BUSINESS_UNIT, unit)
    system = tx.insert(
        "systemuser",
        {
            "fullname": "SYSTEM",
            "firstname": "SYSTEM",
            "domainname": "",
            "businessunitid": unit,
            "accessmode": 3,
        },
    )
    tx.set_setting(SYSTEM_USER, system)
    dollar = tx.insert(
        "transactioncurrency",
        {
            "currencyname": "US Dollar",
            "isocurrencycode": "USD",
            "currencysymbol": "$",
            "currencyprecision": 2,
            "exchangerate": Decimal(1),
        },
    )
    tx.update("organization", organization, {"basecurrencyid": dollar})
    application = create_application(tx)
    tx.set_setting(CLIENT, application.client_id)
    for name in _BULK_MESSAGES:
        message = tx.insert("sdkmessage", {"name": name})
        for table in tx.schema:
            tx.insert(
                "sdkmessagefilter", {"sdkmessageid": message, "primaryobjecttypecode": table.logical_name}
            )
    tx.set_setting(APPLICATION_USER, add_application_user(tx, application, "projops-connector"))


def add_application_user(tx: Transaction, application: Application, name: str) -> str:
    """The user that an application acts as; without one its tokens are refused."""
    return tx.insert(
        "systemuser",
        {
            "fullname": f"# {name}",
            "lastname": name,
            "firstname": "#",
            "domainname": f"{application.client_id}@emulator.invalid",
            "applicationid": application.client_id,
            "azureactivedirectoryobjectid": str(uuid.uuid4()),
            "businessunitid": tx.setting(BUSINESS_UNIT),
            "accessmode": 4,
            "isdisabled": False,
        },
    )
