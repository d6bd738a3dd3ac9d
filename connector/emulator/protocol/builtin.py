"""The functions that every environment has, and the one by which a client knows an emulator."""

from __future__ import annotations

from functools import partial
from importlib.metadata import PackageNotFoundError, version

from connector.emulator.problems import bad_request
from connector.emulator.protocol.customizing.tables import create_entities
from connector.emulator.protocol.metadata_changes import retrieve_metadata_changes
from connector.emulator.registry import Answer, Call, ComplexAnswer, Handler, Registry
from connector.emulator.store import ORGANIZATION, Transaction

SERVICE_VERSION = "9.2.26104.00180"


def register_builtin(registry: Registry) -> None:
    registry.function(None, "WhoAmI", _without_parameters(_who_am_i))
    registry.function(None, "RetrieveVersion", _without_parameters(_retrieve_version))
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


def _emulator_info(_: Transaction, __: Call) -> ComplexAnswer:
    try:
        own = version("projops-connector")
    except PackageNotFoundError:
        own = "0"
    return ComplexAnswer("projops_EmulatorInfoResponse", {"Name": "projops emulator", "Version": own})
