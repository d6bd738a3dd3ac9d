"""An emulator over real HTTP and a client that knows nothing of ours: requests, and the Web API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import requests

from connector.emulator.ownership import OpenEmulator

JOB_NAME = "Project Operations Create Invoices"

RUN_S = 90
"""A run takes a while in these tests, so that what happens meanwhile can be seen."""


def refusal_of(answer: requests.Response) -> tuple[int, str]:
    """Status and service code of a refusal."""
    return answer.status_code, answer.json()["error"]["code"].lower()


@dataclass
class World:
    emulator: OpenEmulator
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.verify = str(self.emulator.ca_file)

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        """One request; a token is asked for again when the clock has made it expire."""
        url = f"{self.emulator.url}/api/data/v9.2/{path}"
        answer = self.session.request(method, url, json=body, headers=headers)
        if answer.status_code == 401:
            self._sign_in()
            answer = self.session.request(method, url, json=body, headers=headers)
        return answer

    def rows(self, entity_set: str, filter: str = "", order_by: str = "") -> list[dict[str, Any]]:
        """All rows of a set, amounts as exact decimals."""
        options = [f"$filter={filter}"] if filter else []
        options += [f"$orderby={order_by}"] if order_by else []
        answer = self.request("GET", f"{entity_set}?{'&'.join(options)}")
        assert answer.ok, answer.text
        rows: list[dict[str, Any]] = answer.json(parse_float=Decimal)["value"]
        return rows

    def row(self, entity_set: str, id: str) -> dict[str, Any]:
        answer = self.request("GET", f"{entity_set}({id})")
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json(parse_float=Decimal)
        return found

    def create(self, entity_set: str, body: dict[str, Any]) -> str:
        """POST; the id of the new row."""
        answer = self.request("POST", entity_set, body)
        assert answer.status_code == 204, answer.text
        return answer.headers["OData-EntityId"].rpartition("(")[2].rstrip(")")

    def patch(self, entity_set: str, id: str, body: dict[str, Any]) -> None:
        answer = self.request("PATCH", f"{entity_set}({id})", body, {"If-Match": "*"})
        assert answer.status_code == 204, answer.text

    def action(self, entity_set: str, id: str, name: str, body: Mapping[str, Any]) -> requests.Response:
        return self.request("POST", f"{entity_set}({id})/Microsoft.Dynamics.CRM.{name}", body)

    def advance(self, **span: int) -> None:
        self.emulator.advance_clock(timedelta(**span))

    @property
    def now(self) -> datetime:
        return self.emulator.store.now

    @property
    def user(self) -> str:
        """The systemuser that the client acts as."""
        assert self.emulator.running is not None
        return self.emulator.running.user_id

    # --- the job ---

    def create_batch_job(self, name: str = JOB_NAME) -> str:
        body = {"msdyn_name": name, "msdyn_jobtype": 867380000, "msdyn_frequency": 0}
        return self.create("msdyn_batchjobs", body)

    def definition(self, workflow: str) -> str:
        found = self.rows("workflows", f"name eq '{workflow}' and type eq 1")
        return str(found[0]["workflowid"])

    def deactivate(self, workflow: str) -> None:
        """As its owner would, who is somebody else than this client."""
        definition = self.definition(workflow)
        with self.emulator.store.transaction() as tx:
            tx.update("workflow", definition, {"statecode": 0, "statuscode": 1})

    def start(self, workflow: str, batch_job: str) -> dict[str, Any]:
        answer = self.action(
            "workflows", self.definition(workflow), "ExecuteWorkflow", {"EntityId": batch_job}
        )
        assert answer.status_code == 200, answer.text
        started: dict[str, Any] = answer.json()
        return started

    def jobs(self) -> list[dict[str, Any]]:
        return self.rows("asyncoperations", order_by="sequence")

    def states(self) -> list[tuple[str, int, int]]:
        """(workflow, statecode, statuscode) of every system job, oldest first."""
        names = {row["workflowid"]: row["name"] for row in self.rows("workflows")}
        return [
            (names[row["_workflowactivationid_value"]], row["statecode"], row["statuscode"])
            for row in self.jobs()
        ]

    def _sign_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.emulator.client_id,
            "client_secret": self.emulator.client_secret,
            "scope": f"{self.emulator.url}/.default",
        }
        answer = self.session.post(self.emulator.token_url, data=form)
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
