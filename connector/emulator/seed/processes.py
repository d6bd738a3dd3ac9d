"""The three workflows of the job (rule J3): each a definition with its activation."""

from __future__ import annotations

from connector.emulator.platform.words import BATCH_JOB, PROCESS, PROCESS_ACTIVATED, ProcessType
from connector.emulator.seed.ids import seed_id
from connector.emulator.store import Transaction, Value

WORKFLOWS = ("ProcessRunCaller", "ProcessRunner", "UpdateRoleUtilization")
STATUS_ACTIVATED = 2
CATEGORY_WORKFLOW = 0
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
