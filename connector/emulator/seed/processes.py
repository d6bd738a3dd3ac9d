"""The three workflows of the job (rule J3): each a definition with its activation."""

from __future__ import annotations

from connector.emulator.platform.words import BATCH_JOB, PROCESS, PROCESS_ACTIVATED, ProcessType
from connector.emulator.seed.ids import seed_id
from connector.emulator.store import Transaction, Value

WORKFLOWS = ("ProcessRunCaller", "ProcessRunner", "UpdateRoleUtilization")
STATUS_ACTIVATED = 2
CATEGORY_WORKFLOW, CATEGORY_MODERN_FLOW = 0, 5
APPROVAL_FLOW = "Project Service - Recurrently Schedule Project Approval Sets"
MODE_BACKGROUND = 0
SCOPE_ORGANIZATION = 4
RUN_AS_CALLING_USER = 1


def plant_processes(tx: Transaction, owner: str) -> None:
    """Activated, on demand, in the background, on the table msdyn_batchjob."""
    for name in WORKFLOWS:
        definition, activation = seed_id(PROCESS, name), seed_id(PROCESS, f"{name} (activation)")
        common: dict[str, Value] = {
            "name": name,
            "category": CATEGORY_WORKFLOW,
            "mode": MODE_BACKGROUND,
            "scope": SCOPE_ORGANIZATION,
            "runas": RUN_AS_CALLING_USER,
            "ondemand": True,
            "subprocess": name != "UpdateRoleUtilization",
            "primaryentity": BATCH_JOB,
            "statecode": PROCESS_ACTIVATED,
            "statuscode": STATUS_ACTIVATED,
            "componentstate": 0,
            "ismanaged": True,
            "ownerid": owner,
        }
        tx.insert(
            PROCESS,
            common
            | {
                "workflowid": definition,
                "type": ProcessType.DEFINITION.value,
                "activeworkflowid": activation,
            },
        )
        tx.insert(
            PROCESS,
            common
            | {
                "workflowid": activation,
                "type": ProcessType.ACTIVATION.value,
                "parentworkflowid": definition,
            },
        )
    _plant_approval_flow(tx, owner)


def _plant_approval_flow(tx: Transaction, owner: str) -> None:
    """The cloud flow that schedules approval sets, switched on."""
    row: dict[str, Value] = {
        "workflowid": seed_id(PROCESS, APPROVAL_FLOW),
        "name": APPROVAL_FLOW,
        "type": ProcessType.DEFINITION.value,
        "category": CATEGORY_MODERN_FLOW,
        "mode": MODE_BACKGROUND,
        "scope": SCOPE_ORGANIZATION,
        "ondemand": False,
        "subprocess": False,
        "primaryentity": "none",
        "statecode": PROCESS_ACTIVATED,
        "statuscode": STATUS_ACTIVATED,
        "componentstate": 0,
        "ismanaged": True,
        "ownerid": owner,
    }
    tx.insert(PROCESS, row)
