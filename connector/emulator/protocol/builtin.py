"""The functions that every environment has, and the one by which a client knows an emulator."""

from __future__ import annotations

from functools import partial
from importlib.metadata import PackageNotFoundError, version

from connector.emulator.problems import bad_request
from connector.emulator.protocol.customizing.content import LANGUAGE
from connector.emulator.protocol.customizing.tables import create_entities
from connector.emulator.protocol.metadata_changes import retrieve_metadata_changes
from connector.emulator.registry import Answer, Call, ComplexAnswer, Handler, Registry
from connector.emulator.store import ORGANIZATION, Transaction

_ACCESS_TYPE = "Microsoft.Dynamics.CRM.EndpointAccessType"
SERVICE_VERSION = "9.2.26104.00180"


def register_builtin(registry: Registry) -> None:
    registry.function(None, "WhoAmI", _without_parameters(_who_am_i))
    registry.function(None, "RetrieveVersion", _without_parameters(_retrieve_version))
    registry.function(None, "RetrieveCurrentOrganization", _retrieve_current_organization)
    registry.function(None, "RetrieveAvailableLanguages", _without_parameters(_retrieve_languages))
    registry.function(None, "RetrieveMetadataChanges", retrieve_metadata_changes)
    registry.action(None, "CreateEntities", partial(create_entities, registry))
    registry.function(None, "projops_EmulatorInfo", _without_parameters(_emulator_info))


def _without_parameters(handler: Handler) -> Handler:
    def call_it(tx: Transaction, call: Call) -> Answer:
        if call.body:
            raise bad_request(f"The function takes no parameters, got {', '.join(call.body)}.")
        return handler(tx, call)

    return call_it


def _who_am_i(tx: Transaction, call: Call) -> ComplexAnswer:
    user = tx.get("systemuser", call.caller) or {}
    return ComplexAnswer(
        "WhoAmIResponse",
        {
            "BusinessUnitId": user.get("businessunitid"),
            "UserId": call.caller,
            "OrganizationId": tx.setting(ORGANIZATION),
        },
    )


def _retrieve_version(_: Transaction, __: Call) -> ComplexAnswer:
    return ComplexAnswer("RetrieveVersionResponse", {"Version": SERVICE_VERSION})


def _retrieve_current_organization(tx: Transaction, call: Call) -> ComplexAnswer:
    """The organization and where it is reached: one address, since there is no other service beside."""
    if set(call.body) != {"AccessType"}:
        raise bad_request("RetrieveCurrentOrganization wants the parameter AccessType, and no other.")
    access = str(call.body["AccessType"]).removeprefix(_ACCESS_TYPE).strip("'")
    if access not in ("Default", "Internet", "Intranet"):
        raise bad_request(f"'{access[:100]}' is no EndpointAccessType: Default, Internet and Intranet are.")
    id = str(tx.setting(ORGANIZATION))
    name = str((tx.get("organization", id) or {}).get("name") or "")
    host = call.origin.partition("://")[2]
    detail = {
        "OrganizationId": id,
        "FriendlyName": name,
        "OrganizationVersion": SERVICE_VERSION,
        "UniqueName": f"emulator{id[:8]}",
        "UrlName": host.partition(":")[0],
        "State": "Enabled",
        "Endpoints": {
            "Count": 1,
            "IsReadOnly": False,
            "Keys": ["WebApplication"],
            "Values": [f"{call.origin}/"],
        },
    }
    return ComplexAnswer("RetrieveCurrentOrganizationResponse", {"Detail": detail})


def _retrieve_languages(_: Transaction, __: Call) -> ComplexAnswer:
    return ComplexAnswer("RetrieveAvailableLanguagesResponse", {"LocaleIds": [LANGUAGE]})


def _emulator_info(_: Transaction, __: Call) -> ComplexAnswer:
    try:
        own = version("projops-connector")
    except PackageNotFoundError:
        own = "0"
    return ComplexAnswer("projops_EmulatorInfoResponse", {"Name": "projops emulator", "Version": own})
